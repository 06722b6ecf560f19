"""Backups: list, create, verify, download and restore them."""

from dataclasses import replace
from typing import Annotated, Literal, get_args

from pydantic import Field

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, listed, signed
from chalicelib.api.document_kinds import RestoredKind
from chalicelib.api.endpoint import Endpoint, RequestContext, require_fresh
from chalicelib.api.fields import Model, ResponseModel
from chalicelib.api.job_shapes import JobShown
from chalicelib.api.paging import FilteredList, PageQuery
from chalicelib.api.presenters.jobs import queued
from chalicelib.domain.backups.backup_errors import BackupIncomplete, BackupKeyDestroyed, BackupOff
from chalicelib.domain.errors import Busy, CloudStorageOff, NotFound, ProofNeeded, TooManyRequests
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.backups import present_backup

URL = address("backups")
ONE = URL + "/{id}"
MOST_KINDS = len(get_args(RestoredKind))


class RestoreIn(Model):
    """Restore into the company itself, or into a new one. `kinds` are the kinds to restore (null: all). A dry run
    reports what would be restored, what would be overwritten and what stays deleted, and writes nothing."""

    into: Literal["same", "new"] = "same"
    kinds: Annotated[tuple[RestoredKind, ...], Field(min_length=1, max_length=MOST_KINDS)] | None = None
    dry_run: bool = False


class BackupShown(ResponseModel):
    """An encrypted copy of the company's data. `counts` are its rows by kind, `bytes` its size in storage. It holds the
    state at the instant `cut_at`, at the company's clock `clock`, and is deleted at `expires_at`. `drill` says whether
    the last weekly test restore gave the same data."""

    id: str
    object: Literal["backup"]
    status: Literal["running", "complete", "failed"]
    tier: Literal["daily", "weekly", "monthly"]
    counts: dict[str, int] | None
    bytes: int
    clock: int | None
    cut_at: str | None
    expires_at: str
    verified_at: str | None
    drill: Literal["passed", "failed"] | None
    drilled_at: str | None
    failure: str | None
    version: int
    created_at: str
    updated_at: str


class DownloadShown(ResponseModel):
    """The address of the plain archive and the end of its validity. Both are null while `job` makes the archive."""

    url: str | None
    expires_at: str | None
    job: str


def _take(context: RequestContext) -> Answer:
    from chalicelib.services.backup import operations

    call = context.presenting(lambda backup, _: Answer(present_backup(backup), status=202))
    begun = operations.ask(context.world, context.open, call)
    return replace(answer(begun.committed), location=address("jobs", begun.job))


def _list(context: RequestContext) -> Answer:
    from chalicelib.services.backup import operations

    window = Window(context.query.limit, context.query.starting_after, context.query.ending_before)
    page = operations.listed(context.open, window, context.at)
    return Answer(listed(URL, map(present_backup, page.items), more=page.next is not None, next=page.next))


def _read(context: RequestContext) -> Answer:
    from chalicelib.services.backup import operations

    return Answer(present_backup(operations.one(context.open, context.path["id"], context.at)))


def _download(context: RequestContext) -> Answer:
    from chalicelib.services.backup import operations

    _prove(context)
    call = context.world.call(
        context.company, context.actor.id, "get_backups_id_download", key=context.path["id"], at=context.at
    )
    download = operations.download(context.world, context.open, call, context.path["id"])
    if download.link is None:
        waiting = {"url": None, "expires_at": None, "job": download.job.id}
        return Answer(waiting, status=202, location=address("jobs", download.job.id))
    ready = signed(download.link, accept=context.accept)
    return ready if ready.status == 303 else replace(ready, body={**ready.body, "job": download.job.id})


def _verify(context: RequestContext) -> Answer:
    from chalicelib.services.backup import operations

    return answer(operations.verify(context.world, context.open, context.presenting(queued), context.path["id"]))


def _restore(context: RequestContext) -> Answer:
    from chalicelib.services.backup import operations

    sent = context.body
    if not sent.dry_run and sent.into == "new":
        require_fresh(context)  # A company belongs to a person, never to a key.
    elif not sent.dry_run:
        _prove(context)
    restore = operations.RestoreRequest(sent.into, sent.kinds, sent.dry_run)
    return answer(
        operations.restore(context.world, context.open, context.presenting(queued), context.path["id"], restore)
    )


def _prove(context: RequestContext) -> None:
    """Require a proof of identity: a recent sign-in (`FRESH`). A key needs only the scope, which allows nothing
    else. Raises ProofNeeded."""
    if context.actor.kind == "user":
        require_fresh(context)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=URL,
        scope="backups.write",
        handler=_take,
        response_model=BackupShown,
        status=202,
        summary="Start a backup, or find the running one; Location is its job",
        idempotent=True,
        errors=(BackupOff, CloudStorageOff, BackupKeyDestroyed, TooManyRequests, Busy),
        tag="Backups",
    ),
    Endpoint(
        method="GET",
        path=URL,
        scope="backups.read",
        handler=_list,
        query=PageQuery,
        response_model=FilteredList[BackupShown],
        summary="List backups, newest first",
        tag="Backups",
    ),
    Endpoint(
        method="GET",
        path=ONE,
        scope="backups.read",
        handler=_read,
        response_model=BackupShown,
        errors=(NotFound,),
        summary="Read a backup",
        tag="Backups",
    ),
    Endpoint(
        method="GET",
        path=ONE + "/download",
        scope="backups.restore",
        handler=_download,
        response_model=DownloadShown,
        status=303,
        also=(202,),
        errors=(NotFound, BackupIncomplete, CloudStorageOff, ProofNeeded, TooManyRequests, Busy),
        tag="Backups",
        summary=f"The backup as a plain ZIP: 202 with a job that decrypts it, then a redirect valid for {LINK_LIFE}",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/verify",
        scope="backups.write",
        handler=_verify,
        response_model=JobShown,
        status=202,
        summary="Verify a backup: read it completely and compare it with its manifest",
        idempotent=True,
        errors=(NotFound, BackupIncomplete, CloudStorageOff, Busy),
        tag="Backups",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/restore",
        scope="backups.restore",
        handler=_restore,
        request_model=RestoreIn,
        response_model=JobShown,
        status=202,
        summary="Restore a backup, or preview the restore",
        idempotent=True,
        errors=(NotFound, BackupIncomplete, CloudStorageOff, ProofNeeded, Busy),
        tag="Backups",
    ),
)
