"""Lines priced with tax: the total with tax is exactly what was written, and TVA is what remains beside the net.

500.00 with TVA at 10 % is 454.55 and 45.45: no price without tax reaches 500.00. The TVA differs by at most one centime
from net × rate, which the official rules of EN 16931 allow (BR-CO-17).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from chalicelib.domain.money import CENT, EXACT, ZERO, cents, percentage, total

Range = tuple[Decimal, Decimal]
"""The least and the greatest TVA of a rate that the official rules allow, both inclusive."""
GroupKey = tuple[Decimal, str]
"""TVA rate in percent, exemption article or ""."""


def without_tax(price: Decimal, rate: Decimal) -> Decimal:
    """A price with tax without its TVA, unrounded; `rate` in percent."""
    return EXACT.divide(EXACT.multiply(price, Decimal(100)), EXACT.add(Decimal(100), rate))


def listed_price(price: Decimal, rate: Decimal) -> Decimal:
    """The price without tax that a page and an e-invoice state for a price with tax: six decimals, as a price may
    have."""
    return EXACT.quantize(without_tax(price, rate), Decimal("0.000001"))


def allowed_tax(base: Decimal, rate: Decimal) -> Range:
    """The TVA that the official rules allow on a base: a centime from base × rate at most, and none at rate 0 or on
    nothing."""
    exact = percentage(base, rate)
    low = EXACT.subtract(exact, CENT).quantize(CENT, ROUND_CEILING, EXACT)
    high = EXACT.add(exact, CENT).quantize(CENT, ROUND_FLOOR, EXACT)
    return (max(ZERO, low), high) if rate and base else (ZERO, ZERO)


def reaching(sought: Decimal, taxes: Iterable[tuple[Decimal, Range]]) -> tuple[list[Decimal], Decimal]:
    """The TVA amounts of several rates, moved within their ranges so that they come near `sought`, and the difference
    that is left: the rounding of the document (BT-114)."""
    parts = list(taxes)
    rest = EXACT.subtract(sought, total([tax for tax, _ in parts]))
    moved = []
    for tax, (low, high) in parts:
        nearest = max(low, min(EXACT.add(tax, rest), high)) if low <= tax <= high else tax
        rest = EXACT.subtract(rest, EXACT.subtract(nearest, tax))
        moved.append(nearest)
    return moved, rest


@dataclass(frozen=True, slots=True)
class TaxedGroup:
    """The lines of one rate that are priced with tax: their total with tax `gross` and its `net`. `others` is the net
    of the group's lines priced without tax. In dirhams; `rate` in percent."""

    rate: Decimal
    gross: Decimal
    net: Decimal
    others: Decimal

    @classmethod
    def of(cls, rate: Decimal, gross: Decimal, others: Decimal) -> "TaxedGroup":
        """The group whose lines with tax add up to `gross`."""
        return cls(rate, gross, cents(without_tax(gross, rate)), others)

    def vat(self, base: Decimal) -> Decimal:
        """The group's TVA on `base`, its net after the document's discount: the total with tax less the net, and the
        TVA of the other lines. At most one centime from base × rate."""
        exact = percentage(base, self.rate)
        whole = EXACT.add(self.net, self.others)
        tax = EXACT.add(EXACT.subtract(self.gross, self.net), cents(percentage(self.others, self.rate)))
        wanted = cents(EXACT.divide(EXACT.multiply(tax, base), whole)) if whole else ZERO
        return wanted if abs(EXACT.subtract(wanted, exact)) <= CENT else cents(exact)
