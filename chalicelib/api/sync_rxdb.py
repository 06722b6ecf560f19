"""The push of an RxDB replication: one table, accepted document by document."""

from typing import Annotated, Any

from pydantic import Field, RootModel

from chalicelib.api.answers import Answer, address
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Id, Model
from chalicelib.api.sync import REFUSALS
from chalicelib.api.sync_push import RowIn, push_request, serve_requests
from chalicelib.domain.errors import CloudStorageOff, CompanyFull, NotFound
from chalicelib.domain.sync.device import Device
from chalicelib.domain.sync.push import Replicated, replicated_rows
from chalicelib.domain.sync.push_errors import PushTooLarge
from chalicelib.domain.sync.tables import BY_NAME
from chalicelib.services.sync.masters import masters
from chalicelib.services.sync.push import push
from chalicelib.store.read import open_company


class DocumentIn(Model):
    """A document that the device changed, and the one that it assumes to be stored."""

    newDocumentState: Annotated[RowIn, Field(description="The document as the device has it.")]  # noqa: N815 — RxDB's name
    assumedMasterState: Annotated[  # noqa: N815 — RxDB's name
        RowIn | None, Field(description="The document as the device last knew it; null for a new one.")
    ] = None


class RxdbPushIn(Model):
    """A push, in the form of RxDB's `push.handler`."""

    rows: Annotated[tuple[DocumentIn, ...], Field(strict=False, description="The changed documents of the table.")]
    schema_version: Annotated[
        int | None,
        Field(ge=1, le=2**31, description="The schema version that the device has; without it, that of its last pull."),
    ] = None
    device: Annotated[str, Id(Device.PREFIX)]


class RxdbMasters(RootModel[list[dict[str, Any]]]):
    """The stored documents that the push did not replace, each with `_deleted`. All other documents are stored."""


def _push(context: RequestContext) -> Answer:
    body: RxdbPushIn = context.body
    if (table := BY_NAME.get(context.path["table"])) is None:
        raise NotFound
    rows = replicated_rows(
        table.name,
        (
            Replicated(
                each.newDocumentState.model_dump(),
                each.assumedMasterState.model_dump() if each.assumedMasterState else None,
            )
            for each in body.rows
        ),
    )
    request = push_request(context, rows, body.device, body.schema_version, last_pulled_at=None)
    pushed = push(request)
    serve_requests(context, pushed)
    left = dict.fromkeys([*(row.id for row, _ in pushed.conflicts), *(each.id for each in pushed.rejected)])
    if not left:
        return Answer({}, array=[])
    reader = open_company(request.store, request.company)
    return Answer({}, array=masters(reader, body.device, table.name, left, request.version))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=address("sync", "rxdb", "{table}", "push"),
        scope="devices.push",
        handler=_push,
        summary="Store what an RxDB replication changed offline",
        request_model=RxdbPushIn,
        response_model=RxdbMasters,
        errors=(*REFUSALS, CloudStorageOff, PushTooLarge, CompanyFull),
        too_large=PushTooLarge,
        wipes=True,
        tag="Synchronisation",
    ),
)
