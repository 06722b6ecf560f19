"""A dirham amount in English words, for the sentence that closes a document: "four thousand dirhams and one centime".

The spelling is British: "and" before the tens and units ("one thousand and five", "two hundred and forty"), commas
between the groups of thousands.
"""

from decimal import Decimal

from chalicelib.domain.money import dirhams_and_centimes

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))


def amount_in_words(amount: Decimal) -> str:
    """`amount` dirhams in English words, in lower case. ValueError outside 0 – 999 999 999 999.99 or for a fraction of
    a centime."""
    dirhams, centimes = dirhams_and_centimes(amount)
    said = _counted(dirhams, "dirham")
    return f"{said} and {_counted(centimes, 'centime')}" if centimes else said


def _counted(number: int, unit: str) -> str:
    return f"{cardinal(number)} {unit}{'s' if number != 1 else ''}"


def cardinal(number: int) -> str:
    """A whole number from 0 to 999 999 999 999 in words: "two hundred thousand and three"."""
    groups, rest = [], number
    for scale, name in _SCALES:
        count, rest = divmod(rest, scale)
        if count:
            groups.append(f"{_below_thousand(count)} {name}")
    said = ", ".join(groups)
    if not rest and said:
        return said
    link = " and " if rest < 100 else ", "
    return f"{said}{link}{_below_thousand(rest)}" if said else _below_thousand(rest)


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    said = f"{_UNITS[hundreds]} hundred"
    return f"{said} and {_below_hundred(rest)}" if rest else said


def _below_hundred(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    tens, units = divmod(number, 10)
    return f"{_TENS[tens]}-{_UNITS[units]}" if units else _TENS[tens]
