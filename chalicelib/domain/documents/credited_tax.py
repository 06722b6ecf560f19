"""The TVA and the total with tax that the credit notes of an invoice have credited. A credit note states the difference
of two of these amounts: credited with it, less credited before it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from chalicelib.domain.documents.balance import Balance, CreditedLine
from chalicelib.domain.documents.calculation import line_input
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Line, VatShare
from chalicelib.domain.documents.prices_with_tax import Range, reaching
from chalicelib.domain.documents.remainder import RateAndExemption, group_of, net_of, proportion
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
        return _within_a_centime(cents(percentage(base, original.rate)), original, base, before)
    return _within_a_centime(proportion(original.amount, base, original.base), original, base, before)


def _part(line: Line, done: CreditedLine, written: Decimal) -> Decimal:
    """The credited part of a line's total with tax, rounded as its net is (`remainder.with_quantity`)."""
    since = proportion(written, done.since_net or ZERO, net_of(line))
    past = done.since_quantity or Decimal(0)
    return since + proportion(written - since, done.quantity - past, line.quantity - past)


def _within_a_centime(wanted: Decimal, original: VatShare, base: Decimal, before: VatShare) -> Decimal:
    low, high = _allowed(original, base, before)
    return max(low, min(wanted, high))


def _allowed(original: VatShare, base: Decimal, before: VatShare) -> Range:
    """The credited TVA by which this credit note, and another one for all that is left, differ from base × rate by a
    centime at most (BR-CO-17)."""
    by_rate = before.amount + percentage(base - before.base, original.rate)
    by_rest = original.amount - percentage(original.base - base, original.rate)
    low = (max(by_rate, by_rest) - CENT).quantize(CENT, ROUND_CEILING, EXACT)
    high = (min(by_rate, by_rest) + CENT).quantize(CENT, ROUND_FLOOR, EXACT)
    return max(before.amount, min(low, original.amount)), max(before.amount, min(high, original.amount))


def with_written_total(
    invoice: Invoice,
    before: Balance,
    done: Mapping[int, CreditedLine],
    shares: Sequence[VatShare],
    exhausted: Collection[RateAndExemption],
) -> tuple[tuple[VatShare, ...], Decimal]:
    """The TVA of a credit note, moved within what the rules allow so that its lines priced with tax have the written
    total, and the rounding that is left. The TVA of an exhausted rate stays: it ends at the invoice's."""
    lines = _priced_with_tax(invoice)
    groups = {group_of(line) for line in lines.values()}
    own = [share for share in shares if group_of(share) in groups]
    if not own:
        return tuple(shares), ZERO
    written = {number: line_net(line_input(line)) for number, line in lines.items()}
    whole = _with_tax(invoice.totals.vat, groups) + (invoice.totals.rounding or ZERO)
    credited = total([_part(line, done[number], written[number]) for number, line in lines.items() if number in done])
    so_far = _with_tax(before.vat, groups) + before.rounding
    sought = max(ZERO, proportion(whole, credited, total(list(written.values()))) - so_far)
    originals = {group_of(each): each for each in invoice.totals.vat}
    past = {group_of(each): each for each in before.vat}

    def range_of(share: VatShare) -> Range:
        key = group_of(share)
        if key in exhausted:
            return share.amount, share.amount
        was = past.get(key, replace(share, base=ZERO, amount=ZERO))
        low, high = _allowed(originals[key], was.base + share.base, was)
        return low - was.amount, high - was.amount

    taxes, rounding = reaching(
        sought - total([share.base for share in own]), ((share.amount, range_of(share)) for share in own)
    )
    moved = {group_of(share): tax for share, tax in zip(own, taxes, strict=True)}
    return tuple(replace(share, amount=moved.get(group_of(share), share.amount)) for share in shares), rounding


def _priced_with_tax(invoice: Invoice) -> dict[int, Line]:
    """The lines of the rates that have lines priced with tax only, by number. None if the document has a discount and
    other lines: nobody wrote the total of a part then."""
    others = {group_of(line) for line in invoice.lines if line.unit_price_incl is None}
    if others and invoice.discount is not None:
        return {}
    return {number: line for number, line in enumerate(invoice.lines, 1) if group_of(line) not in others}


def _with_tax(shares: Sequence[VatShare], groups: Collection[RateAndExemption]) -> Decimal:
    return total([share.base + share.amount for share in shares if group_of(share) in groups])
