"""Exact arithmetic in dirhams: rounding to the centime, proration that adds up, plain decimal text.

Every amount is a `Decimal`; a float is refused by the context's own methods. `EXACT` carries more digits than any
admissible product needs, so only `cents` ever rounds.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MAX_AMOUNT = Decimal("999999999999.99")
"""The largest amount of a document, in dirhams. Larger amounts cannot be written in words."""

EXACT = Context(prec=100, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])


def cents(x: Decimal) -> Decimal:
    """`x` dirhams rounded half up (away from zero) to the centime, never minus zero. ValueError if not finite."""
    if not x.is_finite():
        raise ValueError("not a finite amount")
    return EXACT.add(EXACT.quantize(x, CENT), ZERO)


def percentage(amount: Decimal, percent: Decimal) -> Decimal:
    """`percent` % of `amount`, unrounded."""
    return EXACT.scaleb(EXACT.multiply(amount, percent), -2)


def total(amounts: Sequence[Decimal]) -> Decimal:
    """The exact sum of amounts in centimes; 0.00 for none."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def share(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` (whole centimes) spread in proportion to non-negative `weights`; the parts add to it exactly.

    Largest remainder: each part is floored to the centime and the centimes left go to the largest remainders, earlier
    parts first among equals. When the weights are whole centimes and `amount` is at most their sum, no part exceeds its
    weight. ValueError when the amount is not in whole centimes, a weight is negative, or nothing can carry it.
    """
    if amount != cents(amount):
        raise ValueError("only whole centimes can be shared")
    if any(weight < 0 for weight in weights):
        raise ValueError("negative weight")
    if amount < 0:
        return [EXACT.minus(part) for part in share(EXACT.minus(amount), weights)]
    whole = EXACT.create_decimal(0)
    for weight in weights:
        whole = EXACT.add(whole, weight)
    if not whole:
        if amount:
            raise ValueError("nothing to share over")
        return [ZERO for _ in weights]
    units = EXACT.scaleb(amount, 2)
    divided = [EXACT.divmod(EXACT.multiply(units, weight), whole) for weight in weights]
    parts = [int(quotient) for quotient, _ in divided]
    left = int(units) - sum(parts)
    # A stable sort on the remainder alone: among equal remainders, the earlier part gets the centime.
    for index in sorted(range(len(parts)), key=lambda i: divided[i][1], reverse=True)[:left]:
        parts[index] += 1
    return [EXACT.add(EXACT.scaleb(Decimal(part), -2), ZERO) for part in parts]


def dirhams_and_centimes(amount: Decimal) -> tuple[int, int]:
    """The whole dirhams and the centimes of `amount`. ValueError outside 0 – 999 999 999 999.99 or below a centime."""
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT or amount != cents(amount):
        raise ValueError("no words for this amount")
    return divmod(int(EXACT.scaleb(amount, 2)), 100)


def plain(x: Decimal) -> Decimal:
    """The same number with no trailing zeros and no exponent, so that equal numbers print alike."""
    return Decimal(text(x))


def text(x: Decimal) -> str:
    """Plain decimal text without exponent or trailing zeros, for quantities and rates: "2", "1.5", "1000"."""
    if not x.is_finite():
        raise ValueError("not a finite number")
    digits = format(x, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in ("-0", "") else digits


def amount_text(x: Decimal) -> str:
    """An amount with exactly two decimals: "1234.50". ValueError rather than a silent rounding."""
    if x != cents(x):
        raise ValueError("an amount has at most two decimals")
    return format(cents(x), "f")


def price_text(x: Decimal) -> str:
    """A unit price with at least two decimals and no other trailing zero: "1500.00", "0.123456"."""
    digits = text(x)
    fraction = digits.partition(".")[2]
    return digits if len(fraction) >= 2 else format(cents(x), "f")
