"""Correct a record in one commit with its request, the remaining work, and the row that a restore applies again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import MOROCCO, today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member, proven_address
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import InvalidContent, NotFound, ProofNeeded, RequestSettled, invalid
from chalicelib.domain.identity import normalize, validate
from chalicelib.domain.ids import derived_id
from chalicelib.domain.journal import Message
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.correction import FIELDS, Correction, copied_to, frozen, values_of
from chalicelib.domain.privacy.disclosure import Disclosure, may_be_seen
from chalicelib.domain.privacy.request import Affected, Measure, PrivacyRequest, moved, resumed
from chalicelib.policy.load import current
from chalicelib.policy.rules import rule_of
from chalicelib.services.codes import email_key
from chalicelib.services.mail import notifications, writing
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.transitions import watch_over
from chalicelib.store.decision import Decision

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from chalicelib.wiring import World

AT = "/corrections"
"""The pointer to the values in the request body."""


@dataclass(frozen=True)
class CorrectionInput:
    """The validated corrections, and the disclosures of the company."""

    values: Mapping[str, Any]
    settings: "Settings"
    handed: Sequence[Disclosure] = ()
    language: Language = "fr"
    """The language of a mail to an old address."""
    company: Company | None = None
    """The company as stored, which tells whether an old address is proven."""


def correction_input(world: "World", company: str, values: Mapping[str, Any]) -> CorrectionInput:
    """The corrections with the register of disclosures. Raises InvalidContent without corrections, Busy."""
    if not values:
        raise invalid(AT, "too_few", min=1)
    (profile,) = world.store.records([Company.ref(company)])
    known = profile if isinstance(profile, Company) else None
    language: Language = known.language if known else "fr"
    return CorrectionInput(values, world.settings, disclosures.of_company(world.store, company), language, known)


def decide_rectification(
    request: PrivacyRequest, own: Record, correction: CorrectionInput, call: Call, clock: int, *, new: bool
) -> Decision[PrivacyRequest]:
    """Correct the record, start the request, store the correction and notify the owners, in one commit. `request` is
    verified, and `new` or already stored. `own` is the present record, `clock` the company's clock after this commit.
    Raises RequestSettled, InvalidContent."""
    if request.status != "verified":
        raise RequestSettled(status=request.status)
    after = _right(own, correction, call)
    names = frozenset(correction.values)
    running = moved(
        request,
        "running",
        call.at,
        measures=_measures(after, names),
        policy_version=current().version,
        recipients=tuple(row.id for row in _recipients(correction.handed, request, after, names, call)),
        due="requests",
        due_at=call.at,
        **resumed(request, call.at),
    )
    running = replace(running, version=1) if new else running
    kept = _kept(running, after, names, call, clock)
    message = call.make(
        Message, id=message_id(request.id), due_at=call.at, task=notifications.NOTICE, about=("corrected", request.id)
    )
    changed = (after,) if after != own else ()
    last = _to_old_address(call, own, after, correction)
    letters, messages = (each.letter for each in last), (message, *(each.message for each in last))
    if new:
        return Decision(running, puts=changed, new=(running, watch_over(running), kept, *letters), messages=messages)
    return Decision(running, puts=(*changed, running, watch_over(running)), new=(kept, *letters), messages=messages)


def _to_old_address(call: Call, own: Record, after: Record, correction: CorrectionInput) -> list[writing.Mail]:
    """The mail to a member's old, proven address after a change of address. Another person may have made the change,
    and codes and notices go to the new address from now on."""
    if not (isinstance(own, Member) and isinstance(after, Member)):
        return []
    to = proven_address(own, correction.company)
    if to is None or to == after.email:
        return []
    return [writing.write(call, to, correction.language, "address_changed", company=call.company)]


def message_id(request: str) -> str:
    """The id of the outbox message that notifies the owners of a correction."""
    return derived_id(Message.PREFIX, request, "corrected")


def checked(kind: type[Record], names: Sequence[str]) -> tuple[str, ...]:
    """The names of attributes that may be corrected in such a record. Raises InvalidContent for another name."""
    for name in names:
        if name not in FIELDS[kind]:
            raise invalid(f"{AT}/{name}", "unknown_field")
    return tuple(dict.fromkeys(names))


def _right(own: Record, correction: CorrectionInput, call: Call) -> Record:
    checked(type(own), tuple(correction.values))
    try:
        if isinstance(own, Member):
            email = correction.values["email"]
            key = email_key(correction.settings, email)
            after: Record = own if own.email == email else replace(own, email=email, email_key=key, proven=False)
        elif isinstance(own, (Party, Company)):
            values = normalize(correction.values, own)
            after = replace(own, **values)
            validate(after, values)
        else:
            raise NotFound
    except InvalidContent as refusal:
        raise InvalidContent(*(replace(f, pointer=AT + f.pointer) for f in refusal.faults)) from refusal
    return own if after == own else after.edited(call.at)


def _measures(after: Record, names: frozenset[str]) -> tuple[Measure, ...]:
    """The measures for the receipt: the record, and the issued documents that state the old values."""
    attributes = tuple(sorted(names))
    own = Measure(
        store="table",
        place=after.TABLE,
        kinds=(after.KIND,),
        attributes=attributes,
        match="own",
        action="correct",
        bases=("rights",),
        found=1,
        done=True,
    )
    copied = tuple(sorted(names & frozen(after)))
    if not copied:
        return (own,)
    issued = [
        Measure(
            store="table",
            place=cls.TABLE,
            kinds=(cls.KIND,),
            attributes=copied,
            match="reference",
            action="keep",
            bases=rule_of(current(), cls, party).bases,
        )
        for cls, party in _copies(after)
    ]
    return (own, *issued)


def _copies(record: Record) -> list[tuple[type[Issued], str]]:
    """The classes of frozen documents that copy such a record, each with the attribute that holds the copy."""
    parties = ((document_type, copied_to(document_type, record)) for document_type in document_types())
    return [(document_type.issued, party) for document_type, party in parties if party]


def _recipients(
    handed: Sequence[Disclosure], request: PrivacyRequest, after: Record, names: frozenset[str], call: Call
) -> list[Disclosure]:
    """The disclosures of the old values that the company may see (law 09-08 art. 8: third parties are informed)."""
    rules = {rule_of(current(), type(after), name).name for name in names}
    if names & frozen(after):
        rules |= {rule_of(current(), cls, party).name for cls, party in _copies(after)}
    return [
        row
        for row in handed
        if row.subject in (None, request.subject) and rules & set(row.data) and may_be_seen(row, today(call.at))
    ]


def _kept(request: PrivacyRequest, after: Record, names: frozenset[str], call: Call, clock: int) -> Correction:
    stored = names | {"email_key", "proven"} if isinstance(after, Member) else names
    return call.make(
        Correction,
        id=request.id,
        clock=clock,
        subject=request.subject or call.company,
        record=after.KIND,
        attributes=tuple(sorted(stored)),
        values=values_of(after, stored),
        due_at=end_of(call.at),
    )


def end_of(at: datetime) -> datetime:
    """The midnight after the last day on which a backup can be older than a correction made at `at`."""
    term = current().rules["request.correction"].term
    if term is None:
        raise ValueError("request.correction has no term")
    return datetime.combine(term.after(today(at)), time(), MOROCCO).astimezone(UTC)


def require(requester: Requester, affects: Affected) -> None:
    """Require a proof of identity to correct a member. Codes that prove identity go to the member's address. Raises
    ProofNeeded."""
    if affects == "member" and not requester.proven:
        raise ProofNeeded
