"""Format amounts, quantities, rates and dates in the document's language.

Babel holds the rules: `fr_MA`, `ar_MA` with Latin digits, and `en_GB`, because CLDR has no `en_MA`. Babel takes tens of
microseconds a number, so its separators are read once per language and applied here. Tests compare the results. Babel
is imported on first use, because only printing needs it.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from chalicelib.domain.language import Language

_LOCALES: dict[Language, str] = {"fr": "fr_MA", "ar": "ar_MA", "en": "en_GB"}
_NBSP = "\u00a0"
_PRINTED_AS = {"EH": "MA"}
"""Morocco's documents name the whole country Morocco. CLDR has another name for the territory EH. The e-invoice keeps
the code."""


@dataclass(frozen=True, slots=True)
class _Separators:
    group: str
    point: str


@lru_cache
def _separators(language: Language) -> _Separators:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = _LOCALES[language]
    return _Separators(get_group_symbol(locale), get_decimal_symbol(locale))


@lru_cache
def _around(language: Language, currency: str, negative: bool) -> tuple[str, str]:
    """Return Babel's text before and after the digits of an amount."""
    from babel.numbers import format_currency

    # CLDR puts a space between "MAD" and the digits, which Babel leaves out.
    pattern = f"¤{_NBSP}#,##0.00" if language == "en" else None
    sample = format_currency(-1 if negative else 1, currency, pattern, locale=_LOCALES[language])
    before, _, after = sample.partition(f"1{_separators(language).point}00")
    return before, after


def number(value: Decimal, language: Language, *, least: int = 0, most: int = 6) -> str:
    """Format `value` with grouped digits and from `least` to `most` decimals, rounded half even as Babel does."""
    separators = _separators(language)
    text = f"{value:,.{most}f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    grouped = whole.replace(",", separators.group)
    return f"{grouped}{separators.point}{decimals}" if decimals else grouped


def amount(value: Decimal, language: Language) -> str:
    """Format dirhams and centimes without the currency, for table cells: "12 345,60"."""
    return number(value, language, least=2, most=2)


def unit_price(value: Decimal, language: Language) -> str:
    """Format a unit price with two to six decimals."""
    return number(value, language, least=2, most=6)


def money(value: Decimal, language: Language, currency: str = "MAD") -> str:
    """Format an amount with its currency: "12 345,60 MAD"."""
    before, after = _around(language, currency, value < 0)
    return f"{before}{amount(abs(value), language)}{after}"


def percent(value: Decimal, language: Language) -> str:
    """Format a rate given in percent (20 → "20 %"), with at most four decimals, as many as a
    discount may have."""
    return f"{number(value, language, most=4)}{_NBSP if language == 'fr' else ''}%"


def long_date(day: date, language: Language) -> str:
    """Format a day: `23 novembre 2026`, `23 نونبر 2026`, `23 November 2026`."""
    from babel.dates import format_date

    return format_date(day, "long", locale=_LOCALES[language])


def short_date(day: date) -> str:
    """Format a day for a table cell, alike in each language: `23/11/2026`."""
    return f"{day:%d/%m/%Y}"


def country(code: str, language: Language) -> str:
    """Return the name of a country (ISO 3166-1 alpha-2) in the document's language."""
    from babel import Locale

    return str(Locale.parse(_LOCALES[language]).territories.get(_PRINTED_AS.get(code, code), code))


def share_capital(value: Decimal, language: Language) -> str:
    """Format a company's capital. Whole dirhams have no centimes."""
    if value != value.to_integral_value():
        return money(value, language)
    before, after = _around(language, "MAD", value < 0)
    return f"{before}{number(abs(value), language)}{after}"


def grouped_rib(rib: str) -> str:
    """Group a RIB as banks print it: bank, town, account, key ("230 780 2111111111111100 54")."""
    return " ".join(part for part in (rib[:3], rib[3:6], rib[6:22], rib[22:]) if part)
