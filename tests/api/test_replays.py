"""An answer is repeated to the person or the API key that it was given to, and to nobody else."""

from chalicelib.domain.call import BOUND
from chalicelib.domain.journal import IdempotencyRecord
from tests.api.samples import CUSTOMER, ITEM
from tests.client import Got
from tests.conftest import Shop

KEY = "the-same-key"
THREAD = {"subject": "Facture perdue", "text": "Mon client ne paie plus."}


def replayed(got: Got) -> bool:
    return got.headers.get("idempotency-replayed") == "true"


def test_a_second_members_objection_is_their_own(shop: Shop) -> None:
    asked = {"kind": "opposition"}
    first = shop.owner.post("/v1/privacy/requests", asked, idempotency_key=KEY)
    second = shop.member("viewer").post("/v1/privacy/requests", asked, idempotency_key=KEY)
    assert (first.status, second.status) == (201, 201)
    assert (first.json["id"] != second.json["id"], replayed(second)) == (True, False)
    stored = {row.id for row in shop.world.store.all("requests", shop.company)}
    assert {first.json["id"], second.json["id"]} <= stored


def test_nobody_is_shown_a_thread_of_another_member(shop: Shop) -> None:
    first = shop.owner.post("/v1/support", THREAD, idempotency_key=KEY)
    assert first.status == 201, first.text
    for other in (shop.member("viewer"), shop.member("accountant"), shop.member("owner")):
        got = other.post("/v1/support", THREAD, idempotency_key=KEY)
        assert (got.status, replayed(got)) == (201, False)
        assert got.json["id"] != first.json["id"]
    again = shop.owner.post("/v1/support", THREAD, idempotency_key=KEY)
    assert (again.json, replayed(again)) == (first.json, True)


def test_a_key_and_its_maker_have_their_own_answers(shop: Shop) -> None:
    one, _ = shop.key("items.write", "items.read")
    two, _ = shop.key("items.write", "items.read")
    made = [client.post("/v1/items", ITEM, idempotency_key=KEY) for client in (shop.owner, one, two)]
    assert len({got.json["id"] for got in made}) == 3
    assert not any(map(replayed, made))
    again = one.post("/v1/items", ITEM, idempotency_key=KEY)
    assert (again.json["id"], replayed(again)) == (made[1].json["id"], True)


def test_who_is_given_another_role_keeps_their_answers(shop: Shop) -> None:
    clerk = shop.member("clerk", "moving-up")
    first = clerk.post("/v1/customers", CUSTOMER, idempotency_key=KEY)
    member = next(each for each in shop.owner.get("/v1/members").json["data"] if each["role"] == "clerk")
    changed = shop.owner.patch(f"/v1/members/{member['id']}", {"role": "accountant"}, "*")
    assert changed.status == 200, changed.text
    again = clerk.post("/v1/customers", CUSTOMER, idempotency_key=KEY)
    assert (again.json["id"], replayed(again)) == (first.json["id"], True)


def test_who_was_removed_gets_no_answer_again(shop: Shop) -> None:
    clerk = shop.member("clerk", "leaving")
    assert clerk.post("/v1/customers", CUSTOMER, idempotency_key=KEY).status == 201
    member = next(each for each in shop.owner.get("/v1/members").json["data"] if each["role"] == "clerk")
    assert shop.owner.delete(f"/v1/members/{member['id']}", "*").status == 200
    assert clerk.post("/v1/customers", CUSTOMER, idempotency_key=KEY).status == 404


def test_the_stored_key_names_nobody(shop: Shop) -> None:
    shop.owner.post("/v1/items", ITEM, idempotency_key=KEY)
    ids = [row.id for row in shop.world.store.all_of(IdempotencyRecord, shop.company)]
    (own,) = [id for id in ids if id.endswith(BOUND + KEY)]
    digest, _, _ = own.partition(BOUND)
    assert (len(digest), set(digest) <= set("0123456789abcdef")) == (16, True)
