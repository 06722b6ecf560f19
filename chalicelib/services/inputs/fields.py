"""The field types of models: printable text, exact numbers as strings, strict days, prefixed ids.

Each is used as `Annotated[str, Text(60)]` or by a ready name (`Amount`, `Day`). No value is converted: a number in
place of text is refused. Text is cleaned as `domain/text` says (NFC, stripped, without what nobody sees), then judged.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError

from chalicelib.domain.ids import is_id
from chalicelib.domain.text import clean, shows_nothing
from chalicelib.services.inputs.numbers import Number, StrictField

_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
"""Controls, surrogates and non-characters. Unlike other invisible characters they are refused, because they show that
the text was decoded wrongly: "\\x92" was an apostrophe."""
_REFUSED = r"\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff"
"""The same set for readers of the OpenAPI document, in the syntax common to all regular expressions."""
_UNSEEN = (
    r"\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc"
)
"""Common characters that show nothing alone, in the same syntax."""
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)


@cache
def countries() -> frozenset[str]:
    """The 249 codes of ISO 3166-1 alpha-2. They come from the time zone database, whose updates keep them current."""
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in table.splitlines() if not line.startswith("#"))


@cache
def _control(lines: bool) -> re.Pattern[str]:
    """Characters that are refused. The pattern is compiled at the first text that is not plain, because so large a set
    is slow to compile."""
    return re.compile(f"[{_CONTROLS}]" if lines else f"[\t\n{_CONTROLS}]")


class Model(BaseModel):
    """Values that a client entered. Unknown members are refused, no value is converted, instances are immutable. The
    validator is built on first use."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, defer_build=True, hide_input_in_errors=True, validate_default=False
    )


@dataclass(frozen=True)
class Text(StrictField):
    """Text of `min` to `max` characters on one line, or on several with `lines`."""

    max: int
    min: int = 1
    lines: bool = False

    def check(self, value: str) -> str:
        """The cleaned text. Refuses characters that do not print, and a text that shows nothing."""
        text = clean(value)
        if not (text.isascii() and text.isprintable()) and (found := _control(self.lines).search(text)):
            raise PydanticCustomError("control_character", "", {"character": f"U+{ord(found[0]):04X}"})
        if len(text) > self.max:
            raise PydanticCustomError("too_long", "", {"max": self.max})
        if self.min and value.strip() and shows_nothing(text):
            raise PydanticCustomError("nothing_visible", "")
        if len(text) < self.min:
            raise PydanticCustomError("too_short", "", {"min": self.min})
        return text

    def schema(self) -> JsonSchemaValue:
        """Length bounds and a pattern that requires printable text. A text that may be empty may show nothing."""
        refused = _REFUSED if self.lines else rf"\t\n{_REFUSED}"
        visible = rf"[^\s{_UNSEEN}{refused}][^{refused}]*" if self.min else ""
        pattern = rf"^[^{refused}]*{visible}$"
        return {"type": "string", "minLength": self.min, "maxLength": self.max, "pattern": pattern}


@dataclass(frozen=True)
class _Day(StrictField):
    """A calendar day, `YYYY-MM-DD`, from 2000 to 2100."""

    def check(self, value: str) -> date:
        """The day."""
        if not (found := _DAY.fullmatch(value)):
            raise PydanticCustomError("bad_date", "")
        year, month, day = (int(part) for part in found.groups())
        if not 2000 <= year <= 2100:
            raise PydanticCustomError("out_of_range", "", {"min": "2000-01-01", "max": "2100-12-31"})
        try:
            return date(year, month, day)
        except ValueError as error:
            raise PydanticCustomError("bad_date", "") from error

    def schema(self) -> JsonSchemaValue:
        """ISO 8601."""
        return {
            "type": "string",
            "format": "date",
            "pattern": "^(20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}$",
            "examples": ["2026-11-23"],
        }


@dataclass(frozen=True)
class _Instant(StrictField):
    """A moment, RFC 3339 with its offset."""

    def check(self, value: str) -> datetime:
        """The instant, aware."""
        try:
            at = datetime.fromisoformat(value.replace("Z", "+00:00")) if len(value) <= 40 else None
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise PydanticCustomError("bad_instant", "")
        return at

    def schema(self) -> JsonSchemaValue:
        """The registered format."""
        return {"type": "string", "format": "date-time", "examples": ["2026-11-23T10:00:00Z"]}


@dataclass(frozen=True)
class _MonthDay(StrictField):
    """A day of any year, `MM-DD`."""

    def check(self, value: str) -> str:
        """The day, as it was sent."""
        try:
            date.fromisoformat(f"2028-{value}")  # In a leap year, so that 02-29 is a day.
        except ValueError as error:
            raise PydanticCustomError("bad_month_day", "") from error
        if len(value) != 5:
            raise PydanticCustomError("bad_month_day", "")
        return value

    def schema(self) -> JsonSchemaValue:
        """A pattern."""
        return {
            "type": "string",
            "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "examples": ["12-31"],
        }


@dataclass(frozen=True)
class _Email(StrictField):
    """An e-mail address of plain syntax, at most 254 characters. Only a mail can prove that it exists."""

    def check(self, value: str) -> str:
        """The address as sent, without white space at its ends and without invisible characters."""
        text = clean(value)
        if len(text) > 254 or not _EMAIL.fullmatch(text) or len(text.partition("@")[0]) > 64:
            raise PydanticCustomError("bad_email", "")
        return text

    def schema(self) -> JsonSchemaValue:
        """The registered format."""
        example = "contact@atlas-negoce.example"
        pattern = f"^{_EMAIL.pattern}$"
        return {"type": "string", "format": "email", "maxLength": 254, "pattern": pattern, "examples": [example]}


@dataclass(frozen=True)
class _Country(StrictField):
    """ISO 3166-1 alpha-2, in capitals."""

    def check(self, value: str) -> str:
        """The code."""
        if value not in countries():
            raise PydanticCustomError("bad_country", "")
        return value

    def schema(self) -> JsonSchemaValue:
        """Every code, so that a generated client lists them."""
        return {"type": "string", "enum": sorted(countries())}


@dataclass(frozen=True)
class Id(StrictField):
    """An identifier of one prefix (`cus_` and a ULID)."""

    prefix: str

    def check(self, value: str) -> str:
        """The id."""
        if not is_id(self.prefix, value):
            raise PydanticCustomError("bad_id", "", {"prefix": self.prefix})
        return value

    def schema(self) -> JsonSchemaValue:
        """A pattern."""
        return {"type": "string", "pattern": f"^{self.prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$"}


@dataclass(frozen=True)
class Ids(StrictField):
    """An identifier of one of several prefixes."""

    prefixes: tuple[str, ...]

    def check(self, value: str) -> str:
        """The id."""
        if not any(is_id(prefix, value) for prefix in self.prefixes):
            raise PydanticCustomError("bad_id", "", {"prefix": "_ / ".join(self.prefixes)})
        return value

    def schema(self) -> JsonSchemaValue:
        """A pattern."""
        return {"type": "string", "pattern": f"^({'|'.join(self.prefixes)})_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$"}


def multi_line(longest: int) -> Text:
    """Text that may hold line breaks and tabs."""
    return Text(longest, lines=True)


Amount = Annotated[Decimal, Number(12, 2, "1500.00")]
"""Dirhams, to the centime."""
PositiveAmount = Annotated[Decimal, Number(12, 2, "1500.00", positive=True)]
UnitPrice = Annotated[Decimal, Number(12, 6, "1500.00")]
"""Dirhams before TVA for one unit."""
Quantity = Annotated[Decimal, Number(9, 6, "2", positive=True)]
Percent = Annotated[Decimal, Number(3, 4, "10", max=100)]
Rate = Annotated[Decimal, Number(3, 2, "20", max=100)]
"""A rate of TVA, in percent."""
Day = Annotated[date, _Day()]
Instant = Annotated[datetime, _Instant()]
MonthDay = Annotated[str, _MonthDay()]
Email = Annotated[str, _Email()]
CountryCode = Annotated[str, _Country()]
