"""E-invoices: issued documents as UBL 2.1 (EN 16931)."""

from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.domain.call import Answer
from chalicelib.domain.errors import DocumentBlocked, NotFound, NotIssued
from chalicelib.services import einvoicing

XML = "application/xml"


def _invoice(ask: Ask) -> Answer:
    return einvoicing.invoice(ask.open, ask.path["id"])


def _credit_note(ask: Ask) -> Answer:
    return einvoicing.credit_note(ask.open, ask.path["id"])


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/invoices/{id}/ubl",
        scope="documents.read",
        does=_invoice,
        media=XML,
        summary="An issued invoice as an e-invoice, UBL 2.1",
        errors=(NotFound, NotIssued, DocumentBlocked),
        in_cloud=True,
        tag="Invoices",
    ),
    Endpoint(
        method="GET",
        path="/v1/credit-notes/{id}/ubl",
        scope="documents.read",
        does=_credit_note,
        media=XML,
        summary="A credit note as an e-invoice, UBL 2.1",
        errors=(NotFound, DocumentBlocked),
        in_cloud=True,
        tag="Credit notes",
    ),
)
