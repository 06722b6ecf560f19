"""Invoices: drafts are edited and deleted, issued ones never."""

from typing import Any

from chalicelib.api.document_models import (
    CreditIn,
    ExpandQuery,
    InvoiceEdit,
    InvoiceNew,
    InvoiceQuery,
    IssueIn,
    IssueManyIn,
    PdfQuery,
)
from chalicelib.api.document_shapes import CreditNoteShown, Deleted, FileShown, InvoiceShown, Outcomes
from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.api.paging import Found
from chalicelib.domain.call import Answer
from chalicelib.domain.clock import today
from chalicelib.domain.crediting import LineCredit
from chalicelib.domain.errors import (
    AlreadyExists,
    AlreadyIssued,
    Busy,
    CloudStorageOff,
    DocumentBlocked,
    InvalidContent,
    NotFound,
    NotIssued,
    RendererUnavailable,
    TooLarge,
    invalid,
)
from chalicelib.domain.ids import is_id
from chalicelib.services import crediting, drafting, issuing, listing, printing
from chalicelib.services.present import present_party

URL = "/v1/invoices"


def wanted(query: Any, prefix: str, *, status: str | None = None) -> listing.Wanted:
    """A list's query as the service takes it. Raises InvalidContent for a cursor of another kind of document."""
    for name in ("starting_after", "ending_before"):
        if (cursor := getattr(query, name)) and not is_id(prefix, cursor):
            raise invalid(f"/query/{name}", "bad_cursor")
    return listing.Wanted(
        limit=query.limit,
        after=query.starting_after or query.ending_before,
        ascending=query.ending_before is not None,
        status=status,
        customer=query.customer,
        issued_from=query.issued_from,
        issued_to=query.issued_to,
        updated_since=query.updated_since,
    )


def _list(ask: Ask) -> Answer:
    answer = listing.invoices(ask.open, wanted(ask.query, "inv", status=ask.query.status), URL)
    if "customer" in ask.query.expand:
        listing.expand_customers(ask.open, answer.body["data"], present_party)
    return answer


def _create(ask: Ask) -> Answer:
    return drafting.create(ask.world.store, ask.writing, ask.body.id, ask.body.content())


def _preview(ask: Ask) -> Answer:
    return drafting.preview(ask.open, today(ask.at), ask.body.content())


def _read(ask: Ask) -> Answer:
    answer = listing.invoice(ask.open, ask.path["id"])
    if "customer" in ask.query.expand:
        listing.expand_customers(ask.open, [answer.body], present_party)
    return answer


def _edit(ask: Ask) -> Answer:
    return drafting.edit(ask.world.store, ask.writing, ask.path["id"], ask.if_match, ask.body.content())


def _delete(ask: Ask) -> Answer:
    return drafting.delete(ask.world.store, ask.writing, ask.path["id"], ask.if_match)


def _issue(ask: Ask) -> Answer:
    return issuing.issue(ask.world.store, ask.writing, ask.path["id"], ask.body.issue_date)


def _issue_many(ask: Ask) -> Answer:
    answer = issuing.issue_many(ask.world.store, ask.writing, ask.body.ids, ask.body.issue_date)
    if answer.status == 202:
        ask.world.wake("bulk")
    return answer


def _credit(ask: Ask) -> Answer:
    lines = None if ask.body.lines is None else [LineCredit(part.line, part.quantity) for part in ask.body.lines]
    return crediting.credit(ask.world.store, ask.writing, ask.path["id"], lines, ask.body.reason, ask.body.id)


def pdf(ask: Ask, kind: str) -> Answer:
    """A document's page: a redirect, or its address for clients that say `Accept: application/json`."""
    redirect = "application/json" not in ask.accept
    return printing.pdf(ask.world, ask.open, kind, ask.path["id"], ask.query.lang, redirect=redirect)


def _pdf(ask: Ask) -> Answer:
    return pdf(ask, "invoice")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="documents.read",
        does=_list,
        summary="List invoices, newest first",
        query=InvoiceQuery,
        gives=Found[InvoiceShown],
        errors=(InvalidContent,),
        in_cloud=True,
        tag="Invoices",
    ),
    Endpoint(
        method="POST",
        path=URL,
        scope="documents.write",
        does=_create,
        summary="Draft an invoice",
        takes=InvoiceNew,
        gives=InvoiceShown,
        status=201,
        idempotent=True,
        errors=(AlreadyExists, CloudStorageOff, TooLarge),
        tag="Invoices",
    ),
    Endpoint(
        method="POST",
        path=f"{URL}/preview",
        scope="documents.read",
        does=_preview,
        summary="Totals without saving",
        takes=InvoiceEdit,
        gives=InvoiceShown,
        errors=(InvalidContent,),
        tag="Invoices",
    ),
    Endpoint(
        method="POST",
        path=f"{URL}/issue",
        scope="documents.issue",
        does=_issue_many,
        summary="Issue several drafts in order: up to 30 at once, all or none; more as a job",
        takes=IssueManyIn,
        gives=Outcomes,
        also=(202,),
        idempotent=True,
        errors=(CloudStorageOff, TooLarge),
        tag="Invoices",
    ),
    Endpoint(
        method="GET",
        path=f"{URL}/{{id}}",
        scope="documents.read",
        does=_read,
        summary="A draft or an issued invoice",
        query=ExpandQuery,
        gives=InvoiceShown,
        errors=(NotFound,),
        in_cloud=True,
        tag="Invoices",
    ),
    Endpoint(
        method="PATCH",
        path=f"{URL}/{{id}}",
        scope="documents.write",
        does=_edit,
        summary="Edit a draft",
        takes=InvoiceEdit,
        gives=InvoiceShown,
        idempotent=True,
        if_match=True,
        errors=(NotFound, AlreadyIssued, CloudStorageOff, TooLarge),
        tag="Invoices",
    ),
    Endpoint(
        method="DELETE",
        path=f"{URL}/{{id}}",
        scope="documents.write",
        does=_delete,
        summary="Delete a draft",
        gives=Deleted,
        if_match=True,
        errors=(NotFound, AlreadyIssued, CloudStorageOff),
        tag="Invoices",
    ),
    Endpoint(
        method="POST",
        path=f"{URL}/{{id}}/issue",
        scope="documents.issue",
        does=_issue,
        summary="Give the next number, freeze, register",
        takes=IssueIn,
        gives=InvoiceShown,
        idempotent=True,
        errors=(NotFound, AlreadyIssued, InvalidContent, CloudStorageOff, TooLarge),
        tag="Invoices",
    ),
    Endpoint(
        method="GET",
        path=f"{URL}/{{id}}/pdf",
        scope="documents.read",
        does=_pdf,
        summary="The page, as a redirect to an address that lives 5 minutes",
        query=PdfQuery,
        gives=FileShown,
        status=303,
        errors=(NotFound, Busy, RendererUnavailable, InvalidContent, DocumentBlocked),
        in_cloud=True,
        tag="Invoices",
    ),
    Endpoint(
        method="POST",
        path=f"{URL}/{{id}}/credit",
        scope="documents.issue",
        does=_credit,
        summary="Issue the credit note for some lines, or for all that is left",
        takes=CreditIn,
        gives=CreditNoteShown,
        status=201,
        idempotent=True,
        errors=(NotFound, NotIssued, AlreadyExists, InvalidContent, CloudStorageOff),
        tag="Credit notes",
    ),
)
