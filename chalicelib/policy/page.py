"""The public page as HTML: semantic, self-contained, printable, right to left in Arabic."""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Literal

from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import GRACE
from chalicelib.policy.data_map import location, transfer
from chalicelib.policy.html import language_links, opening, table
from chalicelib.policy.load import HERE
from chalicelib.policy.model import CLASSES, Policy, PolicyVersion, Rule, Section
from chalicelib.policy.terms import most_days
from chalicelib.policy.wording import delay, length, long_date, outcome, say, term

REGION = "<!--region-->"
"""The placeholder of a frozen text for the deployment's region, which the text cannot know."""


def article(policy: Policy, sections: Iterable[Section], language: Language) -> str:
    """The text of one version with its derived tables: what is frozen when the version is published."""
    return "".join(_section(policy, section, language) for section in sections)


def _section(policy: Policy, section: Section, language: Language) -> str:
    derived = {"retention": _retention, "processors": _processors}.get(section.table or "")
    return (
        f'<section aria-labelledby="{section.name}">\n<h2 id="{section.name}">{escape(section.title[language])}</h2>\n'
        f"{_body(policy, section.body[language], language)}{derived(policy, language) if derived else ''}</section>\n"
    )


def _body(policy: Policy, body: str, language: Language) -> str:
    """Empty lines separate paragraphs. Lines that begin with `- ` are a list."""
    filled = escape(body)
    for name, period in vars(policy.storage).items():
        filled = filled.replace("{" + name + "}", length(period, language))
    filled = filled.replace("{grace}", delay(GRACE, language)).replace("{deletion}", _deletion_link(language))
    filled = filled.replace("{contact}", mail_link(policy))
    blocks = []
    for block in filled.split("\n\n"):
        lines = block.splitlines()
        if lines[0].startswith("- "):
            blocks.append("<ul>\n" + "".join(f"<li>{line.removeprefix('- ')}</li>\n" for line in lines) + "</ul>\n")
        else:
            blocks.append(f"<p>{' '.join(lines)}</p>\n")
    return "".join(blocks)


def _deletion_link(language: Language) -> str:
    """The link to the page that deletes an account, relative to the policy's address."""
    return f'<a href="account/deletion?lang={language}"><bdi>/account/deletion</bdi></a>'


def mail_link(policy: Policy) -> str:
    """The contact address, isolated so that Arabic text does not reorder it."""
    address = escape(policy.contact)
    return f'<a href="mailto:{address}"><bdi>{address}</bdi></a>'


def _table(language: Language, name: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    heads = [escape(say("columns", column, language)) for column in columns]
    return table(name, say("captions", name, language), heads, rows)


def _alike(rule: Rule) -> tuple[int, bool, int, str, str, str]:
    """Rules grouped into table rows, the shortest term first. The rows of a class stand together."""
    days = most_days(rule.term) if rule.term is not None else 0
    return (CLASSES.index(rule.data_class), rule.planned, days, str(rule.term), str(rule.start), rule.on_erasure)


def _retention(policy: Policy, language: Language) -> str:
    """One table row for the rules of a class with the same term."""
    rules = sorted(policy.rules.values(), key=_alike)
    rows = (_retention_row(policy, tuple(alike), language) for _, alike in groupby(rules, key=_alike))
    return _table(language, "retention", ("data", "basis", "term", "erasure"), rows)


def _retention_row(policy: Policy, rules: tuple[Rule, ...], language: Language) -> tuple[str, ...]:
    one = rules[0]
    heading = escape(say("classes", one.data_class, language))
    if one.planned:
        heading += f" ({escape(say('page', 'planned', language))})"
    data = "".join(
        f'<li>{escape(rule.label[language])} <span class="why">{escape(rule.purpose[language])}</span></li>'
        for rule in rules
    )
    bases = "".join(
        f'<li>{escape(basis.label[language])} <span class="law">{escape(basis.law[language])}</span></li>'
        for basis in map(policy.bases.__getitem__, dict.fromkeys(name for rule in rules for name in rule.bases))
    )
    return (
        f'<span class="class">{heading}</span><ul>{data}</ul>',
        f"<ul>{bases}</ul>",
        escape(term(one, language)),
        escape(outcome(one, language)),
    )


def _processors(policy: Policy, language: Language) -> str:
    rows = (
        (
            f'<span class="class"><bdi>{escape(each.provider)}</bdi></span>',
            escape(each.receives[language]),
            escape(each.purpose[language]),
            REGION if each.where == "region" else escape(location(policy, each, language)),
            escape(transfer(policy, each, language)),
        )
        for each in policy.processors.values()
    )
    return _table(language, "processors", ("provider", "receives", "why", "where", "transfer"), rows)


def standing(version: PolicyVersion, now: PolicyVersion) -> Literal["current", "past", "pending", "announced"]:
    """The standing of a version while `now` is in force."""
    if version.date <= now.date:
        return "current" if version is now else "past"
    return "pending" if version.awaits else "announced"


def _version_title(version: PolicyVersion, language: Language) -> str:
    return escape(say("page", "version_of", language, date=long_date(version.date, language)))


def _version_link(version: PolicyVersion, language: Language) -> str:
    return f'<a href="?version={version.version}&amp;lang={language}">{_version_title(version, language)}</a>'


def _awaited(policy: Policy, version: PolicyVersion, language: Language) -> str:
    """The decisions that a version awaits, as a list. Each names the providers that it concerns."""
    providers: dict[str, list[str]] = {}
    for name in version.awaits:
        _, processor, decision = name.split(".")
        providers.setdefault(decision, []).append(f"<bdi>{escape(policy.processors[processor].provider)}</bdi>")
    between = "، " if language == "ar" else ", "
    lines = (
        f"<li>{escape(say('awaits', decision, language))} ({between.join(concerned)})</li>\n"
        for decision, concerned in providers.items()
    )
    return f"<ul>\n{''.join(lines)}</ul>\n"


def _notice(policy: Policy, shown: PolicyVersion, language: Language, now: PolicyVersion) -> str:
    """The standing of the version that is shown, and a link to another one that concerns the reader."""
    day, words = long_date(shown.date, language), standing(shown, now)
    if words == "current":
        found = f"<p>{escape(say('page', 'in_force', language, date=day))}</p>"
        if later := policy.pending(now.date):
            link = _version_link(later[-1], language)
            found += f'\n<p class="notice">{escape(say("page", "prepared", language))} {link}</p>'
        return found
    see = f'<a href="?lang={language}">{escape(say("page", "see_current", language))}</a>'
    if words == "pending":
        text = escape(say("page", "pending_notice", language, date=day))
        return f'<div class="notice"><p>{text}</p>\n{_awaited(policy, shown, language)}<p>{see}</p></div>'
    moment = "past" if words == "past" else "to_come"
    return f'<p class="notice">{escape(say("page", moment, language, date=day))} {see}</p>'


def versions(policy: Policy, shown: PolicyVersion, language: Language, now: PolicyVersion) -> str:
    """Every version, the newest first, with its changes and a link to its text."""
    listed = []
    for version in reversed(policy.versions):
        title = _version_title(version, language)
        notes = [say("page", "current", language)] * (version is now)
        notes += [say("page", standing(version, now), language)] * (version.date > now.date)
        notes += [say("page", "this_one", language)] * (version is shown)
        link = title if version is shown else _version_link(version, language)
        note = f" <small>({escape(' · '.join(notes))})</small>" if notes else ""
        listed.append(f'<div class="version"><h3>{link}{note}</h3>\n<p>{escape(version.changes[language])}</p></div>\n')
    title = escape(say("page", "versions", language))
    return f'<section aria-labelledby="versions">\n<h2 id="versions">{title}</h2>\n{"".join(listed)}</section>\n'


def _languages(shown: PolicyVersion, language: Language) -> str:
    links = language_links(language, lambda other: f"?version={shown.version}&amp;lang={other}")
    return f'<nav aria-label="{escape(say("page", "languages", language))}">{links}</nav>'


def _contents(sections: Iterable[Section], language: Language) -> str:
    links = "".join(f'<li><a href="#{each.name}">{escape(each.title[language])}</a></li>' for each in sections)
    title = escape(say("page", "contents", language))
    last = f'<li><a href="#versions">{escape(say("page", "versions", language))}</a></li>'
    return f'<nav class="toc" aria-labelledby="contents"><h2 id="contents">{title}</h2><ul>{links}{last}</ul></nav>\n'


def complete_page(
    policy: Policy,
    shown: PolicyVersion,
    sections: tuple[Section, ...],
    text: str,
    language: Language,
    now: PolicyVersion,
) -> str:
    """The complete page around the `text` of one version. `now` is the version in force on the day of reading."""
    title = escape(say("page", "title", language))
    day = long_date(shown.date, language)
    style = (HERE / "texts" / "page.css").read_text("utf-8")
    return (
        f"{opening(f'{title} – {escape(policy.product)} – {escape(day)}', language, style)}"
        f'<a class="skip" href="#text">{escape(say("page", "skip", language))}</a>\n'
        f"<header>\n{_languages(shown, language)}\n<p><bdi>{escape(policy.product)}</bdi></p>\n<h1>{title}</h1>\n"
        f'{_notice(policy, shown, language, now)}\n</header>\n<main id="text">\n{_contents(sections, language)}{text}'
        f"{versions(policy, shown, language, now)}</main>\n"
        f"<footer><p>{escape(say('page', 'contact', language))} : {mail_link(policy)}</p></footer>\n</body>\n</html>\n"
    )
