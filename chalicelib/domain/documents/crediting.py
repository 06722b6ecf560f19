"""Credit notes: a document in its own series that corrects an issued invoice and never exceeds it.

Each credit note is the difference between two cumulative amounts, each rounded once: all credits with it, minus all
credits before it. So the credit notes of an invoice sum to the invoice to the centime, line by line and rate by rate.
No credit note carries the rounding of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.documents.balance import Balance, stamp_duty_of, with_stamp_duty
from chalicelib.domain.documents.credited_tax import credited_tax, with_written_total
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Line, Totals, VatShare
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.documents.remainder import (
    CreditedLines,
    RateAndExemption,
    credited_lines,
    group_of,
    net_of,
    over_document,
    proportion,
    with_amount,
    with_quantity,
)
from chalicelib.domain.errors import Fault, InvalidContent, invalid
from chalicelib.domain.money import EXACT, ZERO, amount_text, cents, total

ONE = Decimal(1)
WHOLE_DOCUMENT = 0
"""The number in `credited_lines` of a line that credits no single line of the invoice."""


@dataclass(frozen=True)
class LineCredit:
    """The credit of a quantity of one invoice line (numbered from 1)."""

    line: int
    quantity: Decimal


@dataclass(frozen=True)
class LineAmount:
    """The credit of an amount of one invoice line (numbered from 1), in dirhams. Like the line's net, it is before TVA
    and before the document's discount."""

    line: int
    amount: Decimal


@dataclass(frozen=True)
class DocumentAmount:
    """The credit of an amount over the document, in dirhams. Like the document's net, it is before TVA and after the
    document's discount."""

    amount: Decimal


LinePart = LineCredit | LineAmount
CreditRequest = Sequence[LinePart] | DocumentAmount | None
"""The parts to credit; None for all that remains."""


@dataclass(frozen=True)
class Credit:
    """A credit note's lines and totals, the invoice lines that they credit, and the invoice's balance after it."""

    lines: tuple[Line, ...]
    numbers: tuple[int, ...]
    totals: Totals
    balance: Balance


@dataclass(frozen=True)
class _Credited:
    """The lines of a credit note, the invoice lines that they credit, and what is credited of every line after it."""

    lines: tuple[Line, ...]
    numbers: tuple[int, ...]
    done: CreditedLines


def credit(invoice: Invoice, balance: Balance, request: CreditRequest) -> Credit:
    """Credit what is requested. Raises InvalidContent with a pointer to the part that exceeds the invoice."""
    if isinstance(request, DocumentAmount):
        credited = _over_document(invoice, balance, request.amount)
    else:
        credited = _by_lines(invoice, credited_lines(invoice, balance), request)
    touched = (credited.done[number] for number in sorted(credited.done))
    after = replace(balance, lines=tuple(part for part in touched if part.quantity or part.net))
    totals = _totals(invoice, balance, after, credited.lines)
    return Credit(credited.lines, credited.numbers, totals, _with_credit(invoice, balance, after, totals))


def _by_lines(invoice: Invoice, done: CreditedLines, parts: Sequence[LinePart] | None) -> _Credited:
    """Credit parts of lines, or all that remains."""
    parts = _remaining(invoice, done) if parts is None else parts
    if not parts:
        raise invalid("", "nothing_left_to_credit")
    _check(invoice, done, parts)
    lines = []
    for part in parts:
        original, before = invoice.lines[part.line - 1], done[part.line]
        if isinstance(part, LineAmount):
            done |= {part.line: with_amount(original, before, part.amount)}
            lines.append(_amount_line(original, original.description, part.amount))
        else:
            done |= {part.line: with_quantity(original, before, part.quantity)}
            lines.append(_quantity_line(original, part.quantity, done[part.line].net - before.net))
    return _Credited(tuple(lines), tuple(part.line for part in parts), done)


def _remaining(invoice: Invoice, done: CreditedLines) -> list[LinePart]:
    left = ((number, line.quantity - done[number].quantity) for number, line in enumerate(invoice.lines, 1))
    return [LineCredit(number, quantity) for number, quantity in left if quantity > 0]


def _check(invoice: Invoice, done: CreditedLines, parts: Sequence[LinePart]) -> None:
    faults, seen = [], set()
    for index, part in enumerate(parts):
        if part.line not in done or part.line in seen:
            faults.append(Fault(f"/lines/{index}/line", "credit_line_unknown", {"max": len(invoice.lines)}))
            continue
        seen.add(part.line)
        line, credited = invoice.lines[part.line - 1], done[part.line]
        if isinstance(part, LineAmount):
            if part.amount > (net := net_of(line) - credited.net):
                params = {"remaining": amount_text(net)}
                faults.append(Fault(f"/lines/{index}/amount", "credit_amount_above_remaining", params))
        elif part.quantity > (left := line.quantity - credited.quantity):
            params = {"remaining": format(left, "f")}
            faults.append(Fault(f"/lines/{index}/quantity", "credit_quantity_above_remaining", params))
    if faults:
        raise InvalidContent(*faults)


def _quantity_line(original: Line, quantity: Decimal, net: Decimal) -> Line:
    """The credit of a quantity: the line's share, and the discount that makes price and net agree."""
    listed = cents(EXACT.multiply(quantity, original.unit_price))
    discount = Discount(amount=listed - net) if listed > net else None
    return replace(original, quantity=quantity, net=net, discount=discount, unit_price_incl=None)


def _amount_line(original: Line, description: str, amount: Decimal) -> Line:
    """The credit of an amount: one piece at this price."""
    return replace(
        original,
        description=description,
        quantity=ONE,
        unit=None,
        unit_price=amount,
        unit_price_incl=None,
        discount=None,
        net=amount,
    )


def _over_document(invoice: Invoice, balance: Balance, amount: Decimal) -> _Credited:
    """Credit an amount over the document: one line for each TVA group."""
    amounts, done = over_document(invoice, balance, amount)
    words = by_kind(invoice.KIND).words.reduction
    description = words[invoice.language].format(number=invoice.number) if words else ""
    firsts = {group_of(line): line for line in reversed(invoice.lines)}
    lines = [_amount_line(replace(firsts[group], item=None), description, part) for group, part in amounts.items()]
    return _Credited(tuple(lines), (WHOLE_DOCUMENT,) * len(lines), done)


def _by_group(lines: Sequence[Line]) -> dict[RateAndExemption, Decimal]:
    sums: dict[RateAndExemption, Decimal] = {}
    for line in lines:
        sums[group_of(line)] = sums.get(group_of(line), ZERO) + net_of(line)
    return sums


def _totals(invoice: Invoice, before: Balance, after: Balance, lines: tuple[Line, ...]) -> Totals:
    whole, touched = _by_group(invoice.lines), _by_group(lines)
    done = {part.line: part for part in after.lines}
    nets = {number: part.net for number, part in done.items()}
    so_far = _by_group([replace(line, net=nets.get(number)) for number, line in enumerate(invoice.lines, 1)])
    past = {group_of(share): share for share in before.vat}
    exhausted = _exhausted_groups(invoice, after)
    shares = []
    for original in invoice.totals.vat:
        key = group_of(original)
        if key not in touched:
            continue
        was = past.get(key, VatShare(rate=original.rate, base=ZERO, amount=ZERO))
        if key in exhausted:
            base, tax = original.base, original.amount
        else:
            base = proportion(original.base, so_far[key], whole[key])
            tax = credited_tax(invoice, done, original, base, was)
        shares.append(replace(original, base=base - was.base, amount=tax - was.amount))
    exact, rounding = with_written_total(invoice, before, done, shares, exhausted)
    return _sum_up(invoice, before, lines, (exact, rounding), everything=exhausted == set(whole))


def _exhausted_groups(invoice: Invoice, after: Balance) -> set[RateAndExemption]:
    done = {part.line: part.quantity for part in after.lines}
    open_groups = {
        group_of(line) for number, line in enumerate(invoice.lines, 1) if done.get(number, Decimal(0)) < line.quantity
    }
    return set(_by_group(invoice.lines)) - open_groups


def _sum_up(
    invoice: Invoice,
    before: Balance,
    lines: tuple[Line, ...],
    exact: tuple[tuple[VatShare, ...], Decimal],
    *,
    everything: bool,
) -> Totals:
    shares, rounding = exact
    listed = total([net_of(line) for line in lines])
    net = total([share.base for share in shares])
    vat = total([share.amount for share in shares])
    gross = net + vat + rounding

    credited = net + total([share.base for share in before.vat])

    def portion(whole: Decimal, past: Decimal, left: Decimal) -> Decimal:
        """The share of a withholding that is returned, never more than the amount of this credit note."""
        if everything:
            return whole - past
        return max(ZERO, min(proportion(whole, credited, invoice.totals.net) - past, left))

    withheld_vat = portion(invoice.totals.withheld_vat, before.withheld_vat, gross)
    withheld_fees = portion(invoice.totals.withheld_fees, before.withheld_fees, gross - withheld_vat)
    stamp = _stamp(invoice, before, shares, rounding)
    return Totals(
        lines=listed,
        discount=listed - net,
        net=net,
        vat=shares,
        vat_total=vat,
        rounding=rounding or None,
        gross=gross,
        stamp_duty=stamp,
        withheld_vat=withheld_vat,
        withheld_fees=withheld_fees,
        payable=gross + stamp - withheld_vat - withheld_fees,
    )


def _stamp(invoice: Invoice, before: Balance, shares: Sequence[VatShare], rounding: Decimal) -> Decimal:
    """The stamp duty that the credit takes back: the duty follows what is still settled in cash (CGI art. 252-I-B)."""
    after = with_stamp_duty(invoice, replace(before, vat=_added(before, shares), rounding=before.rounding + rounding))
    return max(ZERO, stamp_duty_of(invoice, before) - stamp_duty_of(invoice, after))


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
        stamp_duty=stamp_duty_of(invoice, before) - totals.stamp_duty
        if invoice.totals.stamp_duty
        else before.stamp_duty,
        discount=before.discount + totals.discount,
        rounding=before.rounding + (totals.rounding or ZERO),
        withheld_vat=before.withheld_vat + totals.withheld_vat,
        withheld_fees=before.withheld_fees + totals.withheld_fees,
    )
