"""Values of the API's JSON as cells: of a text file in one of two dialects, or of a workbook."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chalicelib.domain.language import Language
from chalicelib.domain.tabular.cells import escaped
from chalicelib.domain.tabular.columns import TableColumn

YES_NO: Final[Mapping[Language, tuple[str, str]]] = {"fr": ("oui", "non"), "ar": ("نعم", "لا"), "en": ("yes", "no")}
GROUP: Final = 3
"""With three decimals, `1,234` would be a thousand or one and a bit."""
EXACT_DIGITS: Final = 15
"""A number of a workbook has 15 exact digits."""
Typed = str | Decimal | date | None
"""The value of a workbook's cell."""


@dataclass(frozen=True)
class Dialect:
    """How a text file writes its cells: the delimiter, the decimal sign, the form of days, and whether a byte order
    mark begins it."""

    delimiter: str
    decimal: str
    day: str
    mark: bool


FRENCH: Final = Dialect(";", ",", "%d/%m/%Y", mark=True)
"""As Excel opens a text file on a computer in French."""
RFC_4180: Final = Dialect(",", ".", "%Y-%m-%d", mark=False)


def value_at(body: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as `address.city`; None where the body has none. A name may have a point itself, as
    those of metadata."""
    found: Any = body
    while isinstance(found, Mapping) and path not in found:
        name, point, path = path.partition(".")
        if not point:
            return None
        found = found.get(name)
    return found.get(path) if isinstance(found, Mapping) else None


def text_cell(column: TableColumn, value: Any, dialect: Dialect, language: Language) -> str:
    """A value as the cell of a text file. Only a text is escaped."""
    if value is None:
        return ""
    if column.kind == "number":
        return plain_number(value).replace(".", dialect.decimal)
    if column.kind == "whole":
        return str(value)
    if column.kind == "day":
        return date.fromisoformat(value).strftime(dialect.day)
    return escaped(_text(value, language))


def typed_cell(column: TableColumn, value: Any, language: Language) -> Typed:
    """A value as the cell of a workbook. A number with more digits than a workbook keeps is a text."""
    if value is None:
        return None
    if column.kind in ("number", "whole"):
        number = Decimal(str(value))
        return number if len(number.normalize().as_tuple().digits) <= EXACT_DIGITS else plain_number(str(value))
    return date.fromisoformat(value) if column.kind == "day" else _text(value, language)


def plain_number(value: str) -> str:
    """A number with a point and at least two decimals, and never with three."""
    number = Decimal(value).normalize()
    decimals = max(2, -int(number.as_tuple().exponent))
    return f"{number:.{GROUP + 1 if decimals == GROUP else decimals}f}"


def _text(value: Any, language: Language) -> str:
    if isinstance(value, bool):
        return YES_NO[language][not value]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
