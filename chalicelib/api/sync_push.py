"""The push of devices that work offline."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.answers import Answer, address
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Id, Model, ResponseModel
from chalicelib.api.problems import sentence
from chalicelib.api.sync import REFUSALS, holder_of, reader_of
from chalicelib.api.sync_forms import content_of
from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.errors import Busy, CloudStorageOff, CompanyBlocked, CompanyFull
from chalicelib.domain.language import Language
from chalicelib.domain.sync.device import Device, device_digest
from chalicelib.domain.sync.push import (
    PushedChanges,
    PushedRow,
    Rejection,
    rows_of,
)
from chalicelib.domain.sync.push_errors import PullFirst, PushTooLarge, SyncConflict
from chalicelib.domain.sync.tables import SCHEMA_VERSION
from chalicelib.services.sync import devices, issue_requests
from chalicelib.services.sync.answering import check_version
from chalicelib.services.sync.created_only import document_of
from chalicelib.services.sync.examine import PushRequest
from chalicelib.services.sync.push import Pushed, push
from chalicelib.workflow.deadline import Deadline

SCOPES: Final[Mapping[str, str]] = {
    "customers": "parties.write",
    "suppliers": "parties.write",
    "items": "items.write",
    "payments": "payments.write",
}
"""The scope that a row of a table needs. Drafts and requests to issue need a scope of their kind of document."""
LONGEST_ID: Final = 64


class RowIn(BaseModel):
    """A row: its id, and a cell for each column of the table. Cells of unknown columns are ignored. A cell that is a
    list or an object refuses its row."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, defer_build=True, hide_input_in_errors=True)
    __pydantic_extra__: dict[str, Any]

    id: Annotated[str, Field(max_length=LONGEST_ID, examples=["itm_01JD0000000000000000000000"])]


class TableChangesIn(Model):
    """The changes of the device in one table: complete rows, and the ids of deleted ones."""

    created: Annotated[tuple[RowIn, ...], Field(strict=False)] = ()
    updated: Annotated[tuple[RowIn, ...], Field(strict=False)] = ()
    deleted: Annotated[tuple[Annotated[str, Field(max_length=LONGEST_ID)], ...], Field(strict=False)] = ()

    def value(self) -> PushedChanges:
        """The domain's changes."""
        created, updated = ([row.model_dump() for row in rows] for rows in (self.created, self.updated))
        return PushedChanges(created, updated, self.deleted)


class PushIn(Model):
    """The rows that a device created, changed or deleted since its last push."""

    changes: Annotated[
        dict[Annotated[str, Field(max_length=LONGEST_ID)], TableChangesIn],
        Field(description="The changes by table, as WatermelonDB sends them. At most 1,000 rows and 1 MB."),
    ]
    last_pulled_at: Annotated[
        int | None,
        Field(ge=0, le=2**53, description="The `timestamp` of the last pull; null or 0 before the first one."),
    ] = None
    schema_version: Annotated[
        int | None,
        Field(ge=1, le=2**31, description="The device's schema; without it, that of its last pull."),
    ] = None
    device: Annotated[str, Id(Device.PREFIX)]


class PushResult(ResponseModel):
    """A row that was refused, and why. `pointer` is the place of the fault in the row; null if it is the whole row."""

    table: str
    id: str
    pointer: str | None
    code: str
    detail: str


class PushShown(ResponseModel):
    """The refused rows, and the company's clock after the push. All other rows are stored."""

    experimentalRejectedIds: dict[str, list[str]]  # noqa: N815 — WatermelonDB's name
    results: list[PushResult]
    clock: int


def _push(context: RequestContext) -> Answer:
    body: PushIn = context.body
    rows = rows_of({table: changes.value() for table, changes in body.changes.items()})
    request = push_request(context, rows, body.device, body.schema_version, last_pulled_at=body.last_pulled_at or 0)
    pushed = push(request)
    clock = serve_requests(context, pushed)
    return Answer(
        {
            "experimentalRejectedIds": _ids(pushed.rejected),
            "results": [_result(each, context.language) for each in pushed.rejected],
            "clock": clock,
        }
    )


def push_request(
    context: RequestContext, rows: list[PushedRow], id: str, version: int | None, *, last_pulled_at: int | None
) -> PushRequest:
    """The push of the device `id`, after the checks of the device. Raises DeviceRevoked, DeviceTaken,
    ClientSchemaTooOld, InvalidContent."""
    reader, holder = reader_of(context, id), holder_of(context)
    device = devices.find(reader.store, reader.company, id, holder)
    version = version or (device.schema_version if device else SCHEMA_VERSION)
    check_version(version)
    return PushRequest(
        new_call=calls_of(context, id),
        reader=reader,
        rows=rows,
        device=id,
        version=version,
        parse=content_of,
        may=may_write(context),
        last_pulled_at=last_pulled_at,
        rebasing=device is not None and device.role != holder.role,
    )


def calls_of(context: RequestContext, device: str) -> Callable[[], Call]:
    """The maker of the calls of a device's push: one for each transaction, all at the same instant."""
    first, world = context.writing, context.world
    digest = device_digest(first.company, device)

    def new_call() -> Call:
        key = f"push:{world.random(16).hex()}"
        return replace(world.call(first.company, first.actor, first.verb, key=key, at=first.at), device=digest)

    return new_call


def may_write(context: RequestContext) -> Callable[[PushedRow], bool]:
    """Whether the caller's scopes allow a row of a table."""

    def may(row: PushedRow) -> bool:
        if row.table in SCOPES:
            return SCOPES[row.table] in context.actor.scopes
        document_type = by_id(row.id if row.table == "drafts" else document_of(row))
        if document_type is None:
            return True  # A deletion of a request, which nobody may do.
        scopes = document_type.scopes
        return (scopes.write if row.table == "drafts" else scopes.issue) in context.actor.scopes

    return may


def serve_requests(context: RequestContext, pushed: Pushed) -> int:
    """Serve the requests to issue that a push stored, while time allows. Returns the company's clock then."""
    if not pushed.requests:
        return pushed.clock
    try:
        deadline = Deadline.within(issue_requests.SERVED_BY_PUSH.total_seconds())
        served = issue_requests.serve(context.world, context.company, deadline)
    except (Busy, CompanyBlocked, CloudStorageOff):  # The push is stored, whatever becomes of the queue.
        served = False
    if not served:
        context.world.wake("bulk")
    (head,) = context.world.store.records([Head.ref(context.company)])
    return head.clock if isinstance(head, Head) else pushed.clock


def _ids(rejected: list[Rejection]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in rejected:
        found.setdefault(each.table, []).append(each.id)
    return found


def _result(rejected: Rejection, language: Language) -> dict[str, Any]:
    detail = sentence(rejected.code, rejected.params, language)
    place = {"table": rejected.table, "id": rejected.id, "pointer": rejected.pointer}
    return {**place, "code": rejected.code, "detail": detail}


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=address("sync", "push"),
        scope="devices.push",
        handler=_push,
        summary="Store what a device changed offline",
        request_model=PushIn,
        response_model=PushShown,
        errors=(*REFUSALS, CloudStorageOff, SyncConflict, PullFirst, PushTooLarge, CompanyFull),
        too_large=PushTooLarge,
        wipes=True,
        tag="Synchronisation",
    ),
)
