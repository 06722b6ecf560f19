"""The fixtures of all tests: real engine, real issuer, the real application behind the local gateway."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from chalice.config import Config
from hypothesis import HealthCheck, settings

from local.engine import Engine
from local.issuer import Issuer
from tests import crash, joining, leftovers
from tests.client import Client
from tests.engine import embedded_s3, engine, issuer, other_engines, pytest_addoption, settings_environment
from tests.iam import (
    iam,
    only_what_is_granted,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from tests.leftovers import no_work_of_other_modules
from tests.tiers import pytest_collection_modifyitems, pytest_runtest_protocol
from tests.write_paths import Unwritten, only_by_a_write_path, write_watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from chalicelib.domain.companies.member import Role
    from chalicelib.wiring import World
    from local.gateway import Gateway

__all__ = [
    "embedded_s3",
    "engine",
    "iam",
    "issuer",
    "no_work_of_other_modules",
    "only_by_a_write_path",
    "only_what_is_granted",
    "other_engines",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "write_watch",
]
_NUMBERS = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Tell the crash proofs what was asked for, and Hypothesis that time does not matter. Gather the writes."""
    config.pluginmanager.register(Unwritten(), "unwritten")
    crash.every_call = config.getoption("--every-call")
    settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("suite")  # no result depends on how busy the machine is


@pytest.fixture(scope="session")
def world(engine: Engine, issuer: Issuer) -> Iterator["World"]:
    """The application's own world, on tables and a bucket of this test process."""
    import boto3

    import app
    from chalicelib.store.tables import create_tables
    from local.resources import create_archive_bucket, create_backup_key, create_receipt_key

    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_environment(engine, issuer, f"t{os.getpid()}").items():
            patch.setenv(name, value)
        app.world.cache_clear()
        made = app.world()
        create_tables(made.settings)
        files = boto3.client("s3", endpoint_url=made.settings.endpoint_of("s3"), region_name=made.settings.region)
        files.create_bucket(
            Bucket=made.settings.files_bucket, CreateBucketConfiguration={"LocationConstraint": made.settings.region}
        )
        create_archive_bucket(files, made.settings.archive_bucket)
        create_receipt_key(made.keys.client, made.settings.receipt_key)
        create_backup_key(made.keys.client, made.settings.backup_key)
        leftovers.shared.append(made)
        yield made
        leftovers.shared.remove(made)
        app.world.cache_clear()


@pytest.fixture(scope="session")
def gateway(world: "World") -> "Gateway":
    """The local gateway in front of the application."""
    import app
    from local.gateway import Gateway

    return Gateway(app.app, Config())


@dataclass
class Shop:
    """A company of one test: its owner's client, its id and head, and a customer."""

    owner: Client
    company: str
    customer: str
    world: "World"
    issuer: Issuer

    @property
    def today(self) -> date:
        """The day in Casablanca, by the world's clock."""
        from chalicelib.domain.clock import today

        return today(self.world.now())

    @property
    def clock(self) -> int:
        """The number of the company's commits."""
        from chalicelib.domain.companies.company import Head

        (head,) = self.world.store.records([Head.ref(self.company)])
        assert isinstance(head, Head)
        return head.clock

    def member(self, role: str, subject: str | None = None) -> Client:
        """A client for a new member in this role."""
        subject = subject or f"user-{next(_NUMBERS)}"
        self.join(subject, role)
        return Client(self.owner.gateway, self.issuer.token(subject), self.company)

    def join(self, subject: str, role: str, email: str | None = None) -> dict[str, Any]:
        """Invite a person, who accepts; return the membership. Their address is proven."""
        return joining.join(self.world, self.issuer, self.owner, subject, role, email or joining.address())

    def former_member(self, role: "Role", subject: str, email: str | None = None) -> Client:
        """A client for a member whom an owner of an earlier release added: without a proven address, and without an
        acceptance of the policy."""
        joining.former_member(self.world, self.company, subject, role, email)
        return Client(self.owner.gateway, self.issuer.token(subject), self.company)

    def prove(self, subject: str, email: str) -> None:
        """Let a member prove their address: they accept the policy with a token that states it."""
        client = Client(self.owner.gateway, self.issuer.token(subject, email=email), self.company)
        version = client.get("/v1/consents").json["policy"]["in_force"]
        accepted = client.post("/v1/consents", {"kind": "policy", "granted": True, "version": version})
        assert accepted.json["policy"]["accepted"] == version, accepted.text

    def key(self, *scopes: str) -> tuple[Client, dict[str, Any]]:
        """A client with a new API key of these scopes, and the key's row."""
        made = self.owner.post("/v1/api-keys", {"name": "test", "scopes": list(scopes)})
        assert made.status == 201, made.text
        return Client(self.owner.gateway, made.json["key"]), made.json

    def draft(self, **changes: Any) -> dict[str, Any]:
        """A draft of one line for the customer."""
        line = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
        made = self.owner.post("/v1/invoices", {"customer": self.customer, "lines": [line]} | changes)
        assert made.status == 201, made.text
        body: dict[str, Any] = made.json
        return body

    def issued(self, **changes: Any) -> dict[str, Any]:
        """An issued invoice."""
        made = self.owner.post(f"/v1/invoices/{self.draft(**changes)['id']}/issue")
        assert made.status == 200, made.text
        body: dict[str, Any] = made.json
        return body


@pytest.fixture(scope="session")
def new_shop(gateway: "Gateway", world: "World", issuer: Issuer) -> Callable[..., Shop]:
    """Makes companies: `new_shop(mode="test", cloud=False)`."""

    def make(*, cloud: bool = True, **profile: Any) -> Shop:
        from chalicelib.policy.load import policy_version

        owner = Client(gateway, issuer.token(f"owner-{next(_NUMBERS)}-{os.getpid()}", email="owner@shop.example"))
        body = {
            "name": "Boutique Exemple",
            "address": {"street": "3 rue Talaa", "city": "Fès"},
            "ice": "002136093000040",
            "tax_id": "12345678",
            "trade_register": "123456",
            "business_tax": "34567890",
            "policy_version": policy_version(),
            "of_age": True,
        }
        signed = owner.post("/v1/companies", body | profile)
        assert signed.status == 201, signed.text
        owner.company = signed.json["id"]
        shop = Shop(owner, signed.json["id"], "", world, issuer)
        if cloud:
            switched = owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*")
            assert switched.status == 200, switched.text
            address = {"street": "1 rue X", "city": "Casablanca"}
            customer = {"name": "Client Exemple", "kind": "business", "ice": "002136093000040", "address": address}
            added = owner.post("/v1/customers", customer)
            assert added.status == 201, added.text
            shop.customer = added.json["id"]
        return shop

    return make


@pytest.fixture
def shop(new_shop: Callable[..., Shop]) -> Shop:
    """A company with its cloud on and one customer."""
    return new_shop()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One browser for the tests of a module."""
    from tests.e2e.browser import chromium

    with chromium() as started:
        yield started
