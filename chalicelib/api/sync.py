"""Synchronisation: the schema of devices' tables, and the pull in WatermelonDB's form and in RxDB's."""

from typing import cast

from chalicelib.api.answers import Answer, address
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.sync_models import PullIn, PullShown, RxdbPullIn, RxdbPullShown, SchemaShown
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.member import Role
from chalicelib.domain.errors import ClockTooOld, NotFound, SynchronisationOff
from chalicelib.domain.sync.device import Holder
from chalicelib.domain.sync.sync_errors import (
    ClientSchemaTooOld,
    DeviceRevoked,
    DeviceTaken,
    PushFirst,
    ReplacementPreparing,
)
from chalicelib.domain.sync.tables import BY_NAME, OLDEST_SCHEMA, SCHEMA_VERSION, TABLES
from chalicelib.files.objects import Link
from chalicelib.services.sync import answering, rxdb
from chalicelib.services.sync.answering import PullRequest
from chalicelib.store.read import Reader


def holder_of(context: RequestContext) -> Holder:
    """The person whose device asks."""
    actor = context.actor
    return Holder(actor.id, actor.subject, cast("Role | None", actor.role))


def reader_of(context: RequestContext, device: str) -> Reader:
    """The reader of the company. A person who left gets none: their device is told to wipe. Raises DeviceRevoked,
    NotFound."""
    if context.reader is None:
        answering.refuse_leaver(context.world.store, context.company, device, holder_of(context))
        raise NotFound
    return context.reader


def _schema(_: RequestContext) -> Answer:
    tables = [
        {
            "name": table.name,
            "writes": table.writes,
            "since": table.since,
            "columns": [
                {name: getattr(column, name) for name in ("name", "type", "optional", "writable", "json", "since")}
                for column in table.columns
            ],
        }
        for table in TABLES
    ]
    return Answer({"object": "sync_schema", "version": SCHEMA_VERSION, "oldest": OLDEST_SCHEMA, "tables": tables})


def _pull(context: RequestContext) -> Answer:
    body: PullIn = context.body
    reader = reader_of(context, body.device)
    pulled = answering.pull(context.world, reader, context.writing, holder_of(context), body.request())
    if isinstance(pulled, Link):
        return Answer({"url": pulled.url, "expires_at": instant(pulled.expires_at)})
    return Answer(pulled.body())


def _rxdb_pull(context: RequestContext) -> Answer:
    body: RxdbPullIn = context.body
    if (table := BY_NAME.get(context.path["table"])) is None:
        raise NotFound
    reader = reader_of(context, body.device)
    request = PullRequest(body.device, body.schema_version, body.checkpoint.clock if body.checkpoint else 0)
    return Answer(rxdb.pull(reader, context.writing, holder_of(context), request, table, body.limit))


REFUSALS = (SynchronisationOff, DeviceRevoked, DeviceTaken, ClientSchemaTooOld)
ENDPOINTS = (
    Endpoint(
        method="GET",
        path=address("sync", "schema"),
        scope="changes.read",
        handler=_schema,
        summary="Read the tables of devices and their columns",
        response_model=SchemaShown,
        tag="Synchronisation",
    ),
    Endpoint(
        method="POST",
        path=address("sync", "pull"),
        scope="devices.write",
        handler=_pull,
        summary="Pull the changes since a clock to a device",
        request_model=PullIn,
        response_model=PullShown,
        errors=(*REFUSALS, PushFirst, ReplacementPreparing),
        wipes=True,
        tag="Synchronisation",
    ),
    Endpoint(
        method="POST",
        path=address("sync", "rxdb", "{table}", "pull"),
        scope="devices.write",
        handler=_rxdb_pull,
        summary="Pull the changes of one table to an RxDB replication",
        request_model=RxdbPullIn,
        response_model=RxdbPullShown,
        errors=(*REFUSALS, ClockTooOld),
        wipes=True,
        tag="Synchronisation",
    ),
)
