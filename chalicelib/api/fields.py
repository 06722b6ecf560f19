"""The field types that models are made of: text that prints, exact numbers as strings, strict days, prefixed ids.

Each is used as `Annotated[str, Text(200)]` or by a ready name (`Amount`, `Day`). Nothing is coerced: a number where
text belongs is refused. Text is brought to NFC and loses white space at its ends; nothing else is changed silently.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from chalicelib.domain.ids import is_id

Language = Literal["fr", "ar", "en"]

# Embeddings, overrides and isolates reorder what follows them, so a printed name or price can lie. The three marks
# (LRM, RLM, ALM) stay allowed: ordinary Arabic text beside Latin digits needs them.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNPRINTABLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff"  # controls, separators, surrogates, byte order mark
    "\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"  # non-characters, annotations, tags
)
_REFUSED = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff\ufff9-\uffff"
"""The same for readers of the OpenAPI document, as every dialect of regular expressions writes it."""
_CONTROL = {False: re.compile(f"[\t\n{_UNPRINTABLE}]"), True: re.compile(f"[{_UNPRINTABLE}]")}
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
_ISO_3166 = (
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR"
    "CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU"
    "IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ"
    "MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
    "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW"
)
_COUNTRIES = frozenset(_ISO_3166[at : at + 2] for at in range(0, len(_ISO_3166), 2))


class Model(BaseModel):
    """A body or a query string: unknown members refused, nothing coerced, immutable, built on first use."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, defer_build=True, hide_input_in_errors=True, validate_default=False
    )


class Shown(BaseModel):
    """An answer's model: it documents what is shown and is never used to parse what somebody sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Field:
    """A strict string with a check of its own and a JSON schema to tell about it."""

    def check(self, value: str) -> Any:
        """The value to keep. Raises PydanticCustomError whose type is a stable code."""
        raise NotImplementedError

    def schema(self) -> JsonSchemaValue:
        """What the OpenAPI document says."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._strictly, serialization=core_schema.to_string_ser_schema(when_used="json")
        )

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.schema()

    def _strictly(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError("wrong_type", "", {"expected": "string"})
        return self.check(value)


@dataclass(frozen=True)
class Text(_Field):
    """Text of `min` to `max` characters on one line, or on several with `lines`."""

    max: int
    min: int = 1
    lines: bool = False

    def check(self, value: str) -> str:
        """NFC, stripped; refuses characters that do not print or that reorder others."""
        text = value.strip()
        if not (text.isascii() and text.isprintable()):
            text = self._printable(text)
        if len(text) > self.max:
            raise PydanticCustomError("too_long", "", {"max": self.max})
        if len(text) < self.min:
            raise PydanticCustomError("too_short", "", {"min": self.min})
        return text

    def _printable(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        if self.lines:
            text = text.replace("\r\n", "\n")
        if found := _BIDI.search(text):
            raise PydanticCustomError("bidi_character", "", {"character": f"U+{ord(found[0]):04X}"})
        if found := _CONTROL[self.lines].search(text):
            raise PydanticCustomError("control_character", "", {"character": f"U+{ord(found[0]):04X}"})
        return text

    def schema(self) -> JsonSchemaValue:
        """Length bounds, something to read, and nothing that does not print."""
        refused = _REFUSED if self.lines else rf"\t\n{_REFUSED}"
        pattern = rf"^[^{refused}]*[^\s{refused}][^{refused}]*$"
        return {"type": "string", "minLength": self.min, "maxLength": self.max, "pattern": pattern}


@dataclass(frozen=True)
class Number(_Field):
    """A decimal number written as a string: ASCII digits, a point, no sign, no exponent."""

    digits: int
    decimals: int
    example: str
    max: int | None = None
    positive: bool = False

    def _strictly(self, value: Any) -> Decimal:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise PydanticCustomError("number_not_string", "", {"example": self.example})
        return super()._strictly(value)  # type: ignore[no-any-return]

    def check(self, value: str) -> Decimal:
        """The exact number."""
        if len(value) > 200 or not (found := _NUMBER.fullmatch(value)):
            raise PydanticCustomError("bad_number", "", {"example": self.example})
        sign, whole, fraction = found.groups()
        if len(whole) > self.digits:
            raise PydanticCustomError("too_many_digits", "", {"max": self.digits})
        if fraction and len(fraction) > self.decimals:
            raise PydanticCustomError("too_many_decimals", "", {"max": self.decimals})
        number = Decimal(value)
        if self.positive and number <= 0:
            raise PydanticCustomError("not_positive", "")
        if sign or (self.max is not None and number > self.max):
            raise PydanticCustomError("out_of_range", "", {"min": 0, "max": self._largest()})
        return number

    def _largest(self) -> str:
        if self.max is not None:
            return str(self.max)
        return "9" * self.digits + ("." + "9" * self.decimals if self.decimals else "")

    def schema(self) -> JsonSchemaValue:
        """A pattern, because the bounds of a decimal string cannot be said otherwise."""
        whole = rf"(0|[1-9][0-9]{{0,{self.digits - 1}}})"
        if self.max is not None:
            whole = rf"(0|[1-9][0-9]{{0,{len(str(self.max)) - 2}}})"
        fraction = rf"(\.[0-9]{{1,{self.decimals}}})?"
        pattern = rf"^{whole}{fraction}$"
        if self.max is not None:
            pattern = rf"^({whole}{fraction}|{self.max}(\.0{{1,{self.decimals}}})?)$"
        if self.positive:
            pattern = rf"^(?=.*[1-9]){pattern[1:]}"
        return {"type": "string", "pattern": pattern, "examples": [self.example]}


@dataclass(frozen=True)
class _Day(_Field):
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
            "type": "string", "format": "date", "pattern": "^(20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}$",
            "examples": ["2026-11-23"],
        }  # fmt: skip


@dataclass(frozen=True)
class _Instant(_Field):
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
class _MonthDay(_Field):
    """A day of any year, `MM-DD`."""

    def check(self, value: str) -> str:
        """The day, as it was sent."""
        try:
            date.fromisoformat(f"2028-{value}")  # a leap year: 02-29 is a day
        except ValueError as error:
            raise PydanticCustomError("bad_month_day", "") from error
        if len(value) != 5:
            raise PydanticCustomError("bad_month_day", "")
        return value

    def schema(self) -> JsonSchemaValue:
        """A pattern."""
        return {
            "type": "string", "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", "examples": ["12-31"],
        }  # fmt: skip


@dataclass(frozen=True)
class _Email(_Field):
    """An e-mail address of plain syntax, at most 254 characters. Whether it exists only a mail can tell."""

    def check(self, value: str) -> str:
        """The address as sent, without white space at its ends."""
        text = value.strip()
        if len(text) > 254 or not _EMAIL.fullmatch(text) or len(text.partition("@")[0]) > 64:
            raise PydanticCustomError("bad_email", "")
        return text

    def schema(self) -> JsonSchemaValue:
        """The registered format."""
        example = "contact@atlas-negoce.example"
        pattern = f"^{_EMAIL.pattern}$"
        return {"type": "string", "format": "email", "maxLength": 254, "pattern": pattern, "examples": [example]}


@dataclass(frozen=True)
class _Country(_Field):
    """ISO 3166-1 alpha-2, in capitals."""

    def check(self, value: str) -> str:
        """The code."""
        if value not in _COUNTRIES:
            raise PydanticCustomError("bad_country", "")
        return value

    def schema(self) -> JsonSchemaValue:
        """Every code, so that a generated client offers them."""
        return {"type": "string", "enum": sorted(_COUNTRIES)}


@dataclass(frozen=True)
class Id(_Field):
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
class WholeNumber(_Field):
    """A whole number in a query string, where everything is text."""

    min: int
    max: int

    def check(self, value: str) -> int:
        """The number, within its bounds."""
        if not re.fullmatch(r"0|[1-9][0-9]{0,15}", value):
            raise PydanticCustomError("wrong_type", "", {"expected": "integer"})
        if not self.min <= int(value) <= self.max:
            raise PydanticCustomError("out_of_range", "", {"min": self.min, "max": self.max})
        return int(value)

    def schema(self) -> JsonSchemaValue:
        """An integer."""
        return {"type": "integer", "minimum": self.min, "maximum": self.max}


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
