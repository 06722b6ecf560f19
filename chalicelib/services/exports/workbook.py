"""An export as a workbook (XLSX): a sheet for each table, typed cells, titles that stay in view.

The library keeps one row in memory. Sheets that are written row by row lie in temporary files until the end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import IO, Any, Final

from chalicelib.domain.exports.model import ExportRequest
from chalicelib.domain.exports.tables import Table
from chalicelib.domain.tabular.cells import is_risky, workbook_text
from chalicelib.domain.tabular.columns import CellKind
from chalicelib.domain.tabular.values import typed_cell, value_at

MOST_ROWS: Final = 100_000
"""Rows of one workbook, in all its sheets. It is written in one step."""
OPTIONS: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_WIDTHS: Final[Mapping[CellKind, int]] = {"text": 24, "number": 14, "whole": 10, "day": 12, "yes_no": 10}
_FORMATS: Final[Mapping[str, Mapping[str, Any]]] = {
    "title": {"bold": True, "bottom": 1},
    "number": {"num_format": "#,##0.00####"},
    "day": {"num_format": "dd/mm/yyyy"},
    "risky": {"quote_prefix": True},
}
"""A cell in the format `risky` stays a text when its user enters it again."""
LONGEST_NAME: Final = 31
"""Characters of a sheet's name."""
Bodies = Callable[[int], Iterator[Mapping[str, Any]]]
"""The rows of the request's kind at a place."""


def write(request: ExportRequest, tables: Sequence[Table], bodies: Bodies, into: IO[bytes]) -> Iterator[int]:
    """Write the workbook into a file. Yield the number of records and documents that are written, after each."""
    from xlsxwriter import Workbook

    written = 0
    with Workbook(into, OPTIONS) as book:
        formats = {name: book.add_format(dict(about)) for name, about in _FORMATS.items()}
        for table in tables:
            sheet = book.add_worksheet(table.name[:LONGEST_NAME])
            for _ in _sheet(sheet, formats, request, table, bodies(table.place)):
                written += table.name == request.kinds[table.place]
                yield written


def _sheet(
    sheet: Any, formats: Mapping[str, Any], request: ExportRequest, table: Table, bodies: Iterator[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Write a sheet. Yield each record or document after its rows."""
    language = request.language
    if language == "ar":
        sheet.right_to_left()
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, max(_WIDTHS[column.kind], len(column.titles[language]) + 2))
        sheet.write_string(0, place, column.titles[language], formats["title"])
    numbers = count(1)
    for body in bodies:
        for row, number in zip(table.rows(body), numbers, strict=False):
            for place, column in enumerate(table.columns):
                _write(sheet, formats, (number, place), typed_cell(column, value_at(row, column.path), language))
        yield body


def _write(sheet: Any, formats: Mapping[str, Any], at: tuple[int, int], value: str | Decimal | date | None) -> None:
    if isinstance(value, Decimal):
        sheet.write_number(*at, value, formats["number"] if value.as_tuple().exponent else None)
    elif isinstance(value, date):
        sheet.write_datetime(*at, value, formats["day"])
    elif value:
        sheet.write_string(*at, workbook_text(value), formats["risky"] if is_risky(value) else None)
