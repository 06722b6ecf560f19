"""Simple records of a company: create, read, change, delete and list, the same way for every kind."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AlreadyExists, NotFound, PersonErased, invalid
from chalicelib.domain.ids import is_id
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.records.paging import MOST_EXAMINED, Page, Window
from chalicelib.store.decision import CUSTOMER, Committed, Decision, WritePolicy
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, Store

R = TypeVar("R", bound=Record)
EXAMINED_AT_ONCE = 200
"""Rows that a filtered list reads in one query."""


def _as_sent(changes: Mapping[str, Any], before: Any) -> dict[str, Any]:  # noqa: ARG001 — a resource's signature
    return dict(changes)


def _unobserved(store: Store, cls: type[R], company: str, id: str, changed: Mapping[str, Any]) -> Callable[[R], R]:  # noqa: ARG001 — a resource's signature
    return lambda record: record


def _any_content(record: Any, changed: Mapping[str, Any]) -> None:
    """Accept every content."""


@dataclass(frozen=True)
class Resource(Generic[R]):
    """A kind of simple record: its class, its normalization and its validation. `normalize` takes the attributes sent
    and the record before. `validate` takes a record and the attributes that changed. `observe` reads other records
    before the transaction, and returns a function that notes on the written record what it saw."""

    cls: type[R]
    normalize: Callable[[Mapping[str, Any], R | None], dict[str, Any]] = _as_sent
    validate: Callable[[R, Mapping[str, Any]], None] = _any_content
    observe: Callable[[Store, type[R], str, str, Mapping[str, Any]], Callable[[R], R]] = _unobserved
    policy: WritePolicy = CUSTOMER


def create(store: Store, call: Call, resource: Resource[R], id: str | None, content: Mapping[str, Any]) -> Committed[R]:
    """Create a record under the client's id or a new one. Raises InvalidContent, AlreadyExists. Raises PersonErased
    when an offline device sends a person erased in the meantime."""
    cls = resource.cls
    values = resource.normalize(content, None)
    made = call.make(cls, id=id, **values)
    resource.validate(made, values)
    record = resource.observe(store, cls, call.company, made.id, values)(made)

    def decide_create(snapshot: Snapshot) -> Decision[R]:
        if snapshot.get(cls, record.id):
            raise AlreadyExists(id=record.id)
        if is_erased(snapshot.head, record.id):
            raise PersonErased
        return Decision(record, new=(record,))

    return transact(store, call, [record.key], decide_create, resource.policy)


def change(store: Store, call: Call, resource: Resource[R], id: str, changes: Mapping[str, Any]) -> Committed[R]:
    """Apply `changes` to the record. Raises NotFound, StaleVersion, InvalidContent."""
    note = resource.observe(store, resource.cls, call.company, id, changes)

    def decide_change(snapshot: Snapshot) -> Decision[R]:
        before = current(snapshot, resource.cls, id)
        values = resource.normalize(changes, before)
        after = note(before.edited(call.at, **values))
        resource.validate(after, values)
        return Decision(after, puts=(after,))

    return transact(store, call, [resource.cls.ref(call.company, id)], decide_change, resource.policy)


def delete(store: Store, call: Call, resource: Resource[R], id: str) -> Committed[R]:
    """Delete the record. Raises NotFound, StaleVersion."""

    def decide_delete(snapshot: Snapshot) -> Decision[R]:
        record = current(snapshot, resource.cls, id)
        return Decision(record, deletes=(record,))

    return transact(store, call, [resource.cls.ref(call.company, id)], decide_delete, resource.policy)


def current(snapshot: Snapshot, cls: type[R], id: str) -> R:
    """The record. Raises NotFound."""
    record = snapshot.get(cls, id)
    if record is None:
        raise NotFound
    return record


def listing(reader: Reader, resource: Resource[R], window: Window, keep: Callable[[R], bool] | None = None) -> Page[R]:
    """A part of the list, newest id first; `keep` filters it. A filtered list examines at most MOST_EXAMINED rows.
    Raises InvalidContent for another kind's cursor."""
    found, more, last = _search(reader, resource, window, keep)
    return Page(tuple(reversed(found) if window.ending_before else found), last if more else None)


def _search(
    reader: Reader, resource: Resource[R], window: Window, keep: Callable[[R], bool] | None
) -> tuple[list[R], bool, str | None]:
    """At most `limit` records in the direction of the query, whether there are more, and the next cursor."""
    prefix, after = resource.cls.ref(reader.company).sort, _cursor(resource.cls, window)
    at_once = window.limit + 1 if keep is None else max(window.limit + 1, EXAMINED_AT_ONCE)
    found: list[R] = []
    examined, last = 0, None
    while True:
        page = reader.page(
            resource.cls.TABLE, SORT.startswith(prefix), after=after, descending=not window.ending_before, limit=at_once
        )
        rows = [row for row in page.records if isinstance(row, resource.cls)]
        found += rows if keep is None else filter(keep, rows)
        examined += len(page.records)
        if len(found) > window.limit:
            return found[: window.limit], True, found[window.limit - 1].id
        last = rows[-1].id if rows else last
        if page.next is None or examined >= MOST_EXAMINED:
            return found, page.next is not None, last
        after = page.next["sort"]["S"]


def _cursor(cls: type[Record], window: Window) -> str | None:
    for name in ("starting_after", "ending_before"):
        id: str | None = getattr(window, name)
        if id is None:
            continue
        if not is_id(cls.PREFIX, id):
            raise invalid(f"/query/{name}", "bad_cursor")
        return cls.ref("", id).sort
    return None


def folded(words: str) -> str:
    """Text without case or diacritics, for a search that finds "Société" by "societe" and أحمد by احمد."""
    decomposed = unicodedata.normalize("NFKD", words)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def keeping(
    *, updated_since: datetime | None = None, words: str | None = None, **equal: object
) -> Callable[[Record], bool] | None:
    """Build a filter: changed at or after an instant, `words` within the name, attributes equal to given values.
    Returns None without conditions. A filter in the database would read (and bill) the same rows."""
    filters = {name: value for name, value in equal.items() if value is not None}
    part = folded(words) if words else ""
    if updated_since is None and not part and not filters:
        return None

    def keep(record: Record) -> bool:
        return (
            (updated_since is None or record.updated_at >= updated_since)
            and all(getattr(record, name) == value for name, value in filters.items())
            and part in folded(getattr(record, "name", ""))
        )

    return keep
