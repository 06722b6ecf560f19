"""Numbers as people write them: `1 234,50`, `1.234,50`, `1,234.50`. A column has one decimal sign.

`1,234` is either a thousand or one and a bit. Nothing decides it but the other cells of its column, or the user.
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal

DecimalSign = Literal["comma", "point"]
Style = DecimalSign | Literal["ambiguous", "mixed"]
"""The decimal sign of a column. `ambiguous`: its cells allow both. `mixed`: its cells contradict each other."""
SIGNS: Final[dict[DecimalSign, str]] = {"comma": ",", "point": "."}
_OTHER: Final[dict[DecimalSign, DecimalSign]] = {"comma": "point", "point": "comma"}
_BLANKS: Final = re.compile(r"[\s\u00a0\u202f\u2009'’٬]")
_UNIT: Final = re.compile(r"^(?:dhs?|mad)\.?|(?:dhs?|mad|د\.?م\.?|درهم|%|٪)\.?$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9.,]*[0-9][0-9.,]*")


def bare(text: str) -> str:
    """The digits and signs of a number: without spaces, a unit of money or percent; with western digits."""
    text = _UNIT.sub("", _BLANKS.sub("", text.strip()))
    if not text.isascii():
        text = "".join(_western(character) for character in text)
    return f"-{text[1:-1]}" if text.startswith("(") and text.endswith(")") else text


def _western(character: str) -> str:
    if character == "٫":
        return ","
    if character == "\u2212":
        return "-"
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def parse(text: str, sign: DecimalSign) -> Decimal | None:
    """The number in a text whose decimal sign is known; None for anything else. Groups have three digits."""
    number = bare(text)
    negative, number = number.startswith("-"), number.lstrip("+-")
    whole, decimal, fraction = number.partition(SIGNS[sign])
    group = SIGNS[_OTHER[sign]]
    if not _NUMBER.fullmatch(number) or (decimal and not fraction.isdigit()):
        return None
    first, *groups = whole.split(group)
    if any(len(part) != 3 or not part.isdigit() for part in groups) or (groups and not 1 <= len(first) <= 3):
        return None
    digits = first + "".join(groups)
    if digits and not digits.isdigit():
        return None
    found = Decimal(f"{digits or '0'}.{fraction or '0'}" if decimal else digits or "0")
    return -found if negative else found


def evidence(text: str) -> Style | None:
    """The decimal sign that one cell proves; `ambiguous` if it allows both; None if it says nothing."""
    number = bare(text).lstrip("+-")
    if not _NUMBER.fullmatch(number):
        return None
    last = max(number.rfind(","), number.rfind("."))
    if last < 0:
        return None
    sign: DecimalSign = "comma" if number[last] == "," else "point"
    if SIGNS[_OTHER[sign]] in number:
        return sign
    if number.count(SIGNS[sign]) > 1:
        return _OTHER[sign]
    before, after = number[:last], number[last + 1 :]
    grouped = len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
    return "ambiguous" if grouped else sign


def column_sign(found: Iterable[Style]) -> Style | None:
    """The decimal sign of a column from what its cells prove; None if all its numbers are whole."""
    styles = set(found)
    proved = styles - {"ambiguous"}
    if len(proved) > 1:
        return "mixed"
    return proved.pop() if proved else "ambiguous" if styles else None
