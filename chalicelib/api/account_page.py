"""The page `/account/deletion`: deletes an account without the application and without scripts, in three languages."""

import tomllib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from chalicelib.api.answers import Answer
from chalicelib.api.endpoint import PUBLIC, Endpoint, RequestContext
from chalicelib.api.fields import Email, Model
from chalicelib.api.problems import quota_headers
from chalicelib.api.public import LanguageQuery
from chalicelib.domain.clock import today
from chalicelib.domain.errors import TooManyRequests
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import CLEAR_DAYS, GRACE
from chalicelib.services.codes import life
from chalicelib.services.privacy.requests import account_page
from chalicelib.services.privacy.requests.account_page import DeletionOutcome

PATH = "/account/deletion"


class DeletionForm(Model):
    """The fields of the page's forms: an address, then the address again with the mailed code."""

    email: Annotated[str, Field(max_length=400)] = ""
    code: Annotated[str, Field(max_length=40)] | None = None


@cache
def _words(language: Language) -> dict[str, str]:
    text = files("chalicelib.api").joinpath("account_page.toml").read_text("utf-8")
    words: dict[str, str] = tomllib.loads(text)[language]
    return words


def _stated(text: str, language: Language) -> str:
    """A text with the lengths of time that it states."""
    from chalicelib.policy.ends import term
    from chalicelib.policy.wording import delay, length

    stated = {
        "grace": delay(GRACE, language),
        "clear_days": str(CLEAR_DAYS),
        "statutory_term": length(term("document.content"), language),
        "code_life": delay(life(), language),
    }
    for name, words in stated.items():
        text = text.replace(f"{{{name}}}", words)
    return text


@cache
def _style() -> str:
    """The policy's style and the style of forms."""
    own = files("chalicelib.api").joinpath("account_page.css").read_text("utf-8")
    return files("chalicelib.policy").joinpath("texts/page.css").read_text("utf-8") + own


NOT_ARCHIVED = '<meta name="robots" content="noarchive">\n'


def page(language: Language, main: str, *, alert: str = "") -> Answer:
    """The complete page around its main part. `alert` is a fault's code."""
    from chalicelib.policy.html import language_links, opening
    from chalicelib.policy.load import current
    from chalicelib.policy.page import mail_link

    words, policy = _words(language), current()
    links = language_links(language, lambda other: f"?lang={other}")
    title = escape(words["title"])
    shown = f"{escape(words['error'])} – {title}" if alert else title
    return Answer(
        {
            "content": f"{opening(f'{shown} – {escape(policy.product)}', language, _style(), meta=NOT_ARCHIVED)}"
            f'<a class="skip" href="#text">{escape(words["skip"])}</a>\n<header>\n'
            f'<nav aria-label="{escape(words["languages"])}">{links}</nav>\n'
            f"<p><bdi>{escape(policy.product)}</bdi></p>\n<h1>{title}</h1>\n</header>\n"
            f'<main id="text">\n{main}</main>\n'
            f"<footer><p>{escape(words['contact'])} : {mail_link(policy)}</p></footer>\n</body>\n</html>\n"
        }
    )


def _alert(words: dict[str, str], fault: str) -> str:
    return f'<p class="bad" role="alert" id="fault">{escape(words[fault])}</p>\n' if fault else ""


def _field(words: dict[str, str], name: str, button: str, fault: str, attributes: str) -> str:
    """A labelled field and its button. The message of a fault precedes the field and is linked to it."""
    wrong = ' aria-invalid="true" aria-describedby="fault"' if fault else ""
    return (
        f'<label for="{name}">{escape(words[name])}</label>\n{_alert(words, fault)}'
        f'<input id="{name}" name="{name}" required {attributes}{wrong}>\n<button>{escape(words[button])}</button>\n'
    )


def _address_form(language: Language, *, fault: str = "", email: str = "") -> Answer:
    """The explanation of the deletion, and the form that asks for a code."""
    from chalicelib.policy.load import current

    words = _words(language)
    lead = escape(words["lead"]).replace("{product}", f"<bdi>{escape(current().product)}</bdi>")
    points = "".join(f"<li>{escape(_stated(words[name], language))}</li>\n" for name in ("owner", "member", "kept"))
    given = f'type="email" autocomplete="email" dir="ltr" maxlength="254" value="{escape(email)}"'
    main = (
        f"<p>{lead}</p>\n<h2>{escape(words['what'])}</h2>\n<ul>\n{points}</ul>\n"
        f'<p><a href="../privacy?lang={language}">{escape(words["policy"])}</a></p>\n'
        f'<form method="post" action="?lang={language}">\n{_field(words, "email", "send", fault, given)}</form>\n'
    )
    return page(language, main, alert=fault)


def _code_form(language: Language, email: str, *, fault: str = "") -> Answer:
    """The form that takes the code. It is the same for every address, so that it does not reveal the accounts."""
    words = _words(language)
    given = 'inputmode="numeric" autocomplete="one-time-code" dir="ltr" maxlength="40"'
    main = (
        f'<p class="notice" role="status">{escape(_stated(words["sent"], language))}</p>\n'
        f'<form method="post" action="?lang={language}">\n'
        f'<input type="hidden" name="email" value="{escape(email)}">\n'
        f"{_field(words, 'code', 'delete', fault, given)}</form>\n"
        f'<p><a href="?lang={language}">{escape(words["again"])}</a></p>\n'
    )
    return page(language, main, alert=fault)


def _done(language: Language, outcomes: Sequence[DeletionOutcome]) -> Answer:
    from chalicelib.policy.wording import long_date

    words = _words(language)
    said = ""
    for outcome in outcomes:
        date = long_date(today(outcome.until), language) if outcome.until else ""
        text = escape(words[outcome.what]).replace("{date}", escape(date))
        named = f"<bdi>{escape(outcome.request or '')}</bdi>"
        said += f"<p>{text.replace('{request}', named)}</p>\n"
    return page(language, f'<section role="status">\n<h2>{escape(words["done"])}</h2>\n{said}</section>\n')


def _address(text: str) -> str | None:
    try:
        address: str = TypeAdapter(Email).validate_python(text)
    except ValidationError:
        return None
    return address


def _show(context: RequestContext) -> Answer:
    return _address_form(context.query.lang or context.language)


def _sent(context: RequestContext) -> Answer:
    language, email = context.query.lang or context.language, _address(context.body.email)
    if email is None:
        return _address_form(language, fault="bad_email", email=context.body.email[:254])
    try:
        if context.body.code is None:
            account_page.send_code(context.world, email, context.source, language)
            return _code_form(language, email)
        outcomes = account_page.delete(context.world, email, context.body.code, context.source, language)
    except TooManyRequests as refusal:
        slow = _address_form(language, fault="slow", email=email)
        return Answer(slow.body, status=429, headers=quota_headers(refusal))
    return _done(language, outcomes) if outcomes else _code_form(language, email, fault="wrong_code")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=PATH,
        scope=PUBLIC,
        media="text/html",
        handler=_show,
        query=LanguageQuery,
        summary="The page that deletes an account without the application",
        tag="Privacy",
    ),
    Endpoint(
        method="POST",
        path=PATH,
        scope=PUBLIC,
        media="text/html",
        form=True,
        handler=_sent,
        query=LanguageQuery,
        request_model=DeletionForm,
        summary="Receive the page's forms: an address, then the mailed code",
        tag="Privacy",
    ),
)
