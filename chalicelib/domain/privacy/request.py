"""Privacy requests: what somebody asks about their data, the law's clock, and the proof that it was done.

Nothing here holds content: dates, counts and opaque ids only. The term of `request.proof` begins when it is closed.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from chalicelib.domain.clock import MOROCCO, midnight
from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.errors import RequestSettled
from chalicelib.domain.ids import is_id

RequestKind = Literal["access", "rectification", "deletion", "opposition"]
RequestStatus = Literal["requested", "verified", "grace", "running", "completed", "refused", "cancelled"]
Affected = Literal["company", "party", "member"]

OPEN = frozenset({"requested", "verified", "grace", "running"})
OVER = frozenset({"completed", "refused", "cancelled"})
PROVEN = frozenset({"access", "deletion"})
"""Kinds that need identity proven again (law 09-08 art. 7)."""
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
"""How long a whole account stays blocked before it is erased; its owner may cancel or waive it."""
REMINDERS = (timedelta(days=7), timedelta(days=1))
"""How long before the end of the grace its owners are reminded."""
UNCONFIRMED = timedelta(days=7)
"""A request that nobody confirms lapses."""
FRESH = timedelta(minutes=10)
"""How recent a sign-in must be to prove identity again."""
AFTERWARDS = timedelta(minutes=10)
"""When a deletion looks again, longer after the block than any function may run: what was in flight has landed."""
UNANSWERED = timedelta(days=30)
"""A request whose missing details nobody gives lapses."""
WARNED = timedelta(days=3)
"""How long before a deadline the watch begins to warn."""

SUBJECTS: Mapping[str, Affected] = {"cus": "party", "sup": "party", "mem": "member"}
KIND_OF = {"cus": "customer", "sup": "supplier", "mem": "member"}


@value
class Measure:
    """One step of an erasure's plan and how far it is. `found` counts rows or object versions before anything was
    touched; None while they are not counted. `done` says that its outcome was verified."""

    store: Literal["table", "files"] = kept("request.proof")
    place: str = kept("request.proof")
    kinds: tuple[str, ...] = kept("request.proof", default=())
    attributes: tuple[str, ...] = kept("request.proof", default=())
    match: Literal["all", "own", "reference", "content"] = kept("request.proof")
    action: Literal["block", "delete", "anonymise", "expire", "keep", "correct"] = kept("request.proof")
    bases: tuple[str, ...] = kept("request.proof", default=())
    until: date | None = kept("request.proof", default=None)
    found: int | None = kept("request.proof", default=None)
    done: bool = kept("request.proof", default=False)


@entity("request", room="requests", prefix="req")
class Request(Record):
    """What was asked and how far it is. Its row is due for the job that `due` names.

    `asker` is a salted digest of a sign-in's subject: it lets whoever asked follow the request of a closed account,
    whose memberships are gone. So do `owners`, the marks (`domain.member.owner_mark`) of whoever owned the account when
    its deletion was asked for or confirmed, or until shortly before: any of them may stop it, removed or not.
    """

    kind: RequestKind = kept("request.proof")
    status: RequestStatus = kept("request.proof", default="requested")
    affects: Affected = kept("request.proof")
    subject: str | None = kept("request.proof", default=None)
    asked_by: str = kept("request.proof")
    asker: str | None = kept("request.proof", default=None)
    owners: tuple[str, ...] = kept("request.proof", default=())
    confirmed_by: str | None = kept("request.proof", default=None)
    deadline: datetime = kept("request.proof")
    verified_at: datetime | None = kept("request.proof", default=None)
    grace_until: datetime | None = kept("request.proof", default=None)
    closed_at: datetime | None = kept("request.proof", default=None)
    reason: str | None = kept("request.proof", default=None)
    """A stable code: why it was refused or cancelled."""
    reminders: int = kept("request.proof", default=0)
    policy_version: str | None = kept("request.proof", default=None)
    last_trace: date | None = kept("request.proof", default=None)
    measures: tuple[Measure, ...] = kept("request.proof", default=(), packed=True)
    cursor: str | None = kept("request.proof", default=None)
    """Where the counting of the current place goes on."""
    receipt: bool = kept("request.proof", default=False)
    letters: tuple[str, ...] = kept("request.proof", default=())
    """The mails that wait for the account's erasure to be complete."""
    awaiting_since: datetime | None = kept("request.proof", default=None)
    """Since when the law's clock stands, because details are missing."""
    missing: tuple[str, ...] = kept("request.proof", default=())
    """The names of the attributes whose right values are missing."""
    recipients: tuple[str, ...] = kept("request.proof", default=())
    """The disclosures whose recipients the company was told to inform of a rectification."""
    progress_version: int | None = kept("request.proof", default=None)
    """The version of the workflow that saved the row; None is version 1."""
    due: str | None = kept("request.proof", default="requests")
    due_at: datetime = kept("request.proof")
    attempts: int = kept("request.proof", default=0)


@entity("receipt", room="requests", prefix="req", sort="receipt#{id}")
class Receipt(Record):
    """The signed proof of a request that was carried out, under the request's id. `content` is canonical JSON."""

    content: bytes = kept("request.proof", packed=True)
    signature: bytes = kept("request.proof")
    algorithm: str = kept("request.proof")
    signer: str = kept("request.proof")
    """The SHA-256 (hex) of the public key, DER."""


@entity("deadline", room="requests", prefix="req", sort="deadline#{id}")
class Deadline(Record):
    """An open request's deadline, due for the watch from `WARNED` before it until the request is closed."""

    deadline: datetime = kept("request.proof")
    due: str | None = kept("request.proof", default="deadlines")
    due_at: datetime = kept("request.proof")
    attempts: int = kept("request.proof", default=0)


@entity("tombstone", room="requests", prefix="req", sort="tombstone#{subject}")
class Tombstone(Record):
    """One person's data was erased: a restored backup erases it again. `id` is the request's."""

    subject: str = kept("request.proof")
    clock: int | None = kept("request.proof", default=None)
    """The company's clock with the commit that erased the person."""


@entity("hold", room="requests", prefix="hld")
class Hold(Record):
    """A legal hold on a company: nothing of it is erased or swept until an operator releases it. `reason` holds no
    personal data."""

    reason: str = kept("request.proof")
    actor: str = kept("request.proof")
    released_at: datetime | None = kept("request.proof", default=None)
    released_by: str | None = kept("request.proof", default=None)
    due: str | None = kept("request.proof", default=None)
    due_at: datetime = kept("request.proof")
    attempts: int = kept("request.proof", default=0)


def moved(request: Request, to: RequestStatus, at: datetime, **changes: Any) -> Request:
    """The request in its next status. A move that closes it states `due_at`, the end of its proof's term. Raises
    RequestSettled for a move that there is not."""
    if to not in MOVES[request.status]:
        raise RequestSettled(status=request.status)
    if to in OVER:
        changes = {"closed_at": at, "due": "proofs", "due_at": changes["due_at"]} | changes
    return request.edited(at, status=to, attempts=0, **changes)


def clear_days(at: datetime, days: int = CLEAR_DAYS) -> datetime:
    """The end of the last of so many whole days after the day of `at` in Casablanca. Where the law's `jours francs` can
    be read as a day more, this is the earlier reading."""
    day = at.astimezone(MOROCCO).date() + timedelta(days=days + 1)
    return midnight(day)


def waiting(request: Request, missing: tuple[str, ...], at: datetime) -> Request:
    """The request with its clock stopped until somebody says what is missing (law 09-08 art. 8)."""
    return request.edited(at, awaiting_since=at, missing=missing, attempts=0, due="requests", due_at=at + UNANSWERED)


def resumed(request: Request, at: datetime) -> dict[str, Any]:
    """What changes when the details are there: the clock goes on with the days that were left when it stopped."""
    if request.awaiting_since is None:
        return {}
    waited = at.astimezone(MOROCCO).date() - request.awaiting_since.astimezone(MOROCCO).date()
    deadline = midnight(request.deadline.astimezone(MOROCCO).date() + waited)
    return {"awaiting_since": None, "missing": (), "deadline": deadline}


def affected(subject: str | None) -> Affected | None:
    """Whom a request concerns, by its subject's id; None for an id of nobody's."""
    if subject is None:
        return "company"
    prefix = subject.partition("_")[0]
    return SUBJECTS.get(prefix) if is_id(prefix, subject) else None


def reminder(request: Request) -> datetime | None:
    """When a request in grace is due next: its next reminder, else the end of the grace."""
    if request.grace_until is None:
        return None
    if request.reminders < len(REMINDERS):
        return request.grace_until - REMINDERS[request.reminders]
    return request.grace_until


def digest(request: str, subject: str) -> str:
    """A person's sign-in as a request keeps it: SHA-256 (hex) over the request's id and the subject."""
    return sha256(f"{request}\x1f{subject}".encode()).hexdigest()
