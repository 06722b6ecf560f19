"""A document as it is printed: every string in the reader's language, ready for any renderer."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from chalicelib.domain.clock import today
from chalicelib.domain.company import Address, Company
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Draft
from chalicelib.domain.documents.issuing import buyer_of, seller_of
from chalicelib.domain.documents.model import Buyer, Issued, Language, Line, Seller, Totals
from chalicelib.domain.documents.view import (
    DocumentView,
    FactView,
    Kind,
    LineView,
    PartyView,
    TotalKind,
    TotalView,
    VatView,
)
from chalicelib.domain.morocco.mentions import closing, legal_mentions
from chalicelib.domain.party import Customer
from chalicelib.domain.words_ar import amount_in_words as arabic
from chalicelib.domain.words_fr import amount_in_words as french
from chalicelib.render import formats

_TERMS = {
    "fr": "À régler au plus tard le {day}.",
    "ar": "يؤدى في أجل أقصاه {day}.",
    "en": "To be paid by {day} at the latest.",
}
_CASH = {"fr": "Espèces", "ar": "نقدا", "en": "Cash"}
HASH_SHOWN = 16


def issued_view(document: Issued, language: Language) -> DocumentView:
    """An issued document. Payments do not change it: what is printed is what was issued."""
    kind: Kind = "credit_note" if isinstance(document, CreditNote) else "invoice"
    facts = [FactView(kind="issue_date", value=formats.long_date(document.issue_date, language))]
    if document.operation_date != document.issue_date:
        facts.append(FactView(kind="operation_date", value=formats.long_date(document.operation_date, language)))
    if isinstance(document, CreditNote):
        facts.append(FactView(kind="corrects", value=document.invoice_number))
        if document.reason:
            facts.append(FactView(kind="reason", value=document.reason))
    else:
        facts.append(FactView(kind="due_date", value=formats.long_date(document.due_date, language)))
    if document.settlement == "cash":
        facts.append(FactView(kind="settlement", value=_CASH[language]))
    return DocumentView(
        kind=kind,
        language=language,
        dated=document.issue_date,
        number=document.number,
        marks=("specimen",) if document.specimen else (),
        seller=_seller(document.seller, language),
        buyer=_buyer(document.buyer, language),
        facts=tuple(facts),
        lines=_lines(document.lines, language),
        totals=tuple(_totals(document.totals, language)),
        vat=_vat(document.totals, language),
        amount_in_words=_words(kind, document.totals, language),
        payment_terms=_terms(document.due_date, language) if kind == "invoice" else "",
        mentions=_mentions(document, kind, language),
        notes=document.notes or "",
        register_hash=document.hash[:HASH_SHOWN],
    )


def draft_view(draft: Draft, company: Company, customer: Customer | None, language: Language) -> DocumentView:
    """A draft as it would be issued today, visibly a draft."""
    facts = []
    if draft.operation_date:
        facts.append(FactView(kind="operation_date", value=formats.long_date(draft.operation_date, language)))
    exemptions = [line.exemption for line in draft.lines]
    return DocumentView(
        kind="invoice",
        language=language,
        dated=today(draft.updated_at),
        marks=("draft",),
        seller=_seller(seller_of(company), language),
        buyer=_buyer(buyer_of(customer), language) if customer else None,
        facts=tuple(facts),
        lines=_lines(draft.lines, language),
        totals=tuple(_totals(draft.totals, language)),
        vat=_vat(draft.totals, language),
        amount_in_words=_words("invoice", draft.totals, language),
        payment_terms=_terms(draft.due_date, language) if draft.due_date else "",
        mentions=legal_mentions(
            language,
            regime=company.regime,
            reverse_charge=draft.reverse_charge,
            exemptions=exemptions,
            professional_buyer=customer is None or customer.kind != "consumer",
        ),
        notes=draft.notes or "",
    )


def _mentions(document: Issued, kind: str, language: Language) -> tuple[str, ...]:
    return legal_mentions(
        language,
        document=kind,
        regime=document.seller.regime,
        reverse_charge=document.reverse_charge,
        exemptions=[line.exemption for line in document.lines],
        professional_buyer=document.buyer.kind != "consumer",
    )


def _words(kind: str, totals: Totals, language: Language) -> str:
    if language == "en":
        from num2words import num2words

        dirhams, centimes = divmod(int(totals.payable * 100), 100)
        said = f"{num2words(dirhams, lang='en')} dirham{'s' if dirhams != 1 else ''}"
        if centimes:
            said += f" and {num2words(centimes, lang='en')} centime{'s' if centimes != 1 else ''}"
        return closing(kind, said, language)
    return closing(kind, french(totals.payable) if language == "fr" else arabic(totals.payable), language)


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


def _lines(lines: tuple[Line, ...], language: Language) -> tuple[LineView, ...]:
    return tuple(
        LineView(
            position=str(number),
            description=line.description,
            quantity=formats.number(line.quantity, language),
            unit=line.unit or "",
            unit_price=formats.unit_price(line.unit_price, language),
            discount=_discount(line, language),
            rate=formats.percent(line.vat_rate, language),
            net=formats.amount(line.net, language) if line.net is not None else "",
        )
        for number, line in enumerate(lines, 1)
    )


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


def _totals(totals: Totals, language: Language) -> Iterator[TotalView]:
    """The rows that say something: a discount, a stamp or a withholding of nothing is left out."""
    rows: list[tuple[TotalKind, Decimal]] = []
    if totals.discount:
        rows += [("lines", totals.lines), ("discount", -totals.discount)]
    rows += [("net", totals.net), ("vat_total", totals.vat_total), ("gross", totals.gross)]
    if totals.stamp_duty:
        rows.append(("stamp_duty", totals.stamp_duty))
    if totals.withheld_vat:
        rows.append(("withheld_vat", -totals.withheld_vat))
    if totals.withheld_fees:
        rows.append(("withheld_fees", -totals.withheld_fees))
    rows.append(("payable", totals.payable))
    for kind, value in rows:
        yield TotalView(kind=kind, amount=formats.money(value, language))
