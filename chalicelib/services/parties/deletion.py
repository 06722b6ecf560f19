"""Delete a customer or a supplier, after a count of the documents that depend on them.

A request of a person to be erased never comes here: it is not refused for a draft or a debt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.balance import Balance, left
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import types_about
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.errors import InUse
from chalicelib.services.records.editing import Resource, current
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

P = TypeVar("P", bound=Party)


@dataclass(frozen=True)
class Use:
    """The drafts that name a party, and the debts: issued documents on which money is owed, and a customer's unapplied
    credit."""

    drafts: int
    debts: int


class _Uncounted(Exception):
    """The documents must be counted before the decision."""


def delete(reader: Reader, call: Call, resource: Resource[P], id: str, *, force: bool) -> Committed[P]:
    """Delete the party. Raises NotFound, StaleVersion. Raises InUse if drafts or debts name the party, unless `force`.

    The first transaction answers a repeated call and refuses a wrong one, so that nobody waits for a useless count. A
    draft that is made after the count stays, and says that its party was deleted.
    """
    try:
        return _delete(reader, call, resource, id, Use(0, 0) if force else None)
    except _Uncounted:
        return _delete(reader, call, resource, id, use_of(reader, id))


def _delete(reader: Reader, call: Call, resource: Resource[P], id: str, use: Use | None) -> Committed[P]:
    def decide_delete(snapshot: Snapshot) -> Decision[P]:
        party = current(snapshot, resource.cls, id)
        if use is None:
            raise _Uncounted
        if use.drafts or use.debts:
            raise InUse(drafts=use.drafts, debts=use.debts)
        return Decision(party, deletes=(party,))

    return transact(reader.store, call, [resource.cls.ref(call.company, id)], decide_delete, resource.policy)


def use_of(reader: Reader, party: str) -> Use:
    """Count what depends on the party. Reads every document of the kinds that may name them. Raises Busy."""
    types = types_about(party)
    drafts = sum(_drafts(reader, document_type, party) for document_type in types)
    owed = (
        state
        for document_type in types
        if document_type.payable != "none"
        for state in _issued(reader, document_type, party)
        if isinstance(state.document, Issued) and left(state.document, state.balance) > 0
    )
    credit = (row for row in reader.store.all_of(CreditEntry, reader.company) if row.customer == party and row.rest > 0)
    return Use(drafts, sum(1 for _ in owed) + sum(1 for _ in credit))


def _drafts(reader: Reader, document_type: DocumentType, party: str) -> int:
    if document_type.draft is None:
        return 0
    rows = reader.store.all_of(document_type.draft, reader.company)
    return sum(1 for row in rows if document_type.person_of(row) == party)


def _issued(reader: Reader, document_type: DocumentType, party: str) -> Iterator[DocumentState]:
    """The party's frozen documents with their balances. A balance follows its document."""
    found: DocumentState | None = None
    for row in reader.all("ledger", f"{document_type.kind}#"):
        if found and isinstance(row, Balance) and row.id == found.id:
            found = DocumentState(found.document, row)
            continue
        if found:
            yield found
        found = DocumentState(row) if isinstance(row, Issued) and document_type.person_of(row) == party else None
    if found:
        yield found
