"""A document's totals after EN 16931: each line is rounded once, TVA is calculated once per rate, and all sums are
exact.

TVA is never calculated per line: its roundings would differ from the TVA of the sum, which the administration checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.documents.prices_with_tax import GroupKey, TaxedGroup, allowed_tax, reaching
from chalicelib.domain.money import EXACT, MAX_AMOUNT, ZERO, cents, percentage, plain, share, total
from chalicelib.domain.morocco.withholding import NatureShare

HUNDRED = Decimal(100)


class TotalsError(ValueError):
    """Amounts that a document cannot have. `code` is stable; `pointer` is the JSON pointer to the wrong value.

    Codes: `negative_quantity`, `negative_unit_price`, `negative_vat_rate`, `negative_discount`, `discount_ambiguous`,
    `discount_too_large`, `amount_too_large`.
    """

    def __init__(self, code: str, pointer: str) -> None:
        super().__init__(f"{code} at {pointer or '/'}")
        self.code = code
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class LineInput:
    """A line as entered: `unit_price` in dirhams before TVA, `vat_rate` and `discount_percent` in percent,
    `discount_amount` in dirhams off the whole line. At most one of the two discounts.

    With `with_tax`, price and discount amount include TVA.
    """

    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal | None
    discount_amount: Decimal | None
    vat_rate: Decimal
    exemption: str | None = None
    nature: str = "goods"
    with_tax: bool = False


@dataclass(frozen=True, slots=True)
class VatAmount:
    """TVA of one rate and exemption article: `base` after discounts and `amount`, in dirhams; `rate` in percent."""

    rate: Decimal
    exemption: str | None
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CalculatedTotals:
    """All in dirhams, whole centimes: `net` = `line_total` − `discount`, `gross` = `net` + `vat_total` + `rounding`.
    The rounding is 0 unless the written prices with tax are reached in no other way (BT-114).

    `vat` is sorted by rate, highest first, then by exemption; `natures` by name. Both add up to `net` and `vat_total`.
    """

    line_nets: tuple[Decimal, ...]
    line_total: Decimal
    discount: Decimal
    net: Decimal
    vat: tuple[VatAmount, ...]
    vat_total: Decimal
    rounding: Decimal
    gross: Decimal
    natures: tuple[NatureShare, ...]


def reduction(base: Decimal, percent: Decimal | None, amount: Decimal | None, pointer: str) -> Decimal:
    """The reduction of `base` by a discount, unrounded. Raises TotalsError if it is negative, double, or above the
    base."""
    if percent is not None and amount is not None:
        raise TotalsError("discount_ambiguous", pointer)
    if percent is not None:
        if percent < 0:
            raise TotalsError("negative_discount", f"{pointer}/percent")
        if percent > HUNDRED:
            raise TotalsError("discount_too_large", f"{pointer}/percent")
        return percentage(base, percent)
    if amount is None:
        return ZERO
    if amount < 0:
        raise TotalsError("negative_discount", f"{pointer}/amount")
    if amount > base:
        raise TotalsError("discount_too_large", f"{pointer}/amount")
    return amount


def line_net(line: LineInput, pointer: str = "") -> Decimal:
    """quantity × unit price − discount, rounded half up to the centime once; for a line priced with tax, its total with
    tax. TotalsError names the fault."""
    if line.quantity < 0:
        raise TotalsError("negative_quantity", f"{pointer}/quantity")
    if line.unit_price < 0:
        raise TotalsError("negative_unit_price", f"{pointer}/unit_price")
    if line.vat_rate < 0:
        raise TotalsError("negative_vat_rate", f"{pointer}/vat_rate")
    gross = EXACT.multiply(line.quantity, line.unit_price)
    off = reduction(gross, line.discount_percent, line.discount_amount, f"{pointer}/discount")
    net = EXACT.subtract(gross, off)
    if net > MAX_AMOUNT:
        raise TotalsError("amount_too_large", pointer)
    return cents(net)


def net_of_tax(
    lines: Sequence[LineInput], written: Sequence[Decimal]
) -> tuple[tuple[Decimal, ...], dict[GroupKey, TaxedGroup]]:
    """The net of each line, and the groups that hold lines priced with tax. The nets of a group's lines with tax add up
    to the net of their total."""
    places: dict[GroupKey, list[int]] = {}
    for index, line in enumerate(lines):
        if line.with_tax:
            places.setdefault(_key(line), []).append(index)
    nets, taxed = list(written), dict[GroupKey, TaxedGroup]()
    for key, indexes in places.items():
        gross = total([written[index] for index in indexes])
        others = total([nets[i] for i, line in enumerate(lines) if _key(line) == key and not line.with_tax])
        taxed[key] = TaxedGroup.of(key[0], gross, others)
        parts = share(taxed[key].net, [written[index] for index in indexes])
        for index, part in zip(indexes, parts, strict=True):
            nets[index] = part
    return tuple(nets), taxed


def _key(line: LineInput) -> GroupKey:
    return (line.vat_rate, line.exemption or "")


def _grouped(lines: Sequence[LineInput], nets: Sequence[Decimal]) -> dict[GroupKey, dict[str, Decimal]]:
    """Nets by (rate, exemption), then by nature, in the order of reports and proration. The order depends on the groups
    and not on the lines, so that moving a line cannot move a centime."""
    groups: dict[GroupKey, dict[str, Decimal]] = {}
    for line, net in zip(lines, nets, strict=True):
        natures = groups.setdefault((line.vat_rate, line.exemption or ""), {})
        natures[line.nature] = EXACT.add(natures.get(line.nature, ZERO), net)
    by_exemption = sorted(groups, key=lambda key: key[1])
    ordered = sorted(by_exemption, key=lambda key: key[0], reverse=True)
    return {key: dict(sorted(groups[key].items())) for key in ordered}


def totals(
    lines: Sequence[LineInput],
    discount_percent: Decimal | None = None,
    discount_amount: Decimal | None = None,
) -> CalculatedTotals:
    """The totals of a document; no lines give zeros. TotalsError points at the line or the discount at fault.

    The document's discount is fixed once (a percentage of the sum of the lines, or an amount) and spread over the
    (rate, exemption) groups to the centime; each group's TVA is then computed once.
    """
    written = tuple(line_net(line, f"/lines/{index}") for index, line in enumerate(lines))
    nets, taxed = net_of_tax(lines, written)
    line_total = total(nets)
    discount = cents(reduction(line_total, discount_percent, discount_amount, "/discount"))
    groups = _grouped(lines, nets)
    sums = [total(list(natures.values())) for natures in groups.values()]
    bases = [EXACT.subtract(before, off) for before, off in zip(sums, share(discount, sums), strict=True)]
    amounts = [
        taxed[key].vat(base) if key in taxed else cents(percentage(base, key[0]))
        for key, base in zip(groups, bases, strict=True)
    ]
    net, rounding = EXACT.subtract(line_total, discount), ZERO
    if discount_percent is not None and lines and all(line.with_tax for line in lines):
        whole = total(written)
        sought = EXACT.subtract(EXACT.subtract(whole, cents(percentage(whole, discount_percent))), net)
        ranges = (allowed_tax(base, key[0]) for key, base in zip(groups, bases, strict=True))
        amounts, rounding = reaching(sought, zip(amounts, ranges, strict=True))
    vat = tuple(
        VatAmount(plain(key[0]), key[1] or None, base, amount)
        for key, base, amount in zip(groups, bases, amounts, strict=True)
    )
    vat_total = total(amounts)
    gross = total([net, vat_total, rounding])
    if gross > MAX_AMOUNT:
        raise TotalsError("amount_too_large", "/lines")
    natures = _natures(list(groups.values()), vat)
    return CalculatedTotals(nets, line_total, discount, net, vat, vat_total, rounding, gross, natures)


def _natures(groups: Sequence[dict[str, Decimal]], vat: Sequence[VatAmount]) -> tuple[NatureShare, ...]:
    """Net and TVA by nature, sorted by name: the base and the TVA of each rate in proportion to the nets."""
    by_nature: dict[str, NatureShare] = {}
    for natures, part in zip(groups, vat, strict=True):
        weights = list(natures.values())
        for nature, net, tax in zip(natures, share(part.base, weights), share(part.amount, weights), strict=True):
            known = by_nature.get(nature, NatureShare(nature, ZERO, ZERO))
            by_nature[nature] = NatureShare(nature, EXACT.add(known.net, net), EXACT.add(known.vat, tax))
    return tuple(by_nature[nature] for nature in sorted(by_nature))
