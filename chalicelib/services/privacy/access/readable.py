"""The tables of a person's archive for people: a page and a CSV, both with the names of columns in their language."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from chalicelib.domain.clock import MOROCCO
from chalicelib.domain.entity import Record
from chalicelib.domain.language import Language
from chalicelib.policy.wording import long_date
from chalicelib.services.exports.page import flat, safe
from chalicelib.services.exports.words import TABLES
from chalicelib.services.privacy.access.columns import BETWEEN, KEPT_UNTIL, column_name, value_word
from chalicelib.services.privacy.access.words import CLOSING, isolated, opening, plain, word

DAY = re.compile(r"\d{4}-\d\d-\d\d")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
HEADINGS = ("number", "name", "subject", "date", "recipient", "label")
"""The attributes whose value names a row, the best first. Otherwise its id does."""


class ReadTable(NamedTuple):
    """A table of the archive: its name and the class of its rows."""

    name: str
    cls: type[Record]


def page_path(table: str) -> str:
    """The path of a table's page in the archive."""
    return f"tables/{table}.html"


def sheet_path(table: str) -> str:
    """The path of a table's CSV in the archive."""
    return f"tables/{table}.csv"


def sheet(language: Language, table: ReadTable, lines: Sequence[str], columns: Sequence[str], *, first: bool) -> bytes:
    """Rows as CSV. The first line has the names of the columns."""
    out, known = io.StringIO(newline=""), (*columns, KEPT_UNTIL)
    writer = csv.DictWriter(out, known, restval="")
    if first:
        out.write("\ufeff")  # The byte order mark tells a spreadsheet that the file is UTF-8.
        writer.writerow({column: safe(column_name(table.name, column, language)) for column in known})
    writer.writerows(
        {name: safe(value_word(table.cls, name, cell, language)) for name, cell in flat(json.loads(line)).items()}
        for line in lines
    )
    return out.getvalue().encode()


def table_page(language: Language, table: ReadTable, lines: Sequence[str], *, first: bool, last: bool) -> bytes:
    """Rows as a page: the attributes that have a value, each with its name."""
    title = TABLES[table.name][language]
    start = (
        f'{opening(title, language)}<header>\n<p><a href="../index.html">{word("back", language)}</a></p>\n'
        f"<h1>{word('your_data', language)} – {isolated(title)}</h1>\n</header>\n<main>\n"
    )
    rows = "".join(_row(table, json.loads(line), language) for line in lines)
    return ((start if first else "") + rows + (CLOSING if last else "")).encode()


def _row(table: ReadTable, row: Mapping[str, Any], language: Language) -> str:
    heading = next((str(row[name]) for name in HEADINGS if row.get(name)), str(row.get("id", "")))
    return (
        f'<section class="row">\n<h2>{_text(heading, language)}</h2>\n{_list(table, "", row, language)}\n</section>\n'
    )


def _list(table: ReadTable, prefix: str, row: Mapping[str, Any], language: Language) -> str:
    parts = ""
    for name, value in row.items():
        if value is None or value in ("", [], {}):
            continue
        path = f"{prefix}{name}"
        title = column_name(table.name, path, language).rpartition(BETWEEN)[2]
        mark = ' class="until"' if path == KEPT_UNTIL else ""
        parts += f"<div{mark}><dt>{isolated(title)}</dt><dd>{_value(table, path, value, language)}</dd></div>\n"
    return f"<dl>\n{parts}</dl>"


def _value(table: ReadTable, path: str, value: Any, language: Language) -> str:
    if isinstance(value, dict):
        return _list(table, f"{path}.", value, language)
    if isinstance(value, list):
        if any(isinstance(each, dict) for each in value):
            return "".join(_value(table, path, each, language) for each in value)
        return "<ul>" + "".join(f"<li>{_text(each, language)}</li>" for each in value) + "</ul>"
    return _text(value_word(table.cls, path, value, language) if isinstance(value, str) else value, language)


def _text(value: Any, language: Language) -> str:
    """A value in words: yes and no, days, instants in Moroccan time."""
    if isinstance(value, bool):
        return word("yes" if value else "no", language)
    text = value if isinstance(value, str) else json.dumps(value)
    if DAY.fullmatch(text):
        return isolated(_day(text, language))
    if INSTANT.fullmatch(text):
        at = datetime.fromisoformat(text).astimezone(MOROCCO)
        return isolated(f"{long_date(at.date(), language)}, {at:%H:%M}")
    return isolated(text)


def _day(text: str, language: Language) -> str:
    try:
        return long_date(date.fromisoformat(text), language)
    except ValueError:  # Text that only looks like a day.
        return text


def not_held(tables: Sequence[str], language: Language) -> str:
    """The sentence about the tables without rows."""
    between = "، " if language == "ar" else ", "
    names = between.join(TABLES[table][language] for table in tables)
    return plain("nothing", language).replace("{kinds}", names)
