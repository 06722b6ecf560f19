"""E-invoices: issued documents as UBL 2.1 (EN 16931)."""

from chalicelib.api.answers import Answer, address
from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.domain.errors import DocumentBlocked, NotFound, NotIssued
from chalicelib.services import einvoicing

XML = "application/xml"


def _invoice(ask: Ask) -> Answer:
    return Answer({"content": einvoicing.invoice(ask.open, ask.path["id"]).decode()})


def _credit_note(ask: Ask) -> Answer:
    return Answer({"content": einvoicing.credit_note(ask.open, ask.path["id"]).decode()})


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=address("invoices", "{id}", "ubl"),
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
        path=address("credit-notes", "{id}", "ubl"),
        scope="documents.read",
        does=_credit_note,
        media=XML,
        summary="A credit note as an e-invoice, UBL 2.1",
        errors=(NotFound, DocumentBlocked),
        in_cloud=True,
        tag="Credit notes",
    ),
)
