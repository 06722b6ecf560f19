"""The first page of a person's archive: who holds their data, why and until when, who received it, and their rights.

The policy states the purposes, the legal bases, the terms and the providers. The last days are those of the person's
own rows. No script and no external link.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import CLEAR_DAYS, PrivacyRequest, clear_days
from chalicelib.policy.data_map import data_map
from chalicelib.policy.html import table
from chalicelib.policy.load import current
from chalicelib.policy.model import CLASSES, Rule
from chalicelib.policy.schedules import CompanyRetention
from chalicelib.policy.terms import Start
from chalicelib.policy.wording import delay, length, long_date, outcome, say, term
from chalicelib.services.exports.words import TABLES
from chalicelib.services.privacy.access import readable
from chalicelib.services.privacy.access.terms import governing, latest
from chalicelib.services.privacy.access.words import CLOSING, isolated, opening, plain, word

SECTIONS = ("who", "your_data", "recipients", "rights", "why")
SIGN_IN = "user_pool"
"""The policy's service with the sign-in account of a member."""
PROOF = "request.proof"
MOST_DISCLOSED = 50
"""Disclosures that the page itself lists."""


@dataclass(frozen=True)
class Archive:
    """The content of an archive. `counts` are rows by table, `classes` the tables' (table, kind), `days` the first and
    the last day of the rows by rule, `disclosures` the first rows of the register."""

    request: PrivacyRequest
    company: Company | None
    language: Language
    at: datetime
    retention: CompanyRetention
    counts: Sequence[tuple[str, int]]
    classes: Mapping[str, tuple[str, str]]
    days: Mapping[str, tuple[date, date]]
    disclosures: Sequence[Mapping[str, Any]]
    files: Sequence[str]
    missing: Sequence[str]
    region: str | None = None

    @property
    def company_name(self) -> str:
        """The company's name; its id once the profile is gone."""
        return self.company.name if self.company else self.request.company


def first_page(archive: Archive) -> bytes:
    """The page as HTML."""
    language = archive.language
    title = plain("title", language)
    made = word("made", language, date=long_date(today(archive.at), language), request=archive.request.id)
    toc = "".join(f'<li><a href="#{name}">{word(name, language)}</a></li>\n' for name in SECTIONS)
    parts = (_who(archive), _tables(archive), _recipients(archive), _rights(archive), _why(archive))
    sections = "".join(
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{word(name, language)}</h2>\n{part}</section>\n'
        for name, part in zip(SECTIONS, parts, strict=True)
    )
    concerns = word(f"concerns_{archive.request.affects}", language, company=archive.company_name)
    return (
        f"{opening(title, language)}<header>\n<h1>{escape(title)}</h1>\n<p>{concerns}</p>\n<p>{made}</p>\n</header>\n"
        f'<main>\n<nav class="toc" aria-label="{word("contents", language)}"><h2>{word("contents", language)}</h2>\n'
        f"<ul>\n{toc}</ul></nav>\n{sections}{_attached(archive)}{CLOSING}"
    ).encode()


def _paragraph(text: str) -> str:
    return f"<p>{text}</p>\n"


def _who(archive: Archive) -> str:
    language, company, policy = archive.language, archive.company, current()
    found = _paragraph(word("who_company", language, company=archive.company_name))
    if company:
        place = company.address
        lines = (
            ", ".join(filter(None, (place.street, place.postal_code, place.city))) if place else None,
            f"ICE {company.ice}" if company.ice else None,
            company.email,
            company.phone,
        )
        found += "<ul>\n" + "".join(f"<li>{isolated(line)}</li>\n" for line in lines if line) + "</ul>\n"
    return found + _paragraph(word("who_product", language, product=policy.product, contact=policy.contact))


def _tables(archive: Archive) -> str:
    language = archive.language
    held = [(table, count) for table, count in archive.counts if count]
    empty = [table for table, count in archive.counts if not count]
    names = ("kind", "count", "to_read", "for_programs")
    rows = [
        (
            f'<span class="class">{isolated(TABLES[table][language])}</span>',
            str(count),
            _links((readable.page_path(table), "as_page"), (readable.sheet_path(table), "as_table"), language=language),
            f'<a href="data/{table}.json">JSON</a> · <a href="data/{table}.csv">CSV</a>',
        )
        for table, count in held
    ]
    others = " ".join(
        f'<a href="data/{table}.{form}">{table}.{form}</a>' for table in empty for form in ("json", "csv")
    )
    lead = _paragraph(word("your_data_help", language))
    held_rows = table("contents", plain("your_data", language), [word(name, language) for name in names], rows)
    rest = _paragraph(escape(readable.not_held(empty, language))) if empty else ""
    return lead + held_rows + rest + (f'<p class="files why" dir="ltr">{others}</p>\n' if empty else "")


def _links(*links: tuple[str, str], language: Language) -> str:
    """Links of one cell, each with its word."""
    return " · ".join(f'<a href="{path}">{word(name, language)}</a>' for path, name in links)


def rules(archive: Archive) -> list[Rule]:
    """The rules of the data that is held about the person: of their rows, and those that the policy states for such a
    person. By class, in the policy's order."""
    policy, affects = current(), archive.request.affects
    rows = {name for table, count in archive.counts if count for name in governing(*archive.classes[table])}
    also = {PROOF, *(policy.services[SIGN_IN].rules[:1] if affects == "member" else ())}
    found = [
        rule
        for rule in policy.rules.values()
        if not rule.planned and (rule.name in rows | also or affects in rule.subjects)
    ]
    return sorted(found, key=lambda rule: CLASSES.index(rule.data_class))


def _why(archive: Archive) -> str:
    language, policy = archive.language, current()
    heads = [escape(say("columns", name, language)) for name in ("data", "basis")]
    heads += [word("until", language), word("right_erased", language)]
    alike: dict[tuple[str, str, str], list[Rule]] = {}
    for rule in rules(archive):
        alike.setdefault((rule.data_class, until(rule, archive), outcome(rule, language)), []).append(rule)
    rows = [
        (_data(data_class, found, language), _bases(found, language), kept, escape(erased))
        for (data_class, kept, erased), found in alike.items()
    ]
    copies = {name: length(period, language) for name, period in vars(policy.storage).items()}
    dated = word("policy", language, date=long_date(policy.date, language))
    return (
        table("retention", plain("why_caption", language), heads, rows)
        + _paragraph(word("not_attached_why", language))
        + _paragraph(word("copies", language, **copies))
        + _paragraph(dated)
    )


def _data(data_class: str, found: Sequence[Rule], language: Language) -> str:
    """The data of a class with the same last day, each with its purpose."""
    listed = "".join(
        f'<li>{escape(rule.label[language])} <span class="why">{escape(rule.purpose[language])}</span>'
        + ("" if rule.exported else f'<span class="why">{word("not_attached", language)}</span>')
        + "</li>"
        for rule in found
    )
    return f'<span class="class">{escape(say("classes", data_class, language))}</span><ul>{listed}</ul>'


def _bases(found: Sequence[Rule], language: Language) -> str:
    names = dict.fromkeys(name for rule in found for name in rule.bases)
    listed = "".join(
        f'<li>{escape(basis.label[language])} <span class="law">{escape(basis.law[language])}</span></li>'
        for basis in map(current().bases.__getitem__, names)
    )
    return f"<ul>{listed}</ul>"


def until(rule: Rule, archive: Archive) -> str:
    """The term of a rule in words, and the last day: of the person's rows, or the latest one of what exists today."""
    language = archive.language
    asked = word("until_asked", language, last=_written(_last_clear_day(archive.at), language))
    if rule.start is Start.ROW:
        return escape(term(rule, language))
    if rule.start is Start.ACCOUNT_DELETION and not rule.term:
        return asked
    words = escape(term(rule, language))
    if span := archive.days.get(rule.name):
        first, last = (_written(day, language) for day in span)
        name = "until_day" if span[0] == span[1] else "until_days"
        return f"{words}<br>{word(name, language, first=first, last=last)}"
    day = latest(rule, archive.at, archive.retention)
    if rule.name == PROOF and rule.term:
        day = rule.term.after(today(archive.request.deadline))
    if day is not None:
        return f"{words}<br>{word('until_at_latest', language, last=_written(day, language))}"
    return f"{words}<br>{word('until_closed', language)}" if rule.start is Start.CLOSING else words


def _written(day: date, language: Language) -> str:
    return long_date(day, language)


def _last_clear_day(at: datetime) -> date:
    """The last day of the legal deadline of an erasure that is asked for now."""
    return today(clear_days(at) - timedelta(seconds=1))


def _recipients(archive: Archive) -> str:
    language, policy = archive.language, current()
    listed = data_map(language, archive.region)["processors"]
    heads = [escape(say("columns", name, language)) for name in ("provider", "receives", "why", "where", "transfer")]
    rows = [
        (
            f'<span class="class">{isolated(told["provider"])}</span>',
            *(escape(told[name]) for name in ("receives", "purpose", "where")),
            escape(told["transfer_basis"]["words"]),
        )
        for each, told in zip(policy.processors.values(), listed, strict=True)
        if archive.request.affects in each.subjects
    ]
    shown = archive.disclosures[:MOST_DISCLOSED]
    lines = "".join(f"<li>{_disclosed(row, language)}</li>\n" for row in shown)
    more = _paragraph(word("disclosed_more", language)) if len(archive.disclosures) > len(shown) else ""
    register = f"<ul>\n{lines}</ul>\n{more}" if shown else _paragraph(word("disclosed_none", language))
    return (
        table("processors", say("captions", "processors", language), heads, rows)
        + f"<h3>{word('disclosed', language)}</h3>\n{register}"
    )


def _disclosed(row: Mapping[str, Any], language: Language) -> str:
    between = "، " if language == "ar" else ", "
    return word(
        "disclosed_line",
        language,
        recipient=str(row["recipient"]),
        date=long_date(date.fromisoformat(row["disclosed_on"]), language),
        basis=str(row["basis"]),
        data=between.join(each["label"] for each in row["data"]),
    )


def _rights(archive: Archive) -> str:
    language, policy, company = archive.language, current(), archive.company
    days = delay(timedelta(days=CLEAR_DAYS), language)
    names = ("right_access", "right_rectification", "right_erasure", "right_opposition")
    listed = "".join(f"<li>{word(name, language, days=days)}</li>\n" for name in names)
    reach = [each for each in (company.email, company.phone) if each] if company else []
    between = "، " if language == "ar" else ", "
    values = {"company": archive.company_name, "contact": policy.contact, "request": archive.request.id}
    how = word(f"how_{archive.request.affects}", language, **values)
    how = how.replace("{reach}", between.join(isolated(each) for each in reach or (policy.contact,)))
    return f"<ul>\n{listed}</ul>\n{_paragraph(how)}{_paragraph(word('cndp', language))}"


def _attached(archive: Archive) -> str:
    language, found = archive.language, ""
    for name, items, linked in (("files", archive.files, True), ("missing", archive.missing, False)):
        if items:
            lines = "".join(
                f'<li dir="ltr">{f"""<a href="{escape(item)}">{escape(item)}</a>""" if linked else escape(item)}</li>\n'
                for item in items
            )
            found += f'<section>\n<h2>{word(name, language)}</h2>\n<ul class="files">\n{lines}</ul>\n</section>\n'
    return found


def rows_of_disclosures(lines: Iterable[str]) -> list[Mapping[str, Any]]:
    """The rows of the register of disclosures, from lines of JSON."""
    return [json.loads(line) for line in lines]
