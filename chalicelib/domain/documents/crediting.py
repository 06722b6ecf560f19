"""Credit notes: a document in its own series that corrects an issued invoice and never exceeds it.

Each credit note is the difference between two cumulative amounts, each rounded once: all credits with it, minus all
credits before it. So the credit notes of an invoice sum to the invoice to the centime, line by line and rate by rate.
No credit note carries the rounding of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.documents.balance import Balance, CreditedLine, duty, recalculated
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Line, Totals, VatShare
from chalicelib.domain.errors import Fault, InvalidContent, invalid
from chalicelib.domain.money import EXACT, ZERO, cents, percentage, total

RateAndExemption = tuple[Decimal, str | None]


@dataclass(frozen=True)
class LineCredit:
    """The credit of a quantity or an amount of one invoice line (numbered from 1)."""

    line: int
    quantity: Decimal


@dataclass(frozen=True)
class Credit:
    """A credit note's lines and totals, the invoice lines that they credit, and the invoice's balance after it."""

    lines: tuple[Line, ...]
    numbers: tuple[int, ...]
    totals: Totals
    balance: Balance


def credit(invoice: Invoice, balance: Balance, parts: Sequence[LineCredit] | None) -> Credit:
    """Credit `parts`, or all that remains. Raises InvalidContent with a pointer to the part that exceeds the
    invoice."""
    done = {part.line: part for part in balance.lines}
    parts = _remaining(invoice, done) if parts is None else parts
    if not parts:
        raise invalid("", "nothing_left_to_credit")
    _check(invoice, done, parts)
    lines = tuple(_credited(invoice, done, part) for part in parts)
    for part, line in zip(parts, lines, strict=True):
        before = done.get(part.line, CreditedLine(line=part.line, quantity=Decimal(0), net=ZERO))
        done[part.line] = CreditedLine(
            line=part.line, quantity=before.quantity + part.quantity, net=before.net + _net(line)
        )
    after = replace(balance, lines=tuple(done[number] for number in sorted(done)))
    totals = _totals(invoice, balance, after, lines)
    return Credit(lines, tuple(part.line for part in parts), totals, _with_credit(invoice, balance, after, totals))


def _remaining(invoice: Invoice, done: dict[int, CreditedLine]) -> list[LineCredit]:
    left = ((n, line.quantity - (done[n].quantity if n in done else 0)) for n, line in enumerate(invoice.lines, 1))
    return [LineCredit(number, quantity) for number, quantity in left if quantity > 0]


def _check(invoice: Invoice, done: dict[int, CreditedLine], parts: Sequence[LineCredit]) -> None:
    faults, seen = [], set()
    for index, part in enumerate(parts):
        if not 1 <= part.line <= len(invoice.lines) or part.line in seen:
            faults.append(Fault(f"/lines/{index}/line", "credit_line_unknown", {"max": len(invoice.lines)}))
            continue
        seen.add(part.line)
        left = invoice.lines[part.line - 1].quantity - (done[part.line].quantity if part.line in done else 0)
        if part.quantity > left:
            fault = Fault(
                f"/lines/{index}/quantity", "credit_quantity_above_remaining", {"remaining": format(left, "f")}
            )
            faults.append(fault)
    if faults:
        raise InvalidContent(*faults)


def _part(whole: Decimal, of: Decimal, out_of: Decimal) -> Decimal:
    """`whole` × `of` ÷ `out_of`, rounded once; 0 out of nothing."""
    return cents(EXACT.divide(EXACT.multiply(whole, of), out_of)) if out_of else ZERO


def _net(line: Line) -> Decimal:
    return line.net if line.net is not None else ZERO


def _credited(invoice: Invoice, done: dict[int, CreditedLine], part: LineCredit) -> Line:
    """The credit note's line: its share of the invoice line's net, and the discount that makes price and net agree."""
    original = invoice.lines[part.line - 1]
    before = done.get(part.line)
    credited = part.quantity + (before.quantity if before else 0)
    net = _part(_net(original), credited, original.quantity) - (before.net if before else ZERO)
    listed = cents(EXACT.multiply(part.quantity, original.unit_price))
    discount = Discount(amount=listed - net) if listed > net else None
    return replace(original, quantity=part.quantity, net=net, discount=discount)


def _by_group(lines: Sequence[Line]) -> dict[RateAndExemption, Decimal]:
    sums: dict[RateAndExemption, Decimal] = {}
    for line in lines:
        key = (line.vat_rate, line.exemption)
        sums[key] = sums.get(key, ZERO) + _net(line)
    return sums


def _totals(invoice: Invoice, before: Balance, after: Balance, lines: tuple[Line, ...]) -> Totals:
    whole, touched = _by_group(invoice.lines), _by_group(lines)
    nets = {part.line: part.net for part in after.lines}
    so_far = _by_group([replace(line, net=nets.get(number)) for number, line in enumerate(invoice.lines, 1)])
    past = {(share.rate, share.exemption): share for share in before.vat}
    exhausted = _exhausted_groups(invoice, after)
    shares = []
    for original in invoice.totals.vat:
        key = (original.rate, original.exemption)
        if key not in touched:
            continue
        base = original.base if key in exhausted else _part(original.base, so_far[key], whole[key])
        tax = cents(percentage(base, original.rate))
        was = past.get(key, VatShare(rate=original.rate, base=ZERO, amount=ZERO))
        shares.append(replace(original, base=base - was.base, amount=tax - was.amount))
    everything = exhausted == set(whole)
    return _sum_up(invoice, before, lines, tuple(shares), everything=everything)


def _exhausted_groups(invoice: Invoice, after: Balance) -> set[RateAndExemption]:
    done = {part.line: part.quantity for part in after.lines}
    open_groups = {
        (line.vat_rate, line.exemption)
        for number, line in enumerate(invoice.lines, 1)
        if done.get(number, Decimal(0)) < line.quantity
    }
    return set(_by_group(invoice.lines)) - open_groups


def _sum_up(
    invoice: Invoice, before: Balance, lines: tuple[Line, ...], shares: tuple[VatShare, ...], *, everything: bool
) -> Totals:
    listed = total([_net(line) for line in lines])
    net = total([share.base for share in shares])
    vat = total([share.amount for share in shares])

    credited = net + total([share.base for share in before.vat])

    def portion(whole: Decimal, past: Decimal, left: Decimal) -> Decimal:
        """The share of a withholding that is returned, never more than the amount of this credit note."""
        if everything:
            return whole - past
        return max(ZERO, min(_part(whole, credited, invoice.totals.net) - past, left))

    withheld_vat = portion(invoice.totals.withheld_vat, before.withheld_vat, net + vat)
    withheld_fees = portion(invoice.totals.withheld_fees, before.withheld_fees, net + vat - withheld_vat)
    stamp = _stamp(invoice, before, shares)
    return Totals(
        lines=listed,
        discount=listed - net,
        net=net,
        vat=shares,
        vat_total=vat,
        gross=net + vat,
        stamp_duty=stamp,
        withheld_vat=withheld_vat,
        withheld_fees=withheld_fees,
        payable=net + vat + stamp - withheld_vat - withheld_fees,
    )


def _stamp(invoice: Invoice, before: Balance, shares: Sequence[VatShare]) -> Decimal:
    """The stamp duty that the credit takes back: the duty follows what is still settled in cash (CGI art. 252-I-B)."""
    after = recalculated(invoice, replace(before, vat=_added(before, shares)))
    return max(ZERO, duty(invoice, before) - duty(invoice, after))


def _added(before: Balance, shares: Sequence[VatShare]) -> tuple[VatShare, ...]:
    """The credited amounts after a credit of these shares, rate by rate."""
    sums = {(share.rate, share.exemption): share for share in before.vat}
    for share in shares:
        past = sums.get((share.rate, share.exemption))
        sums[share.rate, share.exemption] = VatShare(
            rate=share.rate,
            exemption=share.exemption,
            base=share.base + (past.base if past else ZERO),
            amount=share.amount + (past.amount if past else ZERO),
        )
    return tuple(sums.values())


def _with_credit(invoice: Invoice, before: Balance, after: Balance, totals: Totals) -> Balance:
    """The balance after this credit."""
    return replace(
        after,
        credited=before.credited + totals.payable,
        vat=_added(before, totals.vat),
        stamp_duty=duty(invoice, before) - totals.stamp_duty if invoice.totals.stamp_duty else before.stamp_duty,
        discount=before.discount + totals.discount,
        withheld_vat=before.withheld_vat + totals.withheld_vat,
        withheld_fees=before.withheld_fees + totals.withheld_fees,
    )
