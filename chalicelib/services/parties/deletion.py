"""Delete a customer or a supplier, after a count of the documents that depend on them.

A request of a person to be erased never comes here: it is not refused for a draft or a debt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.balance import Balance, left
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import types_about
from chalicelib.domain.errors import InUse
from chalicelib.services.documents.unapplied_credit import MOST_BATCH, rows_naming
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
    """Count what depends on the party, by the index of customers: reads the documents of this party alone. Raises
    Busy."""
    store, company, types = reader.store, reader.company, types_about(party)
    drafts = (
        draft for each in types if each.draft is not None for draft in rows_naming(store, each.draft, company, party)
    )
    owed = (document for each in types if each.payable != "none" for document in _owed(reader, each, party))
    credit = (entry for entry in rows_naming(store, CreditEntry, company, party) if entry.rest > 0)
    return Use(sum(1 for _ in drafts), sum(1 for _ in owed) + sum(1 for _ in credit))


def _owed(reader: Reader, document_type: DocumentType, party: str) -> Iterator[Issued]:
    """The party's frozen documents on which money is owed."""
    documents = rows_naming(reader.store, document_type.issued, reader.company, party)
    while batch := list(islice(documents, MOST_BATCH)):
        refs = [document_type.balance.ref(reader.company, each.id) for each in batch] if document_type.balance else []
        balances = {row.id: row for row in reader.batch(refs).values() if isinstance(row, Balance)}
        yield from (each for each in batch if left(each, balances.get(each.id)) > 0)
