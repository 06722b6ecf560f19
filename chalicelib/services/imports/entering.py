"""Turns the cells of a row into what a client would enter, or into the reasons why it cannot."""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from pydantic import BaseModel, ValidationError

from chalicelib.domain.errors import Fault
from chalicelib.domain.imports.model import ImportColumn, ImportKind
from chalicelib.domain.imports.targets import (
    COUNTRIES,
    ICE,
    ICE_DIGITS,
    METADATA,
    NO,
    WORDS,
    YES,
    CellType,
    type_of,
)
from chalicelib.domain.morocco.identifiers import check_ice
from chalicelib.domain.tabular import numbers
from chalicelib.domain.text import fold
from chalicelib.services.imports.sheet import Cell, Row
from chalicelib.services.inputs.faults import faults_of

EXACT: Final = 10**15
"""From here on, a spreadsheet has changed the digits of a number: it keeps 15."""
_SCIENTIFIC: Final = re.compile(r"\d[.,]?\d*E\+\d{2,3}", re.IGNORECASE)
"""A long number as a spreadsheet saves it: with the sign and two digits. `12E3` is a reference."""
_WHOLE: Final = re.compile(r"\D*(\d{1,4})(?:[.,]0+)?\D*")
_LOCAL_PHONE: Final = re.compile(r"[5-8]\d{8}")
_DECIMALS: Final = 6
_PAIRS: Final = METADATA.removesuffix(".")


@dataclass(frozen=True)
class Refused:
    """The reason why a row is refused, or a warning about it: its row, its column (from 1, or None for the row), the
    value and a stable code."""

    row: int
    column: int | None
    field: str | None
    value: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Entered:
    """The values of a row, nested by the names of the API, without empty cells. `refused` and `warnings` are about
    its cells."""

    row: int
    content: dict[str, Any]
    refused: tuple[Refused, ...]
    warnings: tuple[Refused, ...]


class _Unusable(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def enter(kind: ImportKind, columns: Sequence[ImportColumn], row: Row) -> Entered:
    """The values of a row. A cell that cannot be a value is refused, and its row with it."""
    content: dict[str, Any] = {}
    refused: list[Refused] = []
    warnings: list[Refused] = []
    for number, (column, cell) in enumerate(zip(columns, row.cells, strict=False), 1):
        if column.field is None or cell is None or cell == "":
            continue
        at = (row.number, number, column.field, shown(cell))
        try:
            value, warning = _value(column, type_of(kind, column.field) or "text", cell)
        except _Unusable as fault:
            refused.append(Refused(*at, fault.code))
            continue
        if warning:
            warnings.append(Refused(*at, warning))
        if value is not None:
            _place(content, column.field, value)
    return Entered(row.number, content, tuple(refused), tuple(warnings))


def shown(cell: Cell) -> str:
    """A cell as text, for people."""
    return _plain(cell) if isinstance(cell, float) else "" if cell is None else str(cell)


def _place(content: dict[str, Any], path: str, value: Any) -> None:
    group, _, name = path.partition(".")
    if not name:
        content[path] = value
    elif group == _PAIRS:  # The name of a pair may have a point itself.
        content.setdefault(group, {})[name] = value
    else:
        _place(content.setdefault(group, {}), name, value)


Found = tuple[Any, str | None]
"""The value of a cell, and the code of a warning about it."""


def _value(column: ImportColumn, kind: CellType, cell: Cell) -> Found:
    """The value of a cell. Raises _Unusable."""
    return _CONVERTERS[kind](column, cell)


def _text(cell: Cell) -> str:
    """A cell as text. Raises _Unusable for a number whose digits a spreadsheet has changed."""
    if isinstance(cell, float):
        if abs(cell) >= EXACT:
            raise _Unusable("digits_lost")
        return _plain(cell)
    text = str(cell)
    if _SCIENTIFIC.fullmatch(text):
        raise _Unusable("digits_lost")
    return text


def _plain(number: float) -> str:
    return format(number, ".0f") if number.is_integer() else format(Decimal(repr(number)), "f")


def _plain_text(_: ImportColumn, cell: Cell) -> Found:
    return _text(cell), None


def _ice(cell: Cell, text: str) -> Found:
    """An ICE. A spreadsheet drops the zeros at the beginning of a number. In a text file, which it may have saved, the
    last two digits must confirm them."""
    if text.isdigit() and SHORTEST_ICE <= len(text) < ICE_DIGITS:
        complete = text.zfill(ICE_DIGITS)
        if isinstance(cell, (float, int)) or check_ice(complete) is None:
            return complete, "zeros_added"
    return text, None


def _digits(column: ImportColumn, cell: Cell) -> Found:
    text = _text(cell)
    return _ice(cell, text) if (column.field or "").rpartition(".")[2] == ICE else (text, None)


def _phone(_: ImportColumn, cell: Cell) -> Found:
    text = _text(cell)
    if _LOCAL_PHONE.fullmatch(text):
        return f"0{text}", "zeros_added"
    return text, None


def _whole(_: ImportColumn, cell: Cell) -> Found:
    """The one whole number in a text such as "Net 30" or "60 jours"."""
    if not (found := _WHOLE.fullmatch(_text(cell))):
        raise _Unusable("bad_cell_number")
    return int(found[1]), None


def _number(column: ImportColumn, cell: Cell) -> Found:
    if isinstance(cell, (float, int)) and not isinstance(cell, bool):
        found: Decimal | None = round(Decimal(repr(cell)), _DECIMALS)
        if (column.field or "").endswith("vat_rate") and found and 0 < found < 1:  # A cell in the format of percent.
            found *= 100
    else:
        sign = numbers.evidence(str(cell)) if column.ask else column.decimal or "point"
        if sign == "ambiguous":
            raise _Unusable("decimal_ambiguous")
        found = numbers.parse(str(cell), "comma" if sign == "comma" else "point")
    if found is None:
        raise _Unusable("bad_cell_number")
    text = format(found, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text, None


def _yes_no(_: ImportColumn, cell: Cell) -> Found:
    word = fold(_text(cell)).strip()
    if word not in YES | NO:
        raise _Unusable("bad_yes_no")
    return word in YES, None


def _choice(column: ImportColumn, cell: Cell) -> Found:
    """The code of a choice, also of one in two languages ("French / Français"). Unknown words stay as they are, and the
    model refuses them."""
    text = _text(cell)
    said = {fold(each).strip().replace(" ", "_") for each in (text, text.partition(" / ")[0])}
    for code, words in WORDS.get((column.field or "").rpartition(".")[2], {}).items():
        if said & {code, *map(fold, words.split())}:
            return code, None
    return text, None


def _country(_: ImportColumn, cell: Cell) -> Found:
    text = _text(cell)
    code = text.strip().upper()
    return (code if len(code) == ALPHA_2 else COUNTRIES.get(fold(text).strip(), text)), None


def _day(_: ImportColumn, cell: Cell) -> Found:
    """A day: of a workbook, or as people write it, the day before the month."""
    if isinstance(cell, date):
        return cell.isoformat(), None
    text = _plain(cell) if isinstance(cell, float) else "".join(map(_western, str(cell)))
    if text.isdecimal() and len(text) == SERIAL:
        return (FIRST_SERIAL + timedelta(days=int(text))).isoformat(), None
    for form in _DAYS:
        if found := form.fullmatch(_TIME.sub("", text.strip())):
            year, month, day = (int(found[name]) for name in ("y", "m", "d"))
            with suppress(ValueError):
                return date(year if year > CENTURY else CENTURY * 20 + year, month, day).isoformat(), None
    raise _Unusable("bad_cell_day")


def _western(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


ALPHA_2, SHORTEST_ICE, SERIAL, CENTURY = 2, 9, 5, 100
FIRST_SERIAL: Final = date(1899, 12, 30)
"""The day 0 of a spreadsheet."""
_TIME: Final = re.compile(r"[T ]\d{1,2}:.*$")
_DAYS: Final = (
    re.compile(r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>20\d{2}|\d{2})"),
    re.compile(r"(?P<y>20\d{2})[/.-](?P<m>\d{1,2})[/.-](?P<d>\d{1,2})"),
    re.compile(r"(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(r"(?P<d>\d{2})(?P<m>\d{2})(?P<y>\d{2})"),
)
"""The forms of days in files, since 2000."""
_CONVERTERS: Final[Mapping[CellType, Callable[[ImportColumn, Cell], Found]]] = {
    "text": _plain_text,
    "digits": _digits,
    "phone": _phone,
    "whole": _whole,
    "number": _number,
    "yes_no": _yes_no,
    "choice": _choice,
    "country": _country,
    "day": _day,
}


def checked(model: type[BaseModel], content: Mapping[str, Any]) -> tuple[BaseModel | None, tuple[Fault, ...]]:
    """The content as the API's model, or the faults that the API would answer."""
    try:
        return model.model_validate_json(msgspec.json.encode(content)), ()
    except ValidationError as error:
        return None, faults_of(error)


def located(row: Row, columns: Sequence[ImportColumn], faults: Sequence[Fault]) -> tuple[Refused, ...]:
    """The faults of a row's content, each at the column of its field."""
    places = {column.field: number for number, column in enumerate(columns, 1) if column.field}

    def locate(fault: Fault) -> Refused:
        name = fault.pointer.strip("/").replace("/", ".")
        number = places.get(name)
        cell = row.cells[number - 1] if number is not None and number <= len(row.cells) else None
        return Refused(row.number, number, name or None, shown(cell), fault.code, fault.params)

    return tuple(map(locate, faults))
