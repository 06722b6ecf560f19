"""Issued documents that state corrected values: why they stay, and how each is corrected.

An issued document is never edited (CGI art. 145-III). A credit note in its own series cancels it, and a new document
replaces it. The company decides both, so the API offers them as requests that are ready to send.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from chalicelib.domain.companies.company import Company
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.document_type import PARTIES
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import by_id, by_kind, document_types, person_of, types_about
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.correction import differs
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services.records.paging import Page, page_of
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, Store, start_after

TYPES: Final = tuple(sorted(document_types(), key=lambda document_type: document_type.kind))
"""The kinds in the order in which their documents are read: by name, because list cursors depend on it."""
P = TypeVar("P")


def page(store: Store, company: str, after: str) -> tuple[list[Record], str | None]:
    """The next frozen documents and balances after a sort key ("": the first ones), kind by kind, and the next sort
    key; None at the end. Raises Busy."""
    kind, _, id = (after or f"{TYPES[0].kind}#").partition("#")
    document_type = by_kind(kind)
    start = start_after(company, after) if id else None
    found = store.query(document_type.issued.TABLE, company, SORT.startswith(f"{kind}#"), after=start)
    if found.next:
        return list(found.records), found.next["sort"]["S"]
    later = TYPES[TYPES.index(document_type) + 1 :]
    return list(found.records), f"{later[0].kind}#" if later else None


def subject_row(store: Store, request: PrivacyRequest) -> Record | None:
    """The corrected record in its present state; None if it was deleted."""
    subject = request.subject
    about = types_about(subject) if subject else ()
    if subject and not about:
        return None
    ref = PARTIES[about[0].counterparty].ref(request.company, subject or "") if about else Company.ref(request.company)
    (found,) = store.records([ref])
    return found


def stale(row: Record, request: PrivacyRequest, own: Record) -> tuple[str, ...]:
    """The corrected attributes that an issued document states differently; empty for any other row."""
    if not isinstance(row, Issued) or request.subject not in (None, person_of(row)):
        return ()
    copied = frozenset(name for m in request.measures if m.action == "keep" for name in m.attributes)
    return differs(row, own, copied)


@dataclass(frozen=True)
class AffectedDocument:
    """An issued document that states old values of corrected attributes."""

    state: DocumentState
    differs: tuple[str, ...]


def listing(
    reader: Reader,
    request: PrivacyRequest,
    present: Callable[[AffectedDocument], P],
    size: Callable[[P], int],
    *,
    limit: int,
    after: str | None,
) -> Page[P]:
    """Affected documents in order of their kinds' names, each kind in order of id. At most MOST_EXAMINED documents are
    examined. `present` builds the representation of each; `size` returns its bytes."""
    own = subject_row(reader.store, request)
    if own is None:
        return Page(())

    def examined() -> Iterator[tuple[str, AffectedDocument | None]]:
        for document, balance in _issued(reader, after):
            names = stale(document, request, own)
            yield document.id, AffectedDocument(DocumentState(document, balance), names) if names else None

    return page_of(examined(), limit, present, size)


def _issued(reader: Reader, after: str | None) -> Iterator[tuple[Issued, Balance | None]]:
    """Issued documents in order of their keys, each with its balance."""
    waiting: Issued | None = None
    for row in _rows(reader, after):
        if isinstance(row, Balance) and waiting is not None and waiting.id == row.id:
            yield waiting, row
            waiting = None
        elif isinstance(row, Issued):
            if waiting is not None:
                yield waiting, None
            waiting = row
    if waiting is not None:
        yield waiting, None


def _rows(reader: Reader, after: str | None) -> Iterator[Record]:
    """The rows of issued documents after the document `after` and its balance, kind by kind."""
    begun = by_id(after) if after else None
    for document_type in TYPES[TYPES.index(begun) if begun else 0 :]:
        prefix = f"{document_type.kind}#"
        start = start_after(reader.company, f"{prefix}{after}~") if document_type is begun else None
        yield from reader.store.all(document_type.issued.TABLE, reader.company, SORT.startswith(prefix), after=start)
