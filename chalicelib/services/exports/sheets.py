"""A table of an export as text: a CSV in one of two dialects, or lines of JSON."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from chalicelib.domain.exports.model import ExportFormat, ExportRequest
from chalicelib.domain.exports.tables import Table
from chalicelib.domain.tabular.cells import escaped
from chalicelib.domain.tabular.values import FRENCH, RFC_4180, Dialect, text_cell, value_at

_DIALECTS: Final[Mapping[ExportFormat, Dialect]] = {"csv-fr": FRENCH, "csv": RFC_4180}
_MARK: Final = "\ufeff"
"""It tells a spreadsheet that the file is UTF-8."""
EXTENSIONS: Final[Mapping[ExportFormat, str]] = {"csv-fr": "csv", "csv": "csv", "json": "jsonl", "xlsx": "xlsx"}
MEDIA: Final[Mapping[ExportFormat, str]] = {
    "csv-fr": "text/csv",
    "csv": "text/csv",
    "json": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def encoded(request: ExportRequest, table: Table, bodies: Sequence[Mapping[str, Any]], *, first: bool) -> bytes:
    """A piece of a table. Its first piece begins with the titles."""
    if request.format not in _DIALECTS:
        return b"".join(msgspec.json.encode(body) + b"\n" for body in bodies)
    return _csv(request, table, bodies, first=first).encode()


def _csv(request: ExportRequest, table: Table, bodies: Iterable[Mapping[str, Any]], *, first: bool) -> str:
    dialect, language = _DIALECTS[request.format], request.language
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=dialect.delimiter)
    if first:
        out.write(_MARK if dialect.mark else "")
        writer.writerow(escaped(column.titles[language]) for column in table.columns)
    writer.writerows(
        [text_cell(column, value_at(row, column.path), dialect, language) for column in table.columns]
        for body in bodies
        for row in table.rows(body)
    )
    return out.getvalue()
