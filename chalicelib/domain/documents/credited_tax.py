"""The TVA that the credit notes of an invoice have credited of a rate. A credit note states the difference of two of
these amounts: credited with it, less credited before it."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from chalicelib.domain.documents.balance import CreditedLine
from chalicelib.domain.documents.calculation import line_input
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Line, VatShare
from chalicelib.domain.documents.remainder import group_of, net_of, proportion
from chalicelib.domain.documents.totals import line_net
from chalicelib.domain.money import CENT, EXACT, ZERO, cents, percentage, total


def credited_tax(
    invoice: Invoice, done: Mapping[int, CreditedLine], original: VatShare, base: Decimal, before: VatShare
) -> Decimal:
    """The TVA credited of `original`, a rate of the invoice, when `base` is credited of it. `done` are the credited
    lines by number, and `before` is what was credited until now.

    TVA is base × rate. Where prices include TVA, what is credited with tax decides: the third of 3 × 500.00 is 500.00.
    If other lines have the rate too, or the document has a discount, it is a share of the invoice's own TVA.
    """
    lines = {n: line for n, line in enumerate(invoice.lines, 1) if group_of(line) == group_of(original)}
    if all(line.unit_price_incl is not None for line in lines.values()):
        written = {n: line_net(line_input(line)) for n, line in lines.items()}
        if total(list(written.values())) == original.base + original.amount:
            parts = [_part(lines[n], done[n], written[n]) for n in lines if n in done]
            return _within_a_centime(total(parts) - base, original, base, before)
    if original.amount == cents(percentage(original.base, original.rate)):
        return cents(percentage(base, original.rate))
    return _within_a_centime(proportion(original.amount, base, original.base), original, base, before)


def _part(line: Line, done: CreditedLine, written: Decimal) -> Decimal:
    """The credited part of a line's total with tax, rounded as its net is (`remainder.with_quantity`)."""
    since = proportion(written, done.since_net or ZERO, net_of(line))
    past = done.since_quantity or Decimal(0)
    return since + proportion(written - since, done.quantity - past, line.quantity - past)


def _within_a_centime(wanted: Decimal, original: VatShare, base: Decimal, before: VatShare) -> Decimal:
    """The nearest TVA to `wanted` by which this credit note, and another one for all that is left, differ from base ×
    rate by a centime at most (BR-CO-17)."""
    by_rate = before.amount + percentage(base - before.base, original.rate)
    by_rest = original.amount - percentage(original.base - base, original.rate)
    low = (max(by_rate, by_rest) - CENT).quantize(CENT, ROUND_CEILING, EXACT)
    high = (min(by_rate, by_rest) + CENT).quantize(CENT, ROUND_FLOOR, EXACT)
    return max(before.amount, min(max(wanted, low), high, original.amount))
