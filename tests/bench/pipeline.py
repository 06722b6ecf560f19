"""The application's own pipeline, asked in this process: no socket, no gateway, no authentication unless asked for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any
from unittest.mock import patch

from chalice.app import Request, Response

from chalicelib.api import serve as pipeline
from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import Actor, Endpoint
from chalicelib.api.roles import SCOPES
from chalicelib.domain.companies.member import Member
from chalicelib.store.decision import Decision
from chalicelib.store.read import Reader, open_company
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.histories import company as companies

USER = "user-1"
_KEYS = count(1)
_BY_ROUTE: dict[tuple[str, str], Endpoint] = {(endpoint.method, endpoint.path): endpoint for endpoint in ENDPOINTS}


def member_of(world: World, company: str) -> None:
    """Make USER an owner of the company, for measurements with authentication."""
    now = companies.call(world, company, "join", "join")
    member = Member(company=company, id="mem_1", created_at=now.at, updated_at=now.at, user=USER, role="owner")
    transact(world.store, now, [], lambda _: Decision(new=(member,)))


@dataclass(frozen=True)
class Pipeline:
    """Asks `serve` for one company. `ask` builds the event as the gateway would; `send` is what is measured."""

    world: World
    company: str

    def request(self, method: str, path: str, body: Any = None, *, key: str | None = None, **parts: str) -> Request:
        """The request; `parts` fill the path, names in capitals go to the query string."""
        query = {name.lower(): [value] for name, value in parts.items() if name.isupper()}
        headers = {"content-type": "application/json", "company": self.company, "accept-language": "fr"}
        if method != "GET":
            headers["idempotency-key"] = key or f"bench-{next(_KEYS)}"
        context = {
            "httpMethod": method,
            "resourcePath": path,
            "requestId": "bench",
            "authorizer": {"kind": "user", "subject": USER},
        }
        event = {
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
            "headers": headers,
            "multiValueQueryStringParameters": query or None,
            "stageVariables": None,
            "requestContext": context,
            "pathParameters": {name: value for name, value in parts.items() if not name.isupper()} or None,
        }
        return Request(event)

    def send(self, method: str, path: str, request: Request) -> Response:
        """The function's answer to a request."""
        return pipeline.serve(self.world, _BY_ROUTE[method, path], request)

    def ask(self, method: str, path: str, body: Any = None, **parts: str) -> dict[str, Any]:
        """Send and read the answer; AssertionError for a problem."""
        answer = self.send(method, path, self.request(method, path, body, **parts))
        assert answer.status_code < 300, answer.body
        shown: dict[str, Any] = json.loads(answer.body)
        return shown

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Without the guard's round trip: an owner who is known already."""
        admitted = (Actor(id=USER, kind="user", scopes=SCOPES, role="owner"), self.company, self._reader)
        with patch.object(pipeline, "guard", lambda *_: admitted):
            yield

    @cached_property
    def _reader(self) -> Reader:
        return open_company(self.world.store, self.company)


INVOICES, INVOICE, ISSUE = "/v1/invoices", "/v1/invoices/{id}", "/v1/invoices/{id}/issue"


def new_invoice(company: str, lines: int = 3) -> dict[str, Any]:
    """A draft's body of services at 20 %."""
    line = {"quantity": "2", "unit_price": "1500.00", "vat_rate": "20", "nature": "services"}
    numbered = [{**line, "description": f"Conseil, journée {number}"} for number in range(1, lines + 1)]
    return {"customer": companies.customer_of(company), "operation_date": "2026-01-02", "lines": numbered}
