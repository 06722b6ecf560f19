"""Mail: sent after its commit, at least once, in three languages, and forgotten."""

import logging
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from string import Formatter
from typing import Any, get_args

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

import chalicelib.services
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import Letter, MailTemplate
from chalicelib.domain.errors import Busy
from chalicelib.domain.journal import Message
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.domain.privacy.correction import FIELDS
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.outside.mail import Mailer, Undeliverable
from chalicelib.policy.load import use
from chalicelib.services import codes
from chalicelib.services.mail import writing
from chalicelib.services.mail.notifications import WRITTEN_TO
from chalicelib.store import bookkeeping
from chalicelib.store.decision import ACCOUNT, Decision
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.clocks import clock_at
from tests.conftest import Shop
from tests.mailbox import mails, open_mailbox
from tests.moved import with_term

FILLED = {
    "code": "123456",
    "name": "Boutique Exemple",
    "thread": "thr_1",
    "date": "23 novembre 2026",
    "request": "req_1",
    "disclosure": "dis_1",
    "reference": "R-7",
    "attributes": "name",
    "kind": "suppression",
    "company": "cmp_1",
    "recipients": "- DGI",
    "reason": "identity_not_proven",
    "by": "opr_1",
    "count": "3",
    "notices": "…",
}


def test_a_mail_is_sent_under_the_settings_of_its_stage(box: World) -> None:
    sent: list[dict[str, Any]] = []
    for name in ("facture-test", None):
        mailer = Mailer(replace(box.settings, mail_settings=name))
        mailer.client.meta.events.register(
            "provide-client-params.sesv2.SendEmail", lambda params, **_: sent.append(params)
        )
        mailer.send("settings@shop.example", "Essai", "Texte", language="fr", reference="r")
    assert [each.get("ConfigurationSetName") for each in sent] == ["facture-test", None]
    assert len(mails(box, "settings@shop.example")) == 2


@pytest.fixture
def box(world: World) -> World:
    """The world, whose sender may send."""
    open_mailbox(world)
    return world


def deliver(world: World) -> Any:
    """Run the outbox."""
    return run(world, named("outbox"), now=world.now(), left=within(30))


def _commit(shop: Shop, to: str, **more: Any) -> writing.Mail:
    call = shop.world.call(shop.company, "mem_1", "test", key=shop.world.random(8).hex())
    written = writing.write(call, to, "fr", "support_opened", thread="thr_1", date="26 novembre 2026", **more)
    decided = Decision(new=(written.letter,), messages=(written.message,))
    transact(shop.world.store, call, [], lambda _: decided, ACCOUNT)
    return written


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_has_its_words_in_every_language(language: Language) -> None:
    path = next(iter(chalicelib.services.__path__)) + f"/mail/texts/{language}.toml"
    with open(path, "rb") as file:  # noqa: PTH123 — a package's path is text
        words = tomllib.load(file)
    assert set(words) == {*get_args(MailTemplate), "end"}
    for template in get_args(MailTemplate):
        subject, text = writing.compose(language, template, FILLED)
        assert "{" not in subject + text
        assert "contact@facturepro.com" in text
        assert "http" not in text, "no link tells whether a mail was read"
        assert language != "ar" or any("\u0600" <= letter <= "\u06ff" for letter in subject)
        assert language != "fr" or not re.search(r"\w'\w", subject + text), "messages of the API use ’ too"


def test_an_informed_recipient_is_named_so_in_english() -> None:
    assert WRITTEN_TO["en"] == " – we informed them"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_attribute_that_may_be_corrected_has_a_name(language: Language) -> None:
    attributes = sorted(set().union(*FIELDS.values()))
    assert set(writing._attributes()[language]) == set(attributes)
    for attribute in attributes:
        name = writing.attribute_names([attribute, attribute], language)
        assert "_" not in name
        assert language != "ar" or any("\u0600" <= letter <= "\u06ff" for letter in name)


def test_a_former_owner_reads_the_term_of_the_rule() -> None:
    with use(with_term("identity.former", "P45D")):
        assert "requested within 45 days" in writing.compose("en", "owner_left", FILLED)[1]
        assert "dans les 45 jours" in writing.compose("fr", "owner_left", FILLED)[1]


@pytest.mark.parametrize(
    ("template", "name", "said"),
    [
        ("owner_came", "owner_change_delay", ("Pendant 45 jours", "خلال 45 يومًا", "For 45 days")),
        ("request_asked", "grace", ("supprimé 45 jours après", "بعد 45 يومًا من", "deleted 45 days after")),
        ("request_details", "answer_delay", ("après 45 jours", "بعد 45 يومًا", "after 45 days")),
    ],
)
def test_a_mail_states_the_delay_of_the_code(
    monkeypatch: pytest.MonkeyPatch, template: MailTemplate, name: str, said: tuple[str, ...]
) -> None:
    monkeypatch.setitem(writing.DELAYS, name, timedelta(days=45))
    texts = [writing.compose(language, template, FILLED)[1] for language in LANGUAGES]
    assert [words in text for words, text in zip(said, texts, strict=True)] == [True, True, True]


@pytest.mark.parametrize("template", ["deletion_code", "identity_code"])
def test_a_mail_states_the_life_of_its_code(monkeypatch: pytest.MonkeyPatch, template: MailTemplate) -> None:
    assert "10 minutes" in writing.compose("fr", template, FILLED)[1]
    with use(with_term("transient.code", "PT5M")):
        assert "5 minutes" in writing.compose("en", template, FILLED)[1], "the row ends before the code"
    monkeypatch.setattr(codes, "LIFE", timedelta(minutes=20))
    assert "20 دقيقة" in writing.compose("ar", template, FILLED)[1]


def test_languages_fill_in_the_same() -> None:
    def parameters(language: Language) -> dict[str, set[str]]:
        words = writing._templates(language)
        return {
            name: {field for part in said.values() for _, field, _, _ in Formatter().parse(part) if field} - {"contact"}
            for name, said in words.items()
        }

    assert parameters("fr") == parameters("ar") == parameters("en")


def test_a_mail_that_lacks_a_value_is_refused_before_anything_is_written(shop: Shop) -> None:
    call = shop.world.call(shop.company, "mem_1", "test", key="x")
    with pytest.raises(KeyError):
        writing.write(call, "a@shop.example", "fr", "support_opened", thread="thr_1")


def test_a_mail_is_sent_after_its_commit_and_forgotten(shop: Shop, box: World) -> None:
    written = _commit(shop, "sent@shop.example")
    assert mails(box, "sent@shop.example") == []
    deliver(box)
    (got,) = mails(box, "sent@shop.example")
    assert (got.sender, got.subject) == ("service@facture.example", "Nous avons reçu votre demande thr_1")
    assert "26 novembre 2026" in got.text
    assert box.store.records([written.letter.key, written.message.key]) == [None, None]
    deliver(box)
    assert len(mails(box, "sent@shop.example")) == 1


def test_an_outage_of_the_mailer_loses_nothing(shop: Shop, box: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written = _commit(shop, "later@shop.example")
    with monkeypatch.context() as patch:
        patch.setattr(box.mailer, "client", _Failing(ConnectTimeoutError(endpoint_url="x")), raising=False)
        assert any(failure.error == "busy" for failure in deliver(box).failures)
    assert box.store.records([written.letter.key])[0] is not None
    writing.send(box, shop.company, (written.letter.id,))
    assert len(mails(box, "later@shop.example")) == 1


def test_a_crash_after_sending_repeats_the_same_words(shop: Shop, box: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written = _commit(shop, "twice@shop.example")
    with monkeypatch.context() as patch:
        patch.setattr(bookkeeping, "finish", _raise(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            writing.send(box, shop.company, (written.letter.id,))
    writing.send(box, shop.company, (written.letter.id,))
    first, second = mails(box, "twice@shop.example")
    assert first == second
    assert box.store.records([written.letter.key]) == [None]


def test_a_permanently_refused_mail_is_dropped_without_logging_the_address(
    shop: Shop, box: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written = _commit(shop, "refused@shop.example")
    error = ClientError({"Error": {"Code": "MessageRejected", "Message": "refused@shop.example"}}, "SendEmail")
    monkeypatch.setattr(box.mailer, "client", _Failing(error), raising=False)
    with caplog.at_level(logging.DEBUG, "facture"):
        writing.send(box, shop.company, (written.letter.id,))
    assert box.store.records([written.letter.key]) == [None]
    assert "mail refused" in caplog.text
    assert not any("refused@" in str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize(("code", "raised"), [("MessageRejected", Undeliverable), ("TooManyRequestsException", Busy)])
def test_the_error_text_of_ses_is_not_passed_on(
    box: World, monkeypatch: pytest.MonkeyPatch, code: str, raised: type[Exception]
) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "of jane@shop.example"}}, "SendEmail")
    monkeypatch.setattr(box.mailer, "client", _Failing(error), raising=False)
    with pytest.raises(raised) as caught:
        box.mailer.send("jane@shop.example", "x", "y", language="fr", reference="ltr_1")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_letter_is_kept_for_a_week_at_most(shop: Shop, box: World) -> None:
    written = _commit(shop, "old@shop.example")
    assert written.letter.expires_at - written.letter.created_at.timestamp() <= 7 * 86_400
    with clock_at(box, written.letter.created_at + timedelta(days=70 * 365)):
        writing.send(box, shop.company, (written.letter.id,))
    assert mails(box, "old@shop.example") == []
    assert box.store.records([written.letter.key]) == [None]


@pytest.mark.parametrize(("to", "count"), [("owner-of-mail@shop.example", 1), ("stranger@shop.example", 0)])
def test_a_public_page_writes_to_members_alone(shop: Shop, box: World, to: str, count: int) -> None:
    shop.join(f"colleague-of-{shop.company}", "viewer", "Owner-of-Mail@shop.example")
    call = box.call(PUBLIC, "nobody", "test", key="x")
    written = writing.write(call, to, "ar", "deletion_code", only_members=True, code="123456")
    writing.write_without_company(box, written)
    before = len(mails(box, to))
    deliver(box)
    assert len(mails(box, to)) - before == count
    assert box.store.records([written.letter.key, written.message.key]) == [None, None]


def test_the_row_of_a_mail_shows_up_in_no_list(shop: Shop) -> None:
    written = _commit(shop, "quiet@shop.example")
    assert isinstance(written.letter, Letter)
    assert isinstance(written.message, Message)
    assert "quiet@" not in shop.owner.get("/v1/changes", query={"after": "0"}).text


class _Failing:
    """SES that fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def send_email(self, **_: Any) -> None:
        raise self.error


def _raise(error: BaseException) -> Callable[..., None]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail
