"""The stored parts of an access export: rows as lines of JSON, and the last days on which they are kept."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.services.privacy.access.columns import KEPT_UNTIL
from chalicelib.services.privacy.access.contents import Line
from chalicelib.services.privacy.access.terms import merged

if TYPE_CHECKING:
    from chalicelib.wiring import World

PART_LIMIT = 250_000_000
ROWS, DAYS = ".ndjson", ".kept"
"""The names of a part end so: its rows, and their last days."""


class KeptDays(msgspec.Struct):
    """The last day of each row of a part (None: no day), and the first and the last of these days by rule."""

    rows: list[date | None]
    rules: dict[str, tuple[date, date]]


def parts_of(request: PrivacyRequest) -> str:
    """The prefix of a request's parts."""
    return prefixes.export_parts(request.company, request.id)


def put_rows(world: "World", part: str, lines: Sequence[Line], dated: bool) -> None:
    """Store a part. If `dated`, its last days are stored first: a part without days was stored by an older release."""
    if dated:
        spans = [{name: (day, day) for name, day in line.ends.items()} for line in lines]
        days = KeptDays([max(line.ends.values(), default=None) for line in lines], merged(spans))
        world.files.put(part + DAYS, msgspec.json.encode(days), "application/json", only_if_absent=False)
    text = "\n".join(line.text for line in lines)
    world.files.put(part + ROWS, text.encode(), "application/x-ndjson", only_if_absent=False)


def rows_of(world: "World", keys: Iterable[str], begin: str, after: str) -> Iterator[tuple[list[str], str]]:
    """The rows of a table, whose parts begin so, after a part."""
    for key in keys:
        if key.startswith(begin) and key.endswith(ROWS) and key > after:
            yield world.files.read(key, PART_LIMIT).decode().split("\n"), key


def dated_rows_of(world: "World", keys: Sequence[str], begin: str, after: str) -> Iterator[tuple[list[str], str]]:
    """The rows of a table, each with the column of its last day."""
    known = set(keys)
    for lines, key in rows_of(world, keys, begin, after):
        name = key.removesuffix(ROWS) + DAYS
        days = days_of(world, name).rows if name in known else [None] * len(lines)
        yield [_dated(line, day) for line, day in zip(lines, days, strict=True)], key


def days_of(world: "World", key: str) -> KeptDays:
    """The last days of a part."""
    return msgspec.json.decode(world.files.read(key, PART_LIMIT), type=KeptDays)


def _dated(line: str, day: date | None) -> str:
    row = msgspec.json.decode(line)
    return msgspec.json.encode({**row, KEPT_UNTIL: day}).decode()
