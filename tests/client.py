"""Asks the whole application as a client would: the local gateway with the real authorizer, without a socket."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

from local.gateway import HttpResponse, Incoming

_KEYS = count(1)


class Gateway(Protocol):
    """The receiver of requests."""

    def respond(self, request: Incoming) -> HttpResponse:
        """The answer."""


@dataclass(frozen=True)
class Got:
    """An answer: its status, headers (lower case) and parsed body."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body parsed."""
        return json.loads(self.text)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """A problem's pointers and codes."""
        return [(error["pointer"], error["code"]) for error in self.json.get("errors", [])]

    @property
    def etag(self) -> str:
        """The entity tag."""
        return self.headers["etag"]


@dataclass
class Client:
    """One caller with one token. Verbs that write get a fresh idempotency key unless one is given."""

    gateway: Gateway
    token: str | None = None
    company: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        query: dict[str, Any] | None = None,
        **headers: str,
    ) -> Got:
        """Send one request. Header names are given with underscores: `if_match="…"`."""
        sent = {name.lower(): value for name, value in self.headers.items()}
        if self.token:
            sent["authorization"] = f"Bearer {self.token}"
        if self.company:
            sent["company"] = self.company
        if method in ("POST", "PATCH", "PUT"):
            sent["idempotency-key"] = f"test-{next(_KEYS)}"
            sent["content-type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value != ""}
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        url = path + ("?" + urlencode(query, doseq=True) if query else "")
        reply = self.gateway.respond(Incoming(method, url, sent, data))
        return Got(
            reply.status, {k.lower(): v for k, v in reply.headers.items() if isinstance(v, str)}, reply.body.decode()
        )

    def get(self, path: str, **more: Any) -> Got:
        """GET."""
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Got:
        """POST with a fresh idempotency key."""
        return self.ask("POST", path, {} if body is None and "raw" not in more else body, **more)

    def patch(self, path: str, body: Any, if_match: str, **more: Any) -> Got:
        """PATCH of the version named."""
        return self.ask("PATCH", path, body, if_match=if_match, **more)

    def delete(self, path: str, if_match: str, **more: Any) -> Got:
        """DELETE of the version named."""
        return self.ask("DELETE", path, if_match=if_match, **more)
