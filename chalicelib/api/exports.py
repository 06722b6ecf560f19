"""Exports: begin one, follow its job, and get its file."""

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, signed
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Day, Model
from chalicelib.api.job_shapes import JobShown
from chalicelib.api.presenters.jobs import queued
from chalicelib.domain.errors import CloudStorageOff, Forbidden, NotFound
from chalicelib.domain.exports.model import DRAFTED, ISSUED, KINDS, ExportFormat, ExportRequest
from chalicelib.domain.file_errors import ExportNotReady
from chalicelib.domain.language import Language

URL = address("exports")
_SCOPES: Final = {"customers": "parties.read", "suppliers": "parties.read", "items": "items.read"}
"""The scope that reads the rows of a kind. A document has its kind's own."""
if TYPE_CHECKING:
    ExportKind = str
else:
    ExportKind = Literal[KINDS]
    """The kinds of rows that an export may hold."""


class ExportIn(Model):
    """The content and the form of an export. Several kinds of a text format, and documents with their lines, come in a
    ZIP with a file for each table. The period applies to days of issue and of payment, its ends included. Other kinds
    are exported whole."""

    kinds: Annotated[
        tuple[ExportKind, ...],
        Field(
            min_length=1,
            max_length=len(KINDS),
            description="The records and documents to export, by kind.",
            examples=[["customers"]],
        ),
    ]
    format: Annotated[
        ExportFormat,
        Field(
            description="`csv-fr`: for Excel in French (semicolon, decimal comma, dd/mm/yyyy). `csv`: RFC 4180 (comma, "
            "point, ISO dates). `xlsx`: a workbook with a sheet for each table. `json`: lines of JSON, as the API "
            "shows the rows. `ubl`, `pdf`: a ZIP with the file of each document.",
            examples=["csv-fr"],
        ),
    ]
    from_: Annotated[Day | None, Field(alias="from", description="The first day of the period.")] = None
    to: Annotated[Day | None, Field(description="The last day of the period.")] = None
    language: Annotated[
        Language | None,
        Field(description="The language of the titles. Null: that of Accept-Language.", examples=["fr"]),
    ] = None


def _begin(context: RequestContext) -> Answer:
    from chalicelib.services.exports import operations

    sent: ExportIn = context.body
    _require_kinds(context, sent.kinds)
    request = ExportRequest(sent.kinds, sent.format, sent.language or context.language, sent.from_, sent.to)
    return answer(operations.begin(context.world, context.presenting(queued), request))


def _file(context: RequestContext) -> Answer:
    from chalicelib.services.exports import operations

    job, request = operations.of_job(context.open, context.path["id"])
    _require_kinds(context, request.kinds)
    return signed(operations.file(context.world, context.open, job, context.at), accept=context.accept)


def _require_kinds(context: RequestContext, kinds: tuple[str, ...]) -> None:
    """Require the scopes that read the kinds. Raises Forbidden."""
    for kind in kinds:
        document_type = ISSUED.get(kind) or DRAFTED.get(kind)
        scope = document_type.scopes.read if document_type else _SCOPES.get(kind, "documents.read")
        if scope not in context.actor.scopes:
            raise Forbidden(scope=scope)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=URL,
        scope="exports.write",
        handler=_begin,
        request_model=ExportIn,
        response_model=JobShown,
        status=202,
        idempotent=True,
        errors=(Forbidden, CloudStorageOff),
        summary="Export records and documents as a file: a job to follow",
        tag="Exports",
    ),
    Endpoint(
        method="GET",
        path=URL + "/{id}",
        scope="exports.read",
        handler=_file,
        response_model=FileShown,
        status=303,
        of_job=True,
        errors=(NotFound, Forbidden, ExportNotReady),
        summary=f"The file of an export, by the id of its job: a redirect valid for {LINK_LIFE}",
        tag="Exports",
    ),
)
