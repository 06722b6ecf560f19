"""Documents: one shape for a draft and for a frozen document, so that a client has one model."""

from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import msgspec

from chalicelib.domain.clock import instant, today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.balance import Balance, left, suffered
from chalicelib.domain.documents.copies import as_of
from chalicelib.domain.documents.document_type import DRAFT, DocumentType
from chalicelib.domain.documents.model import Discount, DraftDocument, Issued, Line, Registered, Totals, references_of
from chalicelib.domain.documents.payment_mode import mode_of
from chalicelib.domain.documents.registry import by_kind, corrected_by, person_of, state_of
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.money import ZERO, amount_text, price_text, text
from chalicelib.domain.privacy.erased import blanked, is_erased
from chalicelib.domain.words.arabic_words import amount_in_words as arabic
from chalicelib.domain.words.french_words import amount_in_words as french
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.late_payment import present_late_fine
from chalicelib.services.representation.records import present_notices


def present_document(state: DocumentState, head: Head, on: date | None = None) -> Body:
    """A draft or a frozen document as of the day `on`. `head` tells whether the other party was erased."""
    if isinstance(state.document, Issued):
        return present_issued(state.document, state.balance, head, on)
    return present_draft(state.document)


def present_draft(draft: DraftDocument, head: Head | None = None) -> Body:  # noqa: ARG001 — a common signature
    """A draft in the shape of its kind's frozen document. Attributes that a draft lacks are null."""
    document_type = by_kind(draft.KIND)
    return {
        "id": draft.id,
        "object": draft.KIND,
        "status": DRAFT,
        "number": None,
        "version": draft.version,
        "issue_date": None,
        "operation_date": _day(draft.operation_date),
        "due_date": _day(draft.due_date),
        "currency": "MAD",
        "language": draft.language,
        "payment_mode": mode_of(draft),
        "settlement": draft.settlement,
        **_terms(draft),
        "terms_law": None,
        "vat_basis": None,
        "reverse_charge": draft.reverse_charge,
        document_type.person: document_type.person_of(draft),
        "seller": None,
        "buyer": None,
        "lines": [_line(line) for line in draft.lines],
        "discount": _discount(draft.discount),
        **_amounts(document_type, draft),
        "notes": draft.notes,
        **_references(draft),
        **(_unpaid(draft) if document_type.balance else {}),
        "register": None,
        "notices": present_notices(draft.notices),
        "created_at": instant(draft.created_at),
        "updated_at": instant(draft.updated_at),
        **{name: _value(getattr(draft, name, None)) for name in document_type.shown},
    }


def _unpaid(draft: DraftDocument) -> Body:
    """The attributes from the balance, for a document that has none yet."""
    return {
        "late_payment_fine": None,
        "paid": "0.00",
        "withheld": "0.00",
        "credited": "0.00",
        "pending": "0.00",
        "balance": amount_text(draft.totals.payable),
    }


def present_issued(document: Issued, balance: Balance | None, head: Head, on: date | None = None) -> Body:
    """A frozen document with its kind's attributes, and its balance if it is payable. `head` tells whether the other
    party was erased. A line of a document that corrects another names the line that it credits, or null for an
    amount over the document. Without the day `on`, the late-payment fine is null: what is sent or stored would be wrong
    the next month."""
    document_type = by_kind(document.KIND)
    body = _issued(document, head) | {"status": state_of(document, balance)}
    if corrected := corrected_by(document):
        for line, credited in zip(body["lines"], corrected.lines, strict=True):
            line["credits"] = credited or None
    if document_type.balance is not None:
        body |= _paid(document, balance) | {"late_payment_fine": present_late_fine(document, balance, on)}
    if document_type.draft is not None:
        body["notices"] = []
    shown = blanked(document, head)
    return body | {name: _value(getattr(shown, name)) for name in document_type.shown}


def present_frozen(document: Issued, head: Head) -> Body:
    """A document as it was just frozen, before any payment or credit."""
    return present_issued(document, None, head, today(document.updated_at))


def _paid(document: Issued, balance: Balance | None) -> Body:
    """The attributes from the balance of a payable document. The version includes the balance's version."""
    return {
        "version": document.version + (balance.version if balance else 0),
        "paid": amount_text((balance.money if balance else ZERO) + document.settled_elsewhere),
        "withheld": amount_text(suffered(document, balance)),
        "credited": amount_text(balance.credited if balance else ZERO),
        "pending": amount_text(balance.pending if balance else ZERO),
        "balance": amount_text(left(document, balance)),
        "updated_at": instant(balance.updated_at if balance else document.updated_at),
    }


def expected(document: DraftDocument | Issued) -> Body:
    """The withholding that the buyer is expected to make. A document from before it moved to the payment states its
    own."""
    found = document.expected_withholding
    vat = found.vat if found else document.totals.withheld_vat
    fees = found.fees if found else document.totals.withheld_fees
    return {"vat": amount_text(vat), "fees": amount_text(fees)}


def _issued(original: Issued, head: Head) -> Body:
    person = person_of(original)
    document, erased = blanked(as_of(original, head), head), is_erased(head, person)
    document_type = by_kind(document.KIND)
    body: Body = {
        "id": document.id,
        "object": document.KIND,
        "status": "issued",
        "number": document.number,
        "version": document.version,
        "issue_date": document.issue_date.isoformat(),
        "operation_date": document.operation_date.isoformat(),
        "due_date": document.due_date.isoformat(),
        "currency": document.currency,
        "language": document.language,
        "payment_mode": mode_of(document),
        "settlement": document.settlement,
        **_terms(document),
        "terms_law": document.terms_law,
        "vat_basis": document.vat_basis,
        "reverse_charge": document.reverse_charge,
        document_type.person: None if erased else person or None,
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "lines": [_line(line) for line in document.lines],
        "discount": _discount(document.discount),
        **_amounts(document_type, document),
        "notes": document.notes,
        **_references(document),
        "specimen": document.specimen,
        "register": _register(document),
        "created_at": instant(document.created_at),
        "updated_at": instant(document.updated_at),
    }
    return body | {document_type.party: body[document_type.party] | {"erased": True}} if erased else body


def _references(document: DraftDocument | Issued) -> Body:
    references = references_of(document)
    return references | {"metadata": references["metadata"] or {}}


def _terms(document: DraftDocument | Issued) -> Body:
    """The answers of a document about its payment terms, its stamp duty and its buyer."""
    return {
        "service_done_on": _day(document.service_done_on),
        "terms_end_of_month": bool(document.terms_end_of_month),
        "stamp_exemption": document.stamp_exemption,
        "buyer_address_missing": document.buyer_address_missing,
    }


def _register(document: Issued) -> Body | None:
    """The document's position in the register."""
    if not isinstance(document, Registered):
        return None
    return {
        "series": document.series,
        "position": document.position,
        "hash": document.hash,
        "chain": document.chain,
    }


def _amounts(document_type: DocumentType, document: DraftDocument | Issued) -> Body:
    """The totals, the final amount in words and the expected withholding; null for a kind that states no amounts."""
    priced = document_type.priced
    return {
        "totals": _totals(document.totals) if priced else None,
        "amount_in_words": in_words(document.totals.payable) if priced else None,
        "expected_withholding": expected(document) if priced else None,
    }


def in_words(amount: Decimal) -> Body:
    """The document's final amount in words, in French and Arabic; None for a negative amount."""
    return {"fr": french(amount, capital=True), "ar": arabic(amount)} if amount >= 0 else {"fr": "", "ar": ""}


def _value(value: Any) -> Any:
    """An attribute that only one kind has, in its form in JSON."""
    if isinstance(value, Decimal):
        return amount_text(value)
    return value.isoformat() if isinstance(value, date) else value


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


def _party(party: Any) -> Body:
    """A party as it is frozen. The key of a logo is internal, so the address that answers its picture is shown."""
    body: Body = msgspec.to_builtins(party, builtin_types=(Decimal,))
    if body.get("logo") is not None:
        body["logo"] = f"/v1/company/logo?sha256={PurePosixPath(body['logo']).stem}"
    if body.get("share_capital") is not None:
        body["share_capital"] = amount_text(body["share_capital"])
    return body


def _discount(discount: Discount | None) -> Body | None:
    if discount is None:
        return None
    if discount.percent is not None:
        return {"percent": text(discount.percent)}
    return {"amount": amount_text(discount.amount or ZERO)}


def _line(line: Line) -> Body:
    return {
        "description": line.description,
        "quantity": text(line.quantity),
        "unit": line.unit,
        "unit_price": price_text(line.unit_price),
        "unit_price_incl": None if line.unit_price_incl is None else price_text(line.unit_price_incl),
        "discount": _discount(line.discount),
        "vat_rate": text(line.vat_rate),
        "exemption": line.exemption,
        "nature": line.nature,
        "withholding": line.withholding,
        "item": line.item,
        "net": amount_text(line.net or ZERO),
    }


def _totals(totals: Totals) -> Body:
    return {
        "lines": amount_text(totals.lines),
        "discount": amount_text(totals.discount),
        "net": amount_text(totals.net),
        "vat": [
            {
                "rate": text(share.rate),
                "exemption": share.exemption,
                "base": amount_text(share.base),
                "amount": amount_text(share.amount),
            }
            for share in totals.vat
        ],
        "vat_total": amount_text(totals.vat_total),
        "rounding": amount_text(totals.rounding or ZERO),
        "gross": amount_text(totals.gross),
        "stamp_duty": amount_text(totals.stamp_duty),
        "withheld": amount_text(totals.withheld),
        "withheld_vat": amount_text(totals.withheld_vat),
        "withheld_fees": amount_text(totals.withheld_fees),
        "payable": amount_text(totals.payable),
    }
