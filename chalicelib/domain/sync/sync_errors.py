"""The refusals of synchronisation. `api.problems` gives each class its status."""

from chalicelib.domain.errors import Conflict, Forbidden, Refusal


class PushFirst(Conflict):
    """The device must push what it has not sent, then pull everything again with `replace`: its clock is too old, or
    its member's role has changed."""

    code = "push_first"


class ReplacementPreparing(Conflict):
    """The replacement of a large company is being written. Each repetition of the same pull writes a part of it."""

    code = "replacement_preparing"


class DeviceTaken(Conflict):
    """The device belongs to another member."""

    code = "device_taken"


class DeviceRevoked(Forbidden):
    """The device was revoked, or its member left the company. It must wipe its copy."""

    code = "device_revoked"

    def __init__(self) -> None:
        super().__init__(wipe=True)


class ClientSchemaTooOld(Refusal):
    """The server no longer answers this schema version. The application must be updated."""

    code = "client_schema_too_old"
