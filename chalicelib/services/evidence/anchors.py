"""Anchors: what every company's journal was on a day, where nobody can change it.

One object a day in the locked archive lists each company that changed, by a keyed digest of its id, with its clock and
its journal's hash. It names nobody. A person who recomputes a journal cannot recompute its anchors.
"""

import hmac
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from chalicelib.domain.clock import instant, midnight, today
from chalicelib.domain.entity import new_row
from chalicelib.domain.evidence import Anchor, AnchorPlan, Evidence
from chalicelib.domain.jobs import SYSTEM
from chalicelib.files.anchors import LIMIT, days_after, key_of
from chalicelib.policy import schedules
from chalicelib.policy.load import current
from chalicelib.policy.terms import CALENDAR_YEAR
from chalicelib.services import codes
from chalicelib.services.evidence.nights import next_anchor
from chalicelib.services.evidence.recording import evidence_of, noted
from chalicelib.settings import Settings
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

FORM: Final = "1"
AGAIN: Final = timedelta(days=28)
"""A company that does not change is listed again after this time, so that its last anchor is never far back."""
WINDOW: Final = timedelta(days=62)
"""How far back a pass looks for a company's last anchor."""
OVERLAP: Final = timedelta(minutes=10)
"""The index of due rows is eventually consistent: a late row is listed by the next anchor."""


class Line(msgspec.Struct):
    """A company in an anchor: the keyed digest of its id, its clock, and its journal's hash there."""

    company: str
    clock: int
    chain: str


class AnchorObject(msgspec.Struct):
    """A day's anchor. `previous` is the SHA-256 (hex) of the anchor before it."""

    form: str
    day: str
    at: str
    previous: str | None
    companies: list[Line]


def digest_of(settings: Settings, company: str) -> str:
    """The keyed digest (hex) by which anchors name a company. Raises Busy."""
    return hmac.new(codes.pepper(settings).encode(), b"anchor\x1f" + company.encode(), sha256).hexdigest()


def new_plan(at: datetime) -> AnchorPlan:
    """The row of the daily anchor, due at the next one."""
    return AnchorPlan(**new_row(SYSTEM, AnchorPlan.KIND, at), due_at=next_anchor(at))


def write(world: "World", plan: AnchorPlan) -> None:
    """Write the day's anchor and plan the next one. A repetition finds the object. Raises Busy."""
    at = world.now()
    day = today(at)
    since = plan.through - OVERLAP if plan.through else None
    rows = bookkeeping.all_scheduled(world.store, Evidence.TABLE, plan.due or "")
    content = msgspec.json.encode(
        AnchorObject(FORM, day.isoformat(), instant(at), plan.last_hash, lines(world.settings, rows, since))
    )
    key = key_of(day)
    if not world.archive.lock(key, content, locked_until(day)):
        content = world.archive.first(key, LIMIT)
    after = plan.edited(at, through=at, last_hash=sha256(content).hexdigest(), due_at=next_anchor(at), attempts=0)
    bookkeeping.save(world.store, after, plan, world.random(16))


def lines(settings: Settings, rows: Iterable[object], since: datetime | None) -> list[Line]:
    """The lines of the companies that were noted after an instant, in the order of their digests."""
    found = [
        Line(digest_of(settings, row.company), row.noted_clock, row.noted_chain)
        for row in rows
        if isinstance(row, Evidence)
        and row.noted_at is not None
        and row.noted_clock is not None
        and row.noted_chain is not None
        and (since is None or row.noted_at > since)
    ]
    return sorted(found, key=lambda line: line.company)


def locked_until(day: date) -> datetime:
    """The end of an anchor's lock: the statutory term of the documents that it proves (CGI art. 211)."""
    retention = schedules.CompanyRetention((schedules.statutory(current()),), (CALENDAR_YEAR,))
    return midnight(retention.kept_until(day) + schedules.DAY)


def last(world: "World", company: str) -> Anchor | None:
    """The company's newest anchor in the archive; None without one in the last `WINDOW`. A later version of an object
    does not replace its first one. Raises Busy."""
    name = digest_of(world.settings, company)
    for key in days_after(world.archive, today(world.now() - WINDOW)):
        if (found := anchor_in(world.archive.first(key, LIMIT), name)) is not None:
            return found
    return None


def anchor_in(content: bytes, name: str) -> Anchor | None:
    """The line of a company in an anchor's content, by its digest."""
    stated = msgspec.json.decode(content, type=AnchorObject)
    return next((Anchor(stated.day, line.clock, line.chain) for line in stated.companies if line.company == name), None)


def known(world: "World", company: str) -> Sequence[Anchor]:
    """The anchors that a full pass compares: the newest, and what the last night noted for the next one. After a
    recovery that an operator recorded, older anchors do not count. Raises Busy."""
    row = evidence_of(world, company)
    found = [anchor for anchor in (last(world, company), noted(row)) if anchor is not None]
    recovered = today(row.recovered_at).isoformat() if row and row.recovered_at else ""
    return [anchor for anchor in found if anchor.day > recovered]
