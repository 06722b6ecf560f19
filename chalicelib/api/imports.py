"""Imports: announce a file, upload it, analyse it, map its columns, commit its rows, undo the commit."""

from dataclasses import replace
from typing import Any

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, created
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.import_models import CommitIn, ImportEdit, ImportNew, ImportShown, MappingIn
from chalicelib.api.job_shapes import JobShown
from chalicelib.api.presenters.imports import present_import
from chalicelib.api.presenters.jobs import queued
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import CloudStorageOff, Forbidden, NotFound
from chalicelib.domain.file_errors import (
    ImportKindUnavailable,
    ImportOver,
    ImportRunning,
    ImportUnanswered,
    ImportUndoOver,
    UploadMismatch,
    UploadMissing,
)
from chalicelib.domain.imports.model import Import, ImportKind

URL = address("imports")
ONE = URL + "/{id}"
_SCOPES = {
    "customers": "parties.write",
    "suppliers": "parties.write",
    "items": "items.write",
    **{each.plural: each.scopes.issue for each in document_types() if each.imported},
}
"""The scope that the records of a kind need, besides `imports.write`."""


def _announce(context: RequestContext) -> Answer:
    from chalicelib.services.imports import operations

    sent: ImportNew = context.body
    _require_kind(context, sent.kind)

    def shown(imported: Import, _: Head) -> dict[str, Any]:
        return present_import(operations.ImportView(imported), context.language)

    call = context.presenting(created(shown, "imports"))
    file = operations.Announced(sent.kind, sent.content_type, sent.bytes, sent.sha256)
    done = answer(operations.announce(context.world, call, file))
    return replace(done, secret=_links(context, context.open.get(Import, done.body["id"]), None))


def _read(context: RequestContext) -> Answer:
    from chalicelib.services.imports import operations

    view = operations.read(context.world, context.open, context.path["id"], context.at)
    _require_kind(context, view.imported.kind)
    link = view.refusals.url if view.refusals else None
    return Answer(present_import(view, context.language), secret=_links(context, view.imported, link))


def _links(context: RequestContext, imported: Import, refusals: str | None) -> dict[str, Any]:
    """The signed addresses. They differ at each read, so they are no part of the version."""
    from chalicelib.services.imports import operations

    if imported.status != "expected":
        return {"upload": None, "refusals_file": refusals}
    signed = operations.upload_of(context.world, imported)
    upload = {"url": signed.link.url, "headers": signed.headers, "expires_at": instant(signed.link.expires_at)}
    return {"upload": upload, "refusals_file": refusals}


def _complete(context: RequestContext) -> Answer:
    from chalicelib.services.imports import operations

    _require_own(context)
    call = context.presenting(queued)
    return answer(operations.complete(context.world, context.open, call, context.path["id"]))


def _remap(context: RequestContext) -> Answer:
    from chalicelib.services.imports import operations

    _require_own(context)
    sent: MappingIn = context.body.mapping
    changes = tuple(operations.ColumnChange(each.column, each.field, each.decimal) for each in sent.columns)
    call = context.presenting(queued)
    return answer(operations.remap(context.world, context.open, call, context.path["id"], changes, sent.encoding))


def _commit(context: RequestContext) -> Answer:
    from chalicelib.services.imports import operations

    _require_own(context)
    call, only_valid = context.presenting(queued), context.body.rows == "valid"
    return answer(operations.commit(context.world, context.open, call, context.path["id"], only_valid=only_valid))


def _undo(context: RequestContext) -> Answer:
    from chalicelib.services.imports import operations

    _require_own(context)
    return answer(operations.undo(context.world, context.open, context.presenting(queued), context.path["id"]))


def _require_own(context: RequestContext) -> None:
    _require_kind(context, context.open.get(Import, context.path["id"]).kind)


def _require_kind(context: RequestContext, kind: ImportKind) -> None:
    """Require the scope of the kind's records. Raises Forbidden."""
    scope = _SCOPES.get(kind, "documents.write")
    if scope not in context.actor.scopes:
        raise Forbidden(scope=scope)


_RUNS = (NotFound, Forbidden, ImportOver, ImportRunning, CloudStorageOff)
ENDPOINTS = (
    Endpoint(
        method="POST",
        path=URL,
        scope="imports.write",
        handler=_announce,
        request_model=ImportNew,
        response_model=ImportShown,
        status=201,
        idempotent=True,
        errors=(Forbidden, ImportKindUnavailable, CloudStorageOff),
        summary="Announce a file to import. The answer has the request that uploads it",
        tag="Imports",
    ),
    Endpoint(
        method="GET",
        path=ONE,
        scope="imports.read",
        handler=_read,
        response_model=ImportShown,
        errors=(NotFound, Forbidden),
        summary=f"Read an import: its mapping, counts, first rows and refusals, with links valid for {LINK_LIFE}",
        tag="Imports",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/complete",
        scope="imports.write",
        handler=_complete,
        response_model=JobShown,
        status=202,
        idempotent=True,
        errors=(*_RUNS, UploadMissing, UploadMismatch),
        summary="Analyse the uploaded file: a job to follow",
        tag="Imports",
    ),
    Endpoint(
        method="PATCH",
        path=ONE,
        scope="imports.write",
        handler=_remap,
        request_model=ImportEdit,
        response_model=JobShown,
        status=202,
        idempotent=True,
        if_match=True,
        errors=_RUNS,
        summary="Change the mapping, and analyse the file again: a job to follow",
        tag="Imports",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/commit",
        scope="imports.write",
        handler=_commit,
        request_model=CommitIn,
        response_model=JobShown,
        status=202,
        idempotent=True,
        errors=(*_RUNS, ImportUnanswered),
        summary="Commit the rows of an analysed file: a job to follow",
        tag="Imports",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/undo",
        scope="imports.write",
        handler=_undo,
        response_model=JobShown,
        status=202,
        idempotent=True,
        errors=(*_RUNS, ImportUndoOver),
        summary="Undo a commit within 24 hours: a job to follow",
        tag="Imports",
    ),
)
