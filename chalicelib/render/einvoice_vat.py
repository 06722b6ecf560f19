"""The VAT breakdown of an e-invoice: the category of each line, and one group per category and rate."""

from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.domain.documents.model import Issued
from chalicelib.domain.money import ZERO
from chalicelib.domain.morocco.mentions import NO_VAT, REVERSE_CHARGE, Translations
from chalicelib.domain.morocco.vat import exemption_wording

_STAMP: Translations = {
    "fr": "Droit de timbre sur l'encaissement en espèces (CGI art. 252), hors du champ de la TVA",
    "ar": "رسم التنبر على الأداء نقدا (المادة 252 من المدونة العامة للضرائب)، خارج نطاق الضريبة على القيمة المضافة",
    "en": "Stamp duty on settlement in cash (CGI art. 252), outside the scope of VAT",
}


@dataclass
class VatBreakdown:
    """One VAT category and rate (BG-23), in dirhams: `lines` − discounts + `stamp` = `base`.

    EN 16931 wants one group for all exempt lines, so several articles share a group with all their reasons.
    """

    category: str
    rate: Decimal
    lines: Decimal = ZERO
    base: Decimal = ZERO
    tax: Decimal = ZERO
    stamp: Decimal = ZERO
    reasons: list[str] = field(default_factory=list)

    @property
    def reduction(self) -> Decimal:
        """The group's part of the document's discount."""
        return self.lines + self.stamp - self.base


def category_of(document: Issued, exemption: str | None) -> str:
    """Return the VAT category (UNTDID 5305). A seller outside TVA has no other category, and an exempt sale is never
    reversed."""
    if document.seller.regime in NO_VAT:
        return "O"
    if exemption:
        return "E"
    return "AE" if document.reverse_charge else "S"


def groups_of(document: Issued) -> list[VatBreakdown]:
    """Return the groups in the order of the document's totals. The stamp duty is part of the group without TVA."""
    language = document.language
    groups: dict[tuple[str, Decimal], VatBreakdown] = {}

    def group(category: str, rate: Decimal) -> VatBreakdown:
        return groups.setdefault((category, rate), VatBreakdown(category, rate))

    for share in document.totals.vat:
        found = group(category_of(document, share.exemption), share.rate)
        found.base += share.base
        found.tax += share.amount
        if found.category == "E":
            found.reasons.append(exemption_wording(share.exemption or "", language))
        elif found.category == "AE":
            found.reasons.append(REVERSE_CHARGE[language])
        elif found.category == "O":
            found.reasons.append(NO_VAT[document.seller.regime][language])
    for line in document.lines:
        group(category_of(document, line.exemption), line.vat_rate).lines += line.net or ZERO
    if stamp := document.totals.stamp_duty:
        found = group("O" if document.seller.regime in NO_VAT else "E", ZERO)
        found.stamp = stamp
        found.base += stamp
        found.reasons.append(_STAMP[language])
    return list(groups.values())
