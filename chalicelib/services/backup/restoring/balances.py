"""The balances that an older backup lacks: its issued documents had none before the first payment, and the others did
not state what is owed. Without them, a list of what is open would miss these documents. A balance below zero lacks its
entry of unapplied credit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.documents.balance import Balance, fresh, owing
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.overpaid import excess_of, freed
from chalicelib.domain.documents.registry import corrected_by, document_types
from chalicelib.domain.entity import Record
from chalicelib.services.backup.restoring.batches import RestoreProgress
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import SORT, RowPage, start_after
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.services.backup.restoring.steps import Into

PAGE: Final = 1_000
AT_ONCE: Final = 90
"""Balances added in one commit."""


def balances(into: "Into", progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    """Add the missing balances of the restored documents, and what is owed to the others. Each page is one step. If the
    step "rows" found every balance complete, nothing is read."""
    if progress.unstated == 0:
        return replace(progress, step="registers", cursor=None)
    types = sorted((each for each in document_types() if each.balance), key=lambda each: each.kind)
    for document_type in types:
        prefix, cursor = f"{document_type.kind}#", progress.cursor
        if cursor and cursor > prefix and not cursor.startswith(prefix):
            continue
        after = cursor if cursor and cursor.startswith(prefix) else None
        while True:
            page = _page(into, prefix, after)
            _complete(into, document_type, page.records)
            if page.next is None:
                break
            after = page.next["sort"]["S"]
            if deadline.passed:
                return replace(progress, cursor=after)
    return replace(progress, step="registers", cursor=None)


def _page(into: "Into", prefix: str, after: str | None) -> RowPage:
    start = start_after(into.company, after) if after else None
    return patiently(lambda: into.store.query("ledger", into.company, SORT.startswith(prefix), after=start, limit=PAGE))


def _complete(into: "Into", document_type: DocumentType, rows: Sequence[Record]) -> None:
    documents = [row for row in rows if isinstance(row, Issued)]
    balances = {row.id: row for row in rows if isinstance(row, Balance)}
    cls = document_type.balance or Balance
    if rows and isinstance(last := rows[-1], Issued):  # Its balance may be on the next page.
        (found,) = patiently(lambda: into.store.records([cls.ref(into.company, last.id)]))
        balances |= {last.id: found} if isinstance(found, Balance) else {}
    incomplete = [row for row in documents if not (balance := balances.get(row.id)) or balance.owed is None]
    for at in range(0, len(incomplete), AT_ONCE):
        _add(into, cls, incomplete[at : at + AT_ONCE])
    overpaid = [each for each in documents if (row := balances.get(each.id)) and excess_of(each, row) > 0]
    notes = _corrections(into, overpaid)
    for document in overpaid:
        _free(into, document, cls, notes)


def _corrections(into: "Into", documents: Sequence[Issued]) -> list[Issued]:
    """The credit notes on these documents. Reads all credit notes of the company, or nothing without a document."""
    ids = {document.id for document in documents}
    kinds = {each.kind for each in document_types() for document in documents if document.KIND in each.corrects}
    rows = (
        row
        for kind in sorted(kinds)
        for row in into.store.all("ledger", into.company, SORT.startswith(f"{kind}#"), read=patiently)
    )
    return [row for row in rows if isinstance(row, Issued) and (note := corrected_by(row)) and note.id in ids]


def _add(into: "Into", cls: type[Balance], documents: Sequence[Issued]) -> None:
    refs = [cls.ref(into.company, document.id) for document in documents]

    def decide_balances(snapshot: Snapshot) -> Decision:
        puts = []
        for document, balance in zip(documents, snapshot.at(refs), strict=True):
            if balance is None:
                puts.append(fresh(document, cls))
            elif isinstance(balance, Balance) and balance.owed is None:
                puts.append(owing(document, balance))
        return Decision(puts=tuple(puts))

    into.commit(refs, decide_balances)


def _free(into: "Into", document: Issued, cls: type[Balance], notes: Sequence[Issued]) -> None:
    """Make the entry of unapplied credit that a balance below zero lacks."""
    ref, at = cls.ref(into.company, document.id), into.world.now()

    def decide_entry(snapshot: Snapshot) -> Decision:
        (balance,) = snapshot.at([ref])
        if not isinstance(balance, Balance) or excess_of(document, balance) <= 0:
            return Decision()
        after, entry = freed(document, balance, notes)
        return Decision(new=(entry,), puts=(after.edited(at),))

    into.commit([ref], decide_entry)
