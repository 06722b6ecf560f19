"""Documents found by their number, or by the words of their number and of the other party's name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.documents.document_type import PARTIES
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.number_search import NumberForm, forms, place_of
from chalicelib.domain.documents.numbering import DEFAULTS, history
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.errors import Fault, QueryTooBroad
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.domain.search import CUT, Search, begins, search_of
from chalicelib.domain.text import words
from chalicelib.services.documents.archive_index import archive_entries
from chalicelib.services.documents.listing_index import Candidate, Documents, IndexSearch
from chalicelib.services.records.texts import texts
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

MOST_FOUND = 100
"""Customers, and numbers, that a search of documents may match."""
Names = Mapping[str, tuple[str, ...]]
"""The words of the names of other parties, by id."""


def by_number(index_search: IndexSearch) -> Documents:
    """The document with this number: the patterns give its series and position, and the register gives the document.
    Imported documents are found by the words of their number."""
    if index_search.document_type.imported:
        return _archived(index_search, search_of(index_search.query.number))
    id = _numbered(index_search, index_search.query.number or "")
    ids = [id] if id is not None and _follows(index_search, id) else []
    return index_search.found((Candidate(id, "ledger") for id in ids), exact=False)


def _numbered(index_search: IndexSearch, number: str) -> str | None:
    """The document's id. The default patterns need no further row; the company's own patterns are read if they do not
    make the number."""
    reader, kind = index_search.reader, index_search.document_type.kind
    for own in (False, True):
        patterns = history(reader.get(Company, "")) if own else DEFAULTS
        places = {place_of(each, number) for each in patterns if each.document == kind}
        refs = [
            RegisterEntry.ref(reader.company, series=place[0], position=place[1])
            for place in places
            if place is not None
        ]
        for row in reader.of(refs):
            if isinstance(row, RegisterEntry) and (row.document_kind, row.number) == (kind, number):
                return row.document
    return None


def by_words(index_search: IndexSearch, search: Search) -> Documents:
    """The documents whose words match: those of their number, and of the other party's name as it was frozen or as it
    is now. Imported documents have the name as it was frozen. Raises QueryTooBroad."""
    if index_search.document_type.imported:
        return _archived(index_search, search)
    series = _series(index_search)
    names = _parties(index_search, search, [form for _, each in series for form in each])
    numbered = iter(sorted(_documents_of(index_search, search, series), reverse=index_search.query.is_descending))
    size = -(-(index_search.query.limit + 1) // max(1, len(names))) + 1
    streams = _begun(
        index_search, [index_search.of_party(table, party, size) for table in index_search.tables for party in names]
    )
    searching = replace(
        index_search,
        matches=lambda state: index_search.matches(state) and _matches(index_search.reader, search, names, state),
    )
    candidates = searching.merged([*streams, (Candidate(id, "ledger") for id in numbered)])
    return searching.found(candidates, exact=False)


def _archived(index_search: IndexSearch, search: Search | None) -> Documents:
    """The archived invoices whose words match: those of their number, and of their buyer's name as it was archived."""
    query, reader = index_search.query, index_search.reader

    def matches(state: DocumentState) -> bool:
        named = search is None or query.words is None or _matches(reader, search, {}, state)
        return named and index_search.matches(state)

    fitting = (
        entry.id
        for entry in archive_entries(reader.store, reader.company)
        if search is None or search.matches(entry.words)
    )
    ids = sorted((id for id in fitting if _follows(index_search, id)), reverse=query.is_descending)
    tables = index_search.tables
    candidates = (Candidate(id, "ledger") for id in ids if tables)
    return replace(index_search, matches=matches).found(candidates, exact=False)


def _begun(index_search: IndexSearch, streams: Sequence[Iterator[Candidate]]) -> list[Iterator[Candidate]]:
    """The streams that are not empty. Their first pages are read in parallel."""
    firsts = index_search.reader.store.pool.map(lambda stream: next(stream, None), streams)
    return [chain((first,), stream) for first, stream in zip(firsts, streams, strict=True) if first is not None]


def _matches(reader: Reader, search: Search, names: Names, state: DocumentState) -> bool:
    person, document = state.person, state.document
    found = list(words(document.number)) if isinstance(document, Issued) else []
    if person is None or not is_erased(reader.head, person):
        found += names.get(person or "", ())
        if isinstance(document, Issued):
            found += words(getattr(document, by_kind(document.KIND).party).name)
    return search.matches(found)


def _series(index_search: IndexSearch) -> list[tuple[Series, list[NumberForm]]]:
    """Each series that numbers documents of the kind, with the forms of its numbers."""
    reader = index_search.reader
    rows = [row for row in reader.all("ledger", "series#") if isinstance(row, Series)]
    own = [row for row in rows if row.document == index_search.document_type.kind]
    company = reader.get(Company, "") if own else None
    return [(row, forms(company, row, index_search.query.today)) for row in own] if company else []


def _parties(index_search: IndexSearch, search: Search, numbers: list[NumberForm]) -> Names:
    """The other parties that one word finds at least, if numbers may contain the other words. Raises QueryTooBroad."""
    in_numbers = {word for word in search.words if any(form.may_contain(word) for form in numbers)}
    found: dict[str, tuple[str, ...]] = {}
    cls, reader = PARTIES[index_search.document_type.counterparty], index_search.reader
    for entry in texts(reader.store, reader.company, cls, lambda key: any(word in key for word in search.words)):
        name = entry.fields[0]
        in_name = {word for word in search.words if begins(word, name)}
        if CUT in name or (in_name and in_name | in_numbers >= set(search.words)):
            found[entry.id] = name
            if len(found) > MOST_FOUND:
                raise _too_broad()
    return found


def _documents_of(
    index_search: IndexSearch, search: Search, series: list[tuple[Series, list[NumberForm]]]
) -> Iterator[str]:
    """The documents whose numbers all words may begin. Raises QueryTooBroad."""
    if "ledger" not in index_search.tables:
        return
    ranges = {
        (row.id, *each)
        for row, own in series
        for form in own
        for each in form.positions(search.words, (max(row.first, row.swept + 1), row.next - 1))
    }
    if sum(last - first + 1 for _, first, last in ranges) > MOST_FOUND:
        raise _too_broad()
    for name, first, last in sorted(ranges):
        prefix = f"register#{name}#"
        where = SORT.between(f"{prefix}{first:09d}", f"{prefix}{last:09d}")
        for row in index_search.reader.page("ledger", where, limit=MOST_FOUND).records:
            if isinstance(row, RegisterEntry) and _follows(index_search, row.document):
                yield row.document


def _follows(index_search: IndexSearch, id: str) -> bool:
    """Whether a document comes after the cursor, or before it if the list goes backwards."""
    after = index_search.query.after
    return after is None or (id < after if index_search.query.is_descending else id > after)


def _too_broad() -> QueryTooBroad:
    return QueryTooBroad(Fault("/query/q", QueryTooBroad.code, {"max": MOST_FOUND}), max=MOST_FOUND)
