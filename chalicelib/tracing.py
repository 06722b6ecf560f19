"""X-Ray's recorder without words: its library costs 0.2 s to import, so this comes with the first sampled invocation.

Lambda's own segment says how long an invocation took; ours add its parts and each call to AWS. Nothing is captured of
what a function takes or answers, nothing is annotated but the names of parts, and of an exception only its class and
where it passed, because a message may quote what it met: SES's, for one, quotes the addressee.
"""

from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.models.entity import Entity


class Wordless(UDPEmitter):  # type: ignore[misc]  # published without types
    """Sends what it is given to Lambda's daemon, less every exception's message."""

    def send_entity(self, entity: Entity) -> None:
        """Send a part of a trace."""
        silence(entity)
        super().send_entity(entity)


def silence(entity: Entity) -> None:
    """Take the messages out of a part of a trace and of its own parts."""
    if isinstance(entity.cause, dict):  # otherwise the id of an exception that another part holds
        for exception in entity.cause.get("exceptions", ()):
            exception.message = None
    for part in entity.subsegments:
        silence(part)


def recorder(service: str) -> Any:
    """The process's recorder, which traces every call of boto3's; None where nobody listens."""
    tracer = Tracer(service=service, auto_patch=False)
    if tracer.disabled:
        return None
    made: Any = tracer.provider
    # The daemon's address is Lambda's to say; the emitter that was made from it knows.
    made.configure(emitter=Wordless(f"{made.emitter.ip}:{made.emitter.port}"))
    tracer.patch(modules=("botocore",))
    return made
