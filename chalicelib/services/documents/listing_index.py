"""Walks of the local indexes: the documents of a list in the order of an index, each read once with its balance."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import merge

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.document_type import DRAFT, DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import invalid
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.documents.document_query import DocumentQuery
from chalicelib.services.records.paging import Found
from chalicelib.store.read import Reader

LAST = "~"
"""A sign after all signs of ids and dates. It ends a range of keys."""
AT_ONCE = 100
"""Entries of an index that a list reads at once, when it may filter some of them out."""
Days = tuple[date | None, date | None]
Matches = Callable[[DocumentState], bool]


@dataclass(frozen=True)
class Candidate:
    """A document that an index names, and the table where its row was."""

    id: str
    table: str


Documents = Found[Candidate, DocumentState]


@dataclass(frozen=True)
class IndexSearch:
    """The search of one list: its reader, kind and query, and the filter that its documents must pass."""

    reader: Reader
    document_type: DocumentType
    query: DocumentQuery
    matches: Matches

    def by_person(self) -> Documents:
        """The documents of one other party, by id. An erased one has none."""
        party, filters = self.query.person or "", self.query.filters
        exact = filters == {"person"} or (filters == {"person", "status"} and self.query.status == DRAFT)
        tables = [] if is_erased(self.reader.head, party) else self.tables
        size = self.query.limit + 1 if exact else AT_ONCE
        return self.found(self.merged([self.of_party(table, party, size) for table in tables]), exact=exact)

    def open(self) -> Documents:
        """The open documents by due date."""
        query = self.query
        ends = [day for day in (query.due_to, query.today - timedelta(days=1) if query.overdue else None) if day]
        exact = query.filters <= {"open", "overdue", "due_from", "due_to"} and False not in (query.open, query.overdue)
        return self.found(self._by_day("open", (query.due_from, min(ends, default=None)), exact=exact), exact=exact)

    def dates(self) -> Documents:
        """The frozen documents by day of issue."""
        query = self.query
        exact, days = query.filters <= {"issued_from", "issued_to"}, (query.issued_from, query.issued_to)
        return self.found(self._by_day("date", days, exact=exact), exact=exact)

    def found(self, candidates: Iterator[Candidate], *, exact: bool) -> Documents:
        """The documents of these candidates that match. `exact`: all of them do."""

        def read(batch: Sequence[Candidate]) -> list[DocumentState | None]:
            states = self._states(batch)
            return [state if state is not None and self.matches(state) else None for state in states]

        return Found(candidates, lambda candidate: candidate.id, read, exact)

    @property
    def tables(self) -> list[str]:
        """The tables that may hold a match. Drafts come first: one that is issued meanwhile is then found twice and
        not missed."""
        query = self.query
        if query.filters & {"number", "open", "overdue", "due_from", "due_to", "issued_from", "issued_to"}:
            return ["ledger"]
        if self.document_type.draft is None:
            return ["ledger"] if query.status != DRAFT else []
        if query.status is not None:
            return ["workspace" if query.status == DRAFT else "ledger"]
        return ["workspace", "ledger"]

    def of_party(self, table: str, party: str, size: int) -> Iterator[Candidate]:
        """The documents of this other party in a table, by id; `size` entries in one read."""
        prefix = f"{self.document_type.kind}#{party}#"
        low, high = prefix, f"{prefix}{LAST}"
        place = f"{prefix}{self.query.after}" if self.query.after else None
        return self._candidates(table, "customer", low, high, place, size)

    def merged(self, streams: Iterable[Iterator[Candidate]]) -> Iterator[Candidate]:
        """Streams by id as one. A document that was issued meanwhile appears once."""
        last = None
        for each in merge(*streams, key=lambda candidate: candidate.id, reverse=self.query.is_descending):
            if each.id != last:
                yield each
            last = each.id

    def _by_day(self, index: str, days: Days, *, exact: bool) -> Iterator[Candidate]:
        """The entries of an index by day, within these days. The row of the cursor gives its place, also when it has
        left the index. Raises InvalidContent for a cursor without a frozen document."""
        if "ledger" not in self.tables:
            return iter(())
        kind = self.document_type.kind
        low, high = f"{kind}#{days[0] or ''}", f"{kind}#{days[1] or ''}{LAST}"
        place = None
        if after := self.query.after:
            (row,) = self.reader.of([self.document_type.issued.ref(self.reader.company, after)])
            if not isinstance(row, Issued):
                raise invalid(f"/query/{'ending_before' if self.query.backwards else 'starting_after'}", "bad_cursor")
            place = f"{kind}#{row.due_date if index == 'open' else row.issue_date}#{row.id}"
        return self._candidates("ledger", index, low, high, place, self.query.limit + 1 if exact else AT_ONCE)

    def _candidates(
        self, table: str, index: str, low: str, high: str, place: str | None, size: int
    ) -> Iterator[Candidate]:
        """The entries of an index from `low` to `high`, after or before `place`."""
        descending, more = self.query.is_descending, True
        while more:
            if place is not None:
                low, high = (low, min(high, _before(place))) if descending else (max(low, _after(place)), high)
            entries, more = self.reader.entries(table, index, low, high, descending=descending, limit=size)
            yield from (Candidate(entry.key.rpartition("#")[2], table) for entry in entries)
            place = entries[-1].key if entries else place

    def _states(self, batch: Sequence[Candidate]) -> list[DocumentState | None]:
        """The documents in their present state. A draft that was issued since the index was read is found too."""
        rows = self.reader.batch([ref for each in batch for ref in self._refs(each)])
        states = [self._state(rows, each.id) for each in batch]
        if moved := [
            each.id for each, state in zip(batch, states, strict=True) if state is None and each.table != "ledger"
        ]:
            rows = self.reader.batch([ref for id in moved for ref in self._refs(Candidate(id, "ledger"))])
            states = [state or self._state(rows, each.id) for each, state in zip(batch, states, strict=True)]
        return states

    def _refs(self, candidate: Candidate) -> list[Ref]:
        kind, company = self.document_type, self.reader.company
        if candidate.table == "workspace" and kind.draft is not None:
            return [kind.draft.ref(company, candidate.id)]
        return [cls.ref(company, candidate.id) for cls in (kind.issued, kind.balance) if cls is not None]

    def _state(self, rows: Mapping[Ref, Record], id: str) -> DocumentState | None:
        kind, company = self.document_type, self.reader.company
        issued = rows.get(kind.issued.ref(company, id))
        if isinstance(issued, Issued):
            balance = rows.get(kind.balance.ref(company, id)) if kind.balance else None
            return DocumentState(issued, balance if isinstance(balance, Balance) else None)
        draft = rows.get(kind.draft.ref(company, id)) if kind.draft else None
        return DocumentState(draft) if isinstance(draft, DraftDocument) else None


def _after(key: str) -> str:
    """The first key after this one. Keys that differ differ before their end, because each ends in an id."""
    return f"{key}!"


def _before(key: str) -> str:
    """The last key before this one, for the same reason."""
    return f"{key[:-1]}{chr(ord(key[-1]) - 1)}"
