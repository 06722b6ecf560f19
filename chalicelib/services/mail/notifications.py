"""Mails about privacy requests. Addresses are read when a mail is sent, and stored nowhere."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member, proven_address
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import MailTemplate
from chalicelib.domain.journal import Message
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.policy.wording import long_date
from chalicelib.services.mail.writing import attribute_names, compose, send_now

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
}
"""The mail template of each notice about a request."""
TO_RECIPIENTS: Final[Mapping[str, MailTemplate]] = {
    "corrected": "recipient_corrected",
    "erased": "recipient_erased",
    "account_erased": "recipient_account_erased",
}
"""The notices that the recipients of the data get too (law 09-08 art. 8), and their template."""
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


def notify(world: "World", company: str, about: tuple[str, ...]) -> None:
    """Mail a notice about a request to every owner and to the requester, if they have an address. Skips a request that
    no longer exists. Raises Busy, and KeyError for a notice without a template."""
    name, id, *account = about
    company = account[0] if account else company
    template = TEMPLATES[name]
    request, profile = world.store.records([PrivacyRequest.ref(company, id), Company.ref(company)])
    if not isinstance(request, PrivacyRequest) or (name == "asked" and request.status != "requested"):
        return  # A later state of the request has a notice of its own.
    language: Language = profile.language if isinstance(profile, Company) else "fr"
    ends = request.grace_until or request.deadline
    date, kind = long_date(today(ends), language), KINDS[language][request.kind]
    values = {
        "request": id,
        "kind": kind,
        "date": date,
        "company": company,
        "recipients": _recipients(world, request, language),
        "reason": request.reason or "-",
        "by": request.decided_by or "-",
    }
    subject, text = compose(language, template, values)
    for address in _addresses(world, request, profile if isinstance(profile, Company) else None):
        send_now(world, address, subject, text, language, reference=f"{id}:{name}")
    if name in TO_RECIPIENTS:
        _notify_recipients(world, request, TO_RECIPIENTS[name], language)


def _addresses(world: "World", request: PrivacyRequest, profile: Company | None) -> list[str]:
    """The proven addresses of the owners and of the member who made the request, each once."""
    members = world.store.all_of(Member, request.company)
    notified = (row for row in members if row.role == "owner" or row.id == request.asked_by)
    return list(dict.fromkeys(to for row in notified if (to := proven_address(row, profile))))


def _notify_recipients(world: "World", request: PrivacyRequest, template: MailTemplate, language: Language) -> None:
    """Mail the recipients of corrected or erased data, where the register has an office's address (law 09-08 art. 8).
    The mail names the corrected attributes, but no values and no person."""
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
            send_now(world, row.recipient_email, subject, text, language, reference=f"{request.id}:{row.id}")


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
