"""The remainder of an invoice that can still be credited, and the share of it that a quantity or an amount takes.

A line's remainder is its net amount, before TVA and before the document's discount. A quantity takes its share of what
the last credit by amount left. Without such a credit, this is its share of the line's net.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from chalicelib.domain.documents.balance import Balance, CreditedLine
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Line, VatShare
from chalicelib.domain.errors import invalid
from chalicelib.domain.money import EXACT, ZERO, amount_text, cents, share, total

RateAndExemption = tuple[Decimal, str | None]
CreditedLines = dict[int, CreditedLine]
"""The credited share of each line, by the line's number (from 1)."""


def credited_lines(invoice: Invoice, balance: Balance) -> CreditedLines:
    """The credited share of every line of the invoice."""
    known = {part.line: part for part in balance.lines}
    return {
        number: known.get(number, CreditedLine(line=number, quantity=Decimal(0), net=ZERO))
        for number in range(1, len(invoice.lines) + 1)
    }


def net_of(line: Line) -> Decimal:
    """The net amount of an issued line."""
    return line.net if line.net is not None else ZERO


def group_of(part: Line | VatShare) -> RateAndExemption:
    """The group of TVA: the rate and the exemption."""
    return (part.vat_rate if isinstance(part, Line) else part.rate, part.exemption)


def proportion(whole: Decimal, of: Decimal, out_of: Decimal) -> Decimal:
    """`whole` × `of` ÷ `out_of`, rounded once; 0 out of nothing."""
    return cents(EXACT.divide(EXACT.multiply(whole, of), out_of)) if out_of else ZERO


def with_quantity(line: Line, credited: CreditedLine, quantity: Decimal) -> CreditedLine:
    """The credited share of a line after a credit of `quantity`, which is at most the quantity left."""
    since, since_net = credited.since_quantity or Decimal(0), credited.since_net or ZERO
    now = credited.quantity + quantity
    net = since_net + proportion(net_of(line) - since_net, now - since, line.quantity - since)
    return replace(credited, quantity=now, net=net)


def with_amount(line: Line, credited: CreditedLine, amount: Decimal) -> CreditedLine:
    """The credited share of a line after a credit of `amount`, which is at most the net left."""
    net = credited.net + amount
    quantity = line.quantity if net == net_of(line) else credited.quantity
    return replace(credited, quantity=quantity, net=net, since_quantity=quantity, since_net=net)


def over_document(
    invoice: Invoice, balance: Balance, amount: Decimal
) -> tuple[dict[RateAndExemption, Decimal], CreditedLines]:
    """Spread an amount over the TVA groups, in proportion to what is left of the base of each. Return the amount of
    each group, and the credited lines after it. Raises InvalidContent above what is left.

    The amount is after the document's discount. An amount that takes all that is left completes every line.
    """
    past = {group_of(each): each.base for each in balance.vat}
    left = {group_of(each): each.base - past.get(group_of(each), ZERO) for each in invoice.totals.vat}
    if amount > (most := total(list(left.values()))):
        raise invalid("/amount", "credit_amount_above_remaining", remaining=amount_text(most))
    parts = zip(left, share(amount, list(left.values())), strict=True)
    amounts = {group: part for group, part in parts if part}
    done = credited_lines(invoice, balance)
    lines = dict(enumerate(invoice.lines, 1))
    if amount == most:
        done = {n: replace(done[n], quantity=line.quantity, net=net_of(line)) for n, line in lines.items()}
        return amounts, done
    for each in invoice.totals.vat:
        if part := amounts.get(group_of(each)):
            group = {n: line for n, line in lines.items() if group_of(line) == group_of(each)}
            done |= _over_group(group, done, past.get(group_of(each), ZERO) + part, each.base)
    return amounts, done


def _over_group(lines: Mapping[int, Line], done: CreditedLines, credited: Decimal, base: Decimal) -> CreditedLines:
    """The lines of a TVA group after a credit over the document, which has credited `credited` of the group's `base`.
    The lines take their sum in proportion to what is left of each.

    The base is at most the sum of the lines. So `credited` follows from the rounded sum again, to the centime.
    """
    whole = total([net_of(line) for line in lines.values()])
    before = total([done[n].net for n in lines])
    left = [net_of(line) - done[n].net for n, line in lines.items()]
    parts = share(proportion(whole, credited, base) - before, left)
    return {n: with_amount(lines[n], done[n], part) for n, part in zip(lines, parts, strict=True) if part}
