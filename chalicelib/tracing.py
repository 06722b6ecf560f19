"""The X-Ray recorder, without exception messages.

Its library takes 0.2 s to import, so only a sampled invocation imports this module. Lambda's own segment measures the
invocation. This recorder adds its parts and each call to AWS. It records no arguments, no results, and no annotations
but the names of the parts. It records an exception's class and position and drops its message, which may contain
personal data: a message of SES quotes the address.
"""

from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.models.entity import Entity


class MessageRemover(UDPEmitter):  # type: ignore[misc]  # published without types
    """Sends traces to Lambda's daemon, without exception messages."""

    def send_entity(self, entity: Entity) -> None:
        """Send a part of a trace."""
        remove_messages(entity)
        super().send_entity(entity)


def remove_messages(entity: Entity) -> None:
    """Remove the exception messages from a part of a trace and from its own parts."""
    if isinstance(entity.cause, dict):  # otherwise the id of an exception that another part holds
        for exception in entity.cause.get("exceptions", ()):
            exception.message = None
    for part in entity.subsegments:
        remove_messages(part)


def recorder(service: str) -> Any:
    """The process's recorder, which traces every call of boto3; None if tracing is disabled."""
    tracer = Tracer(service=service, auto_patch=False)
    if tracer.disabled:
        return None
    local: Any = tracer.provider
    # Lambda sets the daemon's address. The existing emitter has it.
    local.configure(emitter=MessageRemover(f"{local.emitter.ip}:{local.emitter.port}"))
    tracer.patch(modules=("botocore",))
    return local
