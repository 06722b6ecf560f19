"""The values of an e-invoice by the terms of EN 16931 (BT-1 …), calculated once for both syntaxes.

docs/adr/0027-ubl.md decides what the standard has no term for: stamp duty, withholding, and the scheme of the ICE. A
seller without any identifier still gets a file. It violates BR-CO-26, as its paper violates CGI art. 145-III.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from chalicelib.domain.companies.company import Address, VatBasis
from chalicelib.domain.documents.model import Issued, Line, Seller
from chalicelib.domain.documents.registry import by_kind, corrected_by
from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.language import Language
from chalicelib.domain.money import EXACT, ZERO, cents
from chalicelib.domain.morocco.mentions import NO_VAT, Translations
from chalicelib.domain.morocco.vat import exemption_wording
from chalicelib.render.einvoice_payment import PaymentMeans, means_of
from chalicelib.render.einvoice_vat import VatBreakdown, category_of, groups_of
from chalicelib.render.labels import labels
from chalicelib.render.units import PIECES, unit_code

SPECIFICATION: Final = "urn:cen.eu:en16931:2017"
"""BT-24, the same in both syntaxes."""
E_MAIL: Final = "EM"
"""The scheme of an electronic address that is an e-mail address (EAS)."""
DISCOUNT: Final = "95"
"""UNTDID 5189: the code of a reduction's reason."""
_ROUNDING: Translations = {"fr": "Arrondi", "ar": "تقريب", "en": "Rounding"}
_UNIT: Translations = {"fr": "Unité", "ar": "الوحدة", "en": "Unit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeParty:
    """The seller (BG-4) or the buyer (BG-7).

    `identifier` is the ICE. `registration` is a tax registration with its scheme ("IF"): BT-32 of the seller. The
    standard has no such term for the buyer. `electronic` is the seller's electronic address (BT-34), an e-mail address.
    """

    name: str
    address: Address
    identifier: str | None
    legal_number: str | None
    legal_form: str | None = None
    registration: tuple[str, str] | None = None
    electronic: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A reduction of `off` dirhams, or a charge when `off` is negative. A percentage has the base that it reduces. The
    category and rate are those of a document's allowance."""

    off: Decimal
    reason: str
    percent: Decimal | None = None
    base: Decimal = ZERO
    category: str = ""
    rate: Decimal = ZERO

    @property
    def charge(self) -> bool:
        """Whether it is a charge."""
        return self.off <= 0

    @property
    def code(self) -> str | None:
        """UNTDID 5189 of the reason of a reduction."""
        return None if self.charge else DISCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class EInvoiceLine:
    """One line (BG-25). `unit_name` is the label and the word of a unit that has no code."""

    number: int
    note: str | None
    quantity: Decimal
    unit: str
    net: Decimal
    allowance: Allowance | None
    name: str
    description: str | None
    category: str
    rate: Decimal
    unit_name: tuple[str, str] | None
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EInvoice:
    """The values of one document, each amount in `currency`. `original` is the number and the day of the document that
    a credit note corrects; the day is unknown for credit notes of an earlier version."""

    number: str
    type_code: str | None
    credit_note: bool
    issued: date
    due: date | None
    delivered: date | None
    notes: tuple[str, ...]
    currency: str
    vat_due: VatBasis | None
    """BT-8: whether TVA is due when money is received, or at the invoice. None if the document does not state it."""
    buyer_reference: str | None
    order_reference: str | None
    original: tuple[str, date | None] | None
    seller: TradeParty
    buyer: TradeParty
    means: PaymentMeans | None
    terms: str | None
    groups: tuple[VatBreakdown, ...]
    allowances: tuple[Allowance, ...]
    lines: tuple[EInvoiceLine, ...]
    line_total: Decimal
    allowance_total: Decimal
    charge_total: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal
    prepaid: Decimal
    rounding: Decimal
    payable: Decimal


def code_of(document: Issued) -> str | None:
    """The type code (UNTDID 1001). A credit note has the one that the kind which it corrects gives to its credits."""
    corrected = corrected_by(document)
    return corrected.document_type.credit_code if corrected else by_kind(document.KIND).code


def values_of(document: Issued, view: DocumentView) -> EInvoice:
    """Return the values. `view` is the document's view in its own language, and its sentences become notes."""
    totals, corrected = document.totals, corrected_by(document)
    asks_later = corrected is None and not _paid_at_once(document, view)
    groups = tuple(groups_of(document))
    return EInvoice(
        number=document.number,
        type_code=code_of(document),
        credit_note=corrected is not None,
        issued=document.issue_date,
        due=document.due_date if asks_later else None,
        delivered=None if corrected and corrected.day is None else document.operation_date,
        notes=tuple(note for note in _notes(document, view) if note),
        currency=document.currency,
        vat_due=None if document.seller.regime in NO_VAT else document.vat_basis,
        buyer_reference=document.buyer_reference,
        order_reference=document.order_reference,
        original=(corrected.number, corrected.day) if corrected else None,
        seller=_seller(document.seller, view),
        buyer=_buyer(document),
        means=means_of(document, asks=corrected is None),
        terms=_terms(document, view),
        groups=groups,
        allowances=tuple(_allowances(document, groups)),
        lines=tuple(_line(document, number, line) for number, line in enumerate(document.lines, 1)),
        line_total=totals.lines,
        allowance_total=totals.discount,
        charge_total=totals.stamp_duty,
        net=totals.net + totals.stamp_duty,
        vat=totals.vat_total,
        gross=totals.net + totals.vat_total + totals.stamp_duty,
        prepaid=totals.withheld,
        rounding=totals.rounding or ZERO,
        payable=totals.payable,
    )


def _notes(document: Issued, view: DocumentView) -> Iterator[str]:
    words = labels(document.language)
    yield from (words[f"mark.{mark}.long"] for mark in view.marks)
    yield from view.mentions
    for row in view.totals:
        if row.kind in ("withheld_vat", "withheld_fees"):
            yield f"{words[f'total.{row.kind}']} : {row.amount}"
    yield view.amount_in_words
    for fact in view.facts:
        if fact.kind == "reason":
            yield f"{words['fact.reason']} : {fact.value}"
    yield document.notes or ""


def _terms(document: Issued, view: DocumentView) -> str | None:
    """BT-20, which an e-invoice without a due date needs (BR-CO-25). A credit note is set off or refunded: it asks for
    no payment."""
    if corrected := corrected_by(document):
        words = corrected.document_type.words.set_off
        return words[document.language] if words else None
    return labels(document.language)["terms.cash"] if _paid_at_once(document, view) else view.payment_terms


def _paid_at_once(document: Issued, view: DocumentView) -> bool:
    """Whether the document is paid in cash at once, without a due date, as its page says. The first edition stated a
    due date all the same."""
    return view.paid_at_once and document.einvoice_edition is not None


def _seller(seller: Seller, view: DocumentView) -> TradeParty:
    known = {"IF": seller.tax_id, "ICE": seller.ice, "TP": seller.business_tax, "RC": seller.trade_register}
    registered = next(((name, number) for name, number in known.items() if number), None)
    return TradeParty(
        name=seller.name,
        address=seller.address,
        identifier=seller.ice,
        legal_number=seller.ice or seller.trade_register or (registered[1] if registered else None),
        legal_form=_legal_form(view),
        registration=registered,
        electronic=seller.electronic_address,
        phone=seller.phone,
        email=seller.email,
    )


def _legal_form(view: DocumentView) -> str:
    """Return what the law requires of the seller besides name and tax number (BT-33): law 104-12 art. 58 and CGI art.
    145-III."""
    seller, words = view.seller, labels(view.language)
    names = ("share_capital", "trade_register", "business_tax", "cnss")
    identifiers = [f"{words[name]} {value}" for name in names if (value := getattr(seller, name))]
    return " – ".join([part for part in (seller.legal_form,) if part] + identifiers)


def _buyer(document: Issued) -> TradeParty:
    buyer, known = document.buyer, document.einvoice_edition is not None
    return TradeParty(
        name=buyer.name,
        address=buyer.address,
        identifier=buyer.ice,
        legal_number=buyer.ice or buyer.trade_register or buyer.tax_id,
        registration=("IF", buyer.tax_id) if buyer.tax_id and known else None,
        phone=buyer.phone,
        email=buyer.email,
    )


def _allowances(document: Issued, groups: tuple[VatBreakdown, ...]) -> Iterator[Allowance]:
    """Yield each group's part of the document's discount, and the stamp duty, which is a charge in EN 16931."""
    words = labels(document.language)
    percent = document.discount.percent if document.discount else None
    for group in groups:
        category, rate = group.category, group.rate
        if group.reduction:
            yield Allowance(
                off=group.reduction,
                reason=words["total.discount"],
                percent=percent,
                base=group.lines,
                category=category,
                rate=rate,
            )
        if group.stamp:
            yield Allowance(off=-group.stamp, reason=words["total.stamp_duty"], category=category, rate=rate)


def _line(document: Issued, number: int, line: Line) -> EInvoiceLine:
    language = document.language
    category, net = category_of(document, line.exemption), line.net or ZERO
    code = unit_code(line.unit, first_edition=document.einvoice_edition is None)
    name = line.description.partition("\n")[0].strip() or line.description
    return EInvoiceLine(
        number=number,
        note=exemption_wording(line.exemption or "", language) if category == "E" else None,
        quantity=line.quantity,
        unit=code or PIECES,
        net=net,
        allowance=_line_allowance(line, net, language),
        name=name,
        description=line.description if name != line.description else None,
        category=category,
        rate=line.vat_rate,
        unit_name=None if code or not line.unit else (_UNIT[language], line.unit),
        price=line.unit_price,
    )


def _line_allowance(line: Line, net: Decimal, language: Language) -> Allowance | None:
    """Return the list price less the net: the line's discount, or a charge where a credit note gains a centime."""
    listed = cents(EXACT.multiply(line.quantity, line.unit_price))
    if listed == net:
        return None
    percent = line.discount.percent if line.discount and listed > net else None
    reason = labels(language)["column.discount"] if listed > net else _ROUNDING[language]
    return Allowance(off=listed - net, reason=reason, percent=percent, base=listed)
