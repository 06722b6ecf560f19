"""Rows that a test puts or deletes by itself, past the write paths of the product."""

from chalicelib.domain.entity import Record, Ref
from chalicelib.store.codec import to_row
from chalicelib.store.wire import Store


def put_row(store: Store, record: Record) -> None:
    """Put a row of any kind without a condition."""
    table, company, sort = record.key
    store.connection.put_item(store.names[table], company, sort, attributes=to_row(record, b"s" * 16))


def delete_row(store: Store, ref: Ref) -> None:
    """Delete a row of any kind. Safe to repeat."""
    store.connection.delete_item(store.names[ref.table], ref.company, ref.sort)
