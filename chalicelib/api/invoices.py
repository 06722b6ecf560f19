"""Invoices: drafts are edited and deleted, issued ones never."""

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.api.answers import Answer, Body, address, answer, created, deleted, listed, shown, signed, size
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
from chalicelib.api.presenters.jobs import queued
from chalicelib.domain.clock import today
from chalicelib.domain.company import Head
from chalicelib.domain.documents.crediting import LineCredit
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.state import DocumentState
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
from chalicelib.domain.journal import JobRow
from chalicelib.domain.party import Customer
from chalicelib.services import crediting, drafting, issuing, listing, printing
from chalicelib.services.paging import Page
from chalicelib.services.representation.documents import (
    present_credit_note,
    present_document,
    present_draft,
    present_invoice,
)
from chalicelib.services.representation.records import present_party
from chalicelib.store.read import Reader

URL = address("invoices")


def wanted(query: Any, prefix: str, *, status: str | None = None) -> listing.DocumentQuery:
    """A list's query as the service takes it. Raises InvalidContent for a cursor of another kind of document."""
    for name in ("starting_after", "ending_before"):
        if (cursor := getattr(query, name)) and not is_id(prefix, cursor):
            raise invalid(f"/query/{name}", "bad_cursor")
    return listing.DocumentQuery(
        limit=query.limit,
        after=query.starting_after or query.ending_before,
        ascending=query.ending_before is not None,
        status=status,
        customer=query.customer,
        issued_from=query.issued_from,
        issued_to=query.issued_to,
        updated_since=query.updated_since,
    )


def presented(ask: Ask) -> Callable[[DocumentState], Body]:
    """The representation of a document as its company may see it."""
    return lambda state: present_document(state, ask.open.head)


def documents(ask: Ask, url: str, page: Page[Body]) -> Answer:
    """A part of a list of documents, with customers in place of their ids where `expand[]` asks for it."""
    data = list(page.items)
    if "customer" in ask.query.expand:
        _expand_customers(ask.open, data)
    return Answer(listed(url, data, more=page.next is not None, next=page.next))


def document(ask: Ask, state: DocumentState) -> Answer:
    """One document, with its customer in place of the id where `expand[]` asks for it."""
    body = present_document(state, ask.open.head)
    if "customer" in ask.query.expand:
        _expand_customers(ask.open, [body])
    return Answer(body)


def _expand_customers(reader: Reader, bodies: Sequence[Body]) -> None:
    """Replace customers' ids by the customers that still exist; one round trip for all."""
    ids = list(dict.fromkeys(body["customer"] for body in bodies if body["customer"]))
    found = dict(zip(ids, reader.many(Customer, ids), strict=True)) if ids else {}
    for body in bodies:
        if customer := found.get(body["customer"]):
            body["customer"] = present_party(customer)


def _list(ask: Ask) -> Answer:
    query = wanted(ask.query, "inv", status=ask.query.status)
    return documents(ask, URL, listing.invoices(ask.open, query, presented(ask), size))


def _create(ask: Ask) -> Answer:
    call = ask.presenting(created(present_draft, "invoices"))
    return answer(drafting.create(ask.world.store, call, ask.body.id, ask.body.content()))


def _preview(ask: Ask) -> Answer:
    draft = drafting.preview(ask.open, today(ask.at), ask.body.content())
    return Answer({**present_draft(draft), "id": None, "version": None, "created_at": None, "updated_at": None})


def _read(ask: Ask) -> Answer:
    return document(ask, listing.invoice(ask.open, ask.path["id"]))


def _edit(ask: Ask) -> Answer:
    call = ask.presenting(shown(present_draft), version=present_draft)
    return answer(drafting.edit(ask.world.store, call, ask.path["id"], ask.body.content()))


def _delete(ask: Ask) -> Answer:
    call = ask.presenting(shown(deleted), version=present_draft)
    return answer(drafting.delete(ask.world.store, call, ask.path["id"]))


def _issue(ask: Ask) -> Answer:
    call = ask.presenting(shown(_issued))
    return answer(issuing.issue(ask.world.store, call, ask.path["id"], ask.body.issue_date))


def _issued(invoice: Invoice, head: Head) -> Body:
    return present_invoice(invoice, None, head)


def _issue_many(ask: Ask) -> Answer:
    call = ask.presenting(_outcomes)
    done = answer(issuing.issue_many(ask.world.store, call, ask.body.ids, ask.body.issue_date))
    if done.status == 202:
        ask.world.wake("bulk")
    return done


def _outcomes(issue: issuing.Issue, head: Head) -> Answer:
    if isinstance(issue, JobRow):
        return queued(issue, head)
    return Answer(listed(address("invoices", "issue"), (outcome.row() for outcome in issue)))


def _credit(ask: Ask) -> Answer:
    lines = None if ask.body.lines is None else [LineCredit(part.line, part.quantity) for part in ask.body.lines]
    call = ask.presenting(created(present_credit_note, "credit-notes"))
    return answer(crediting.credit(ask.world.store, call, ask.path["id"], lines, ask.body.reason, ask.body.id))


def pdf(ask: Ask, kind: str) -> Answer:
    """A document's page: a redirect, or its address for clients that say `Accept: application/json`."""
    return signed(printing.pdf(ask.world, ask.open, kind, ask.path["id"], ask.query.lang), accept=ask.accept)


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
