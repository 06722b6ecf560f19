"""Simple records of a company: created, read, changed, deleted and listed, all in one way."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from chalicelib.domain.call import Answer, Call
from chalicelib.domain.entity import Record
from chalicelib.domain.erased import is_erased
from chalicelib.domain.errors import AlreadyExists, NotFound, PersonErased, invalid
from chalicelib.domain.etag import require_match
from chalicelib.domain.ids import is_id, new_id
from chalicelib.services.present import Body, present_deleted, present_list
from chalicelib.store.door import CUSTOMER, Decision, Snapshot, WritePolicy, transact
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, Store

R = TypeVar("R", bound=Record)
EXAMINED_AT_ONCE, MOST_EXAMINED = 200, 1_000
"""Rows that a filtered list reads in one query, and in all, before it answers with what it has."""


def _as_sent(changes: Mapping[str, Any], before: Any) -> dict[str, Any]:  # noqa: ARG001 — a shelf's signature
    return dict(changes)


def _unscreened(record: Any, changed: Mapping[str, Any]) -> None:
    """Whatever was sent will do."""


@dataclass(frozen=True)
class Shelf(Generic[R]):
    """One kind of simple record: its class, its address, how it is shown, how what was sent becomes values of the
    domain (given the record before), and what refuses a record of which some attributes changed."""

    cls: type[R]
    url: str
    show: Callable[[R], Body]
    settle: Callable[[Mapping[str, Any], R | None], dict[str, Any]] = _as_sent
    screen: Callable[[R, Mapping[str, Any]], None] = _unscreened
    policy: WritePolicy = CUSTOMER


@dataclass(frozen=True)
class Window:
    """Which part of a list: at most `limit` (1–100), after or before an id, never both."""

    limit: int = 20
    starting_after: str | None = None
    ending_before: str | None = None


def create(store: Store, call: Call, shelf: Shelf[R], id: str | None, content: Mapping[str, Any]) -> Answer:
    """A new record under the client's id or a new one. Raises InvalidContent, AlreadyExists, and PersonErased: a device
    that was offline does not bring back who was erased meanwhile."""
    cls = shelf.cls
    id = id or new_id(cls.PREFIX, call.at, call.random("id", cls.PREFIX))
    values = shelf.settle(content, None)
    record = cls(company=call.company, id=id, created_at=call.at, updated_at=call.at, **values)
    shelf.screen(record, values)

    def decide(snapshot: Snapshot) -> Decision:
        if snapshot.get(cls, id):
            raise AlreadyExists(id=id)
        if is_erased(snapshot.head, id):
            raise PersonErased
        return Decision(Answer(shelf.show(record), status=201, location=f"{shelf.url}/{id}"), new=(record,))

    return transact(store, call, [record.key], decide, shelf.policy).answer


def read(reader: Reader, shelf: Shelf[R], id: str) -> Answer:
    """The record. Raises NotFound."""
    return Answer(shelf.show(reader.get(shelf.cls, id)))


def change(store: Store, call: Call, shelf: Shelf[R], id: str, if_match: str, changes: Mapping[str, Any]) -> Answer:
    """The record with `changes`. Raises NotFound, StaleVersion, InvalidContent."""

    def decide(snapshot: Snapshot) -> Decision:
        before = current(snapshot, shelf, id, if_match)
        values = shelf.settle(changes, before)
        after = before.edited(call.at, **values)
        shelf.screen(after, values)
        return Decision(Answer(shelf.show(after)), puts=(after,))

    return transact(store, call, [shelf.cls.ref(call.company, id)], decide, shelf.policy).answer


def delete(store: Store, call: Call, shelf: Shelf[R], id: str, if_match: str) -> Answer:
    """Away with the record. Raises NotFound, StaleVersion."""

    def decide(snapshot: Snapshot) -> Decision:
        record = current(snapshot, shelf, id, if_match)
        return Decision(Answer(present_deleted(record)), deletes=(record,))

    return transact(store, call, [shelf.cls.ref(call.company, id)], decide, shelf.policy).answer


def current(snapshot: Snapshot, shelf: Shelf[R], id: str, if_match: str) -> R:
    """The record as it stands, if it is the version that the client saw. Raises NotFound, StaleVersion."""
    record = snapshot.get(shelf.cls, id)
    if record is None:
        raise NotFound
    require_match(if_match, shelf.show(record))
    return record


def listing(reader: Reader, shelf: Shelf[R], window: Window, keep: Callable[[R], bool] | None = None) -> Answer:
    """A part of the list, newest id first; `keep` filters it. Raises InvalidContent for a cursor of another kind.

    A filtered list examines at most MOST_EXAMINED rows. `next` is the id to go on from: where it stopped early, that is
    the last one examined, and `data` may be short or empty although there is more.
    """
    found, more, last = _search(reader, shelf, window, keep)
    shown = [shelf.show(record) for record in (reversed(found) if window.ending_before else found)]
    return Answer(present_list(shelf.url, shown, more=more, next=last if more else None))


def _search(
    reader: Reader, shelf: Shelf[R], window: Window, keep: Callable[[R], bool] | None
) -> tuple[list[R], bool, str | None]:
    """At most `limit` records in the direction of travel, whether there are more, and where to go on from."""
    prefix, after = shelf.cls.ref(reader.company).sort, _cursor(shelf.cls, window)
    at_once = window.limit + 1 if keep is None else max(window.limit + 1, EXAMINED_AT_ONCE)
    found: list[R] = []
    examined, last = 0, None
    while True:
        page = reader.page(
            shelf.cls.ROOM, SORT.startswith(prefix), after=after, descending=not window.ending_before, limit=at_once
        )
        rows = [row for row in page.records if isinstance(row, shelf.cls)]
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
    """A filter: changed at or after an instant, `words` within the name, attributes equal to what is given; None where
    nothing is asked. The database would read (and bill) the same rows to filter them itself."""
    wanted = {name: value for name, value in equal.items() if value is not None}
    part = folded(words) if words else ""
    if updated_since is None and not part and not wanted:
        return None

    def keep(record: Record) -> bool:
        return (
            (updated_since is None or record.updated_at >= updated_since)
            and all(getattr(record, name) == value for name, value in wanted.items())
            and part in folded(getattr(record, "name", ""))
        )

    return keep
