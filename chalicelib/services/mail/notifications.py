"""Mails about privacy requests. Addresses are read when a mail is sent, and stored nowhere.

The member who made the request reads their mail in the request's language, everybody else in the company's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member, proven_address
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import MailTemplate
from chalicelib.domain.journal import Message
from chalicelib.domain.language import DEFAULT, Language
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.domain.privacy.request import PrivacyRequest, RequestStatus
from chalicelib.policy.wording import long_date
from chalicelib.services.mail import limits
from chalicelib.services.mail.limits import Notice
from chalicelib.services.mail.writing import attribute_names, compose, receipt_file, send_now, sender

if TYPE_CHECKING:
    from chalicelib.wiring import World

NOTICE: Final = "privacy_notice"
"""The outbox task that mails a notice about a request. It takes the notice's name and the request's id."""
TEMPLATES: Final[Mapping[str, MailTemplate]] = {
    "verified": "request_opened",
    "account_blocked": "request_grace",
    "grace_waived": "request_waived",
    "grace_ends": "request_reminder",
    "person_erased": "request_opened",
    "cancelled": "request_cancelled",
    "refused": "request_refused",
    "overtaken": "request_overtaken",
    "erased": "request_erased",
    "account_erased": "request_erased",
    "completed": "request_completed",
    "ready": "request_ready",
    "corrected": "request_corrected",
    "details_missing": "request_details",
    "asked": "request_asked",
    "acknowledged": "request_acknowledged",
}
"""The mail template of each notice about a request."""
TO_RECIPIENTS: Final[Mapping[str, MailTemplate]] = {
    "corrected": "recipient_corrected",
    "erased": "recipient_erased",
    "account_erased": "recipient_account_erased",
}
"""The notices that the recipients of the data get too (law 09-08 art. 8), and their template."""
ONLY_WHILE: Final[Mapping[str, RequestStatus]] = {"asked": "requested", "acknowledged": "running"}
"""The notices that are sent only while the request has this status."""
KINDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "fr": {"access": "accès", "rectification": "rectification", "deletion": "suppression", "opposition": "opposition"},
    "ar": {"access": "الاطلاع", "rectification": "التصحيح", "deletion": "الحذف", "opposition": "الاعتراض"},
    "en": {"access": "access", "rectification": "rectification", "deletion": "deletion", "opposition": "opposition"},
}
MOST_NAMED: Final = 90
WRITTEN_TO: Final[Mapping[Language, str]] = {
    "fr": " – informé par nous",
    "ar": " – أخبرناه",
    "en": " – we informed them",
}
NOBODY: Final[Mapping[Language, str]] = {"fr": "- aucun", "ar": "- لا أحد", "en": "- nobody"}


def notice(call: Call, name: str, id: str) -> Message:
    """The outbox message that mails a notice to the owners and the requester after the commit."""
    return call.make(Message, purpose=NOTICE, due_at=call.at, task=NOTICE, about=(name, id))


def notice_outside(call: Call, name: str, id: str) -> Message:
    """The outbox message of a notice that outlives the account: it stands outside the company's partition."""
    return replace(call, company=PUBLIC).make(
        Message, purpose=NOTICE, due_at=call.at, task=NOTICE, about=(name, id, call.company)
    )


def notify(world: "World", company: str, about: tuple[str, ...], *, at_once: bool = False) -> datetime | None:
    """Mail a notice about a request to every owner and to the requester, if they have an address. Skips a request that
    no longer exists. Return the instant at which the rest is due, if an address is above its limit and not all goes
    `at_once`. Raises Busy, and KeyError for a notice without a template."""
    place = company
    name, id, *account = about
    company = account[0] if account else company
    request, profile = world.store.records([PrivacyRequest.ref(company, id), Company.ref(company)])
    if not isinstance(request, PrivacyRequest) or request.status != ONLY_WHILE.get(name, request.status):
        return None  # A later state of the request has a notice of its own.
    known = profile if isinstance(profile, Company) else None
    notices = _notices(world, request, known, name)
    if name == "acknowledged":
        _send_receipt(world, request, notices)
        return None
    recipients = []
    if name in TO_RECIPIENTS:
        recipients = _to_recipients(world, request, TO_RECIPIENTS[name], account_language(request, known))
    return _posted(world, place, notices, recipients, at_once=at_once)


def _notices(world: "World", request: PrivacyRequest, profile: Company | None, name: str) -> list[Notice]:
    """The notice to each address, in its language."""
    written: dict[Language, tuple[str, str]] = {}
    found = []
    for address, language in _addresses(world, request, profile).items():
        if language not in written:
            written[language] = compose(language, TEMPLATES[name], _values(world, request, language))
        found.append(Notice(address, *written[language], language, f"{request.id}:{name}"))
    return found


def _send_receipt(world: "World", request: PrivacyRequest, notices: Sequence[Notice]) -> None:
    """Send the notices with the signed receipt. No limit of an address holds it: the law promises it, and a request has
    one."""
    receipt = receipt_file(world, request.company, request.id)
    for to, subject, text, language, reference in notices:
        send_now(world, to, subject, text, language, reference=reference, attachment=receipt)


def account_language(request: PrivacyRequest, profile: Company | None) -> Language:
    """The company's language; that of the time of the request once the company is erased. An older request states
    none."""
    return profile.language if profile else request.account_language or DEFAULT


def person_language(request: PrivacyRequest, profile: Company | None) -> Language:
    """The language of the person who made the request, or whom it concerns."""
    return request.language or account_language(request, profile)


def _values(world: "World", request: PrivacyRequest, language: Language) -> dict[str, str]:
    return {
        "request": request.id,
        "kind": KINDS[language][request.kind],
        "date": long_date(today(request.grace_until or request.deadline), language),
        "company": request.company,
        "recipients": _recipients(world, request, language),
        "reason": request.reason or "-",
        "by": request.decided_by or "-",
    }


def _posted(
    world: "World", company: str, notices: Sequence[Notice], recipients: Sequence[Notice], *, at_once: bool
) -> datetime | None:
    """Send or hold notices to members. Those to recipients are sent in any case, because the receipt says so."""
    send = sender(world, company)
    if at_once:
        for notice in (*notices, *recipients):
            send(notice, (), 0)
        return None
    before = limits.sent_before(world, company, [*notices, *recipients])
    later, done = list[datetime](), list[Notice]()
    for notice in [each for each in notices if each not in before]:
        until = limits.post(world, company, notice, send)
        if until is None:
            done.append(notice)
        else:
            later.append(until)
    for notice in [each for each in recipients if each not in before]:
        send(notice, (), 0)
        done.append(notice)
    if not later:
        return None
    limits.note_sent(world, company, done)
    return max(later)


def _addresses(world: "World", request: PrivacyRequest, profile: Company | None) -> dict[str, Language]:
    """The proven addresses of the owners and of the member who made the request, each once, with its language."""
    members = world.store.all_of(Member, request.company)
    told = (row for row in members if row.role == "owner" or row.id == request.asked_by)
    return addresses_of(told, request, profile)


def addresses_of(members: Iterable[Member], request: PrivacyRequest, profile: Company | None) -> dict[str, Language]:
    """The proven addresses of these members, each once, with its language: the person's for the one who made the
    request."""
    found: dict[str, Language] = {}
    for row in sorted(members, key=lambda row: row.id == request.asked_by):
        if to := proven_address(row, profile):
            own = row.id == request.asked_by
            found[to] = person_language(request, profile) if own else account_language(request, profile)
    return found


def _to_recipients(world: "World", request: PrivacyRequest, template: MailTemplate, language: Language) -> list[Notice]:
    """The mails to the recipients of corrected or erased data, where the register has an office's address (law 09-08
    art. 8). They name the corrected attributes, but no values and no person."""
    found = []
    attributes = attribute_names((name for measure in request.measures for name in measure.attributes), language)
    for row in _named(world, request):
        if row.recipient_email:
            values = {
                "disclosure": row.id,
                "reference": row.reference or "-",
                "company": row.company,
                "request": request.id,
                "date": long_date(row.disclosed_on, language),
                "attributes": attributes,
            }
            subject, text = compose(language, template, values)
            found.append(Notice(row.recipient_email, subject, text, language, f"{request.id}:{row.id}"))
    return found


def _named(world: "World", request: PrivacyRequest) -> list[Disclosure]:
    refs = [Disclosure.ref(request.company, id) for id in request.recipients[:MOST_NAMED]]
    return [row for row in (world.store.records(refs) if refs else ()) if isinstance(row, Disclosure)]


def _recipients(world: "World", request: PrivacyRequest, language: Language) -> str:
    """The recipients that the company must inform of a rectification or erasure, one per line, from the register of
    disclosures."""
    rows = _named(world, request)
    if not rows:
        return NOBODY[language]
    return "\n".join(
        f"- {row.recipient}{f' ({row.reference})' if row.reference else ''}, {long_date(row.disclosed_on, language)}"
        f"{WRITTEN_TO[language] if row.recipient_email else ''}"
        for row in rows
    )


def owners(world: "World", company: str) -> list[Member]:
    """A company's owners."""
    return [row for row in world.store.all_of(Member, company) if row.role == "owner"]
