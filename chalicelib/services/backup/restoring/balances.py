"""The balances that an older backup lacks: its issued documents had none before the first payment, and the others did
not state what is owed. Without them, a list of what is open would miss these documents."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.documents.balance import Balance, fresh, owing
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Record
from chalicelib.services.backup.restoring.batches import Progress
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


def balances(into: "Into", progress: Progress, deadline: Deadline) -> Progress:
    """Add the missing balances of the restored documents, and what is owed to the others. Each page is one step."""
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
    stated = {row.id for row in rows if isinstance(row, Balance) and row.owed is not None}
    # The balance of the page's last document may be on the next page, so each commit reads what is there.
    documents = [row for row in rows if isinstance(row, Issued) and row.id not in stated]
    for at in range(0, len(documents), AT_ONCE):
        _add(into, document_type, documents[at : at + AT_ONCE])


def _add(into: "Into", document_type: DocumentType, documents: Sequence[Issued]) -> None:
    cls = document_type.balance or Balance
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
