"""Consents: accepted versions with their proof, choices that count at once, and what is asked again."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.api.presenters.consents import present_policy
from chalicelib.domain.clock import midnight, today
from chalicelib.domain.morocco.deadlines import add_months
from chalicelib.domain.privacy.consent import Acceptance, Consent
from chalicelib.policy.load import current, policy_version, use
from chalicelib.policy.model import Policy, PolicyVersion
from chalicelib.store.wire import SORT
from tests.conftest import Shop
from tests.unit.policy.planting import decided as decided_policy

LATEST = policy_version()


def _proofs(shop: Shop) -> list[Acceptance]:
    found = shop.world.store.query("requests", shop.company, SORT.startswith("acceptance#")).records
    return [row for row in found if isinstance(row, Acceptance)]


def test_signing_up_accepts_a_version_and_leaves_its_proof(shop: Shop) -> None:
    got = shop.owner.get("/v1/consents")
    policy = got.json["policy"]
    assert (policy["accepted"], policy["must_accept"], policy["required"]) == (LATEST, False, "2026-04-02")
    assert policy["required_since"] == "2026-04-02"
    (proof,) = _proofs(shop)
    assert (proof.member, proof.policy_version) == (got.json["id"], LATEST)
    assert proof.due_at == midnight(add_months(today(proof.created_at), 60) + timedelta(days=1))


def test_a_member_accepts_for_themselves(shop: Shop) -> None:
    clerk = shop.former_member("viewer", f"viewer-{shop.company}")
    asked = clerk.get("/v1/consents").json["policy"]
    assert (asked["accepted"], asked["must_accept"]) == (None, True)
    got = clerk.post("/v1/consents", {"kind": "policy", "granted": True, "version": LATEST})
    assert (got.status, got.json["policy"]["must_accept"]) == (201, False)
    clock = shop.clock
    again = clerk.post("/v1/consents", {"kind": "policy", "granted": True, "version": LATEST})
    assert (again.status, shop.clock) == (200, clock)
    assert again.json["policy"]["accepted_at"] == got.json["policy"]["accepted_at"]
    assert len(_proofs(shop)) == 2


def test_an_earlier_version_without_material_change_will_do_and_keeps_its_own_proof(shop: Shop) -> None:
    got = shop.owner.post("/v1/consents", {"kind": "policy", "granted": True, "version": "2026-04-02"})
    assert (got.json["policy"]["accepted"], got.json["policy"]["must_accept"]) == ("2026-04-02", False)
    assert {proof.policy_version for proof in _proofs(shop)} == {"2026-04-02", LATEST}
    assert shop.owner.post("/v1/consents", {"kind": "policy", "granted": True, "version": LATEST}).status == 201
    assert len(_proofs(shop)) == 2, "each version is proven once, at its first instant"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"kind": "policy", "granted": True, "version": "2020-01-01"}, ("/version", "policy_version_unknown")),
        ({"kind": "policy", "granted": True}, ("/version", "missing")),
        ({"kind": "policy", "granted": False, "version": LATEST}, ("/granted", "acceptance_not_withdrawn")),
        ({"kind": "marketing", "granted": True, "version": LATEST}, ("/version", "unknown_field")),
        ({"kind": "tracking", "granted": True}, ("/kind", "not_one_of")),
        ({"kind": "marketing"}, ("/granted", "missing")),
        ({"kind": "marketing", "granted": "yes"}, ("/granted", "wrong_type")),
    ],
)
def test_an_invalid_consent_is_refused(shop: Shop, body: dict[str, Any], fault: tuple[str, str]) -> None:
    before = shop.clock
    got = shop.owner.post("/v1/consents", body)
    assert (got.status, got.codes, shop.clock) == (422, [fault], before)


def test_nothing_is_agreed_to_before_it_is_asked(shop: Shop) -> None:
    got = shop.owner.get("/v1/consents").json
    assert {kind: got[kind] for kind in ("ads_personalised", "marketing", "diagnostics")} == {
        "ads_personalised": {"granted": False, "chosen_at": None},
        "marketing": {"granted": False, "chosen_at": None},
        "diagnostics": {"granted": True, "chosen_at": None},
    }


@pytest.mark.parametrize("kind", ["ads_personalised", "marketing", "diagnostics"])
def test_agreeing_and_opposing_count_at_once_and_for_nobody_else(shop: Shop, kind: str) -> None:
    other = shop.member("clerk")
    for granted in (True, False):
        shop.owner.post("/v1/consents", {"kind": kind, "granted": granted})
        got = shop.owner.get("/v1/consents").json[kind]
        assert (got["granted"], got["chosen_at"] is None) == (granted, False)
    assert other.get("/v1/consents").json[kind]["chosen_at"] is None


def test_the_same_answer_twice_writes_once(shop: Shop) -> None:
    first = shop.owner.post("/v1/consents", {"kind": "marketing", "granted": True})
    clock = shop.clock
    again = shop.owner.post("/v1/consents", {"kind": "marketing", "granted": True})
    assert (first.status, again.status, shop.clock) == (201, 200, clock)
    assert again.json["marketing"] == first.json["marketing"]


def test_a_key_consents_to_nothing(shop: Shop) -> None:
    key, _ = shop.key("company.read")
    assert key.get("/v1/consents").status == 403
    assert key.post("/v1/consents", {"kind": "marketing", "granted": True}).status == 403
    assert shop.owner.post("/v1/api-keys", {"name": "x", "scopes": ["consents.write"]}).status == 422


def test_consents_are_of_one_company(new_shop: Any) -> None:
    one, other = new_shop(), new_shop()
    subject = one.owner.get("/v1/members").json["data"][0]["user"]
    joined = other.member("viewer", subject)
    one.owner.post("/v1/consents", {"kind": "marketing", "granted": True})
    assert joined.get("/v1/consents").json["marketing"]["granted"] is False


def test_a_pending_version_is_shown_and_cannot_be_accepted(shop: Shop) -> None:
    """Its text may still change, so an acceptance would prove nothing. The version that members accepted stays good."""
    prepared = current().version
    policy = shop.owner.get("/v1/consents").json["policy"]
    assert (policy["in_force"], policy["accepted"], policy["must_accept"]) == ("2026-04-02", "2026-11-23", False)
    assert [each["version"] for each in policy["pending"]] == ["2026-11-23", prepared]
    assert all("processors.hosting.transfer" in each["awaits"] for each in policy["pending"])
    assert prepared not in [each["version"] for each in policy["announced"]]
    got = shop.owner.post("/v1/consents", {"kind": "policy", "granted": True, "version": prepared})
    assert (got.status, got.codes) == (422, [("/version", "policy_version_unknown")])


def test_an_acceptance_of_a_published_version_outlives_the_next_one() -> None:
    """Once everything is decided, the version of 2026-12-01 is in force, and nobody must accept again."""
    decided = decided_policy()
    stamps: Any = {"company": "cmp_1", "created_at": None, "updated_at": None}
    for accepted in ("2026-04-02", "2026-11-23", decided.version):
        held = Consent(id="mem_1", **stamps, policy_version=accepted)
        with use(decided):
            body = present_policy(held, decided.date, "fr")
        assert (body["in_force"], body["must_accept"], body["pending"]) == (decided.version, False, [])


def _policy(material: bool) -> Policy:
    later = PolicyVersion("2027-03-01", date(2027, 3, 1), material, current().current.changes)
    return replace(current(), versions=(*current().versions, later))


@pytest.mark.parametrize(
    ("day", "material", "asked", "required", "announced"),
    [
        (date(2027, 2, 28), True, False, "2026-04-02", [("2027-03-01", "2027-03-01", True)]),
        (date(2027, 3, 1), True, True, "2027-03-01", []),
        (date(2027, 3, 1), False, False, "2026-04-02", []),
    ],
)
def test_a_material_change_is_announced_and_then_asked(
    day: date, material: bool, asked: bool, required: str, announced: list[tuple[str, str, bool]]
) -> None:
    stamps: Any = {"company": "cmp_1", "created_at": None, "updated_at": None}
    held = Consent(id="mem_1", **stamps, policy_version="2026-11-23")
    with use(_policy(material)):
        body = present_policy(held, day, "fr")
    assert body["must_accept"] is asked
    assert (body["required"], body["required_since"]) == (required, required)
    assert [(v["version"], v["from"], v["material"]) for v in body["announced"]] == announced
