"""RxDB's dialect of the pull: one table, as documents with `_deleted`, and a checkpoint that is the company's clock."""

from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.errors import ClockTooOld
from chalicelib.domain.sync.changes import Encoded, no_changes
from chalicelib.domain.sync.device import Holder
from chalicelib.domain.sync.sync_errors import PushFirst
from chalicelib.domain.sync.tables import Table
from chalicelib.services.commits import KnownRows
from chalicelib.services.sync import answering
from chalicelib.services.sync import pull as pages
from chalicelib.services.sync.answering import PullRequest
from chalicelib.services.sync.pull import PAGE_BYTES, Pulled, View
from chalicelib.store.read import Reader


def pull(reader: Reader, call: Call, holder: Holder, request: PullRequest, table: Table, limit: int) -> dict[str, Any]:
    """The documents of a table that changed after a clock: pages until there are `limit` of them, or no more. RxDB
    takes fewer documents for the end; `more` says so when the answer ended at its bytes. A pull without a checkpoint
    has the deletions too: RxDB stores no checkpoint until a pull has brought a document, so the collection may hold
    rows that the app made. Raises the refusals of a pull, and ClockTooOld when the device must read everything anew."""
    try:
        device, known = answering.enter(reader, call, holder, request)
    except PushFirst:
        raise ClockTooOld(clock=reader.head.clock) from None
    view = View(device.id, request.version)
    documents: dict[str, Encoded] = {}
    size, clock, more = 0, request.after, True
    while more and len(documents) < limit and size < PAGE_BYTES:
        pulled = _since(reader, view, clock, table, known)
        documents |= dict(pulled.changes.tables[table.name].documents(pulled.clock))
        size, clock, more = size + pulled.changes.size, pulled.clock, pulled.more
    answering.note(reader, call, device, holder, request, clock)
    return {"documents": list(documents.values()), "checkpoint": {"clock": clock}, "more": more}


def _since(reader: Reader, view: View, after: int, table: Table, known: KnownRows) -> Pulled:
    """A page of one table. If the journal's beginning was purged, a first page has the whole table."""
    try:
        return pages.since(reader, view, after, frozenset({table.name}), known)
    except ClockTooOld:
        if after:
            raise
    changes = no_changes(view.version)
    for row in pages.everything(reader, view):
        if row.table == table.name:
            changes.set(row.table, row.id, row.row)
    return Pulled(changes, reader.head.clock)
