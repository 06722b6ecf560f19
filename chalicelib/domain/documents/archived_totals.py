"""The lines and totals of an earlier invoice: its lines are added up, and its sums are checked against them.

Other programs round the TVA of each line. So the sums of a file may differ from ours by a centime for each line. What
the file states is kept. A file with sums alone gives no lines, and the TVA by rate only where one rate explains it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from chalicelib.domain.documents import totals as en16931
from chalicelib.domain.documents.calculation import MAX_LINES, line_input
from chalicelib.domain.documents.model import Discount, Line, Totals, VatShare
from chalicelib.domain.errors import InvalidContent, invalid
from chalicelib.domain.money import CENT, EXACT, MAX_AMOUNT, ZERO, amount_text, cents, percentage, total
from chalicelib.domain.morocco.vat import RATES, ZERO_RATE, rates_in_force

ROUNDED: Final = Decimal("0.05")
"""Dirhams by which the TVA of sums without lines may differ from a rate: the roundings of the lines are unknown."""
_PRICE: Final = Decimal("0.000001")
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, kw_only=True)
class EarlierLine:
    """A line as a file states it. `net` is its amount before TVA after its discount, `vat_rate` in percent."""

    description: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    discount: Discount | None = None
    vat_rate: Decimal | None = None
    exemption: str | None = None
    net: Decimal | None = None

    @property
    def is_only_a_rate(self) -> bool:
        """Whether it states nothing but the rate of the sums."""
        return replace(self, vat_rate=None, exemption=None) == EarlierLine()


@dataclass(frozen=True, kw_only=True)
class EarlierSums:
    """The sums of a document as a file states them, in dirhams: after the `discount` of the document."""

    net: Decimal | None = None
    vat_total: Decimal | None = None
    gross: Decimal | None = None
    discount: Decimal | None = None


def totals_of(lines: Sequence[EarlierLine], sums: EarlierSums, day: date) -> tuple[tuple[Line, ...], Totals]:
    """The lines and the totals of an invoice whose operation was on `day`. Raises InvalidContent."""
    if len(lines) > MAX_LINES:
        raise invalid("/lines", "too_many", max=MAX_LINES)
    if all(line.is_only_a_rate for line in lines):
        rates = {(line.vat_rate, line.exemption) for line in lines}
        rate, exemption = rates.pop() if len(rates) == 1 else (None, None)
        return (), _of_sums(sums, rate, exemption, day)
    found = tuple(_line(index, line, lines, sums, day) for index, line in enumerate(lines))
    try:
        calculated = en16931.totals([line_input(line) for line in found], None, sums.discount)
    except en16931.TotalsError as error:
        raise invalid(error.pointer, error.code) from error
    nets = calculated.line_nets
    for index, (line, net) in enumerate(zip(lines, nets, strict=True)):
        _agreeing(f"/lines/{index}/net", line.net, net, CENT)
    totals = _stated(sums, calculated, CENT * len(lines))
    return tuple(replace(line, net=net) for line, net in zip(found, nets, strict=True)), totals


def _line(index: int, line: EarlierLine, lines: Sequence[EarlierLine], sums: EarlierSums, day: date) -> Line:
    """A line with the price that follows from its amount. Raises InvalidContent."""
    where, quantity = f"/lines/{index}", line.quantity if line.quantity is not None else Decimal(1)
    net = line.net if line.net is not None or len(lines) > 1 else sums.net
    price = line.unit_price
    if price is None and net is not None and quantity and line.discount is None:
        price = EXACT.quantize(EXACT.divide(net, quantity), _PRICE)
    rate = line.vat_rate if line.vat_rate is not None else _common_rate(sums, day)
    named = {"description": line.description, "unit_price": price, "vat_rate": rate}
    for name, value in named.items():
        if value is None:
            raise invalid(f"{where}/{name}", "missing")
    return Line(
        description=line.description or "",
        quantity=quantity,
        unit=line.unit,
        unit_price=price or Decimal(0),
        discount=line.discount,
        vat_rate=rate or Decimal(0),
        exemption=line.exemption,
    )


def _common_rate(sums: EarlierSums, day: date) -> Decimal | None:
    """The one rate that explains the sums of a document."""
    net, vat, gross = sums.net, sums.vat_total, sums.gross
    if vat is None and net is not None and gross is not None:
        vat = gross - net
    return None if net is None or vat is None else rate_of(net, vat, day)


def rate_of(net: Decimal, vat: Decimal, day: date) -> Decimal | None:
    """The rate that gives this TVA: one in force on the day, else one of another year; None if none or several do."""
    if not vat:
        return ZERO_RATE
    ever = {rate for row in RATES for rate in row.value.values()}
    for rates in (rates_in_force(day), tuple(ever)):
        off = {rate: abs(cents(percentage(net, rate)) - vat) for rate in rates if rate}
        fitting = [rate for rate, difference in off.items() if difference <= ROUNDED]
        nearest = [rate for rate in fitting if off[rate] == min(off[each] for each in fitting)]
        if len(nearest) == 1:
            return nearest[0]
    return None


def _stated(sums: EarlierSums, calculated: en16931.CalculatedTotals, allowed: Decimal) -> Totals:
    """The totals that the file states, as far as it states them. Raises InvalidContent if the lines give others."""
    net = _agreeing("/totals/net", sums.net, calculated.net, allowed)
    if sums.vat_total is None and sums.gross is not None:
        gross = _agreeing("/totals/gross", sums.gross, net + calculated.vat_total, allowed)
        vat = gross - net
    else:
        vat = _agreeing("/totals/vat_total", sums.vat_total, calculated.vat_total, allowed)
        gross = _agreeing("/totals/gross", sums.gross, net + vat, CENT)
    shares = [VatShare(rate=v.rate, exemption=v.exemption, base=v.base, amount=v.amount) for v in calculated.vat]
    if shares:  # The first one has the highest rate. It takes what other programs rounded otherwise.
        first = shares[0]
        base = first.base + net - total([share.base for share in shares])
        amount = first.amount + vat - total([share.amount for share in shares])
        shares[0] = replace(first, base=base, amount=amount)
    return _totals(calculated.line_total, calculated.discount, net, tuple(shares), vat, gross)


def _agreeing(pointer: str, stated: Decimal | None, calculated: Decimal, allowed: Decimal) -> Decimal:
    """The stated amount, or the calculated one if none is stated. Raises InvalidContent if they differ."""
    if stated is None:
        return calculated
    if abs(stated - calculated) > allowed:
        raise invalid(pointer, "sums_differ", stated=amount_text(stated), calculated=amount_text(calculated))
    return stated


def _of_sums(sums: EarlierSums, rate: Decimal | None, exemption: str | None, day: date) -> Totals:
    """The totals of a document of which the file states sums alone. Two of them give the third, and so do one of them
    and a rate. Raises InvalidContent."""
    net, vat, gross = _completed(sums, rate)
    for pointer, amount in (("/totals/net", net), ("/totals/vat_total", vat)):
        if amount < 0:
            raise invalid(pointer, "sums_differ", stated=amount_text(gross), calculated=amount_text(gross - amount))
    if rate is not None:
        _agreeing("/totals/vat_total", vat, cents(percentage(net, rate)), ROUNDED)
    found = rate if rate is not None else rate_of(net, vat, day)
    shares = () if found is None else (VatShare(rate=found, exemption=exemption, base=net, amount=vat),)
    discount = sums.discount or ZERO
    return _totals(net + discount, discount, net, shares, vat, gross)


def _completed(sums: EarlierSums, rate: Decimal | None) -> tuple[Decimal, Decimal, Decimal]:
    """Net, TVA and gross. Raises InvalidContent if the file states too few of them, or if they contradict."""
    net, vat, gross = sums.net, sums.vat_total, sums.gross
    if rate is not None and vat is None:
        if net is None and gross is not None:
            net = cents(EXACT.divide(EXACT.multiply(gross, _HUNDRED), _HUNDRED + rate))
        elif net is not None and gross is None:
            vat = cents(percentage(net, rate))
    if net is None and vat is not None and gross is not None:
        net = gross - vat
    if vat is None and net is not None and gross is not None:
        vat = gross - net
    if net is None or vat is None:
        raise _too_few(sums)
    return net, vat, _agreeing("/totals/gross", gross, net + vat, CENT)


def _too_few(sums: EarlierSums) -> InvalidContent:
    names = {"net": sums.net, "vat_total": sums.vat_total, "gross": sums.gross}
    return invalid(f"/totals/{next(name for name, amount in names.items() if amount is None)}", "missing")


def _totals(
    lines: Decimal, discount: Decimal, net: Decimal, shares: tuple[VatShare, ...], vat: Decimal, gross: Decimal
) -> Totals:
    if gross > MAX_AMOUNT:
        raise invalid("/totals/gross", "amount_too_large")
    return Totals(
        lines=lines,
        discount=discount,
        net=net,
        vat=shares,
        vat_total=vat,
        rounding=gross - net - vat or None,
        gross=gross,
        stamp_duty=ZERO,
        withheld_vat=ZERO,
        withheld_fees=ZERO,
        payable=gross,
    )
