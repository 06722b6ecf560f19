"""The auditor's proof: an export against itself and against an anchor, without the service and without a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from chalicelib.domain.evidence import Anchor, Verdict
from chalicelib.domain.journal import JournalEntry
from chalicelib.policy.rules import all_entities
from chalicelib.services.evidence.anchors import anchor_in
from chalicelib.services.evidence.export import FORM
from chalicelib.services.evidence.proof import LEDGER, Proof
from chalicelib.store.codec import UNREADABLE, from_plain

LONGEST: Final = 32_000_000
"""Bytes of one line."""


class BadExport(Exception):
    """The file is no export, or it is incomplete. The message says where."""


class _Row(msgspec.Struct):
    kind: str
    sort: str
    salt: bytes = b""
    data: dict[str, Any] | None = None
    id: str = ""
    withheld: str | None = None


class _Line(msgspec.Struct):
    entry: dict[str, Any] | None = None
    row: _Row | None = None
    end: dict[str, int] | None = None


class _Header(msgspec.Struct):
    evidence: str
    company: str
    made_at: str
    clock: int
    chain: str
    anchor_name: str
    anchor: Anchor | None


@dataclass(frozen=True)
class OfflineProof:
    """The result: what the file states of itself, the verdict, and the rows of which it has only the digest."""

    company: str
    made_at: str
    verdict: Verdict
    withheld: int


def verify(export: Path, anchor: Path | None = None) -> OfflineProof:
    """Verify an export. `anchor` is the object of a day, as it was fetched from the locked archive. Raises BadExport,
    OSError."""
    all_entities()
    with export.open("rb") as file:
        lines = enumerate(file, 1)
        header = _header(lines)
        proof = Proof(anchors=_anchors(header, anchor))
        withheld = _read(lines, header, proof)
    proof.ended()
    proof.journal_ended(header.clock, header.chain)
    return OfflineProof(header.company, header.made_at, proof.verdict, withheld)


def _header(lines: Iterator[tuple[int, bytes]]) -> _Header:
    try:
        header = msgspec.json.decode(next(lines, (1, b""))[1], type=_Header)
    except msgspec.MsgspecError as error:
        raise BadExport("line 1 is no header of an export") from error
    if header.evidence != FORM:
        raise BadExport(f"form {header.evidence} is unknown; this tool reads form {FORM}")
    return header


def _anchors(header: _Header, anchor: Path | None) -> list[Anchor]:
    """The anchor that the export states, and the one that the auditor has."""
    found = [header.anchor] if header.anchor else []
    if anchor is None:
        return found
    try:
        own = anchor_in(anchor.read_bytes(), header.anchor_name)
    except msgspec.MsgspecError as error:
        raise BadExport(f"{anchor} is no anchor") from error
    if own is None:
        raise BadExport(f"{anchor} does not list this company: it did not change that day")
    return [*found, own]


def _read(lines: Iterator[tuple[int, bytes]], header: _Header, proof: Proof) -> int:
    """Give every entry and row to the proof; return the number of rows without content."""
    withheld = entries = rows = 0
    end: dict[str, int] | None = None
    for number, text in lines:
        try:
            line = msgspec.json.decode(text, type=_Line)
        except msgspec.MsgspecError as error:
            raise BadExport(f"line {number} cannot be read") from error
        if end is not None:
            raise BadExport(f"line {number} follows the end")
        if line.entry is not None:
            _entry(proof, line.entry, header.company)
            entries += 1
        elif line.row is not None:
            withheld += line.row.withheld is not None
            _row(proof, line.row, header.company)
            rows += 1
        else:
            end = line.end
    if end != {"entries": entries, "rows": rows}:
        raise BadExport("the end is missing, or does not count what is there")
    return withheld


def _entry(proof: Proof, data: dict[str, Any], company: str) -> None:
    try:
        entry = from_plain(JournalEntry.TABLE, JournalEntry.KIND, company, data)
    except UNREADABLE:
        proof.fault("journal_unreadable", clock=proof.clock + 1)
        return
    assert isinstance(entry, JournalEntry)  # noqa: S101 — the kind says so
    proof.entry(entry)


def _row(proof: Proof, row: _Row, company: str) -> None:
    if row.withheld is not None:
        proof.digest(row.kind, row.id, row.withheld)
        return
    try:
        record = from_plain(LEDGER, row.kind, company, row.data or {})
    except UNREADABLE:
        proof.unreadable(row.kind, row.sort)
        return
    proof.row(record, row.sort, row.salt)
