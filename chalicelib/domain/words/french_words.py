"""A dirham amount in French words, for the sentence that closes a document: "quatre mille dirhams et un centime".

The cardinals are written by hand, in the traditional spelling, because every row of a list states its amount in words:

- 21, 31 … 61 and 71 have "et": vingt et un, soixante et onze; but quatre-vingt-un, quatre-vingt-onze.
- 70 – 79 and 90 – 99 continue the teens: soixante-douze, quatre-vingt-dix-sept.
- "vingt" and "cent" take an "s" when multiplied and last, also before a noun such as million: quatre-vingts,
  deux cents millions; but quatre-vingt-un, deux cent un, deux cent mille, because mille is a numeral.
- 1,000 is "mille" without "un", and mille never takes an "s".

French is singular below two ("zéro dirham", "un dirham"), and a round number of millions or milliards calls for "de"
("un million de dirhams").
"""

from decimal import Decimal

from chalicelib.domain.money import dirhams_and_centimes

_UNITS = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"),
    *("treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"),
)
_TENS = ("", "", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt", "quatre-vingt")
_SCALES = ((1_000_000_000, "milliard"), (1_000_000, "million"))


def amount_in_words(amount: Decimal, *, capital: bool = False) -> str:
    """`amount` dirhams in French words, beginning in lower case unless `capital`. ValueError outside
    0 – 999 999 999 999.99 or for a fraction of a centime."""
    dirhams, centimes = dirhams_and_centimes(amount)
    said = []
    if dirhams or not centimes:
        said.append(_counted(dirhams, "dirham"))
    if centimes:
        said.append(_counted(centimes, "centime"))
    words = " et ".join(said)
    return words[0].upper() + words[1:] if capital else words


def _counted(number: int, unit: str) -> str:
    link = " de " if number and number % 1_000_000 == 0 else " "
    return f"{cardinal(number)}{link}{unit}{'s' if number >= 2 else ''}"


def cardinal(number: int) -> str:
    """A whole number from 0 to 999 999 999 999 in words: "deux cent mille trois"."""
    if number < 1_000:
        return _below_thousand(number)
    said = []
    for scale, name in _SCALES:
        count, number = divmod(number, scale)
        if count:
            said.append(f"{_below_thousand(count)} {name}{'s' if count >= 2 else ''}")
    thousands, rest = divmod(number, 1_000)
    if thousands:
        said.append(f"{_below_thousand(thousands, last=False)} mille" if thousands > 1 else "mille")
    if rest:
        said.append(_below_thousand(rest))
    return " ".join(said)


def _below_thousand(number: int, *, last: bool = True) -> str:
    """0 – 999. `last` is False before "mille"."""
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest, last=last)
    said = f"{_UNITS[hundreds]} cent" if hundreds > 1 else "cent"
    if rest:
        return f"{said} {_below_hundred(rest, last=last)}"
    return f"{said}s" if hundreds > 1 and last else said


def _below_hundred(number: int, *, last: bool) -> str:
    """0 – 99."""
    if number < 20:
        return _UNITS[number]
    tens, units = divmod(number, 10)
    if tens in (7, 9):
        units += 10
    if not units:
        return f"{_TENS[tens]}s" if tens == 8 and last else _TENS[tens]
    return f"{_TENS[tens]}{' et ' if units in (1, 11) and tens < 8 else '-'}{_UNITS[units]}"
