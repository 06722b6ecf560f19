"""The quick formatting equals Babel's, digit by digit."""

from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.fields import countries
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.render import formats
from chalicelib.render.text import printable

LOCALES: dict[Language, str] = {"fr": "fr_MA", "ar": "ar_MA", "en": "en_GB"}
languages = st.sampled_from(sorted(LOCALES))
amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
prices = st.decimals(min_value=0, max_value=10**9, places=6)


@given(value=amounts, language=languages)
def test_money_is_babels(value: Decimal, language: Language) -> None:
    pattern = "¤\u00a0#,##0.00" if language == "en" else None
    assert formats.money(value + 0, language) == format_currency(value + 0, "MAD", pattern, locale=LOCALES[language])


@given(value=st.one_of(amounts, prices), language=languages)
def test_numbers_are_babels(value: Decimal, language: Language) -> None:
    locale = LOCALES[language]
    assert formats.number(value + 0, language) == format_decimal(value + 0, "#,##0.######", locale=locale)
    assert formats.unit_price(value + 0, language) == format_decimal(value + 0, "#,##0.00####", locale=locale)


@given(value=st.decimals(min_value=0, max_value=100, places=4), language=languages)
def test_rates_are_babels(value: Decimal, language: Language) -> None:
    pattern = "#,##0.####\u00a0%" if language == "fr" else "#,##0.####%"
    assert formats.percent(value, language) == format_percent(value / 100, pattern, locale=LOCALES[language])


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (formats.money(Decimal("12345.60"), "fr"), "12\u202f345,60\u00a0MAD"),
        (formats.money(Decimal("12345.60"), "ar"), "\u200f12.345,60\u00a0د.م.\u200f"),
        (formats.money(Decimal("12345.60"), "en"), "MAD\u00a012,345.60"),
        (formats.money(Decimal("-0.005"), "fr").replace("-", ""), "0,00\u00a0MAD"),
        (formats.number(Decimal("1E+3"), "fr"), "1\u202f000"),
        (formats.number(Decimal("2.500"), "fr"), "2,5"),
        (formats.unit_price(Decimal("0.123456"), "en"), "0.123456"),
        (formats.percent(Decimal(20), "fr"), "20\u00a0%"),
        (formats.percent(Decimal("12.5"), "ar"), "12,5%"),
        (formats.percent(Decimal("12.3456"), "fr"), "12,3456\u00a0%"),
        (formats.percent(Decimal("99.9999"), "en"), "99.9999%"),
        (formats.long_date(date(2026, 11, 23), "fr"), "23 novembre 2026"),
        (formats.long_date(date(2026, 11, 23), "ar"), "23 نونبر 2026"),
        (formats.long_date(date(2026, 11, 23), "en"), "23 November 2026"),
        (formats.share_capital(Decimal(100000), "fr"), "100\u202f000\u00a0MAD"),
        (formats.share_capital(Decimal("100000.50"), "fr"), "100\u202f000,50\u00a0MAD"),
        (formats.country("MA", "fr"), "Maroc"),
        (formats.country("MA", "ar"), "المغرب"),
        (formats.country("FR", "en"), "France"),
        (formats.country("DE", "fr"), "Allemagne"),
        (formats.country("ES", "ar"), "إسبانيا"),
        (formats.country("EH", "fr"), "Maroc"),
        (formats.country("EH", "ar"), "المغرب"),
        (formats.grouped_rib("230780211111111111110054"), "230 780 2111111111111100 54"),
    ],
)
def test_as_a_reader_expects(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_country_has_a_name_that_the_fonts_can_print(language: Language) -> None:
    names = {code: formats.country(code, language) for code in countries()}
    assert {code for code, name in names.items() if len(name) <= 2 or printable(name) != name} == set()
