"""The auditor's export: a company's journal and ledger in one file of JSON lines, as of one clock."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import person_of
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Busy
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.policy.rules import all_entities
from chalicelib.services.evidence import anchors
from chalicelib.services.evidence.live import head_of
from chalicelib.services.evidence.proof import LEDGER
from chalicelib.store.codec import UNREADABLE, Row, digest, from_row, to_plain

if TYPE_CHECKING:
    from chalicelib.wiring import World

FORM: Final = "1"
TRIES: Final = 5
"""Exports that begin anew because others wrote meanwhile."""
PARTIES: Final = ("customer", "supplier", "party")
OWNERS: Final = ("invoice", "document", "owner", "id")
"""The attributes by which a row names a person, and a document."""


def write(world: "World", company: str, to: IO[bytes]) -> dict[str, Any]:
    """Write the export to a file that can be written anew; return its first line. Raises NotFound, and Busy while
    others write."""
    for _ in range(TRIES):
        head = head_of(world.store, company)
        header = _header(world, company, head)
        to.seek(0)
        to.truncate()
        for line in _lines(world, company, head, header):
            to.write(msgspec.json.encode(line) + b"\n")
        if head_of(world.store, company).clock == head.clock:
            return header
    raise Busy


def _header(world: "World", company: str, head: Head) -> dict[str, Any]:
    known = anchors.last(world, company)
    return {
        "evidence": FORM,
        "company": company,
        "made_at": instant(world.now()),
        "clock": head.clock,
        "chain": head.chain,
        "anchor_name": anchors.digest_of(world.settings, company),
        "anchor": asdict(known) if known else None,
    }


def _lines(world: "World", company: str, head: Head, header: dict[str, Any]) -> Iterator[dict[str, Any]]:
    all_entities()
    yield header
    counts = {"entries": 0, "rows": 0}
    for row in world.store.stream(JournalEntry.TABLE, company, "entry#", most=head.clock):
        counts["entries"] += 1
        yield {"entry": to_plain(JournalEntry.TABLE, row)}
    blocked: set[str] = set()
    for row in world.store.stream(LEDGER, company):
        counts["rows"] += 1
        yield {"row": _row(row, head, blocked)}
    yield {"end": counts}


def _row(row: Row, head: Head, blocked: set[str]) -> dict[str, Any]:
    """A row with its salt and content, or its digest alone if it names an erased person (ADR 0040)."""
    kind, sort = row.get("_kind", {}).get("S", ""), row["sort"]["S"]
    try:
        record, salt = from_row(LEDGER, row), row["_salt"]["B"]
        if _names_erased(record, head, blocked):
            return {"kind": kind, "sort": sort, "id": record.id, "withheld": digest(record, salt).hex()}
        return {"kind": kind, "sort": sort, "salt": salt, "data": to_plain(LEDGER, row)}
    except UNREADABLE:
        return {"kind": kind, "sort": sort}


def _names_erased(record: Record, head: Head, blocked: set[str]) -> bool:
    """Whether a row names an erased person, or belongs to a document that does. Documents come before their
    payments."""
    if not head.erased:
        return False
    persons = [person_of(record)] if isinstance(record, Issued) else [getattr(record, name, None) for name in PARTIES]
    if any(person and is_erased(head, person) for person in persons):
        blocked.add(record.id)
        return True
    return any(getattr(record, name, None) in blocked for name in OWNERS)
