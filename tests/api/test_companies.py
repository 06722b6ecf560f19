"""Signing up, the profile and the logo, through the whole pipeline."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from PIL import Image

from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import TooManyRequests
from chalicelib.domain.journal import IdempotencyRecord
from chalicelib.policy.load import accepted_versions, policy_version
from chalicelib.services.companies import companies
from chalicelib.wiring import World
from local.gateway import Gateway
from local.issuer import Issuer
from tests.client import Client, Got
from tests.conftest import Shop

_PEOPLE = count(1)


def _sign_up(**changes: Any) -> dict[str, Any]:
    return {"name": "Boutique Exemple", "policy_version": policy_version(), "of_age": True} | changes


@pytest.fixture
def person(gateway: Gateway, issuer: Issuer) -> Client:
    """Somebody who is signed in and has no company yet."""
    return Client(gateway, issuer.token(f"newcomer-{next(_PEOPLE)}", email="newcomer@shop.example"))


def _codes(got: Got) -> tuple[int, str, list[tuple[str, str]]]:
    return got.status, got.json["code"], got.codes


def test_signing_up_makes_a_company_with_its_owner_and_everything_off(person: Client) -> None:
    sent = _sign_up(
        legal_form="SARL",
        ice="0021 3609 3000 040",
        share_capital="100000",
        phone="06 12 34 56 78",
        address={"city": "Casablanca"},
    )
    signed = person.post("/v1/companies", sent)
    assert (signed.status, signed.headers["location"]) == (201, "/v1/company")
    company = signed.json
    assert (company["object"], company["name"], company["mode"]) == ("company", "Boutique Exemple", "live")
    assert (company["ice"], company["phone"]) == ("002136093000040", "+212612345678")
    assert company["share_capital"] == "100000.00"
    assert company["address"] == {"street": None, "city": "Casablanca", "postal_code": None, "country": "MA"}
    assert company["series"]["invoice"] == {"pattern": "FA-{year}-{seq:05}", "reset": "year"}
    assert not {"of_age", "company", "numbering"} & company.keys()
    read = person.get("/v1/company")
    assert (read.json, read.etag) == (company, signed.etag)
    assert person.get("/v1/settings").json["cloud"] == {"sync": False, "backup": False}
    members = person.get("/v1/members").json["data"]
    assert [(m["role"], m["email"]) for m in members] == [("owner", "newcomer@shop.example")]


def test_a_repeated_sign_up_meets_its_own_company(person: Client) -> None:
    first = person.post("/v1/companies", _sign_up(), idempotency_key="once")
    again = person.post("/v1/companies", _sign_up(), idempotency_key="once")
    assert (again.status, again.json, again.headers["idempotency-replayed"]) == (201, first.json, "true")
    other = person.post("/v1/companies", _sign_up(name="Autre"), idempotency_key="once")
    assert _codes(other)[:2] == (422, "idempotency_key_reused")
    assert [company["id"] for company in person.get("/v1/companies").json["data"]] == [first.json["id"]]


def test_a_sign_up_repeated_after_its_answer_was_forgotten_makes_no_second_company(
    person: Client, world: World
) -> None:
    id = person.post("/v1/companies", _sign_up(), idempotency_key="long ago").json["id"]
    (answer,) = world.store.all_of(IdempotencyRecord, id)
    world.store.connection.delete_item(world.store.names["transient"], id, answer.key.sort)
    again = person.post("/v1/companies", _sign_up(), idempotency_key="long ago")
    assert _codes(again)[:2] == (409, "already_exists")
    assert [company["id"] for company in person.get("/v1/companies").json["data"]] == [id]


def test_the_same_key_of_two_people_makes_two_companies(person: Client, issuer: Issuer) -> None:
    other = Client(person.gateway, issuer.token(f"newcomer-{next(_PEOPLE)}"))
    ids = {each.post("/v1/companies", _sign_up(), idempotency_key="shared").json["id"] for each in (person, other)}
    assert len(ids) == 2


def test_nobody_under_thirteen_signs_up(person: Client) -> None:
    assert _codes(person.post("/v1/companies", _sign_up(of_age=False)))[:2] == (403, "age_refused")
    assert person.get("/v1/companies").json["data"] == []


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"policy_version": "1999-01-01"}, "/policy_version", "policy_version_unknown"),
        ({"ice": "002136093000041"}, "/ice", "ice_checksum"),
        ({"rib": "123"}, "/rib", "rib_malformed"),
        ({"tax_id": "AB"}, "/tax_id", "tax_id_malformed"),
        ({"phone": "abc"}, "/phone", "phone_malformed"),
        ({"payment_terms_days": 121}, "/payment_terms_days", "out_of_range"),
        ({"address": {"country": "XX"}}, "/address/country", "bad_country"),
        ({"name": None}, "/name", "wrong_type"),
        ({"language": None}, "/language", "not_one_of"),
        ({"birth_date": "2000-01-01"}, "/birth_date", "unknown_field"),
        ({"id": "cmp_3N5PRTPDH2MA4YKKT00DFQKQTY"}, "/id", "unknown_field"),
    ],
)
def test_a_sign_up_refused_makes_nothing(person: Client, change: dict[str, Any], pointer: str, code: str) -> None:
    refused = person.post("/v1/companies", _sign_up(**change))
    assert (refused.status, refused.codes) == (422, [(pointer, code)])
    assert person.get("/v1/companies").json["data"] == []


@pytest.mark.parametrize("member", ["name", "policy_version", "of_age"])
def test_a_sign_up_names_each_missing_value(person: Client, member: str) -> None:
    sent = {name: value for name, value in _sign_up().items() if name != member}
    assert person.post("/v1/companies", sent).codes == [(f"/{member}", "missing")]


def test_every_version_in_force_is_accepted(person: Client) -> None:
    versions = accepted_versions()
    made = [person.post("/v1/companies", _sign_up(policy_version=version)) for version in versions]
    assert [each.json["policy_version"] for each in made] == [*versions] != []


def test_an_unusual_identifier_is_noticed_and_stops_nothing(person: Client) -> None:
    company = person.post("/v1/companies", _sign_up(cnss="12", phone="+33612345678")).json
    assert [(n["pointer"], n["code"]) for n in company["notices"]] == [
        ("/cnss", "cnss_length"),
        ("/phone", "phone_foreign"),
    ]
    assert company["notices"][0]["params"] == {"shortest": "7", "longest": "7"}


def test_ones_companies_are_listed_with_ones_role(
    person: Client, new_shop: Callable[..., Shop], issuer: Issuer
) -> None:
    mine = person.post("/v1/companies", _sign_up()).json["id"]
    theirs = new_shop(mode="test")
    joined = theirs.member("clerk", subject="joins-two")
    joined.company = None
    both = Client(person.gateway, issuer.token("joins-two"))
    own = both.post("/v1/companies", _sign_up(name="La mienne")).json["id"]
    listed = {entry["id"]: entry for entry in both.get("/v1/companies").json["data"]}
    assert {id: (entry["role"], entry["mode"]) for id, entry in listed.items()} == {
        theirs.company: ("clerk", "test"),
        own: ("owner", "live"),
    }
    assert mine not in listed
    assert both.get("/v1/company").codes == [("/header/Company", "company_header_required")]


def test_a_blocked_company_shows_only_its_existence(person: Client, world: World) -> None:
    id = person.post("/v1/companies", _sign_up()).json["id"]
    head = world.store.records([Head.ref(id)])[0]
    assert isinstance(head, Head)
    world.store.connection.update_item(  # as the deletion of an account will
        world.store.names["journal"], id, "head", actions=[_state().set("blocked")]
    )
    (entry,) = person.get("/v1/companies").json["data"]
    assert (entry["id"], entry["name"], entry["state"]) == (id, None, "blocked")
    assert person.get("/v1/company").json["code"] == "company_blocked"


def _state() -> Any:
    from pynamodb.expressions.operand import Path

    return Path("state")


def test_an_edit_changes_only_the_sent_attributes(shop: Shop) -> None:
    before = shop.owner.get("/v1/company")
    edited = shop.owner.patch("/v1/company", {"email": "a@shop.example", "address": {"street": "9 rue X"}}, before.etag)
    assert edited.status == 200
    expected = before.json | {"email": "a@shop.example", "address": before.json["address"] | {"street": "9 rue X"}}
    moved = ("version", "updated_at")
    assert {k: v for k, v in edited.json.items() if k not in moved} == {
        k: v for k, v in expected.items() if k not in moved
    }
    assert edited.json["version"] == before.json["version"] + 1
    emptied = shop.owner.patch("/v1/company", {"email": None, "tax_id": None, "address": None}, edited.etag).json
    assert (emptied["email"], emptied["tax_id"], emptied["address"]["city"]) == (None, None, None)
    assert emptied["ice"] == before.json["ice"]


def test_while_the_cloud_is_off_the_profile_is_corrected_by_a_request_alone(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(cloud=False)
    refused = shop.owner.patch("/v1/company", {"name": "Autre"}, "*")
    assert (refused.status, refused.json["code"]) == (409, "cloud_storage_off")
    assert shop.owner.get("/v1/company").json["name"] == "Boutique Exemple"
    right = {"kind": "rectification", "corrections": {"name": "Autre"}}
    corrected = shop.owner.post("/v1/privacy/requests", right)
    assert corrected.status == 201, corrected.text
    assert shop.owner.get("/v1/company").json["name"] == "Autre"


def test_numbering_is_part_of_the_profile(shop: Shop) -> None:
    series = {
        "invoice": {"pattern": "V{year}/{seq:04}", "next": 120},
        "credit_note": {"pattern": "C-{seq:05}", "reset": "never"},
    }
    edited = shop.owner.patch("/v1/company", {"series": series}, "*")
    assert edited.json["series"]["invoice"] == {"pattern": "V{year}/{seq:04}", "reset": "year"}
    assert edited.json["series"]["credit_note"] == {"pattern": "C-{seq:05}", "reset": "never"}
    assert shop.issued()["number"].endswith("/0120")
    clock = shop.clock
    again = shop.owner.patch("/v1/company", {"series": {"invoice": {"next": 500}}}, "*")
    assert _codes(again)[:2] == (409, "numbering_settled")
    for wrong, code in (("{seq}{seq}", "pattern_invalid"), ("AV-{year}-{seq:05}", "pattern_ambiguous")):
        refused = shop.owner.patch("/v1/company", {"series": {"invoice": {"pattern": wrong}}}, "*")
        assert refused.codes == [("/series/invoice/pattern", code)]
    assert shop.clock == clock


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ice": "1"}, "/ice"),
        ({"name": None}, "/name"),
        ({"logo": "x"}, "/logo"),
        ({"mode": "test"}, "/mode"),
        ({"policy_version": "x"}, "/policy_version"),
        ({"template": "x" * 65_537}, "/template"),
        ({"series": {"quote": {}}}, "/series/quote"),
        ({"share_capital": 5}, "/share_capital"),
    ],
)
def test_an_edit_refused_changes_nothing(shop: Shop, change: dict[str, Any], pointer: str) -> None:
    before, clock = shop.owner.get("/v1/company"), shop.clock
    refused = shop.owner.patch("/v1/company", change, before.etag)
    assert (refused.status, [at for at, _ in refused.codes]) == (422, [pointer])
    assert (shop.clock, shop.owner.get("/v1/company").json) == (clock, before.json)


def test_an_edit_names_the_version_that_it_saw(shop: Shop) -> None:
    seen = shop.owner.get("/v1/company")
    current = shop.owner.patch("/v1/company", {"name": "Un"}, seen.etag)
    clock = shop.clock
    stale = shop.owner.patch("/v1/company", {"name": "Deux"}, seen.etag)
    assert (stale.status, stale.json["code"]) == (412, "stale_version")
    assert (stale.json["current_etag"], stale.json["current_version"]) == (current.etag, current.json["version"])
    missing = shop.owner.ask("PATCH", "/v1/company", {"name": "Deux"})
    assert (missing.status, missing.json["code"]) == (428, "match_required")
    assert shop.clock == clock


def _picture(kind: str = "PNG", side: int = 20) -> str:
    out = BytesIO()
    Image.new("RGB", (side, side), "navy").save(out, kind)
    return b64encode(out.getvalue()).decode()


def test_a_logo_is_kept_as_we_encode_it(shop: Shop) -> None:
    seen = shop.owner.get("/v1/company")
    put = shop.owner.ask("PUT", "/v1/company/logo", {"logo": _picture("JPEG")}, if_match=seen.etag)
    assert put.status == 200
    key = f"logos/{shop.company}/{put.json['logo']}.jpg"
    assert Image.open(BytesIO(shop.world.files.read(key, 600_000))).size == (20, 20)
    gone = shop.owner.patch("/v1/company", {"logo": None}, put.etag)
    assert gone.json["logo"] is None


def test_the_logo_is_read_at_an_address(shop: Shop) -> None:
    assert shop.owner.get("/v1/company/logo").status == 404
    first = shop.owner.ask("PUT", "/v1/company/logo", {"logo": _picture()}, if_match="*").json["logo"]
    got = shop.owner.get("/v1/company/logo")
    assert (got.status, f"/logos/{shop.company}/{first}.png" in got.headers["location"]) == (303, True)
    second = shop.owner.ask("PUT", "/v1/company/logo", {"logo": _picture("JPEG")}, if_match="*").json["logo"]
    for digest in (first, second):
        link = shop.owner.ask("GET", f"/v1/company/logo?sha256={digest}", accept="application/json").json["url"]
        assert f"/logos/{shop.company}/{digest}." in link
    assert shop.owner.get(f"/v1/company/logo?sha256={'0' * 64}").status == 404
    assert shop.owner.get("/v1/company/logo?sha256=../x").codes == [("/query/sha256", "bad_format")]


def test_a_document_shows_the_address_of_the_logo_that_it_froze(shop: Shop) -> None:
    frozen = shop.owner.ask("PUT", "/v1/company/logo", {"logo": _picture()}, if_match="*").json["logo"]
    id = shop.issued()["id"]
    shop.owner.ask("PUT", "/v1/company/logo", {"logo": _picture("JPEG")}, if_match="*")
    shown = shop.owner.get(f"/v1/invoices/{id}").json["seller"]["logo"]
    assert shown == f"/v1/company/logo?sha256={frozen}"
    assert f"/{frozen}.png" in shop.owner.get(shown).headers["location"]


@pytest.mark.parametrize(
    ("logo", "status", "codes"),
    [
        ("***", 422, [("/logo", "bad_base64")]),
        ("é" * 4, 422, [("/logo", "bad_base64")]),
        (b64encode(b"<svg/>").decode(), 422, [("/logo", "logo_not_an_image")]),
        (b64encode(bytes(512 * 1024 + 1)).decode(), 413, []),
        ("A" * 700_001, 422, [("/logo", "too_long")]),
    ],
    ids=["base64", "beyond ASCII", "svg", "large", "larger"],
)
def test_a_logo_refused_changes_nothing(shop: Shop, logo: str, status: int, codes: Sequence[tuple[str, str]]) -> None:
    clock = shop.clock
    refused = shop.owner.ask("PUT", "/v1/company/logo", {"logo": logo}, if_match="*")
    assert (refused.status, refused.codes, shop.clock) == (status, codes, clock)
    assert not list(shop.world.files.list(f"logos/{shop.company}/"))


def test_a_stale_logo_leaves_no_object_behind(shop: Shop) -> None:
    stale = shop.owner.ask("PUT", "/v1/company/logo", {"logo": _picture()}, if_match='"00"')
    assert stale.status == 412
    assert not list(shop.world.files.list(f"logos/{shop.company}/"))


def test_only_the_owner_edits_the_company(shop: Shop) -> None:
    for role in ("accountant", "clerk", "viewer"):
        client = shop.member(role)
        assert client.get("/v1/company").status == 200
        assert client.patch("/v1/company", {"name": "X"}, "*").status == 403
        assert client.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 403


def test_another_company_does_not_exist(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    other = new_shop()
    shop.owner.company = other.company
    for path in ("/v1/company", "/v1/settings", "/v1/members", f"/v1/customers/{other.customer}"):
        assert _codes(shop.owner.get(path))[:2] == (404, "not_found")


def test_a_person_signs_up_so_many_companies_a_day(person: Client) -> None:
    """A repeated sign-up is not counted. The answer states its quota, and when it is renewed."""
    new = _sign_up()
    for number in range(companies.SIGN_UPS_OF_ONE):
        assert person.post("/v1/companies", new, idempotency_key=f"up-{number}").status == 201
    refused = person.post("/v1/companies", new, idempotency_key="one more")
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    wait = refused.headers["retry-after"]
    assert 0 < int(wait) <= 86_400
    assert refused.headers["ratelimit-policy"] == '"sign-ups-by-person";q=20;w=86400'
    assert refused.headers["ratelimit"] == f'"sign-ups-by-person";r=0;t={wait}'
    assert person.post("/v1/companies", new, idempotency_key="up-0").status == 201, "a repetition"


def test_a_source_signs_up_so_many_companies_a_day(world: World) -> None:
    for number in range(companies.SIGN_UPS_OF_SOURCE):
        companies.limit_sign_ups(world, f"cmp_{number}", f"person {number}", "196.200.1.2")
    with pytest.raises(TooManyRequests):
        companies.limit_sign_ups(world, "cmp_x", "person x", "196.200.1.2")
    companies.limit_sign_ups(world, "cmp_x", "person y", "196.200.1.3")
