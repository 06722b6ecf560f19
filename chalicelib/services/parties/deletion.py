"""Delete a customer or a supplier, after a count of the documents that depend on them.

A request of a person to be erased never comes here: it is not refused for a draft or a debt.
"""

from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.balance import Balance, left
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.registry import types_about
from chalicelib.domain.errors import InUse
from chalicelib.services.records.editing import Resource, current
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader, rows_of_party
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

P = TypeVar("P", bound=Party)
TOGETHER = 50
"""Documents whose balances are read at once."""


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
    """Count what depends on the party. Reads only the documents that name them, by the index of parties. Raises
    Busy."""
    types = types_about(party)
    drafts = sum(_drafts(reader, document_type, party) for document_type in types)
    owed = sum(_owed(reader, document_type, party) for document_type in types)
    credit = rows_of_party(reader.store, CreditEntry, reader.company, party)
    return Use(drafts, owed + sum(1 for row in credit if row.rest > 0))


def _drafts(reader: Reader, document_type: DocumentType, party: str) -> int:
    if document_type.draft is None:
        return 0
    return sum(1 for _ in rows_of_party(reader.store, document_type.draft, reader.company, party))


def _owed(reader: Reader, document_type: DocumentType, party: str) -> int:
    """The number of the party's frozen documents of which something is owed."""
    if document_type.balance is None:
        return 0
    count, documents = 0, rows_of_party(reader.store, document_type.issued, reader.company, party)
    while batch := list(islice(documents, TOGETHER)):
        refs = [document_type.balance.ref(reader.company, document.id) for document in batch]
        balances = reader.batch(refs)
        for document, ref in zip(batch, refs, strict=True):
            balance = balances.get(ref)
            count += left(document, balance if isinstance(balance, Balance) else None) > 0
    return count
