"""Payments, unapplied credit and refunds, as clients read them."""

from datetime import date

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.money import amount_text
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.representation.body import Body


def present_payment(payment: Payment, head: Head) -> Body:
    """A payment or a counter-entry. `stamp_duty` is the duty on cash, due separately. `applied` is the part of the
    amount that pays the document. The texts about an erased buyer are null."""
    erased = _erased(head, payment.customer)
    return {
        "id": payment.id,
        "object": "payment",
        "invoice": payment.invoice,
        "customer": None if erased else payment.customer,
        "amount": amount_text(payment.amount),
        "method": payment.method,
        "date": payment.date.isoformat(),
        "reference": None if erased else payment.reference,
        "status": payment.status,
        "applied": amount_text(payment.applied_amount),
        "withheld_vat": amount_text(payment.withheld_vat),
        "withheld_fees": amount_text(payment.withheld_fees),
        "certificate": None if erased else payment.certificate,
        "matures_on": _day(payment.matures_on),
        "cashed_on": _day(payment.cashed_on),
        "excess_entry": payment.excess_entry,
        "credit_entry": payment.credit_entry,
        "reverses": payment.reverses,
        "reversed_by": payment.reversed_by,
        "reason": payment.reversal_reason,
        "stamp_duty": amount_text(payment.stamp_duty),
        "notices": _notices(payment),
        "version": payment.version,
        "created_at": instant(payment.created_at),
        "updated_at": instant(payment.updated_at),
    }


def present_credit_entry(entry: CreditEntry, head: Head) -> Body:
    """An entry of unapplied credit. `unapplied` is what may still be applied or refunded. The texts about an erased
    customer are null."""
    erased = _erased(head, entry.customer)
    return {
        "id": entry.id,
        "object": "credit_entry",
        "customer": None if erased else entry.customer,
        "source": entry.source,
        "amount": amount_text(entry.amount),
        "unapplied": amount_text(entry.rest),
        "method": entry.method,
        "date": entry.date.isoformat(),
        "reference": None if erased else entry.reference,
        "document": entry.document,
        "payment": entry.payment,
        "credit_note": entry.credit_note,
        "uses": [
            {
                "amount": amount_text(use.amount),
                "date": use.date.isoformat(),
                "document": use.document,
                "payment": use.payment,
                "refund": use.refund,
            }
            for use in entry.uses
        ],
        "taken_back": amount_text(entry.taken_back),
        "reverses": entry.reverses,
        "reversed_by": entry.reversed_by,
        "reason": entry.reversal_reason,
        "notices": _notices(entry),
        "version": entry.version,
        "created_at": instant(entry.created_at),
        "updated_at": instant(entry.updated_at),
    }


def present_refund(refund: Refund, head: Head) -> Body:
    """A refund, with the entries of unapplied credit that it lowers. The texts about an erased customer are null."""
    erased = _erased(head, refund.customer)
    return {
        "id": refund.id,
        "object": "refund",
        "customer": None if erased else refund.customer,
        "document": refund.document,
        "amount": amount_text(refund.amount),
        "method": refund.method,
        "date": refund.date.isoformat(),
        "reference": None if erased else refund.reference,
        "entries": list(refund.entries),
        "reverses": refund.reverses,
        "reversed_by": refund.reversed_by,
        "reason": refund.reversal_reason,
        "version": refund.version,
        "created_at": instant(refund.created_at),
        "updated_at": instant(refund.updated_at),
    }


def _notices(row: Payment | CreditEntry) -> list[Body]:
    """The warnings about the limits of cash."""
    return [{"pointer": "/amount", "code": each.code, "params": dict(each.params)} for each in row.cash_notices]


def _erased(head: Head, customer: str | None) -> bool:
    return customer is not None and is_erased(head, customer)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
