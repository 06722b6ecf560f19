"""`must_accept` is enforced: a member who has not accepted the required policy reads, and changes nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import PUBLIC, SIGNED_IN
from chalicelib.api.roles import acts
from chalicelib.policy.load import current, policy_version, use
from chalicelib.policy.model import Policy, PolicyVersion
from tests.api.samples import sample, send
from tests.client import Client, Got
from tests.clocks import clock_at
from tests.conftest import Shop

NEXT = date(2027, 3, 1)
BEFORE, FROM = datetime(2027, 2, 28, 12, tzinfo=UTC), datetime(2027, 3, 1, 12, tzinfo=UTC)
CUSTOMER = {"name": "X", "kind": "consumer"}
WRITES = [each for each in ENDPOINTS if each.method != "GET" and each.scope not in (PUBLIC, SIGNED_IN)]
FREE = frozenset({"consents.write", "privacy.write", "support.write", "exports.write", "devices.write"})
"""Scopes of writes that need no acceptance: they are rights of the person, or they only read."""


def _material() -> AbstractContextManager[Policy]:
    """A policy with a material version of `NEXT`."""
    later = PolicyVersion(NEXT.isoformat(), NEXT, True, current().current.changes)
    return use(replace(current(), versions=(*current().versions, later)))


def _accept(client: Client, version: str) -> Got:
    return client.post("/v1/consents", {"kind": "policy", "granted": True, "version": version})


def _refused(got: Got, required: str) -> bool:
    body = got.json
    return (got.status, body.get("code"), body.get("required")) == (403, "policy_not_accepted", required)


def test_a_member_of_before_accepts_before_they_act(shop: Shop) -> None:
    """An earlier release added members who had accepted nothing. They stay members, and read as before."""
    clerk = shop.former_member("clerk", f"former-{shop.company}")
    clock = shop.clock
    assert clerk.get("/v1/consents").json["policy"]["must_accept"] is True
    assert [clerk.get(path).status for path in ("/v1/company", "/v1/customers", "/v1/invoices")] == [200, 200, 200]
    assert _refused(clerk.post("/v1/customers", CUSTOMER), "2026-04-02")
    assert shop.clock == clock
    assert _accept(clerk, policy_version()).status == 201
    assert clerk.post("/v1/customers", CUSTOMER).status == 201


def test_a_material_version_is_accepted_before_anything_else(shop: Shop) -> None:
    """From its day on, and by everybody: an owner, a member, and a key of theirs. An earlier version is no answer."""
    clerk, owner = shop.member("clerk"), shop.owner
    key, _ = shop.key("parties.write", "parties.read")
    with _material():
        with clock_at(shop.world, BEFORE):
            assert [each.post("/v1/customers", CUSTOMER).status for each in (owner, clerk, key)] == [201, 201, 201]
        with clock_at(shop.world, FROM):
            for client in (owner, clerk, key):
                assert _refused(client.post("/v1/customers", CUSTOMER), "2027-03-01")
                assert client.get("/v1/customers").status == 200
            assert _accept(clerk, "2026-04-02").status == 422
            assert _accept(clerk, "2027-03-01").status == 201
            assert clerk.post("/v1/customers", CUSTOMER).status == 201
            assert _refused(key.post("/v1/customers", CUSTOMER), "2027-03-01"), "its maker has not accepted"
            assert _accept(owner, "2027-03-01").status == 201
            assert key.post("/v1/customers", CUSTOMER).status == 201


def test_a_person_uses_their_rights_before_they_accept(shop: Shop) -> None:
    """They ask for a copy and for their deletion, ask for help, and oppose."""
    viewer = shop.former_member("viewer", f"rights-{shop.company}")
    for kind in ("access", "deletion", "opposition"):
        assert viewer.post("/v1/privacy/requests", {"kind": kind}).status == 201, kind
    assert viewer.post("/v1/consents", {"kind": "diagnostics", "granted": False}).status == 200
    assert viewer.post("/v1/support", {"subject": "Aide", "text": "Bonjour"}).status == 201


def test_each_write_either_needs_the_acceptance_or_is_a_right() -> None:
    """A new scope of writes is refused until it is listed here."""
    free = {each.scope for each in WRITES if not acts(each)}
    assert {scope for scope in free if not scope.endswith(".read")} == FREE
    assert not any(acts(each) for each in ENDPOINTS if each.method == "GET")


def test_every_verb_that_acts_is_refused(new_shop: Callable[..., Shop]) -> None:
    """An owner of before sends a good request to each. Nothing is written, and no other verb asks for acceptance."""
    shop = new_shop()
    owner = shop.former_member("owner", f"former-{shop.company}")
    told = {}
    for endpoint in WRITES:
        good, clock = sample(endpoint, shop), shop.clock
        got = send(owner, endpoint, good)
        told[endpoint] = got.status == 403 and got.json["code"] == "policy_not_accepted"
        assert not told[endpoint] or shop.clock == clock
    assert {f"{each.method} {each.path}" for each, refused in told.items() if refused is not acts(each)} == set()
    assert sum(told.values()) > 40
