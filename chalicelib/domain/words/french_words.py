"""A dirham amount in French words, for the sentence that closes a document: "quatre mille dirhams et un centime".

num2words gives the cardinals (traditional spelling: "vingt et un", "quatre-vingts"), right up to the milliards. It
knows neither dirham nor centime, so their agreement is here: French is singular below two ("zéro dirham", "un dirham"),
and a round number of millions or milliards calls for "de" ("un million de dirhams").
"""

from decimal import Decimal

from chalicelib.domain.money import dirhams_and_centimes


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
    # Imported late: only documents need it, and imports slow cold starts.
    from num2words import num2words

    link = " de " if number and number % 1_000_000 == 0 else " "
    return f"{num2words(number, lang='fr')}{link}{unit}{'s' if number >= 2 else ''}"
