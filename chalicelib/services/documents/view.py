"""A document as printed: every string in the reader's language, ready for any renderer."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Address, Company
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.issuing import parties_of
from chalicelib.domain.documents.model import Buyer, DraftDocument, Issued, Line, Seller, Totals
from chalicelib.domain.documents.registry import by_kind, corrected_by
from chalicelib.domain.documents.terms import bound_by_terms_law, bound_when_issued
from chalicelib.domain.documents.view import (
    DocumentView,
    FactKind,
    FactView,
    LineView,
    PartyView,
    TotalKind,
    TotalView,
    VatView,
)
from chalicelib.domain.language import Language
from chalicelib.domain.money import ZERO
from chalicelib.domain.morocco.mentions import expected_withholding, legal_mentions
from chalicelib.domain.words import arabic_words, english_words, french_words
from chalicelib.render import formats

_TERMS = {
    "fr": "À régler au plus tard le {day}.",
    "ar": "يؤدى في أجل أقصاه {day}.",
    "en": "To be paid by {day} at the latest.",
}
_CASH = {"fr": "Espèces", "ar": "نقدا", "en": "Cash"}
_IN_WORDS = {
    "fr": french_words.amount_in_words,
    "ar": arabic_words.amount_in_words,
    "en": english_words.amount_in_words,
}
HASH_SHOWN = 16
ALWAYS_SHOWN = ("net", "vat_total", "gross", "payable")
"""Totals that are printed even if they are zero."""


def issued_view(document: Issued, language: Language) -> DocumentView:
    """The view of a frozen document. Payments do not change it."""
    document_type = by_kind(document.KIND)
    facts = (_fact(kind, document, language) for kind in document_type.facts)
    return DocumentView(
        kind=document_type.kind,
        language=language,
        dated=document.issue_date,
        title=document_type.words.title[language],
        addressee=document_type.words.addressee[language],
        number=document.number,
        marks=("specimen",) if document.specimen else (),
        seller=_seller(document.seller, language),
        buyer=_buyer(document.buyer, language),
        facts=tuple(fact for fact in facts if fact.value),
        lines=_lines(document_type, document.lines, language),
        totals=tuple(_totals(document_type, document.totals, language)),
        vat=_vat(document.totals, language) if document_type.priced else (),
        amount_in_words=_words(document_type, document.totals, language),
        payment_terms=_terms(document.due_date, language) if document_type.payable == "we_receive" else "",
        mentions=legal_mentions(
            language,
            regime=document.seller.regime,
            reverse_charge=document.reverse_charge,
            exemptions=[line.exemption for line in document.lines],
            terms_law=bound_when_issued(document),
            asks_payment=document_type.payable == "we_receive",
        )
        + _expected(document, language),
        notes=document.notes or "",
        register_hash=document.hash[:HASH_SHOWN] if document_type.registered else "",
    )


def draft_view(draft: DraftDocument, company: Company, party: Party | None, language: Language) -> DocumentView:
    """The view of a draft as if it were frozen today, visibly marked as a draft. `party` may be unknown."""
    document_type = by_kind(draft.KIND)
    seller, buyer = parties_of(document_type, company, party)
    facts = []
    if draft.operation_date and "operation_date" in document_type.facts:
        facts.append(FactView(kind="operation_date", value=formats.long_date(draft.operation_date, language)))
    asks_payment = document_type.payable == "we_receive"
    return DocumentView(
        kind=document_type.kind,
        language=language,
        dated=today(draft.updated_at),
        title=document_type.words.title[language],
        addressee=document_type.words.addressee[language],
        marks=("draft",),
        seller=_seller(seller, language) if seller else PartyView(name=""),
        buyer=_buyer(buyer, language) if buyer else None,
        facts=tuple(facts),
        lines=_lines(document_type, draft.lines, language),
        totals=tuple(_totals(document_type, draft.totals, language)),
        vat=_vat(draft.totals, language) if document_type.priced else (),
        amount_in_words=_words(document_type, draft.totals, language),
        payment_terms=_terms(draft.due_date, language) if draft.due_date and asks_payment else "",
        mentions=legal_mentions(
            language,
            regime=seller.regime if seller else "standard",
            reverse_charge=draft.reverse_charge,
            exemptions=[line.exemption for line in draft.lines],
            terms_law=bound_by_terms_law(company, party),
            asks_payment=asks_payment,
        )
        + _expected(draft, language),
        notes=draft.notes or "",
    )


def _fact(kind: FactKind, document: Issued, language: Language) -> FactView:
    """A fact of a frozen document. The kind that it corrects names the label of the corrected number."""
    value = _fact_value(kind, document, language)
    corrected = corrected_by(document) if kind == "corrects" else None
    words = corrected.document_type.words.original if corrected else None
    return FactView(kind=kind, value=value, label=words[language] if words else "")


def _fact_value(kind: FactKind, document: Issued, language: Language) -> str:
    """The value of a fact; empty if the document lacks it or it repeats another value."""
    match kind:
        case "operation_date" if document.operation_date == document.issue_date:
            return ""
        case "issue_date" | "operation_date" | "due_date":
            day: date | None = getattr(document, kind, None)
            return formats.long_date(day, language) if day else ""
        case "corrects":
            corrected = corrected_by(document)
            return corrected.number if corrected else ""
        case "settlement":
            return _CASH[language] if document.settlement == "cash" else ""
        case _:
            return getattr(document, kind, None) or ""


def _words(document_type: DocumentType, totals: Totals, language: Language) -> str:
    """The closing sentence with the document's amount in words."""
    if document_type.words.closing is None:
        return ""
    return document_type.words.closing[language].format(words=_IN_WORDS[language](totals.payable))


def _expected(document: DraftDocument | Issued, language: Language) -> tuple[str, ...]:
    """The note about the withholding that the buyer is expected to make; nothing without one."""
    found = document.expected_withholding
    if found is None:
        return ()
    amounts = {"vat": found.vat, "fees": found.fees}
    printed = {name: formats.money(amount, language) for name, amount in amounts.items() if amount}
    return (expected_withholding(language, printed),)


def _terms(due: date, language: Language) -> str:
    return _TERMS[language].format(day=formats.long_date(due, language))


def _address(address: Address, language: Language) -> tuple[str, ...]:
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    return tuple(part for part in (address.street, town, formats.country(address.country, language)) if part)


def _seller(seller: Seller, language: Language) -> PartyView:
    capital = formats.share_capital(seller.share_capital, language) if seller.share_capital is not None else ""
    return PartyView(
        name=seller.name,
        legal_form=seller.legal_form or "",
        address=_address(seller.address, language),
        ice=seller.ice or "",
        tax_id=seller.tax_id or "",
        trade_register=seller.trade_register or "",
        business_tax=seller.business_tax or "",
        cnss=seller.cnss or "",
        share_capital=capital,
        rib=formats.grouped_rib(seller.rib) if seller.rib else "",
        phone=seller.phone or "",
        email=seller.email or "",
    )


def _buyer(buyer: Buyer, language: Language) -> PartyView:
    return PartyView(
        name=buyer.name,
        address=_address(buyer.address, language),
        ice=buyer.ice or "",
        tax_id=buyer.tax_id or "",
        trade_register=buyer.trade_register or "",
        phone=buyer.phone or "",
        email=buyer.email or "",
    )


def _lines(document_type: DocumentType, lines: tuple[Line, ...], language: Language) -> tuple[LineView, ...]:
    view = _priced if document_type.priced else _unpriced
    return tuple(view(number, line, language) for number, line in enumerate(lines, 1))


def _priced(number: int, line: Line, language: Language) -> LineView:
    return LineView(
        position=str(number),
        description=line.description,
        quantity=formats.number(line.quantity, language),
        unit=line.unit or "",
        unit_price=formats.unit_price(line.unit_price, language),
        discount=_discount(line, language),
        rate=formats.percent(line.vat_rate, language),
        net=formats.amount(line.net, language) if line.net is not None else "",
    )


def _unpriced(number: int, line: Line, language: Language) -> LineView:
    quantity = formats.number(line.quantity, language)
    return LineView(position=str(number), description=line.description, quantity=quantity, unit=line.unit or "")


def _discount(line: Line, language: Language) -> str:
    if line.discount is None:
        return ""
    if line.discount.percent is not None:
        return formats.percent(line.discount.percent, language)
    return formats.amount(line.discount.amount, language) if line.discount.amount is not None else ""


def _vat(totals: Totals, language: Language) -> tuple[VatView, ...]:
    return tuple(
        VatView(
            rate=f"{formats.percent(share.rate, language)}",
            base=formats.amount(share.base, language),
            amount=formats.amount(share.amount, language),
            exemption=share.exemption or "",
        )
        for share in totals.vat
    )


def _totals(document_type: DocumentType, totals: Totals, language: Language) -> Iterator[TotalView]:
    """The totals to print. A discount, stamp duty or withholding of zero is left out."""
    amounts: dict[TotalKind, Decimal] = {
        "lines": totals.lines if totals.discount else ZERO,
        "discount": -totals.discount,
        "net": totals.net,
        "vat_total": totals.vat_total,
        "gross": totals.gross,
        "stamp_duty": totals.stamp_duty,
        "withheld_vat": -totals.withheld_vat,
        "withheld_fees": -totals.withheld_fees,
        "payable": totals.payable,
    }
    for kind in document_type.totals:
        if amounts[kind] or kind in ALWAYS_SHOWN:
            yield TotalView(kind=kind, amount=formats.money(amounts[kind], language))
