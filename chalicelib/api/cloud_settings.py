"""The company's cloud switches: read them, change them, and erase the stored data when the last one is turned off."""

from typing import Literal

from chalicelib.api.answers import Answer, address, answer
from chalicelib.api.endpoint import Endpoint, RequestContext, require_fresh
from chalicelib.api.fields import ResponseModel
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import ProofNeeded, WorkspaceNotEmpty
from chalicelib.services.companies import switches
from chalicelib.services.companies.switches import CloudSwitches
from chalicelib.services.inputs.records import Edit, unsent
from chalicelib.services.representation.records import present_settings

URL = address("settings")


class CloudIn(Edit):
    """The cloud switches to change; an omitted one stays as it is."""

    sync: bool = unsent()
    backup: bool = unsent()


class SettingsEdit(Edit):
    """Cloud storage is off until it is turned on; nothing is stored while it is off.

    While there is business data, turning off the last switch needs `erase` and a recent sign-in. A job
    then erases the data and its backups; issued documents stay for their term. A dry run reports what would be erased
    and changes nothing.
    """

    cloud: CloudIn = unsent()
    erase: bool = False
    dry_run: bool = False


class CloudShown(ResponseModel):
    """The switches of cloud storage, both off until they are turned on."""

    sync: bool
    backup: bool


class SettingsShown(ResponseModel):
    """The company's settings. In a dry run, `goes` counts the rows to erase, by kind. `job` is the job that erases
    them, until it has ended: `GET /v1/jobs/{id}` shows its progress."""

    id: str
    object: Literal["settings"]
    cloud: CloudShown
    goes: dict[str, int] | None = None
    job: str | None = None


def _settings(context: RequestContext) -> Answer:
    return _switched(switches.switches(context.open))


def _switch(context: RequestContext) -> Answer:
    cloud = context.body.content().get("cloud", {})
    if context.body.dry_run:
        return _switched(switches.switching_off(context.open, cloud))
    if context.body.erase:
        require_fresh(context)
    call = context.presenting(_switched)
    return answer(switches.switch(context.world.store, call, cloud, erase=context.body.erase))


def _switched(switched: CloudSwitches, _: Head | None = None) -> Answer:
    body = present_settings(switched.head)
    if switched.goes is not None:
        return Answer({**body, "goes": switched.goes})
    if switched.erasing is not None:
        return Answer({**body, "job": switched.erasing.id})
    if switched.job is not None:
        return Answer({**body, "job": switched.job.id}, status=202, location=address("jobs", switched.job.id))
    return Answer(body)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="company.read",
        handler=_settings,
        summary="Read the cloud switches",
        response_model=SettingsShown,
        tag="Company",
    ),
    Endpoint(
        method="PATCH",
        path=URL,
        scope="company.write",
        handler=_switch,
        summary="Change the cloud switches",
        request_model=SettingsEdit,
        response_model=SettingsShown,
        idempotent=True,
        if_match=True,
        also=(202,),
        errors=(WorkspaceNotEmpty, ProofNeeded),
        tag="Company",
    ),
)
