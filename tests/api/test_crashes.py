"""Every endpoint that writes, killed around each of its AWS calls and asked again as a client does, by the same key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import Endpoint
from chalicelib.wiring import World
from tests.api.samples import Route, Sample, sample, send
from tests.client import Got
from tests.conftest import Shop
from tests.crash import Work, prove, watched
from tests.mailbox import open_mailbox
from tests.privacy.endings import Stored, stored

_NUMBERS = count(1)
NOT_REPEATABLE: Mapping[Route, str] = {
    ("POST", "/account/deletion"): "a form of a public page has no key: asked again, it mails another code",
    ("POST", "/v1/privacy/receipts"): "a download code is read without a key: each wrong try is counted",
    ("POST", "/v1/diagnostics"): "a batch belongs to nobody and has no key: sent again, it is another batch",
    ("POST", "/v1/privacy/requests/{id}/code"): "asked again, it mails another code, which takes the first one's place",
}
READ_ONLY: frozenset[Route] = frozenset({("POST", "/v1/invoices/preview"), ("POST", "/v1/backups")})
"""Endpoints whose sample request writes nothing: a preview, and a backup that is already under way."""
MADE_ON_ASKING = frozenset(
    {
        ("GET", "/v1/invoices/{id}/pdf"),
        ("GET", "/v1/credit-notes/{id}/pdf"),
        ("GET", "/v1/payments/{id}/pdf"),
        ("GET", "/v1/customers/{id}/statement/pdf"),
        ("GET", "/v1/backups/{id}/download"),
    }
)
"""Reads that store a page, or begin a job, the first time."""
COUNTED = frozenset({("GET", "/v1/register/verify")})
"""Reads that cost so much that they are counted: one row of the count is written, and nothing else."""
APART = {*NOT_REPEATABLE, *READ_ONLY}
WRITING = [
    e
    for e in ENDPOINTS
    if (e.method != "GET" or (e.method, e.path) in MADE_ON_ASKING) and (e.method, e.path) not in APART
]
READING = [e for e in ENDPOINTS if e not in WRITING and (e.method, e.path) not in NOT_REPEATABLE]


@dataclass(frozen=True)
class Asked:
    """A company, and a request of its owner's that nobody has sent yet."""

    shop: Shop
    endpoint: Endpoint
    sample: Sample
    key: str

    def send(self) -> Got:
        """Send it, each time the same."""
        named: dict[str, str] = {"idempotency_key": self.key} if self.endpoint.method != "GET" else {}
        return send(self.shop.owner, self.endpoint, self.sample, **named)

    def ended(self) -> tuple[list[str], int]:
        """The company's rows at the end, and the number of its owner's companies."""
        listed: list[Any] = self.shop.owner.get("/v1/companies").json["data"]
        return stored(Stored(self.shop.world, self.shop.company)), len(listed)


def clients(world: World) -> list[Any]:
    return [world.store.connection.client, world.files.client, world.keys.client, world.mailer.client]


def named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", WRITING, ids=named)
def test_killed_at_any_call_and_asked_again_it_ends_the_same(
    new_shop: Callable[..., Shop], world: World, endpoint: Endpoint
) -> None:
    open_mailbox(world)

    def prepare() -> Asked:
        shop = new_shop()
        return Asked(shop, endpoint, sample(endpoint, shop), f"crash-{next(_NUMBERS)}")

    def begin(asked: Asked) -> None:
        got = asked.send()
        assert got.status < 400, got.text

    def again(asked: Asked) -> None:
        got = asked.send()
        assert got.status < 400, got.text

    assert prove(clients(world), Work(prepare, begin, again, Asked.ended)) >= 4


@pytest.mark.parametrize("endpoint", READING, ids=named)
def test_every_other_one_writes_nothing(new_shop: Callable[..., Shop], world: World, endpoint: Endpoint) -> None:
    shop = new_shop()
    shop.issued()
    asked = Asked(shop, endpoint, sample(endpoint, shop), "none")
    with watched(clients(world)) as calls:
        assert asked.send().status < 400
    assert calls.writes == (["PutItem"] if (endpoint.method, endpoint.path) in COUNTED else [])
