"""A company of a served instance, with the same client as the tests in the process."""

import http.client
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from chalicelib.domain.ids import derived_id
from local.gateway import HttpResponse, Incoming
from tests.client import Client
from tests.e2e.person import CUSTOMER, Person, signed_up
from tests.e2e.serving import Served
from tests.joining import CODE, accept
from tests.sync.simulation.world import Company

_NUMBERS = count(1)
MAIL_SECONDS = 60
"""The longest time that the outbox takes, on a busy machine."""


@dataclass(frozen=True)
class Wire:
    """A gateway at the other end of a socket."""

    port: int

    def respond(self, request: Incoming) -> HttpResponse:
        """The answer of the service."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            return HttpResponse(answer.status, {**dict(answer.getheaders())}, answer.read())
        finally:
            connection.close()


def clock_of(owner: Client) -> int:
    """The number of a company's commits, read from the change feed."""
    after, more = 0, True
    while more:
        page = owner.get("/v1/changes", query={"after": str(after), "limit": "100"}).json
        after, more = page["clock"], page["has_more"]
    return int(after)


def company_of(person: Person) -> str:
    """The id of a person's company."""
    id: str = person.must("GET", "/v1/company")["id"]
    return id


def member(owner: Client, role: str) -> Client:
    """Another member of the company."""
    subject = new_id("usr")
    email = f"{subject}@example.ma".lower()
    invited = owner.post("/v1/members", {"email": email, "role": role})
    assert invited.status == 201, invited.text
    token: str = Client(owner.gateway).post("/_local/token", {"sub": subject, "email": email}).json["access_token"]
    joined = accept(Client(owner.gateway, token), mailed_code(owner, email))
    assert joined.status == 201, joined.text
    return Client(owner.gateway, token, owner.company)


def mailed_code(owner: Client, email: str) -> str:
    """The code of an invitation, from the service's mailbox."""
    for _ in range(MAIL_SECONDS * 5):
        mails = owner.get("/_local/mailbox").json["data"]
        if texts := [mail["text"] for mail in mails if mail["to"] == [email]]:
            found = CODE.search(texts[-1])
            assert found is not None
            return found[0]
        time.sleep(0.2)
    raise AssertionError("no invitation was mailed")


def founded(served: Served) -> Company:
    """A new company with one customer, whose synchronisation is on."""
    person = signed_up(served, f"sync-{next(_NUMBERS)}")
    owner = Client(Wire(served.port), person.token, company_of(person))
    customer = owner.post("/v1/customers", CUSTOMER)
    assert customer.status == 201, customer.text
    return Company(
        owner, member(owner, "owner"), customer.json["id"], lambda: clock_of(owner), lambda: datetime.now(UTC)
    )


def new_id(prefix: str) -> str:
    """An id that a device chooses."""
    return derived_id(prefix, "served", str(next(_NUMBERS)))
