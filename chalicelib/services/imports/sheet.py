"""A file as rows of cells, within the limits of an import."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from chalicelib.domain.imports.model import MOST_COLUMNS, MOST_ROWS, Encoding

Cell = str | float | bool | date | None
"""A cell. A text file has texts only."""


class Unreadable(Exception):
    """The file cannot be imported. `code` is stable and has a text in each language."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Row(NamedTuple):
    """A row: its number in the file, from 1, and its cells."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """A table: the titles, the rows below them, and how a text file was read."""

    titles: tuple[str, ...]
    rows: Iterator[Row]
    encoding: Encoding | None = None
    delimiter: str | None = None


def sheet_of(lines: Iterator[Row], encoding: Encoding | None = None, delimiter: str | None = None) -> Sheet:
    """The table in these lines. Its first row with a value has the titles. Raises Unreadable."""
    limited = _limited(lines)
    first = next((line for line in limited if any(_is_filled(cell) for cell in line.cells)), None)
    if first is None:
        raise Unreadable("file_empty")
    titles = tuple("" if cell is None else str(cell).strip()[:200] for cell in first.cells)
    while titles and not titles[-1]:
        titles = titles[:-1]
    rows = (row for row in limited if any(_is_filled(cell) for cell in row.cells))
    return Sheet(titles, rows, encoding, delimiter)


def _limited(lines: Iterator[Row]) -> Iterator[Row]:
    """The lines, as far as the limits allow. Raises Unreadable."""
    for count, line in enumerate(lines):
        if len(line.cells) > MOST_COLUMNS and any(_is_filled(cell) for cell in line.cells[MOST_COLUMNS:]):
            raise Unreadable("too_many_columns")
        if count > MOST_ROWS:
            raise Unreadable("too_many_rows")
        yield line


def _is_filled(cell: Cell) -> bool:
    return cell is not None and cell != ""
