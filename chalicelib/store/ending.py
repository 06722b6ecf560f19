"""The write path of a company's end: it deletes the last rows of the journal, once nothing of the company is left.

A commit writes a journal entry, so commits cannot empty the journal. `PATH` lists the kinds that go here. The head goes
first and on condition of its clock: no commit can follow it.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from pynamodb.exceptions import DeleteError, TransactWriteError
from pynamodb.expressions.operand import Path

from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Busy
from chalicelib.store.failures import code_of, is_passing
from chalicelib.store.wire import MAX_TRANSACTION, Store
from chalicelib.store.write_path import Kinds, WritePath

PATH: Final = WritePath("ending", deletes=Kinds(journal=("archived", "evidence", "head", "journal_entry", "term")))


class _HeadPaths:
    clock, state = Path("clock"), Path("state")


def delete_head(store: Store, head: Head) -> bool:
    """Delete a closed company's head as it was read. False, and nothing is deleted, if a commit came after the reading.
    Raises Busy, OutsideWritePath."""
    PATH.require("delete", head.TABLE, head.KIND)
    unchanged = (_HeadPaths.clock == head.clock) & (_HeadPaths.state == "closed")
    try:
        store.connection.delete_item(store.names[head.TABLE], head.company, head.key.sort, unchanged)
    except DeleteError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return False
        if is_passing(error):
            raise Busy from error
        raise
    return True


def delete_rows(store: Store, records: Sequence[Record]) -> None:
    """Delete rows, 100 at a time. Safe to repeat. Raises Busy, OutsideWritePath."""
    for record in records:
        PATH.require("delete", record.TABLE, record.KIND)
    left = iter(records)
    while batch := [store.key(record.key) for record in islice(left, MAX_TRANSACTION)]:
        try:
            store.connection.transact_write_items([], batch, [], [])
        except TransactWriteError as error:
            if code_of(error) == "TransactionCanceledException" or is_passing(error):
                raise Busy from error
            raise
