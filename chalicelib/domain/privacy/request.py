"""Privacy requests: their kinds and states, the legal deadlines, and the signed receipts.

These rows hold no content: only dates, counts and opaque ids. The term of `request.proof` starts when a request is
closed.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from chalicelib.domain.clock import MOROCCO, midnight
from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.errors import RequestSettled
from chalicelib.domain.ids import is_id
from chalicelib.domain.language import Language

RequestKind = Literal["access", "rectification", "deletion", "opposition"]
RequestStatus = Literal["requested", "verified", "grace", "running", "completed", "refused", "cancelled"]
Affected = Literal["company", "party", "member"]

OPEN = frozenset({"requested", "verified", "grace", "running"})
OVER = frozenset({"completed", "refused", "cancelled"})
PROVEN = frozenset({"access", "deletion"})
"""Kinds that require a new proof of identity (law 09-08 art. 7)."""
MOVES: Mapping[RequestStatus, frozenset[RequestStatus]] = {
    "requested": frozenset({"verified", "grace", "refused", "cancelled"}),
    "verified": frozenset({"running", "refused", "cancelled"}),
    "grace": frozenset({"verified", "running", "refused", "cancelled"}),
    "running": frozenset({"completed", "refused"}),
    "completed": frozenset(),
    "refused": frozenset(),
    "cancelled": frozenset(),
}

CLEAR_DAYS = 10
"""Law 09-08 art. 8: rectification, erasure and blocking within ten clear days."""
GRACE = timedelta(days=30)
"""The time that an account stays blocked before it is erased. Its owner may cancel the deletion or waive this time."""
REMINDERS = (timedelta(days=7), timedelta(days=1))
"""The times of the reminders to the owners, before the end of the grace."""
UNCONFIRMED = timedelta(days=7)
"""A request that nobody confirms expires after this time."""
FRESH = timedelta(minutes=10)
"""The age limit of a sign-in that proves identity again."""
AFTERWARDS = timedelta(minutes=10)
"""The delay before a deletion checks again.

It is longer than any function may run, so that no earlier write is still in progress.
"""
UNANSWERED = timedelta(days=30)
"""A request without its missing details expires after this time."""
WARNED = timedelta(days=3)
"""The time before a deadline at which the warnings begin."""

SUBJECTS: Mapping[str, Affected] = {"cus": "party", "sup": "party", "mem": "member"}
KIND_OF = {"cus": "customer", "sup": "supplier", "mem": "member"}


@value
class Measure:
    """One step of an erasure's plan and its progress. `found` counts rows or object versions before the first change;
    None while they are not counted. `counted` is False if nobody counts them: the copies under a prefix hold many
    persons and cannot be searched for one. `done` says that the result was verified."""

    store: Literal["table", "files"] = kept("request.proof")
    place: str = kept("request.proof")
    kinds: tuple[str, ...] = kept("request.proof", default=())
    attributes: tuple[str, ...] = kept("request.proof", default=())
    match: Literal["all", "own", "reference", "content"] = kept("request.proof")
    action: Literal["block", "delete", "anonymise", "expire", "keep", "correct"] = kept("request.proof")
    bases: tuple[str, ...] = kept("request.proof", default=())
    until: date | None = kept("request.proof", default=None)
    found: int | None = kept("request.proof", default=None)
    counted: bool = kept("request.proof", default=True)
    done: bool = kept("request.proof", default=False)


@entity("request", table="requests", prefix="req")
class PrivacyRequest(Record):
    """A privacy request and its progress. Its row is due for the job in `due`.

    `asker` is a salted digest of the requester's sign-in. With it, the requester can follow the request of a closed
    account, whose memberships are deleted. `owners` are the digests (`domain.companies.member.owner_digest`) of the
    owners at the request or its confirmation, and shortly before. Any of them may cancel the deletion, even after they
    were removed.
    """

    kind: RequestKind = kept("request.proof")
    status: RequestStatus = kept("request.proof", default="requested")
    affects: Affected = kept("request.proof")
    subject: str | None = kept("request.proof", default=None)
    language: Language | None = kept("request.proof", default=None)
    """The language of the person, chosen with the request; otherwise the company's at that time. None in older rows."""
    account_language: Language | None = kept("request.proof", default=None)
    """The company's language at the request, for the mails after the account's erasure. None in older rows."""
    asked_by: str = kept("request.proof")
    asker: str | None = kept("request.proof", default=None)
    owners: tuple[str, ...] = kept("request.proof", default=())
    download_digest: str | None = kept("request.proof", default=None)
    """The digest of the download code of a person without an address (ADR 0119)."""
    confirmed_by: str | None = kept("request.proof", default=None)
    deadline: datetime = kept("request.proof")
    verified_at: datetime | None = kept("request.proof", default=None)
    grace_until: datetime | None = kept("request.proof", default=None)
    closed_at: datetime | None = kept("request.proof", default=None)
    reason: str | None = kept("request.proof", default=None)
    """A stable code: the reason of the refusal or the cancellation."""
    decided_by: str | None = kept("request.proof", default=None)
    """The operator who refused or completed the request; None if nobody decided."""
    reminders: int = kept("request.proof", default=0)
    policy_version: str | None = kept("request.proof", default=None)
    last_trace: date | None = kept("request.proof", default=None)
    measures: tuple[Measure, ...] = kept("request.proof", default=(), packed=True)
    cursor: str | None = kept("request.proof", default=None)
    """The position of the count in the current table or prefix."""
    receipt: bool = kept("request.proof", default=False)
    letters: tuple[str, ...] = kept("request.proof", default=())
    """The mails to send when the account's erasure is complete."""
    awaiting_since: datetime | None = kept("request.proof", default=None)
    """The legal deadline is suspended since this instant, because details are missing."""
    missing: tuple[str, ...] = kept("request.proof", default=())
    """The names of the attributes whose correct values are missing."""
    recipients: tuple[str, ...] = kept("request.proof", default=())
    """The disclosures whose recipients the company must inform of a rectification."""
    progress_version: int | None = kept("request.proof", default=None)
    """The version of the workflow that saved the row; None is version 1."""
    due: str | None = kept("request.proof", default="requests")
    due_at: datetime = kept("request.proof")
    attempts: int = kept("request.proof", default=0)


@entity("receipt", table="requests", prefix="req", sort="receipt#{id}")
class Receipt(Record):
    """The signed proof of a request that was carried out, under the request's id. `content` is canonical JSON."""

    content: bytes = kept("request.proof", packed=True)
    signature: bytes = kept("request.proof")
    algorithm: str = kept("request.proof")
    signer: str = kept("request.proof")
    """The SHA-256 (hex) of the public key, DER."""


@entity("deadline", table="requests", prefix="req", sort="deadline#{id}")
class RequestDeadline(Record):
    """An open request's deadline, due for the watch from `WARNED` before it until the request is closed."""

    deadline: datetime = kept("request.proof")
    due: str | None = kept("request.proof", default="deadlines")
    due_at: datetime = kept("request.proof")
    attempts: int = kept("request.proof", default=0)


@entity("tombstone", table="requests", prefix="req", sort="tombstone#{subject}")
class Tombstone(Record):
    """A record of one person's erasure. A restore of a backup repeats the erasure. `id` is the request's."""

    subject: str = kept("request.proof")
    clock: int | None = kept("request.proof", default=None)
    """The company's clock of the commit that erased the person."""


@entity("hold", table="requests", prefix="hld")
class Hold(Record):
    """A legal hold on a company. Nothing of it is erased or purged until an operator releases it. `reason` holds no
    personal data."""

    reason: str = kept("request.proof")
    actor: str = kept("request.proof")
    released_at: datetime | None = kept("request.proof", default=None)
    released_by: str | None = kept("request.proof", default=None)
    due: str | None = kept("request.proof", default=None)
    due_at: datetime = kept("request.proof")
    attempts: int = kept("request.proof", default=0)


def moved(request: PrivacyRequest, to: RequestStatus, at: datetime, **changes: Any) -> PrivacyRequest:
    """Move the request to its next status. A transition that closes it sets `due_at`, the end of its proof's term.
    Raises RequestSettled for an invalid transition."""
    if to not in MOVES[request.status]:
        raise RequestSettled(status=request.status)
    if to in OVER:
        changes = {"closed_at": at, "due": "proofs", "due_at": changes["due_at"]} | changes
    return request.edited(at, status=to, attempts=0, **changes)


def clear_days(at: datetime, days: int = CLEAR_DAYS) -> datetime:
    """The end of the last of `days` whole days after the day of `at` in Casablanca. If the law's `jours francs` can
    mean one day more, this is the earlier date."""
    day = at.astimezone(MOROCCO).date() + timedelta(days=days + 1)
    return midnight(day)


def waiting(request: PrivacyRequest, missing: tuple[str, ...], at: datetime) -> PrivacyRequest:
    """Suspend the request's deadline until the missing details are given (law 09-08 art. 8)."""
    return request.edited(at, awaiting_since=at, missing=missing, attempts=0, due="requests", due_at=at + UNANSWERED)


def resumed(request: PrivacyRequest, at: datetime) -> dict[str, Any]:
    """The changes when the details are given: the deadline resumes with the days that remained."""
    if request.awaiting_since is None:
        return {}
    waited = at.astimezone(MOROCCO).date() - request.awaiting_since.astimezone(MOROCCO).date()
    deadline = midnight(request.deadline.astimezone(MOROCCO).date() + waited)
    return {"awaiting_since": None, "missing": (), "deadline": deadline}


def affected(subject: str | None) -> Affected | None:
    """The kind of person or account that a request is about, by the subject's id; None for any other id."""
    if subject is None:
        return "company"
    prefix = subject.partition("_")[0]
    return SUBJECTS.get(prefix) if is_id(prefix, subject) else None


def reminder(request: PrivacyRequest) -> datetime | None:
    """The next due date of a request in grace: its next reminder, or the end of the grace."""
    if request.grace_until is None:
        return None
    if request.reminders < len(REMINDERS):
        return request.grace_until - REMINDERS[request.reminders]
    return request.grace_until


def digest(request: str, subject: str) -> str:
    """The stored digest of a requester's sign-in: SHA-256 (hex) over the request's id and the subject."""
    return sha256(f"{request}\x1f{subject}".encode()).hexdigest()
