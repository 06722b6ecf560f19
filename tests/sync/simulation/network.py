"""The network between a device and the service: it loses, repeats and delays requests by a plan."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.client import Client, Got

Fault = Literal["lose_request", "lose_answer", "lose_push_answer", "duplicate", "late"]
"""`late`: the device sees no answer, and the request arrives after later ones.

`lose_push_answer` waits for a push. Only real devices know it."""
FAULTS: tuple[Fault, ...] = ("lose_request", "lose_answer", "duplicate", "late")


class Lost(Exception):
    """No answer came."""


class Refused(Exception):
    """The service refused the request."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('code')}")
        self.status = status
        self.code = body.get("code")
        self.body = body


@dataclass(frozen=True)
class Sent:
    """A request of a device. `changed` are the columns by table and id that the person changed."""

    path: str
    body: dict[str, Any]
    changed: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


@dataclass
class Network:
    """One device's connection. `delivered` is called with each request that reached the service, and its answer.
    `meanwhile` is called before a request leaves: others act between two requests of a device."""

    client: Client
    delivered: Callable[[Sent, Got], None] = lambda sent, got: None
    meanwhile: Callable[[Sent], None] = lambda sent: None
    plan: list[Fault | None] = field(default_factory=list)
    late: list[Sent] = field(default_factory=list)

    def post(self, sent: Sent) -> dict[str, Any]:
        """Send a request, with the next fault of the plan. Raises Lost, Refused."""
        self.meanwhile(sent)
        fault = self.plan.pop(0) if self.plan else None
        if fault == "lose_request":
            raise Lost
        if fault == "late":
            self.late.append(sent)
            raise Lost
        if fault == "duplicate":
            self.deliver(sent)
        got = self.deliver(sent)
        if fault == "lose_answer":
            raise Lost
        body: dict[str, Any] = got.json
        if got.status != 200:
            raise Refused(got.status, body)
        return body

    def deliver(self, sent: Sent) -> Got:
        """Bring a request to the service."""
        got = self.client.post(sent.path, sent.body)
        assert got.status < 500, got.text
        self.delivered(sent, got)
        return got

    def deliver_late(self) -> None:
        """Bring the delayed requests to the service. Nobody reads the answers."""
        late, self.late = self.late, []
        for sent in late:
            self.deliver(sent)
