"""Lists of simple records, newest first. A search reads the compact index of texts, and then only what matches."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.entity import Record
from chalicelib.domain.errors import invalid
from chalicelib.domain.ids import is_id
from chalicelib.domain.search import Search
from chalicelib.services.records.editing import Resource
from chalicelib.services.records.paging import BATCH, MOST_EXAMINED, Found, Page, Window, page_of_found
from chalicelib.services.records.texts import texts
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

R = TypeVar("R", bound=Record)
EXAMINED_AT_ONCE = 200
"""Rows that a filtered list reads in one query."""


def listing(
    reader: Reader,
    resource: Resource[R],
    window: Window,
    keep: Callable[[R], bool] | None = None,
    search: Search | None = None,
) -> Page[R]:
    """A part of the list, newest id first; `keep` filters it, and `search` finds records by their words. A filtered
    list without a search examines at most MOST_EXAMINED rows. Raises InvalidContent for another kind's cursor."""
    after = _cursor(resource.cls, window)
    if search is not None:
        page = _searched(reader, resource, window, keep, search)
        return Page(page.items[::-1], page.next) if window.ending_before else page
    found, more, last = _examined(reader, resource, window, keep, after)
    return Page(tuple(reversed(found) if window.ending_before else found), last if more else None)


def _searched(
    reader: Reader, resource: Resource[R], window: Window, keep: Callable[[R], bool] | None, search: Search
) -> Page[R]:
    """The records whose words match, by id. What the index states is checked against the record itself."""
    cls, cursor = resource.cls, window.starting_after or window.ending_before
    ids = {entry.id for entry in texts(reader.store, reader.company, cls, search.fits) if search.matches(entry.words)}
    if cursor:
        ids = {id for id in ids if (id > cursor if window.ending_before else id < cursor)}

    def read(batch: Sequence[str]) -> list[R | None]:
        refs = [cls.ref(reader.company, id) for id in batch]
        rows = reader.batch(refs)
        return [_kept(rows.get(ref), cls, keep, search) for ref in refs]

    candidates = iter(sorted(ids, reverse=not window.ending_before))
    found = Found(candidates, str, read, exact=False, batch=min(BATCH, window.limit + 1))  # Nearly all of them match.
    return page_of_found(found, window.limit, lambda record: record, lambda _: 0)


def _kept(row: Record | None, cls: type[R], keep: Callable[[R], bool] | None, search: Search) -> R | None:
    if not isinstance(row, cls) or (keep is not None and not keep(row)):
        return None
    return row if search.matches(searched_words(row)) else None


def searched_words(record: Record) -> frozenset[str]:
    """The words by which a search finds a record; none for a kind that has no such words."""
    return frozenset(word for field in getattr(record, "searched", ()) for word in field)


def _examined(
    reader: Reader, resource: Resource[R], window: Window, keep: Callable[[R], bool] | None, after: str | None
) -> tuple[list[R], bool, str | None]:
    """At most `limit` records in the direction of the query, whether there are more, and the next cursor."""
    prefix = resource.cls.ref(reader.company).sort
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


def keeping(*, updated_since: datetime | None = None, **equal: object) -> Callable[[Record], bool] | None:
    """Build a filter: changed at or after an instant, attributes equal to given values. Returns None without
    conditions. A filter in the database would read (and bill) the same rows."""
    filters = {name: value for name, value in equal.items() if value is not None}
    if updated_since is None and not filters:
        return None

    def keep(record: Record) -> bool:
        return (updated_since is None or record.updated_at >= updated_since) and all(
            getattr(record, name) == value for name, value in filters.items()
        )

    return keep
