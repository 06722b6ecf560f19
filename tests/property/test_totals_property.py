"""Properties of any document's totals: exact sums, TVA equal to base × rate to the centime, order irrelevant."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.documents.totals import CalculatedTotals, LineInput, totals
from chalicelib.domain.money import CENT, cents, share

RATES = [Decimal(rate) for rate in ("20", "18", "16", "14", "13", "12", "11", "10", "9", "8", "7", "0")]
amounts = st.decimals(min_value=0, max_value=10**7, places=2)
percents = st.decimals(min_value=0, max_value=100, places=2)


@st.composite
def line_inputs(draw: st.DrawFn) -> LineInput:
    quantity = draw(st.decimals(min_value=0, max_value=10_000, places=3))
    price = draw(st.decimals(min_value=0, max_value=100_000, places=6))
    kind = draw(st.sampled_from(["none", "percent", "amount"]))
    percent = draw(percents) if kind == "percent" else None
    most = (quantity * price).quantize(CENT, rounding="ROUND_FLOOR")
    amount = draw(st.decimals(min_value=0, max_value=most, places=2)) if kind == "amount" else None
    rate = draw(st.sampled_from(RATES))
    exemption = draw(st.sampled_from(["92-I-1", "91-I-A-1"])) if not rate else None
    nature = draw(st.sampled_from(["goods", "services", "fees", "works", "capital_goods"]))
    return LineInput(quantity, price, percent, amount, rate, exemption, nature)


documents = st.lists(line_inputs(), max_size=12)


@st.composite
def discounted(draw: st.DrawFn) -> tuple[list[LineInput], Decimal | None, Decimal | None]:
    lines = draw(documents)
    kind = draw(st.sampled_from(["none", "percent", "amount"]))
    percent = draw(percents) if kind == "percent" else None
    most = totals(lines).line_total
    amount = draw(st.decimals(min_value=0, max_value=most, places=2)) if kind == "amount" else None
    return lines, percent, amount


def exactly(parts: list[Decimal]) -> Fraction:
    return sum((Fraction(part) for part in parts), Fraction(0))


def half_up(x: Fraction) -> Decimal:
    """The centime nearest to a non-negative number, computed without the code under test."""
    return (Decimal(int(x * 100 + Fraction(1, 2))) / 100).quantize(CENT)


@given(discounted())
def test_everything_adds_exactly(document: tuple[list[LineInput], Decimal | None, Decimal | None]) -> None:
    result = totals(*document)
    assert exactly(list(result.line_nets)) == Fraction(result.line_total)
    assert Fraction(result.line_total) - Fraction(result.discount) == Fraction(result.net)
    assert exactly([part.base for part in result.vat]) == Fraction(result.net)
    assert exactly([part.amount for part in result.vat]) == Fraction(result.vat_total)
    assert Fraction(result.net) + Fraction(result.vat_total) == Fraction(result.gross)
    assert exactly([part.net for part in result.natures]) == Fraction(result.net)
    assert exactly([part.vat for part in result.natures]) == Fraction(result.vat_total)


@given(discounted())
def test_lines_and_vat_are_right_to_the_centime(
    document: tuple[list[LineInput], Decimal | None, Decimal | None],
) -> None:
    result = totals(*document)
    assert len(result.line_nets) == len(document[0])
    for line, net in zip(document[0], result.line_nets, strict=True):
        gross = Fraction(line.quantity) * Fraction(line.unit_price)
        off = gross * Fraction(line.discount_percent or 0) / 100 + Fraction(line.discount_amount or 0)
        assert net == half_up(gross - off)
    for part in result.vat:
        assert part.amount == half_up(Fraction(part.base) * Fraction(part.rate) / 100)


@given(discounted(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(
    document: tuple[list[LineInput], Decimal | None, Decimal | None], random: Any
) -> None:
    lines, percent, amount = document
    shuffled = list(lines)
    random.shuffle(shuffled)
    one, other = totals(lines, percent, amount), totals(shuffled, percent, amount)
    assert sorted(one.line_nets) == sorted(other.line_nets)
    assert (one.discount, one.net, one.vat, one.vat_total, one.gross, one.natures) == (
        *(other.discount, other.net, other.vat, other.vat_total, other.gross, other.natures),
    )


@given(discounted())
def test_a_discount_never_creates_money(document: tuple[list[LineInput], Decimal | None, Decimal | None]) -> None:
    lines, percent, amount = document
    bare, reduced = totals(lines), totals(lines, percent, amount)
    assert 0 <= reduced.net <= bare.net
    assert 0 <= reduced.gross <= bare.gross
    for before, after in zip(bare.vat, reduced.vat, strict=True):
        assert 0 <= after.base <= before.base
        assert 0 <= after.amount <= before.amount


def every_number(result: CalculatedTotals) -> list[Decimal]:
    shares = [number for part in result.vat for number in (part.base, part.amount)]
    natures = [number for part in result.natures for number in (part.net, part.vat)]
    own = [result.line_total, result.discount, result.net, result.vat_total, result.gross]
    return [*result.line_nets, *shares, *natures, *own]


@given(discounted())
def test_every_amount_is_a_decimal_of_two_places(
    document: tuple[list[LineInput], Decimal | None, Decimal | None],
) -> None:
    numbers = list(every_number(totals(*document)))
    assert numbers
    for number in numbers:
        assert type(number) is Decimal
        assert number.as_tuple().exponent == -2


@given(amounts, st.lists(amounts, min_size=1, max_size=20))
def test_share_adds_exactly_and_is_fair(amount: Decimal, weights: list[Decimal]) -> None:
    whole = exactly(weights)
    if not whole:
        weights, whole = [Decimal(1)] * len(weights), Fraction(len(weights))
    parts = share(amount, weights)
    assert exactly(parts) == Fraction(amount)
    for part, weight in zip(parts, weights, strict=True):
        fair = Fraction(amount) * Fraction(weight) / whole
        assert abs(Fraction(part) - fair) < Fraction(1, 100)
        if Fraction(amount) <= whole and weight == cents(weight):
            assert part <= weight


@settings(max_examples=300)
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=8))
def test_cents_agrees_with_the_definition(x: Decimal) -> None:
    assert cents(x) == x.quantize(CENT, rounding=ROUND_HALF_UP)
    assert str(cents(x)) != "-0.00"
