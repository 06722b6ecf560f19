"""Invoices: the operations that other documents lack, bulk issue and credit."""

from chalicelib.api.answers import Answer, address, answer, created, listed
from chalicelib.api.document_models import CreditIn, IssueManyIn
from chalicelib.api.document_types import models_of
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.job_shapes import OutcomesShown
from chalicelib.api.presenters.jobs import queued
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.credit_note import CREDIT_NOTE
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.errors import AlreadyExists, CloudStorageOff, InvalidContent, NotFound, NotIssued, TooLarge
from chalicelib.domain.journal import JobRow
from chalicelib.services.documents import crediting, issuing
from chalicelib.services.representation.documents import present_frozen

URL = address(INVOICE.path)


def _issue_many(context: RequestContext) -> Answer:
    call = context.presenting(_outcomes)
    done = answer(issuing.issue_many(context.world.store, call, INVOICE, context.body.ids, context.body.issue_date))
    if done.status == 202:
        context.world.wake("bulk")
    return done


def _outcomes(issue: issuing.Issue, head: Head) -> Answer:
    if isinstance(issue, JobRow):
        return queued(issue, head)
    return Answer(listed(address(INVOICE.path, "issue"), (outcome.row() for outcome in issue)))


def _credit(context: RequestContext) -> Answer:
    body: CreditIn = context.body
    call = context.presenting(created(present_frozen, CREDIT_NOTE.path))
    return answer(crediting.credit(context.world.store, call, context.path["id"], body.value(), body.reason, body.id))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=f"{URL}/issue",
        scope="documents.issue",
        handler=_issue_many,
        summary=f"Issue several drafts in order: up to {issuing.BULK} at once, all or none; more as a job",
        request_model=IssueManyIn,
        response_model=OutcomesShown,
        also=(202,),
        idempotent=True,
        errors=(CloudStorageOff, TooLarge),
        tag="Invoices",
    ),
    Endpoint(
        method="POST",
        path=f"{URL}/{{id}}/credit",
        scope="documents.issue",
        handler=_credit,
        summary="Issue a credit note for some lines, for an amount, or for all that remains",
        request_model=CreditIn,
        response_model=models_of(CREDIT_NOTE.kind).shown,
        status=201,
        idempotent=True,
        errors=(NotFound, NotIssued, AlreadyExists, InvalidContent, CloudStorageOff),
        tag="Credit notes",
    ),
)
