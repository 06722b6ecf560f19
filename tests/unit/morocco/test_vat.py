"""TVA in force by date, and the exemptions that a line at 0 % names."""

from datetime import date
from decimal import Decimal

import pytest

from chalicelib.domain.morocco.findings import Finding
from chalicelib.domain.morocco.vat import (
    CATEGORIES,
    EXEMPTIONS,
    LRM,
    article_key,
    article_text,
    category_rates,
    check_rate,
    exemption_wording,
    rates_in_force,
)

D = Decimal

TABLE = {
    "standard": (20, 20, 20, 20),
    "reduced": (10, 10, 10, 10),
    "electricity": (14, 16, 18, 20),
    "electricity_meter": (7, 11, 15, 20),
    "refined_sugar": (7, 8, 9, 10),
    "road_transport": (14, 13, 12, 10),
    "other_transport": (14, 16, 18, 20),
    "insurance_intermediary": (14, 12, 10, 10),
    "water": (7, 10, 10, 10),
    "renewable_electricity": (14, 12, 10, 10),
    "economic_car": (7, 10, 10, 10),
}


def test_the_table_of_the_law() -> None:
    assert set(TABLE) == set(CATEGORIES)
    for category, rates in TABLE.items():
        for year, rate in zip((2023, 2024, 2025, 2026), rates, strict=True):
            assert category_rates(date(year, 1, 1))[category] == rate
            assert category_rates(date(year, 12, 31))[category] == rate
        assert category_rates(date(2031, 6, 1))[category] == rates[-1]


@pytest.mark.parametrize(
    ("year", "rates"),
    [
        (2015, (20, 14, 10, 7, 0)),
        (2023, (20, 14, 10, 7, 0)),
        (2024, (20, 16, 13, 12, 11, 10, 8, 0)),
        (2025, (20, 18, 15, 12, 10, 9, 0)),
        (2026, (20, 10, 0)),
        (2040, (20, 10, 0)),
    ],
)
def test_rates_in_force(year: int, rates: tuple[int, ...]) -> None:
    assert rates_in_force(date(year, 7, 1)) == tuple(D(rate) for rate in rates)


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.severity, finding.code) for finding in findings]


NOV_2026 = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("rate", "exemption", "on", "charged", "expected"),
    [
        ("20", None, NOV_2026, True, []),
        ("20.0", None, NOV_2026, True, []),
        ("10", None, NOV_2026, True, []),
        ("14", None, NOV_2026, True, [("refuse", "vat_rate_not_in_force")]),
        ("14", None, date(2023, 12, 31), True, [("warn", "vat_rate_of_one_category")]),
        ("14", None, date(2024, 1, 1), True, [("refuse", "vat_rate_not_in_force")]),
        ("18", None, date(2025, 12, 31), True, [("warn", "vat_rate_of_one_category")]),
        ("18", None, date(2026, 1, 1), True, [("refuse", "vat_rate_not_in_force")]),
        ("14", None, date(2022, 5, 1), True, [("warn", "vat_rate_of_one_category")]),
        ("16", None, date(2022, 5, 1), True, [("warn", "vat_rate_not_in_force")]),
        ("0", "92-I-1", NOV_2026, True, []),
        ("0", "Art. 92-I-1° du CGI", NOV_2026, True, []),
        ("0", None, NOV_2026, True, [("refuse", "exemption_required")]),
        ("0", "", NOV_2026, True, [("refuse", "exemption_required")]),
        ("0", "92-I-51", NOV_2026, True, [("warn", "exemption_unknown")]),
        ("0", "because", NOV_2026, True, [("refuse", "exemption_malformed")]),
        ("20", "92-I-1", NOV_2026, True, [("refuse", "exemption_unexpected")]),
        ("14", "92-I-1", NOV_2026, True, [("refuse", "vat_rate_not_in_force"), ("refuse", "exemption_unexpected")]),
        ("0", None, NOV_2026, False, []),
        ("20", None, NOV_2026, False, [("refuse", "vat_not_charged")]),
    ],
)
def test_a_lines_rate(
    rate: str, exemption: str | None, on: date, charged: bool, expected: list[tuple[str, str]]
) -> None:
    assert codes(check_rate(D(rate), exemption, on, charged=charged)) == expected


@pytest.mark.parametrize(
    ("rate", "on", "categories"),
    [
        ("15", date(2025, 3, 1), "electricity_meter"),
        ("9", date(2025, 3, 1), "refined_sugar"),
        ("18", date(2025, 3, 1), "electricity, other_transport"),
        ("12", date(2024, 3, 1), "insurance_intermediary, renewable_electricity"),
        ("7", date(2023, 3, 1), "electricity_meter, refined_sugar, water, economic_car"),
    ],
)
def test_a_reduced_rate_names_the_only_categories_that_have_it(rate: str, on: date, categories: str) -> None:
    """LF 2024 art. 6: a line has no category, so the merchant is told for what the rate is meant."""
    (finding,) = check_rate(D(rate), None, on)
    assert (finding.severity, finding.code) == ("warn", "vat_rate_of_one_category")
    assert finding.params == {"rate": rate, "categories": categories}


@pytest.mark.parametrize("rate", ["20", "10", "0"])
def test_a_rate_that_many_share_names_no_category(rate: str) -> None:
    article = "92-I-19" if rate == "0" else None
    assert [check_rate(D(rate), article, date(year, 3, 1)) for year in (2023, 2025, 2026)] == [()] * 3


def test_a_refused_rate_names_those_in_force() -> None:
    (finding,) = check_rate(D(14), None, NOV_2026)
    assert finding.params == {"rate": "14", "date": "2026-11-20", "rates": "20, 10, 0"}


@pytest.mark.parametrize(
    ("written", "key", "shown"),
    [
        ("92-I-1", "92-I-1", "92-I-1°"),
        ("article 92 - I - 1° du CGI", "92-I-1", "92-I-1°"),
        ("CGI art. 92-i-22°-a", "92-I-22-a", "92-I-22°-a"),
        ("91-I-A-1°", "91-I-A-1", "91-I-A-1°"),
        ("94-II", "94-II", "94-II"),
        ("91", "91", "91"),
        ("92 (I-1°)", "92-I-1", "92-I-1°"),
        ("92-I-19", "92-I-19", "92-I-19°"),
        ("91-II-1", "91-II-1", "91-II-1°"),
        ("art. 92 § I, 1°", "92-I-1", "92-I-1°"),
        ("92/I/1", "92-I-1", "92-I-1°"),
        ("92 I 1er", "92-I-1", "92-I-1°"),
        ("92 – I – 1º", "92-I-1", "92-I-1°"),
        ("l'article 92-I-6° du Code général des impôts", "92-I-6", "92-I-6°"),
        ("Art 91 (I-A-1°) du C.G.I.", "91-I-A-1", "91-I-A-1°"),
        ("92 (I-22°-a)", "92-I-22-a", "92-I-22°-a"),
        ("المادة 92-I-1°", "92-I-1", "92-I-1°"),
        ("125 bis", "125BIS", "125BIS"),
    ],
)
def test_articles_are_read_however_written(written: str, key: str, shown: str) -> None:
    assert article_key(written) == key
    assert article_text(key) == shown
    assert article_key(shown) == key


@pytest.mark.parametrize("written", ["", "-", "export", "9292", "92-I-1; x", "92-I-1-2-3", "<b>92</b>", "٩٢"])
def test_an_invalid_article_is_refused(written: str) -> None:
    assert article_key(written) is None
    with pytest.raises(ValueError, match="not an article"):
        exemption_wording(written, "fr")


def test_wording() -> None:
    assert exemption_wording("92-I-1", "fr") == "Vente en exonération de la TVA en vertu de l'article 92-I-1° du CGI"
    assert exemption_wording("94-I", "fr") == "Vente en suspension de la TVA en vertu de l'article 94-I du CGI"
    assert exemption_wording("92-I-51", "en") == (
        "Sale exempt from VAT under article 92-I-51° of the Moroccan General Tax Code (CGI)"
    )
    arabic = exemption_wording("92-I-1", "ar")
    assert f"{LRM}92-I-1°{LRM}" in arabic
    assert arabic.startswith("بيع معفى من الضريبة على القيمة المضافة")


def test_known_exemptions_are_keyed_as_they_are_read() -> None:
    for key, row in EXEMPTIONS.items():
        assert article_key(key) == key == row.article
        assert row.source
        for language in ("fr", "ar", "en"):
            assert article_text(key) in exemption_wording(key, language)
