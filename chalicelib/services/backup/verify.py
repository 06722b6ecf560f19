"""Verifying a backup: every object's hash, then every row, counted and added up against what the manifest says."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.backup import Backup, Seal
from chalicelib.domain.backup_errors import BackupDamaged, BackupKeyDestroyed, BackupUnknownKey
from chalicelib.domain.errors import NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.domain.numbering import genesis, link
from chalicelib.services.backup.archive import Archive, open_archive
from chalicelib.services.backup.contents import GROUPS
from chalicelib.services.backup.lines import Line
from chalicelib.services.backup.manifest import NAME, SeriesHead
from chalicelib.services.backup.parts import Sum
from chalicelib.store import due

if TYPE_CHECKING:
    from chalicelib.wiring import World


class Disagreement(Exception):
    """What was read does not add up: `code` says what."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check(archive: Archive) -> None:
    """Read all of a backup, a part at a time: the hash of every object before it is opened; places, order and number of
    lines; counts, totals; each series' numbers, one after the other, and their chain. What a destroyed key sealed is
    checked by its hashes. Raises BackupDamaged, BackupUnknownKey, Busy."""
    manifest, total = archive.manifest, Sum()
    readable: dict[Seal, bool] = {seal: archive.readable(seal) for seal in manifest.keys}
    for group in GROUPS:
        if not readable[group.seal]:
            for part in manifest.parts:
                if part.group == group.name:
                    archive.objects.stored(part)
                    total.add(part.counts, part.gross, part.register)
            continue
        rows = archive.objects.merged(manifest.parts, group.name)
        for line in _chained(archive, rows) if group.name == "register" else rows:
            total.meet(line, None)
    for blob in manifest.blobs:
        archive.objects.stored(blob)
        if readable[blob.seal]:
            archive.blob(blob.key)
    if _counted(total) != manifest.counts or total.gross != manifest.gross:
        raise BackupDamaged(reason="totals", where=NAME)
    try:
        agree(total, manifest.series)
    except Disagreement as error:
        raise BackupDamaged(reason=error.code, where=NAME) from error


def _counted(total: Sum) -> dict[str, int]:
    return {name: count for name, count in total.counts.items() if count}


def _chained(archive: Archive, rows: Iterable[Line]) -> Iterator[Line]:
    """The register's entries, each linked to the one before it, from where the series begins now."""
    begins = {head.series: head for head in archive.manifest.series}
    chain: dict[str, tuple[int, str | None]] = {}
    anchors = {
        line.data["id"]: line.data.get("anchor") for line in archive.rows({"series"}) if line.data
    }  # fmt: skip
    for line in rows:
        data = line.data or {}
        name, position = data["series"], data["position"]
        head = begins.get(name)
        if head is None:
            raise BackupDamaged(reason="series_missing", where=NAME)
        start = anchors.get(name) or genesis(archive.manifest.company, name)
        before, last = chain.get(name, (max(head.first, head.swept + 1) - 1, start))
        if position != before + 1:
            raise BackupDamaged(reason="gap", where=NAME)
        # A copy of a series goes on from its source's beginning, which its anchor says.
        if last is not None and link(last, data["hash"]) != data["chain"]:
            raise BackupDamaged(reason="chain", where=NAME)
        chain[name] = (position, data["chain"])
        yield line


def agree(total: Sum, series: Iterable[SeriesHead]) -> None:
    """Check that the register and the documents say the same: as many entries as documents and as much gross; and of
    each series all numbers that it gave and did not let go, up to its own chain. Raises Disagreement."""
    documents, entries = total.counts["invoices"] + total.counts["credit_notes"], total.counts["register"]
    if documents != entries:
        raise Disagreement("documents_and_entries")
    if sum(total.gross.get(name, 0) for name in ("invoices", "credit_notes")) != total.gross.get("register", 0):
        raise Disagreement("gross")
    known = {head.series: head for head in series}
    if any(stretch.entries and name not in known for name, stretch in total.register.items()):
        raise Disagreement("series_missing")
    for name, head in known.items():
        stretch = total.register.get(name)
        kept = head.next - max(head.first, head.swept + 1)
        if kept != (stretch.entries if stretch else 0):
            raise Disagreement("entries_missing")
        if stretch and kept and (stretch.last, stretch.chain) != (head.next - 1, head.chain):
            raise Disagreement("series_head")


def advance(world: "World", job: JobRow) -> JobRow:
    """Verify the backup that a job names and note it on the backup's row. Raises Busy."""
    backup: str = msgspec.json.decode(job.inputs)["backup"]
    try:
        archive = open_archive(world, job.company, backup)
        archive.verify()
    except (NotFound, BackupDamaged, BackupUnknownKey, BackupKeyDestroyed) as error:
        outcome = {"outcome": "failed", "code": error.code, "backup": backup, **error.params}
        return _over(world, job, "failed", outcome)
    at = world.now()
    note(world, job.company, backup, verified_at=at)
    manifest = archive.manifest
    outcome = {
        "backup": backup, "verified_at": at.isoformat(), "parts": len(manifest.parts) + len(manifest.blobs),
        "counts": manifest.counts,
    }  # fmt: skip
    return _over(world, job, "completed", outcome)


def _over(world: "World", job: JobRow, status: str, outcome: dict[str, object]) -> JobRow:
    ended = "completed" if status == "completed" else "failed"
    return job.edited(
        world.now(), status=ended, outcomes=msgspec.json.encode([outcome]), done=job.total, due=None
    )  # fmt: skip


def note(world: "World", company: str, backup: str, **what: object) -> None:
    """Note on a backup's row what became of it; nothing where the row is gone. Raises Busy."""
    (row,) = world.store.records([Backup.ref(company, backup)])
    if isinstance(row, Backup):
        due.save(world.store, row.edited(world.now(), **what), row, world.random(16))
