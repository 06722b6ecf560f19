"""Delete a customer or a supplier, after a count of the documents that depend on them.

A request of a person to be erased never comes here: it is not refused for a draft or a debt.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from chalicelib.domain.attachments.message import owner_changed
from chalicelib.domain.call import Call
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.registry import types_about
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import InUse
from chalicelib.services.records.editing import Resource, current
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader, index_entries
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import IndexEntry, Store

P = TypeVar("P", bound=Party)
FEW: Final = 5
"""Parties whose use is counted one by one. Each takes about ten calls."""


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
        return Decision(party, deletes=(party,), messages=(owner_changed(call, id),))

    return transact(reader.store, call, [resource.cls.ref(call.company, id)], decide_delete, resource.policy)


def use_of(reader: Reader, party: str) -> Use:
    """Count what depends on the party. Reads keys of indexes and no row. Raises Busy."""
    types = types_about(party)
    drafts = sum(len(_ids(reader, each.draft, party)) for each in types if each.draft)
    owed = sum(_owed(reader, document_type, party) for document_type in types)
    credit = index_entries(reader.store, CreditEntry, "open", reader.company, f"{CreditEntry.KIND}#{party}#")
    return Use(drafts, owed + sum(1 for _ in credit))


def uses_of(reader: Reader, parties: Collection[str]) -> dict[str, Use]:
    """Count what depends on each of these parties, all customers or all suppliers. Above `FEW`, it reads the keys of
    each index once: the calls then grow with the documents of the company, not with the parties. Raises Busy."""
    if len(parties) <= FEW:
        return {party: use_of(reader, party) for party in parties}
    types = types_about(next(iter(parties)))
    drafts = Counter(party for each in types if each.draft for party in _named(reader, each.draft).values())
    debts = Counter(party for each in types for party in _debtors(reader, each))
    still_open = index_entries(reader.store, CreditEntry, "open", reader.company, f"{CreditEntry.KIND}#")
    debts.update(entry.key.split("#")[1] for entry in still_open)
    return {party: Use(drafts[party], debts[party]) for party in parties}


def _debtors(reader: Reader, document_type: DocumentType) -> Iterator[str]:
    """The party of each frozen document of which something is owed."""
    if document_type.balance is None:
        return
    still_open = index_entries(reader.store, document_type.balance, "open", reader.company, f"{document_type.kind}#")
    if not (ids := {_id(entry) for entry in still_open}):
        return
    named = _named(reader, document_type.issued)
    yield from (named[id] for id in ids if id in named)


def _named(reader: Reader, cls: type[Record]) -> dict[str, str]:
    """The party that each row of this class names, by the row's id."""
    entries = index_entries(reader.store, cls, "customer", reader.company, f"{cls.KIND}#")
    return {_id(entry): entry.key.split("#")[1] for entry in entries}


def named_parties(store: Store, company: str, cls: type[Record]) -> set[str]:
    """The parties of this class that a draft, an issued document or a credit names. Reads the keys of the index of
    parties, of every document once. Raises Busy."""
    types = types_about(f"{cls.PREFIX}_")
    classes: list[type[Record]] = [CreditEntry] if types else []
    for document_type in types:
        classes += [each for each in (document_type.draft, document_type.issued) if each is not None]
    return {
        entry.key.split("#")[1]
        for each in classes
        for entry in index_entries(store, each, "customer", company, f"{each.KIND}#")
    }


def _owed(reader: Reader, document_type: DocumentType, party: str) -> int:
    """The number of the party's frozen documents of which something is owed: those of its documents that are open."""
    if document_type.balance is None or not (own := _ids(reader, document_type.issued, party)):
        return 0
    still_open = index_entries(reader.store, document_type.balance, "open", reader.company, f"{document_type.kind}#")
    return sum(_id(entry) in own for entry in still_open)


def _ids(reader: Reader, cls: type[Record], party: str) -> set[str]:
    """The ids of the rows that name the party."""
    entries = index_entries(reader.store, cls, "customer", reader.company, f"{cls.KIND}#{party}#")
    return {_id(entry) for entry in entries}


def _id(entry: IndexEntry) -> str:
    return entry.key.rpartition("#")[2]
