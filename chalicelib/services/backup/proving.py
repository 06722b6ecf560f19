"""The proof of a backup: its ledger rows against its own journal, as of its cutoff."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from chalicelib.domain.backups.backup import Part
from chalicelib.domain.companies.company import Head
from chalicelib.domain.evidence import Anchor
from chalicelib.domain.journal import JournalEntry
from chalicelib.services.backup.format.archive import Objects
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.backup.format.lines import BackupLine
from chalicelib.services.evidence.live import PIECE
from chalicelib.services.evidence.proof import LEDGER, Proof
from chalicelib.store.codec import UNREADABLE

LEDGER_GROUPS: Final = tuple(group for group in GROUPS if group.table == LEDGER)


def proven(
    objects: Objects,
    parts: Sequence[Part],
    company: str,
    anchors: Sequence[Anchor] = (),
    *,
    sealed: Collection[str] = (),
) -> Iterator[Proof]:
    """Read the journal of a backup, then its rows of the ledger. Groups under a `sealed` key class are not judged.
    Yields the proof after each piece; the last one is complete. Raises the errors of `Objects.lines`."""
    groups = [group for group in LEDGER_GROUPS if group.key_class not in sealed]
    judged = frozenset(kind for group in groups for kind in group.kinds)
    proof = Proof(anchors=anchors, judged=judged)
    for number, line in enumerate(objects.merged(parts, "journal"), 1):
        _entry(proof, line, company)
        if not number % PIECE:
            yield proof
    for group in groups:
        for number, line in enumerate(objects.merged(parts, group.name), 1):
            _row(proof, line, company)
            if not number % PIECE:
                yield proof
    proof.ended()
    (head,) = (line.data or {} for line in objects.merged(parts, Head.KIND))
    proof.journal_ended(int(head["clock"]), str(head["chain"]))
    proof.complete = True
    yield proof


def _entry(proof: Proof, line: BackupLine, company: str) -> None:
    try:
        entry = line.record(company)
    except UNREADABLE:
        proof.fault("journal_unreadable", clock=proof.clock + 1)
        return
    assert isinstance(entry, JournalEntry)  # noqa: S101 — the group holds no other kind
    proof.entry(entry)


def _row(proof: Proof, line: BackupLine, company: str) -> None:
    try:
        record = line.record(company)
    except UNREADABLE:
        proof.unreadable(line.kind, line.sort)
        return
    proof.row(record, line.sort, line.salt)
