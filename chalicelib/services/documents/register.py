"""The register: every number of a series with its document and state, and the verification of its hash chain."""

from dataclasses import dataclass
from datetime import date
from itertools import islice

from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.model import Registered
from chalicelib.domain.documents.numbering import current, series_name
from chalicelib.domain.documents.register import RegisterEntry, document_hash, genesis, link
from chalicelib.domain.documents.registry import by_id, find, in_register, state_of
from chalicelib.domain.errors import NotFound
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

BATCH = 10
"""Documents read at once. A transaction reads 4 MB at most, and a document has 380 KB at most."""
VERIFIED_AT_ONCE = 600
"""Numbers that a call of a client verifies."""


def series(reader: Reader) -> list[Series]:
    """Every series of the company."""
    return [row for row in reader.all("ledger", "series#") if isinstance(row, Series)]


@dataclass(frozen=True)
class Entry:
    """A number of a series, with its document's status: "missing" when there is no such document."""

    entry: RegisterEntry
    status: str


@dataclass(frozen=True)
class Entries:
    """Numbers of `series`, in order. `series` is None if it does not exist yet."""

    series: str | None
    entries: tuple[Entry, ...] = ()
    more: bool = False


def entries(reader: Reader, name: str | None, year: int, *, limit: int, starting_after: int) -> Entries:
    """The numbers of a series in order, each with its document's state and hash. Without a name, uses the invoices'
    series of the year. Raises NotFound."""
    if not (name := name or _named(reader, year)):
        return Entries(None)
    reader.get(Series, name)
    found = _entries(reader, name, starting_after, limit + 1)
    states = _states(reader, found[:limit])
    return Entries(name, tuple(Entry(entry, states[entry.document]) for entry in found[:limit]), len(found) > limit)


def _named(reader: Reader, year: int) -> str | None:
    """The invoices' series of the year: the one of the current pattern, otherwise the last one used."""
    name = series_name(current(reader.get(Company, ""), INVOICE.kind), date(year, 12, 31))
    if reader.many(Series, [name])[0]:
        return name
    found = [row for row in reader.all("ledger", "series#") if isinstance(row, Series) and row.document == INVOICE.kind]
    used = [(row.last_date, row.id) for row in found if row.last_date and row.last_date.year == year]
    return max(used)[1] if used else None


def _entries(reader: Reader, name: str, after: int, limit: int) -> list[RegisterEntry]:
    prefix = f"register#{name}#"
    start = f"{prefix}{after:09d}" if after else None
    rows = reader.page("ledger", SORT.startswith(prefix), after=start, limit=limit).records
    return [row for row in rows if isinstance(row, RegisterEntry)]


def _documents(reader: Reader, found: list[RegisterEntry]) -> dict[str, Registered | None]:
    documents: dict[str, Registered | None] = {}
    left = iter(found)
    while batch := list(islice(left, BATCH)):
        # An entry of an unknown kind was tampered with. Its document has the kind of its id.
        types = [(e.document, find(e.document_kind) or by_id(e.document)) for e in batch]
        refs = {id: document_type.issued.ref(reader.company, id) for id, document_type in types if document_type}
        rows = dict(zip(refs, reader.of(refs.values()), strict=True))
        for e in batch:
            row = rows.get(e.document)
            documents[e.document] = row if isinstance(row, Registered) else None
    return documents


def _states(reader: Reader, found: list[RegisterEntry]) -> dict[str, str]:
    documents = _documents(reader, found)
    types = {entry.document: document_type for entry in found if (document_type := find(entry.document_kind))}
    refs = {
        id: document_type.balance.ref(reader.company, id)
        for id, document_type in types.items()
        if document_type.balance
    }
    rows = dict(zip(refs, reader.of(refs.values()), strict=True))
    balances = {id: row if isinstance(row, Balance) else None for id, row in rows.items()}
    return {id: state_of(document, balances.get(id)) if document else "missing" for id, document in documents.items()}


@dataclass
class _ChainCheck:
    """The state of a verification along a series: the expected chain hash, and the first fault."""

    position: int
    chain: str
    checked: int = 0
    fault: tuple[int, str] | None = None

    def meet(self, entry: RegisterEntry, document: Registered | None) -> None:
        """Check one entry against its document and against the previous entry."""
        self.chain = link(self.chain, document_hash(document)) if document else self.chain
        wrong = (
            "gap"
            if entry.position != self.position
            else "document_missing"
            if document is None
            else "document_changed"
            if document.hash != document_hash(document)
            else "entry_changed"
            if not _agree(entry, document)
            else "chain_broken"
            if not self.chain == entry.chain == document.chain
            else None
        )
        if wrong:
            self.fault = (entry.position, wrong)
            return
        self.position += 1
        self.checked += 1


def _agree(entry: RegisterEntry, document: Registered) -> bool:
    """Whether the entry and its document state the same facts."""
    said = (entry.series, entry.position, entry.number, entry.document_kind, entry.issue_date, entry.gross, entry.hash)
    return said == (
        document.series,
        document.position,
        document.number,
        document.KIND,
        document.issue_date,
        document.totals.gross,
        document.hash,
    )


@dataclass(frozen=True)
class ChainFault:
    """The first fault in a series: its position and a stable code."""

    position: int
    code: str


@dataclass(frozen=True)
class ChainVerification:
    """The result of recomputing a part of a series. `next` is the next position, None at the end or at a fault. `hash`
    is the chain hash (hex) after the last checked number."""

    series: str
    checked: int
    complete: bool
    next: int | None
    fault: ChainFault | None
    hash: str


def verify(
    reader: Reader, name: str | None, year: int, *, after: int = 0, at_once: int | None = None
) -> ChainVerification:
    """Recompute the chain of a series from its documents, at most `at_once` numbers per call (by default 600). Continue
    at `next`; the entry before it counts as verified. Numbers purged at their term are replaced by the chain hash
    stored on the series. Raises NotFound, also for a series outside the register."""
    if not (name := name or _named(reader, year)):
        raise NotFound
    head = reader.get(Series, name)
    if not in_register(head.document):
        raise NotFound
    check = _ChainCheck(position=max(after + 1, head.first, head.swept + 1), chain=_anchor(reader, head, after))
    ended, most = False, at_once or VERIFIED_AT_ONCE
    while check.fault is None and check.checked < most and not ended:
        found = _entries(reader, name, check.position - 1, most - check.checked)
        for at in range(0, len(found), BATCH):
            if check.fault is None:
                _meet(check, reader, found[at : at + BATCH])
        ended = not found
    head = reader.get(Series, name)  # Read again: a concurrent commit may have issued documents with their entries.
    complete = check.position == head.next
    if check.fault is None:
        if check.position > head.next or (complete and check.chain != head.chain):
            check.fault = (check.position - 1, "head_mismatch")
        elif ended and not complete and not _entries(reader, name, check.position - 1, 1):
            check.fault = (check.position, "gap")
    fault = ChainFault(*check.fault) if check.fault else None
    following = None if complete or fault else check.position - 1
    return ChainVerification(name, check.checked, complete, following, fault, check.chain)


def _meet(check: _ChainCheck, reader: Reader, entries: list[RegisterEntry]) -> None:
    documents = _documents(reader, entries)
    for entry in entries:
        if check.fault is None:
            check.meet(entry, documents[entry.document])


def _anchor(reader: Reader, head: Series, after: int) -> str:
    if after <= head.swept and head.anchor:
        return head.anchor
    if after < head.first:
        return genesis(reader.company, head.id)
    entry = reader.many(RegisterEntry, [""], series=head.id, position=after)[0]  # type: ignore[arg-type]
    if entry is None:
        raise NotFound
    return entry.chain
