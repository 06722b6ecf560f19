"""Money and totals: hand-computed documents, roundings at the half centime, refusals that name the culprit."""

from decimal import Decimal, localcontext

import pytest

from chalicelib.domain.documents.totals import LineInput, TotalsError, VatAmount, line_net, totals
from chalicelib.domain.money import (
    MAX_AMOUNT,
    amount_text,
    cents,
    dirhams_and_centimes,
    percentage,
    plain,
    price_text,
    share,
    text,
)
from chalicelib.domain.morocco.withholding import NatureShare

D = Decimal


def line(
    quantity: str,
    price: str,
    rate: str = "20",
    *,
    percent: str | None = None,
    amount: str | None = None,
    exemption: str | None = None,
    nature: str = "goods",
) -> LineInput:
    return LineInput(
        D(quantity),
        D(price),
        D(percent) if percent else None,
        D(amount) if amount else None,
        D(rate),
        exemption,
        nature,
    )


@pytest.mark.parametrize(
    ("raw", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.0049999999999999999999999999999999999999", "0.00"),
        ("1.005", "1.01"),
        ("2.675", "2.68"),
        ("-0.005", "-0.01"),
        ("-0.001", "0.00"),
        ("1E+3", "1000.00"),
        ("123456789012345678901234567890.125", "123456789012345678901234567890.13"),
    ],
)
def test_cents_rounds_half_up_at_every_size(raw: str, rounded: str) -> None:
    assert str(cents(D(raw))) == rounded


@pytest.mark.parametrize("bad", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_cents_refuses_values_that_are_no_numbers(bad: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        cents(D(bad))
    with pytest.raises(ValueError, match="finite"):
        text(D(bad))


def test_money_does_not_depend_on_the_callers_context() -> None:
    with localcontext() as context:
        context.prec = 3
        assert cents(D("123456.785")) == D("123456.79")
        assert percentage(D("123456.78"), D("12.5")) == D("15432.0975")
        assert share(D("1000.01"), [D("1000.01"), D("2000.02")]) == [D("333.34"), D("666.67")]
        assert totals([line("3", "41152.261")]).gross == D("148148.14")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("2.00", "2"),
        ("1.50", "1.5"),
        ("1E+3", "1000"),
        ("0E-7", "0"),
        ("-0.0", "0"),
        ("100", "100"),
        ("1E-7", "0.0000001"),
    ],
)
def test_text_is_plain(raw: str, shown: str) -> None:
    assert text(D(raw)) == shown
    assert plain(D(raw)) == D(raw)


@pytest.mark.parametrize(("raw", "shown"), [("1500", "1500.00"), ("0.1", "0.10"), ("1E+2", "100.00"), ("-0", "0.00")])
def test_amount_text_has_two_decimals(raw: str, shown: str) -> None:
    assert amount_text(D(raw)) == shown


def test_amount_text_never_rounds_in_silence() -> None:
    with pytest.raises(ValueError, match="two decimals"):
        amount_text(D("0.001"))


@pytest.mark.parametrize(
    ("raw", "shown"), [("1500", "1500.00"), ("1500.5", "1500.50"), ("0.123456", "0.123456"), ("1.230000", "1.23")]
)
def test_price_text_has_at_least_two_decimals(raw: str, shown: str) -> None:
    assert price_text(D(raw)) == shown


def test_dirhams_and_centimes() -> None:
    assert dirhams_and_centimes(D("4768.9")) == (4768, 90)
    assert dirhams_and_centimes(MAX_AMOUNT) == (999_999_999_999, 99)
    for bad in ("-0.01", "1000000000000", "0.001", "NaN"):
        with pytest.raises(ValueError, match="no words"):
            dirhams_and_centimes(D(bad))


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("100.00", ["1", "1", "1"], ["33.34", "33.33", "33.33"]),
        ("0.02", ["1", "1", "1"], ["0.01", "0.01", "0.00"]),
        ("0.05", ["1", "2"], ["0.02", "0.03"]),
        ("10.00", ["0", "5"], ["0.00", "10.00"]),
        ("-100.00", ["1", "1", "1"], ["-33.34", "-33.33", "-33.33"]),
        ("0.00", ["0", "0"], ["0.00", "0.00"]),
        ("0.00", [], []),
    ],
)
def test_share_gives_the_centimes_left_to_the_largest_remainders(
    amount: str, weights: list[str], parts: list[str]
) -> None:
    assert [str(part) for part in share(D(amount), [D(weight) for weight in weights])] == parts


@pytest.mark.parametrize(("amount", "weights"), [("0.01", []), ("0.01", ["0"]), ("0.001", ["1"]), ("1", ["-1", "2"])])
def test_share_refuses_values_that_cannot_add_up(amount: str, weights: list[str]) -> None:
    with pytest.raises(ValueError, match=r"share|weight"):
        share(D(amount), [D(weight) for weight in weights])


def test_the_contracts_example() -> None:
    result = totals([line("2", "1500.00", percent="10")])
    assert result.line_nets == (D("2700.00"),)
    assert (result.net, result.vat_total, result.gross) == (D("2700.00"), D("540.00"), D("3240.00"))
    assert result.vat == (VatAmount(D(20), None, D("2700.00"), D("540.00")),)


def test_vat_is_computed_on_the_sum_and_never_per_line() -> None:
    # Per line: 3 × cents(0.12 × 20 %) = 3 × 0.02 = 0.06; on the sum: cents(0.36 × 20 %) = 0.07.
    assert totals([line("1", "0.12")] * 3).vat_total == D("0.07")


def test_lines_are_rounded_once_after_their_discount() -> None:
    # 3 × 0.335 = 1.005, minus 50 % = 0.5025 → 0.50; rounding before the discount would give 1.01 / 2 = 0.51.
    assert line_net(line("3", "0.335", percent="50")) == D("0.50")
    assert line_net(line("1", "0.015")) == D("0.02")
    assert line_net(line("1.5", "0.333333", amount="0.10")) == D("0.40")


def test_groups_are_sorted_by_rate_then_exemption_and_keep_articles_apart() -> None:
    result = totals(
        [
            line("1", "10", "0", exemption="92-I-1"),
            line("1", "10", "10"),
            line("1", "10", "20.00"),
            line("1", "10", "0", exemption="91-I-A-1"),
            line("1", "10", "20"),
        ]
    )
    groups = [(text(part.rate), part.exemption, str(part.base), str(part.amount)) for part in result.vat]
    assert groups == [
        ("20", None, "20.00", "4.00"),
        ("10", None, "10.00", "1.00"),
        ("0", "91-I-A-1", "10.00", "0.00"),
        ("0", "92-I-1", "10.00", "0.00"),
    ]
    assert str(result.vat[0].rate) == "20"


def test_a_percent_discount_is_fixed_once_then_spread() -> None:
    result = totals([line("1", "100.00"), line("1", "100.00", "10"), line("1", "100.01", "0")], D("3.33"))
    assert result.discount == D("9.99")  # cents(300.01 × 3.33 %) = cents(9.990333)
    assert [part.base for part in result.vat] == [D("96.67"), D("96.67"), D("96.68")]
    assert result.net == D("290.02")
    assert [part.amount for part in result.vat] == [D("19.33"), D("9.67"), D("0.00")]
    assert result.gross == D("319.02")


def test_an_amount_discount_is_spread_over_the_rates() -> None:
    result = totals([line("1", "200.00"), line("1", "100.00", "10")], None, D("100.00"))
    assert [(part.base, part.amount) for part in result.vat] == [
        (D("133.33"), D("26.67")),
        (D("66.67"), D("6.67")),
    ]
    assert result.gross == D("233.34")


def test_everything_may_be_given_away() -> None:
    result = totals([line("1", "200.00"), line("1", "0", "10")], D(100))
    assert result.discount == D("200.00")
    assert result.gross == D("0.00")
    assert len(result.vat) == 2


def test_no_lines_are_zeros() -> None:
    result = totals([])
    assert (result.vat, result.natures, result.gross) == ((), (), D("0.00"))
    assert str(result.gross) == "0.00"


def test_natures_split_net_and_vat_exactly() -> None:
    lines = [
        line("1", "33.33", nature="services"),
        line("1", "33.33", nature="fees"),
        line("1", "33.34", "10", nature="services"),
        line("1", "0.01", nature="goods"),
    ]
    result = totals(lines, D(10))
    assert result.natures == (
        NatureShare("fees", D("30.00"), D("6.00")),
        NatureShare("goods", D("0.01"), D("0.00")),
        NatureShare("services", D("60.00"), D("9.00")),
    )


def test_equal_rates_written_differently_print_alike() -> None:
    assert totals([line("1", "1", "1E+1"), line("1", "1", "10.0")]).vat[0].rate.as_tuple() == D(10).as_tuple()


@pytest.mark.parametrize(
    ("lines", "percent", "amount", "code", "pointer"),
    [
        ([line("-1", "1")], None, None, "negative_quantity", "/lines/0/quantity"),
        ([line("1", "-1")], None, None, "negative_unit_price", "/lines/0/unit_price"),
        ([line("1", "1", "-20")], None, None, "negative_vat_rate", "/lines/0/vat_rate"),
        (
            [line("1", "1"), line("1", "1", percent="101")],
            None,
            None,
            "discount_too_large",
            "/lines/1/discount/percent",
        ),
        ([line("1", "1", percent="-1")], None, None, "negative_discount", "/lines/0/discount/percent"),
        ([line("1", "1", amount="1.01")], None, None, "discount_too_large", "/lines/0/discount/amount"),
        ([line("1", "1", amount="-0.01")], None, None, "negative_discount", "/lines/0/discount/amount"),
        ([line("1", "1", percent="1", amount="1")], None, None, "discount_ambiguous", "/lines/0/discount"),
        ([line("1", "1")], "100.01", None, "discount_too_large", "/discount/percent"),
        ([line("1", "1")], None, "1.01", "discount_too_large", "/discount/amount"),
        ([line("1", "1")], None, "-1", "negative_discount", "/discount/amount"),
        ([line("1", "1")], "1", "1", "discount_ambiguous", "/discount"),
        ([], None, "0.01", "discount_too_large", "/discount/amount"),
        ([line("1", "1000000000000")], None, None, "amount_too_large", "/lines/0"),
        ([line("1", "900000000000")], None, None, "amount_too_large", "/lines"),
    ],
)
def test_refusals_name_their_culprit(
    lines: list[LineInput], percent: str | None, amount: str | None, code: str, pointer: str
) -> None:
    with pytest.raises(TotalsError) as caught:
        totals(lines, D(percent) if percent else None, D(amount) if amount else None)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)
    assert isinstance(caught.value, ValueError)


def test_the_largest_document_that_words_can_say() -> None:
    assert totals([line("1", "999999999999.99", "0")]).gross == MAX_AMOUNT


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError):
        totals([LineInput(1.5, D(1), None, None, D(20))])  # type: ignore[arg-type]
