"""Customers and suppliers through the whole pipeline: their life, their lists, and every refusal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.ids import new_id
from chalicelib.services.records import listing
from tests.client import Client
from tests.conftest import Shop

ADDRESS = {"street": "12 rue Ibn Batouta", "city": "Casablanca"}
BUSINESS = {"name": "Atlas Négoce SARL", "kind": "business", "ice": "002136093000040", "address": ADDRESS}
PATHS = ("/v1/customers", "/v1/suppliers")


def _id(prefix: str, number: int = 0) -> str:
    return new_id(prefix, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number), bytes([number % 256] * 10))


@pytest.mark.parametrize("path", PATHS)
def test_a_party_lives(shop: Shop, path: str) -> None:
    made = shop.owner.post(path, BUSINESS | {"phone": "06-12-34-56-78", "notes": "Ligne 1\nLigne 2", "email": None})
    party = made.json
    assert (made.status, made.headers["location"]) == (201, f"{path}/{party['id']}")
    assert party["object"] == path.removeprefix("/v1/").removesuffix("s")
    assert (party["version"], party["language"], party["withholder"], party["phone"]) == (
        1,
        "fr",
        "none",
        "+212612345678",
    )
    assert party["address"] == ADDRESS | {"postal_code": None, "country": "MA"}
    assert party["created_at"] == party["updated_at"]
    assert "company" not in party
    read = shop.owner.get(made.headers["location"])
    assert (read.status, read.json, read.etag) == (200, party, made.etag)
    edited = shop.owner.patch(made.headers["location"], {"notes": None, "address": {"city": "Fès"}}, made.etag)
    assert (edited.json["notes"], edited.json["version"]) == (None, 2)
    assert edited.json["address"] == party["address"] | {"city": "Fès"}
    assert shop.owner.get(made.headers["location"]).json == edited.json
    gone = shop.owner.delete(made.headers["location"], edited.etag)
    assert (gone.status, gone.json) == (200, {"id": party["id"], "object": party["object"], "deleted": True})
    assert shop.owner.get(made.headers["location"]).status == 404
    assert shop.owner.delete(made.headers["location"], "*").status == 404


def test_omitted_members_do_not_change(shop: Shop) -> None:
    made = shop.owner.post("/v1/customers", BUSINESS | {"language": "ar", "payment_terms_days": 30}).json
    edited = shop.owner.patch(f"/v1/customers/{made['id']}", {}, "*").json
    moved = {"version": 2, "updated_at": edited["updated_at"]}
    assert edited == made | moved


def test_a_business_needs_an_ice_or_the_reason_why_it_has_none(shop: Shop) -> None:
    without = {name: value for name, value in BUSINESS.items() if name != "ice"}
    assert shop.owner.post("/v1/customers", without).codes == [("/ice", "ice_required")]
    excused = shop.owner.post("/v1/customers", without | {"ice_missing_reason": "Établie à l'étranger"})
    assert excused.status == 201
    refused = shop.owner.patch(excused.headers["location"], {"ice_missing_reason": None}, "*")
    assert refused.codes == [("/ice", "ice_required")]
    consumer = shop.owner.patch(excused.headers["location"], {"ice_missing_reason": None, "kind": "consumer"}, "*")
    assert (consumer.status, consumer.json["ice"]) == (200, None)
    assert shop.owner.patch(excused.headers["location"], {"kind": "business"}, "*").codes == [("/ice", "ice_required")]
    assert shop.owner.post("/v1/customers", {"name": "Commune", "kind": "public_body"}).status == 201


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"ice": "002136093000041"}, "/ice", "ice_checksum"),
        ({"ice": "abc"}, "/ice", "ice_malformed"),
        ({"tax_id": "12A"}, "/tax_id", "tax_id_malformed"),
        ({"phone": "12"}, "/phone", "phone_malformed"),
        ({"email": "nobody"}, "/email", "bad_email"),
        ({"kind": "robot"}, "/kind", "not_one_of"),
        ({"kind": None}, "/kind", "not_one_of"),
        ({"name": ""}, "/name", "too_short"),
        ({"name": "x" * 201}, "/name", "too_long"),
        ({"name": "\u200b"}, "/name", "nothing_visible"),
        ({"name": "a\x00b"}, "/name", "control_character"),
        ({"name": 5}, "/name", "wrong_type"),
        ({"address": {"country": "ma"}}, "/address/country", "bad_country"),
        ({"address": {"planet": "Earth"}}, "/address/planet", "unknown_field"),
        ({"payment_terms_days": -1}, "/payment_terms_days", "out_of_range"),
        ({"payment_terms_days": 10**40}, "/payment_terms_days", "out_of_range"),
        ({"payment_terms_days": True}, "/payment_terms_days", "wrong_type"),
        ({"cin": "BE123456"}, "/cin", "unknown_field"),
    ],
)
def test_a_refusal_changes_nothing(shop: Shop, change: dict[str, Any], pointer: str, code: str) -> None:
    clock = shop.clock
    created = shop.owner.post("/v1/customers", BUSINESS | change)
    edited = shop.owner.patch(f"/v1/customers/{shop.customer}", change, "*")
    for refused in (created, edited):
        assert (refused.status, refused.codes) == (422, [(pointer, code)])
    assert shop.clock == clock


def test_every_fault_is_named_at_once(shop: Shop) -> None:
    refused = shop.owner.post("/v1/customers", {"name": "X", "kind": "business", "phone": "1", "tax_id": "x"})
    assert dict(refused.codes) == {
        "/phone": "phone_malformed",
        "/tax_id": "tax_id_malformed",
        "/ice": "ice_required",
    }


def test_an_unusual_value_gives_a_warning(shop: Shop) -> None:
    made = shop.owner.post("/v1/suppliers", BUSINESS | {"tax_id": "123", "notes": "carte AB12345"})
    assert made.status == 201
    assert [(n["pointer"], n["code"]) for n in made.json["notices"]] == [
        ("/tax_id", "tax_id_length"),
        ("/notes", "cin_suspected"),
    ]
    assert shop.owner.get(made.headers["location"]).json["notices"] == made.json["notices"]


@pytest.mark.parametrize("name", ["name", "trade_register", "notes"])
def test_a_guessed_identity_card_number_is_a_notice_on_every_field(shop: Shop, name: str) -> None:
    made = shop.owner.post("/v1/customers", BUSINESS | {name: "BE123456"})
    assert (made.status, made.json[name]) == (201, "BE123456")
    assert (f"/{name}", "cin_suspected") in [(n["pointer"], n["code"]) for n in made.json["notices"]]


def test_a_client_chooses_its_id_once(shop: Shop) -> None:
    id = _id("cus")
    assert shop.owner.post("/v1/customers", BUSINESS | {"id": id}).json["id"] == id
    clock = shop.clock
    taken = shop.owner.post("/v1/customers", BUSINESS | {"id": id})
    assert (taken.status, taken.json["code"]) == (409, "already_exists")
    assert shop.owner.post("/v1/customers", BUSINESS | {"id": _id("sup")}).codes == [("/id", "bad_id")]
    assert shop.clock == clock


def test_a_repeated_request_is_carried_out_once(shop: Shop) -> None:
    first = shop.owner.post("/v1/customers", BUSINESS, idempotency_key="twice")
    clock = shop.clock
    again = shop.owner.post("/v1/customers", BUSINESS, idempotency_key="twice")
    assert (again.status, again.json, again.headers["location"]) == (201, first.json, first.headers["location"])
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    other = shop.owner.post("/v1/customers", BUSINESS | {"name": "Autre"}, idempotency_key="twice")
    elsewhere = shop.owner.post("/v1/suppliers", BUSINESS, idempotency_key="twice")
    assert [other.json["code"], elsewhere.json["code"]] == ["idempotency_key_reused"] * 2
    missing = shop.owner.ask("POST", "/v1/customers", BUSINESS, idempotency_key="")
    assert (missing.status, missing.json["code"]) == (400, "idempotency_key_missing")
    assert shop.clock == clock


def test_a_repeated_edit_is_not_stale(shop: Shop) -> None:
    path = f"/v1/customers/{shop.customer}"
    seen = shop.owner.get(path)
    first = shop.owner.patch(path, {"name": "Un"}, seen.etag, idempotency_key="edit")
    again = shop.owner.patch(path, {"name": "Un"}, seen.etag, idempotency_key="edit")
    assert (again.status, again.json) == (200, first.json)


def test_a_refused_request_may_be_repeated_corrected(shop: Shop) -> None:
    assert shop.owner.post("/v1/customers", BUSINESS | {"ice": "1"}, idempotency_key="k").status == 422
    assert shop.owner.post("/v1/customers", BUSINESS, idempotency_key="k").status == 201


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
def test_a_change_names_the_version_that_it_saw(shop: Shop, verb: str) -> None:
    path = f"/v1/customers/{shop.customer}"
    seen = shop.owner.get(path)
    current = shop.owner.patch(path, {"name": "Un"}, seen.etag)
    clock = shop.clock
    body = {"name": "Deux"} if verb == "PATCH" else None
    stale = shop.owner.ask(verb, path, body, if_match=seen.etag)
    assert (stale.status, stale.json["current_etag"], stale.json["current_version"]) == (412, current.etag, 2)
    assert shop.owner.ask(verb, path, body).status == 428
    assert shop.owner.ask(verb, path, body, if_match=f"W/{current.etag}").status == 412
    assert shop.owner.ask(verb, path, body, if_match="nonsense").status == 400
    assert shop.clock == clock
    assert shop.owner.ask(verb, path, body, if_match=f'"other", {current.etag}').status == 200


@pytest.mark.parametrize("verb", ["GET", "PATCH", "DELETE"])
def test_another_companys_records_are_not_found(shop: Shop, new_shop: Callable[..., Shop], verb: str) -> None:
    other = new_shop()
    clocks = (shop.clock, other.clock)
    body = {"name": "X"} if verb == "PATCH" else None
    for id in (other.customer, _id("cus", 7), shop.customer.replace("cus_", "sup_")):
        refused = shop.owner.ask(verb, f"/v1/customers/{id}", body, if_match="*" if verb != "GET" else "")
        assert (refused.status, refused.json["code"]) == (404, "not_found")
    assert (shop.clock, other.clock) == clocks


def test_a_customer_that_a_draft_names_goes_by_force(shop: Shop) -> None:
    draft = shop.draft()
    assert shop.owner.delete(f"/v1/customers/{shop.customer}", "*", query={"force": "true"}).status == 200
    refused = shop.owner.post(f"/v1/invoices/{draft['id']}/issue")
    assert refused.codes == [("/customer", "unknown_customer")]


def test_roles_read_and_write(shop: Shop) -> None:
    viewer, clerk = shop.member("viewer"), shop.member("clerk")
    assert viewer.get("/v1/customers").status == 200
    refused = viewer.post("/v1/customers", BUSINESS)
    assert (refused.status, refused.json["scope"]) == (403, "parties.write")
    assert clerk.post("/v1/customers", BUSINESS).status == 201


@pytest.fixture
def many(shop: Shop) -> list[str]:
    """Seven customers besides the shop's own, newest first."""
    kinds = ("consumer", "public_body")
    made = [
        shop.owner.post("/v1/customers", {"id": _id("cus", n), "name": f"Société N° {n}", "kind": kinds[n % 2]}).json[
            "id"
        ]
        for n in range(7)
    ]
    shop.owner.delete(f"/v1/customers/{shop.customer}", "*")
    return made[::-1]


def _ids(client: Client, **query: Any) -> tuple[list[str], bool]:
    body = client.get("/v1/customers", query=query).json
    assert (body["object"], body["url"]) == ("list", "/v1/customers")
    return [entry["id"] for entry in body["data"]], body["has_more"]


def test_a_list_pages_both_ways(shop: Shop, many: list[str]) -> None:
    owner = shop.owner
    assert _ids(owner) == (many, False)
    assert _ids(owner, limit=3) == (many[:3], True)
    assert _ids(owner, limit=3, starting_after=many[2]) == (many[3:6], True)
    assert _ids(owner, limit=3, starting_after=many[5]) == (many[6:], False)
    assert _ids(owner, limit=3, ending_before=many[6]) == (many[3:6], True)
    assert _ids(owner, limit=3, ending_before=many[3]) == (many[:3], False)
    assert _ids(owner, limit=7) == (many, False)
    shop.owner.delete(f"/v1/customers/{many[2]}", "*")
    assert _ids(owner, limit=3, starting_after=many[2]) == (many[3:6], True)  # a cursor outlives its row


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"limit": 0}, "/query/limit", "out_of_range"),
        ({"limit": 101}, "/query/limit", "out_of_range"),
        ({"starting_after": "cus_1"}, "/query/starting_after", "bad_cursor"),
        ({"starting_after": _id("sup")}, "/query/starting_after", "bad_cursor"),
        ({"ending_before": _id("inv")}, "/query/ending_before", "bad_cursor"),
        ({"starting_after": _id("cus"), "ending_before": _id("cus")}, "/query", "both_cursors"),
        ({"updated_since": "yesterday"}, "/query/updated_since", "bad_instant"),
        ({"updated_since": "2026-01-01T00:00:00"}, "/query/updated_since", "bad_instant"),
        ({"kind": "robot"}, "/query/kind", "not_one_of"),
        ({"color": "red"}, "/query/color", "unknown_parameter"),
    ],
)
def test_a_list_refuses_unknown_parameters(shop: Shop, query: dict[str, Any], pointer: str, code: str) -> None:
    refused = shop.owner.get("/v1/customers", query=query)
    assert (refused.status, refused.codes) == (422, [(pointer, code)])


def test_a_cursor_reaches_nobody_elses_rows(shop: Shop, many: list[str], new_shop: Callable[..., Shop]) -> None:
    other = new_shop()
    other.owner.delete(f"/v1/customers/{other.customer}", "*")
    assert _ids(other.owner, starting_after=many[0]) == ([], False)


def test_filters(shop: Shop, many: list[str]) -> None:
    owner = shop.owner
    assert _ids(owner, kind="public_body") == (many[1::2], False)
    assert _ids(owner, kind="public_body", limit=2) == (many[1:4:2], True)
    assert _ids(owner, q="SOCIETE n° 4") == ([many[2]], False)
    assert _ids(owner, q="absente") == ([], False)
    at = owner.get(f"/v1/customers/{many[1]}").json["updated_at"]
    assert set(_ids(owner, updated_since=at)[0]) >= set(many[:2])
    assert _ids(owner, updated_since="2099-01-01T00:00:00Z") == ([], False)
    assert _ids(owner, updated_since="2020-01-01T00:00:00+01:00")[0] == many


def test_arabic_names_are_found_without_their_vowels(shop: Shop) -> None:
    made = shop.owner.post("/v1/customers", {"name": "شَرِكَة أحمد", "kind": "consumer"}).json["id"]
    assert _ids(shop.owner, q="شركة احمد") == ([made], False)


def test_a_filtered_list_is_bounded_and_says_where_to_go_on(
    shop: Shop, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "EXAMINED_AT_ONCE", 2)
    monkeypatch.setattr(listing, "MOST_EXAMINED", 2)
    business = {"kind": "business", "ice_missing_reason": "pending"}
    assert shop.owner.patch(f"/v1/customers/{many[6]}", business, "*").status == 200
    first = shop.owner.get("/v1/customers", query={"kind": "business", "limit": 1}).json
    assert (first["data"], first["has_more"], first["next"]) == ([], True, many[1])
    found, query = [], {"kind": "business", "limit": 1}
    while True:
        page = shop.owner.get("/v1/customers", query=query).json
        found += [entry["id"] for entry in page["data"]]
        if not page["has_more"]:
            break
        query["starting_after"] = page["next"]
    assert found == [many[6]]


@pytest.mark.parametrize(
    ("q", "is_found"),
    [
        ("neg atl", True),
        ("ATLAS-NÉGOCE", True),
        ("tlas", False),
        ("0021360", True),
        ("contact@atlas.ma", True),
        ("0612345678", True),
        ("+212 6 12-34-56-78", True),
        ("atlas absente", False),
        ("casablanca", False),
        ("a n s c a m 6 0 absente", True),
    ],
)
def test_a_search_finds_what_begins_a_word(shop: Shop, q: str, is_found: bool) -> None:
    identity = {"ice": "002136093000040", "email": "contact@atlas.ma", "phone": "+212612345678"}
    made = shop.owner.post("/v1/customers", BUSINESS | identity | {"name": "Atlas Négoce SARL"}).json["id"]
    assert (made in _ids(shop.owner, q=q)[0]) is is_found


def test_a_search_pages_both_ways(shop: Shop, many: list[str]) -> None:
    owner = shop.owner
    assert _ids(owner, q="societe") == (many, False)
    assert _ids(owner, q="societe", limit=3) == (many[:3], True)
    assert _ids(owner, q="societe", limit=3, starting_after=many[2]) == (many[3:6], True)
    assert _ids(owner, q="societe", limit=3, starting_after=many[3]) == (many[4:], False)
    assert _ids(owner, q="societe", limit=3, ending_before=many[6]) == (many[3:6], True)
    assert _ids(owner, q="societe", limit=3, ending_before=many[3]) == (many[:3], False)
    assert _ids(owner, q="societe", kind="public_body", limit=2) == (many[1:4:2], True)
    assert _ids(owner, q="—") == (many, False)


def test_a_search_follows_changes(shop: Shop) -> None:
    made = shop.owner.post("/v1/customers", {"name": "Ancienne", "kind": "consumer"}).json["id"]
    shop.owner.patch(f"/v1/customers/{made}", {"name": "Nouvelle"}, "*")
    assert _ids(shop.owner, q="ancienne") == ([], False)
    assert _ids(shop.owner, q="nouvelle") == ([made], False)
    shop.owner.delete(f"/v1/customers/{made}", "*")
    assert _ids(shop.owner, q="nouvelle") == ([], False)


def test_a_name_that_no_index_holds_is_found_to_its_last_word(shop: Shop) -> None:
    long = " ".join(["ﷺ" * 30] * 6) + " dernier"
    made = shop.owner.post("/v1/customers", {"name": long, "kind": "consumer"}).json["id"]
    shop.owner.post("/v1/customers", {"name": long.replace("dernier", "autre"), "kind": "consumer"})
    assert _ids(shop.owner, q="dernier") == ([made], False)


def twins(body: dict[str, Any]) -> list[str]:
    """The pointers of the notices about another record with the same value."""
    return [n["pointer"] for n in body["notices"] if n["code"] == "same_as_another"]


@pytest.mark.parametrize("plural", ["customers", "suppliers"])
def test_a_second_party_with_the_same_ice_address_or_name_is_a_notice(
    new_shop: Callable[[], Shop], plural: str
) -> None:
    owner = new_shop().owner
    first = {"name": "Société l’Œuvre", "kind": "business", "ice": "001525713000097", "email": "a@oeuvre.ma"}
    one = owner.post(f"/v1/{plural}", first)
    assert twins(one.json) == []
    two = owner.post(
        f"/v1/{plural}", first | {"name": "SOCIETE  L'OEUVRE", "email": "A@oeuvre.ma", "ice": "001 525 713 0000 97"}
    )
    assert twins(two.json) == ["/ice", "/email", "/name"]
    assert owner.get(two.headers["location"]).json == two.json
    assert twins(owner.get(one.headers["location"]).json) == []
    assert "same_as" not in two.json
    renamed = owner.patch(two.headers["location"], {"name": "Autre", "phone": "0522432109"}, "*")
    assert twins(renamed.json) == ["/ice", "/email"]
    called = owner.patch(two.headers["location"], {"phone": None}, "*")
    assert twins(called.json) == ["/ice", "/email"]
    mended = owner.patch(two.headers["location"], {"ice": "003000011000038", "email": None}, "*")
    assert twins(mended.json) == []


def test_a_customer_and_a_supplier_may_be_the_same(new_shop: Callable[[], Shop]) -> None:
    owner = new_shop().owner
    assert twins(owner.post("/v1/suppliers", BUSINESS).json) == []
    assert twins(owner.post("/v1/customers", BUSINESS).json) == ["/ice"]  # the customer that every shop has


def test_an_edit_does_not_find_the_party_itself(new_shop: Callable[[], Shop]) -> None:
    owner = new_shop().owner
    made = owner.post("/v1/suppliers", BUSINESS)
    edited = owner.patch(made.headers["location"], {"name": BUSINESS["name"], "ice": BUSINESS["ice"]}, "*")
    assert twins(edited.json) == []
