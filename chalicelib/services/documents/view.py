"""A document as printed: every string in the reader's language, ready for any renderer."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.issuing import parties_of
from chalicelib.domain.documents.model import DraftDocument, Issued, Line, Totals
from chalicelib.domain.documents.payment_mode import stated_mode
from chalicelib.domain.documents.registry import Corrected, by_kind, corrected_by
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
from chalicelib.render.labels import labels
from chalicelib.services.documents.party_view import buyer_view, seller_view

Printed = Issued | DraftDocument
_TERMS = {
    "fr": "À régler au plus tard le {day}.",
    "ar": "يؤدى في أجل أقصاه {day}.",
    "en": "To be paid by {day} at the latest.",
}
REFERENCES: tuple[FactKind, ...] = ("order_reference", "buyer_reference")
"""The facts of every kind of document."""
_IN_WORDS = {
    "fr": french_words.amount_in_words,
    "ar": arabic_words.amount_in_words,
    "en": english_words.amount_in_words,
}
HASH_SHOWN = 16
ALWAYS_SHOWN = ("net", "vat_total", "gross", "payable", "credited")
"""Totals that are printed even if they are zero."""


def issued_view(document: Issued, language: Language) -> DocumentView:
    """The view of a frozen document. Payments do not change it."""
    document_type = by_kind(document.KIND)
    facts = (_fact(kind, document, language) for kind in (*document_type.facts, *REFERENCES))
    return DocumentView(
        kind=document_type.kind,
        language=language,
        dated=document.issue_date,
        title=document_type.words.title[language],
        addressee=document_type.words.addressee[language],
        number=document.number,
        marks=("specimen",) if document.specimen else (),
        seller=seller_view(document.seller, language, account=_by_account(document_type, document)),
        buyer=buyer_view(document.buyer, language),
        facts=tuple(fact for fact in facts if fact.value),
        lines=_lines(document_type, document.lines, language),
        totals=tuple(_totals(document_type, document.totals, language)),
        vat=_vat(document.totals, language) if document_type.priced else (),
        amount_in_words=_words(document_type, document.totals, language),
        payment_terms=_terms(document_type, document, language),
        paid_at_once=_at_once(document_type, document),
        mentions=legal_mentions(
            language,
            regime=document.seller.regime,
            reverse_charge=document.reverse_charge,
            exemptions=[line.exemption for line in document.lines],
            terms_law=bound_when_issued(document),
            asks_payment=_asks_payment(document_type),
        )
        + _expected(document, language),
        notes=document.notes or "",
        signature_box=bool(document.seller.signature_box),
        register_hash=document.hash[:HASH_SHOWN] if document_type.registered else "",
    )


def draft_view(draft: DraftDocument, company: Company, party: Party | None, language: Language) -> DocumentView:
    """The view of a draft as if it were frozen today, visibly marked as a draft. `party` may be unknown."""
    document_type = by_kind(draft.KIND)
    seller, buyer = parties_of(document_type, company, party)
    kinds = [kind for kind in document_type.facts if kind not in ("issue_date", "due_date")]
    facts = (_fact(kind, draft, language) for kind in (*kinds, *REFERENCES))
    asks_payment = _asks_payment(document_type)
    return DocumentView(
        kind=document_type.kind,
        language=language,
        dated=today(draft.updated_at),
        title=document_type.words.title[language],
        addressee=document_type.words.addressee[language],
        marks=("draft",),
        seller=seller_view(seller, language, account=_by_account(document_type, draft))
        if seller
        else PartyView(name=""),
        buyer=buyer_view(buyer, language) if buyer else None,
        facts=tuple(fact for fact in facts if fact.value),
        lines=_lines(document_type, draft.lines, language),
        totals=tuple(_totals(document_type, draft.totals, language)),
        vat=_vat(draft.totals, language) if document_type.priced else (),
        amount_in_words=_words(document_type, draft.totals, language),
        payment_terms=_terms(document_type, draft, language),
        paid_at_once=_at_once(document_type, draft),
        mentions=legal_mentions(
            language,
            regime=seller.regime if seller else "standard",
            reverse_charge=draft.reverse_charge,
            exemptions=[line.exemption for line in draft.lines],
            terms_law=bound_by_terms_law(company, party) and stated_mode(draft) != "cash",
            asks_payment=asks_payment,
        )
        + _expected(draft, language),
        notes=draft.notes or "",
        signature_box=bool(seller and seller.signature_box),
    )


def _fact(kind: FactKind, document: Printed, language: Language) -> FactView:
    """A fact of a document or a draft. The kind that it corrects names the label of the corrected number."""
    value = _fact_value(kind, document, language)
    corrected = _corrected(document) if kind == "corrects" else None
    words = corrected.document_type.words.original if corrected else None
    return FactView(kind=kind, value=value, label=words[language] if words else "")


def _fact_value(kind: FactKind, document: Printed, language: Language) -> str:
    """The value of a fact; empty if the document lacks it or it repeats another value. A document in cash has no due
    date."""
    mode, corrected = stated_mode(document), _corrected(document)
    match kind:
        case "issue_date" | "operation_date" | "due_date":
            repeats = kind == "operation_date" and document.operation_date == getattr(document, "issue_date", None)
            hidden = repeats or (kind == "due_date" and mode == "cash")
            return "" if hidden else _day(getattr(document, kind, None), language)
        case "corrects":
            return corrected.number if corrected else ""
        case "corrected_date":
            kind_of = corrected.document_type.kind if corrected else ""
            return _day(getattr(document, f"{kind_of}_date", None), language)
        case "settlement":
            return labels(language)[f"mode.{mode}"] if mode else ""
        case _:
            return getattr(document, kind, None) or ""


def _corrected(document: Printed) -> Corrected | None:
    return corrected_by(document) if isinstance(document, Issued) else None


def _day(day: date | None, language: Language) -> str:
    return formats.long_date(day, language) if day else ""


def _asks_payment(document_type: DocumentType) -> bool:
    """Whether the page asks for money. The page of an imported document is a copy, and part of it may be settled."""
    return document_type.payable == "we_receive" and not document_type.imported


def _by_account(document_type: DocumentType, document: Printed) -> bool:
    """Whether the page states the seller's bank account: the document asks for money, and not in cash."""
    return _asks_payment(document_type) and stated_mode(document) != "cash"


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


def _terms(document_type: DocumentType, document: Printed, language: Language) -> str:
    """The sentence about the day of payment; empty for a document that asks for no money, and for a draft without a
    day."""
    asks = _asks_payment(document_type) and document.due_date
    return _TERMS[language].format(day=_day(document.due_date, language)) if asks else ""


def _at_once(document_type: DocumentType, document: Printed) -> bool:
    return _asks_payment(document_type) and stated_mode(document) == "cash"


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
    """The totals to print. A discount, rounding, stamp duty or withholding of zero is left out."""
    amounts: dict[TotalKind, Decimal] = {
        "lines": totals.lines if totals.discount else ZERO,
        "discount": -totals.discount,
        "net": totals.net,
        "vat_total": totals.vat_total,
        "rounding": totals.rounding or ZERO,
        "gross": totals.gross,
        "stamp_duty": totals.stamp_duty,
        "withheld_vat": -totals.withheld_vat,
        "withheld_fees": -totals.withheld_fees,
        "payable": totals.payable,
        "credited": totals.payable,
    }
    for kind in document_type.totals:
        if amounts[kind] or kind in ALWAYS_SHOWN:
            yield TotalView(kind=kind, amount=formats.money(amounts[kind], language))
