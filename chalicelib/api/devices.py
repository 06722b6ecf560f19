"""Devices that keep a copy of the company's data: list them, name them, revoke them."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, address, answer, deleted, listed, shown
from chalicelib.api.document_shapes import Deleted
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model, Text
from chalicelib.api.paging import ListOf
from chalicelib.api.records import RecordShown
from chalicelib.api.sync import holder_of
from chalicelib.domain.errors import CloudStorageOff
from chalicelib.services.representation.devices import present_device
from chalicelib.services.sync import devices

URL = address("devices")


class DeviceEdit(Model):
    """The name by which people know the device."""

    label: Annotated[str, Text(100), Field(description="Its name; null for none.", examples=["Caisse de Fès"])] | None


class DeviceShown(RecordShown):
    """A device of a member. Owners see all devices, other members their own."""

    object: Literal["device"]
    label: Annotated[
        str | None,
        Field(
            description="The text by which people recognise the device; null if nobody named it.",
            examples=["Caisse de Fès"],
        ),
    ]
    member: Annotated[
        str | None,
        Field(
            description="The id of the member who uses the device; null once they left.",
            examples=["mem_01J9ZK5N8Q0V3X6T2R4W7Y1B5C"],
        ),
    ]
    status: Annotated[Literal["active", "revoked"], Field(description="Whether it may pull.", examples=["active"])]
    schema_version: Annotated[int, Field(description="The schema of its last pull.", examples=[1])]
    last_pulled_at: Annotated[int, Field(description="The clock of a pull of the day `last_seen`.", examples=[4711])]
    last_seen: Annotated[
        str, Field(description="A pull at most a day before the last.", examples=["2026-11-30T10:00:00Z"])
    ]
    revoked_at: Annotated[str | None, Field(description="When it was revoked.", examples=[None])]


def _list(context: RequestContext) -> Answer:
    found = devices.registered(context.open, holder_of(context))
    return Answer(listed(URL, map(present_device, found)))


def _read(context: RequestContext) -> Answer:
    return Answer(present_device(devices.one(context.open, context.path["id"], holder_of(context))))


def _rename(context: RequestContext) -> Answer:
    call = context.presenting(shown(present_device))
    label = context.body.label
    return answer(devices.rename(context.world.store, call, context.path["id"], holder_of(context), label))


def _revoke(context: RequestContext) -> Answer:
    call = context.presenting(shown(deleted))
    return answer(devices.revoke(context.world.store, call, context.path["id"], holder_of(context)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="devices.read",
        handler=_list,
        summary="List the devices that synchronise",
        response_model=ListOf[DeviceShown],
        tag="Synchronisation",
    ),
    Endpoint(
        method="GET",
        path=URL + "/{id}",
        scope="devices.read",
        handler=_read,
        summary="Read a device",
        response_model=DeviceShown,
        tag="Synchronisation",
    ),
    Endpoint(
        method="PATCH",
        path=URL + "/{id}",
        scope="devices.write",
        handler=_rename,
        summary="Name a device",
        request_model=DeviceEdit,
        response_model=DeviceShown,
        idempotent=True,
        if_match=True,
        errors=(CloudStorageOff,),
        tag="Synchronisation",
    ),
    Endpoint(
        method="DELETE",
        path=URL + "/{id}",
        scope="devices.write",
        handler=_revoke,
        summary="Revoke a device; at its next pull it must wipe its copy",
        response_model=Deleted,
        if_match=True,
        errors=(CloudStorageOff,),
        tag="Synchronisation",
    ),
)
