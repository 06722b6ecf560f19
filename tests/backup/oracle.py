"""A company's state at a clock, computed from its journal without the code that makes backups."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.documents.register import genesis
from chalicelib.domain.entity import Record
from chalicelib.domain.journal import JournalEntry
from chalicelib.files import prefixes
from chalicelib.services.backup.format.archive import Archive
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.store.codec import digest
from chalicelib.store.wire import SORT, Store

Address = tuple[str, str, str]
IN_A_BACKUP = {(group.table, kind) for group in GROUPS for kind in group.kinds}
BY_THEMSELVES = ("journal_entry", "head")
"""Rows that no entry of the journal is about: the entries and the head."""


def entries(store: Store, company: str) -> Iterator[JournalEntry]:
    """The journal, from its beginning."""
    after = None
    while True:
        page = store.query("journal", company, SORT.startswith("entry#"), after=after)
        yield from (row for row in page.records if isinstance(row, JournalEntry))
        if (after := page.next) is None:
            return


def state_at(store: Store, company: str, clock: int) -> dict[Address, str]:
    """The salted hash of each row that stood at the clock, by table, kind and whatever its changes call it."""
    state: dict[Address, str] = {}
    for entry in entries(store, company):
        if entry.clock > clock:
            break
        for change in entry.changes:
            if (change.room, change.kind) in IN_A_BACKUP:
                place = (change.room, change.kind, change.sort or change.id)
                state.pop(place, None)
                if change.op == "put":
                    assert change.hash
                    state[place] = change.hash
    return state


def state_of(archive: Archive) -> dict[Address, str]:
    """The same of a backup: the hash of what each line says."""
    state: dict[Address, str] = {}
    for line in archive.rows():
        if line.kind in BY_THEMSELVES:
            continue
        record = line.record(archive.manifest.company)
        place = place_of(record)
        assert place not in state
        assert record.key.sort == line.sort
        state[place] = digest(record, line.salt).hex()
    return state


def place_of(record: Record) -> Address:
    """The address of a row, as its changes state it."""
    compound = (record.TABLE, record.KIND) in {("ledger", "payment"), ("ledger", "register_entry")}
    return record.TABLE, record.KIND, record.key.sort if compound else record.id


def as_it_was(record: Record, source: str) -> Record:
    """A copy's row under its source's id again. Two rows say more of a company than whose they are: a profile is named
    after it, as its logo's place is, and a series' anchor, where the source has none, is the beginning that its chain
    had there."""
    if isinstance(record, Company):
        return replace(record, company=source, id=source, logo=prefixes.own_logo(source, record.logo))
    if isinstance(record, Series):
        assert record.anchor == genesis(source, record.id)
        return replace(record, company=source, anchor=None, swept=0)
    return replace(record, company=source)


def state_restored(archive: Archive, rows: Iterable[Record]) -> dict[Address, str]:
    """The same of stored rows: their hashes with the salts that the journal hashed them with, which a backup knows. A
    row of which it knows none says so."""
    salts = {(line.table, line.sort): line.salt for line in archive.rows()}
    return {
        place_of(row): digest(row, salts[row.TABLE, row.key.sort]).hex()
        if (row.TABLE, row.key.sort) in salts
        else "unknown to the backup"
        for row in rows
    }


def differences(archive: Archive, store: Store) -> list[str]:
    """The differences between a backup and the journal's state at its clock."""
    manifest = archive.manifest
    wanted, found = state_at(store, manifest.company, manifest.clock), state_of(archive)
    faults = [f"lacks {place}" for place in wanted.keys() - found.keys()]
    faults += [f"has {place}" for place in found.keys() - wanted.keys()]
    faults += [
        f"has an older or newer {place}" for place in wanted.keys() & found.keys() if wanted[place] != found[place]
    ]
    journal = [line.record(manifest.company) for line in archive.rows({"journal"})]
    live = [entry for entry in entries(store, manifest.company) if entry.clock <= manifest.clock]
    if journal != live:
        faults.append(f"{len(journal)} entries of the journal for {len(live)}")
    head = [line.data for line in archive.rows({"head"})]
    if [(data or {}).get("clock") for data in head] != [manifest.clock] or live[-1].hash != manifest.chain:
        faults.append("another head")
    return faults
