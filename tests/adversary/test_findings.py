"""What an attacker, a tax inspector, a merchant offline and an accountant tried; each test says what must hold."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.clock import today
from chalicelib.domain.company import Series
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.jobs.runner import run_scheduled
from chalicelib.services import issuing, register
from chalicelib.store import codec
from tests.client import Client
from tests.clocks import clock_at

DAY = str(today(datetime.now(UTC)))
YEAR = DAY[:4]
FA = f"FA-{YEAR}"
LINE = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
PAY = {"amount": "10.00", "method": "transfer", "date": DAY}


def get(world: Any, ref: Any) -> Any:
    return world.store.records([ref])[0]


def put(world: Any, record: Any) -> Any:
    world.store.connection.put_item(
        world.store.names[record.ROOM], record.key.company, record.key.sort, attributes=codec.to_row(record, b"x" * 16)
    )


def remove(world: Any, record: Any) -> Any:
    world.store.connection.delete_item(world.store.names[record.ROOM], record.key.company, record.key.sort)


def verified(shop: Any, **query: Any) -> Any:
    got = shop.owner.get("/v1/register/verify", query=query)
    assert got.status == 200, got.text
    return got.json["verified"]


def patched(shop: Any, **series: Any) -> Any:
    return shop.owner.patch("/v1/company", {"series": series}, "*")


def credit(shop: Any, invoice: Any, *parts: Any) -> Any:
    body = {"lines": [{"line": n, "quantity": q} for n, q in parts]} if parts else {}
    got = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", body)
    assert got.status == 201, got.text
    return got.json


def test_h1_kinds_share_a_series(shop: Any) -> None:
    first = patched(shop, invoice={"pattern": f"X{YEAR}/{{seq}}", "reset": "never"})
    second = patched(shop, credit_note={"pattern": "X{year}-{seq}", "reset": "year"})
    if second.status == 200 and first.status == 200:
        a = shop.issued()
        credit(shop, a)
        b = shop.issued()
        assert (a["number"], b["number"]) == (f"X{YEAR}/1", f"X{YEAR}/2")


def test_h2_next_only_once(shop: Any) -> None:
    assert patched(shop, invoice={"next": 10}).status == 200
    shop.issued()
    assert patched(shop, invoice={"pattern": "C-{year}-{seq:05}", "next": 500}).status == 409


def test_h2_next_again_next_year(shop: Any, world: Any) -> None:
    shop.issued()
    with clock_at(world, datetime(int(YEAR) + 1, 1, 1, 9, tzinfo=UTC)):
        assert patched(shop, invoice={"next": 777}).status == 409


def test_h3_backdating_by_a_new_pattern(shop: Any) -> None:
    shop.issued()
    assert patched(shop, invoice={"pattern": "B-{year}-{seq:04}"}).status == 200
    got = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", {"issue_date": f"{YEAR}-01-02"})
    assert got.status == 422


def test_h3_backdating_by_years(shop: Any) -> None:
    shop.issued()
    got = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", {"issue_date": "2000-02-29"})
    assert got.status == 422


def test_h4_payment_lost_in_the_feed(shop: Any) -> None:
    a, b = shop.issued(), shop.issued()
    clock, pid = shop.clock, "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    got = [shop.owner.post(f"/v1/invoices/{i['id']}/payments", PAY | {"id": pid}).status for i in (a, b)]
    seen = shop.owner.get("/v1/changes", query={"after": clock, "limit": 100}).json["data"]
    assert got == [201, 409] or len([c for c in seen if c["kind"] == "payment"]) == 2


def test_h5_thirty_documents_of_lawful_size(shop: Any) -> None:
    import random

    pick = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0123456789 ,.éè"
    lines = [
        {
            "description": "x" + "".join(pick.choice(letters) for _ in range(170)) + "x",
            "quantity": "1",
            "unit_price": "1.00",
            "vat_rate": "20",
        }
        for _ in range(1000)
    ]
    ids = [shop.draft(lines=lines)["id"] for _ in range(30)]
    assert shop.owner.post("/v1/invoices/issue", {"ids": ids}).status in (200, 202)


def test_h6_negative_credit_note(shop: Any) -> None:
    body = {"name": "Commune", "kind": "public_body", "withholder": "public_body", "address": {"city": "Fès"}}
    town = shop.owner.post("/v1/customers", body).json["id"]
    fee = {"description": "Copie", "quantity": "3", "unit_price": "1.05", "vat_rate": "20", "nature": "fees"}
    free = {
        "description": "Offert",
        "quantity": "1",
        "unit_price": "10",
        "vat_rate": "20",
        "discount": {"percent": "100"},
    }
    invoice = shop.issued(customer=town, lines=[fee, free])
    for _ in range(3):
        credit(shop, invoice, (1, "1"))
    note = credit(shop, invoice)
    assert Decimal(note["totals"]["payable"]) >= 0
    assert shop.owner.get(f"/v1/credit-notes/{note['id']}/pdf", accept="application/json").status == 200


def test_h7_vat_of_the_last_credit(shop: Any) -> None:
    invoice = shop.issued(lines=[{"description": "Cahier", "quantity": "20", "unit_price": "6.43", "vat_rate": "20"}])
    for _ in range(20):
        share = credit(shop, invoice, (1, "1"))["totals"]["vat"][0]
        assert abs(Decimal(share["amount"]) - Decimal(share["base"]) / 5) <= Decimal("0.011"), share


def test_h8_lowered_head(shop: Any, world: Any) -> None:
    for _ in range(3):
        shop.issued()
    put(world, replace(get(world, Series.ref(shop.company, FA)), next=2))
    assert not verified(shop)


def test_h8_entry_altered(shop: Any, world: Any) -> None:
    shop.issued()
    entry = get(world, RegisterEntry.ref(shop.company, series=FA, position=1))
    put(world, replace(entry, gross=Decimal("1.00"), issue_date=date(int(YEAR), 1, 1)))
    assert not verified(shop)


def test_h8_entry_of_another_kind(shop: Any, world: Any) -> None:
    shop.issued()
    put(world, replace(get(world, RegisterEntry.ref(shop.company, series=FA, position=1)), document_kind="zzz"))
    assert not verified(shop)


def test_h8_full_page_skips_the_head(shop: Any, world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(register, "VERIFIED_AT_ONCE", 2)
    shop.issued()
    shop.issued()
    put(world, replace(get(world, Series.ref(shop.company, FA)), chain="00" * 32))
    assert not verified(shop)


def test_m1_stranger_locks_me_out(new_shop: Any, gateway: Any, issuer: Any) -> None:
    mine, his = new_shop(), new_shop()
    mine.owner.post("/v1/members", {"user": "worker-1", "role": "accountant"})
    me = Client(gateway, issuer.token("worker-1"))
    assert me.get("/v1/invoices").status == 200
    his.owner.post("/v1/members", {"user": "worker-1", "role": "viewer"})
    assert me.get("/v1/invoices").status == 200


def test_m2_midnight(shop: Any, world: Any) -> None:
    a, b = shop.draft()["id"], shop.draft()["id"]
    at = datetime(2026, 11, 24, 22, 59, 59, 900_000, tzinfo=UTC)
    issuing.issue(
        world.store, world.call(shop.company, "x", "v", key="b", at=at + timedelta(milliseconds=200)), INVOICE, b
    )
    issuing.issue(world.store, world.call(shop.company, "x", "v", key="a", at=at), INVOICE, a)


def test_m2_bulk_over_midnight(shop: Any, world: Any) -> None:
    ids = [shop.draft()["id"] for _ in range(31)]
    job = shop.owner.post("/v1/invoices/issue", {"ids": ids}).json
    later, other = world.now() + timedelta(days=1), shop.draft()["id"]
    with clock_at(world, later):
        shop.owner.post(f"/v1/invoices/{other}/issue")
        run_scheduled(world, "bulk", left=lambda: 100.0)
        assert shop.owner.get(f"/v1/jobs/{job['id']}").json["status"] == "completed"


def test_m3_credit_note_after_a_change_of_regime(shop: Any, world: Any) -> None:
    from chalicelib.services.viewing import issued_view

    invoice = shop.issued()
    shop.owner.patch("/v1/company", {"regime": "auto_entrepreneur"}, "*")
    note = get(world, CreditNote.ref(shop.company, credit(shop, invoice)["id"]))
    assert note.totals.vat_total == 600
    assert not any("non applicable" in m for m in issued_view(note, "fr").mentions)


def test_m4_rate_of_no_law(shop: Any) -> None:
    draft = {"customer": shop.customer, "operation_date": "2022-12-31", "lines": [LINE | {"vat_rate": "33"}]}
    assert shop.owner.post("/v1/invoices", draft).status == 422


def test_m4_operation_in_the_future(shop: Any) -> None:
    draft = shop.draft(operation_date="2100-12-31")
    assert shop.owner.post(f"/v1/invoices/{draft['id']}/issue").status == 422


def test_m5_large_invoice_can_be_credited(shop: Any) -> None:
    import random

    pick = random.Random(1)
    lines = [
        {
            "description": "".join(chr(pick.randrange(0x4E00, 0x9000)) for _ in range(114)),
            "quantity": "3.5",
            "unit_price": "12.345678",
            "vat_rate": "20",
        }
        for _ in range(1000)
    ]
    made = shop.owner.post("/v1/invoices", {"customer": shop.customer, "lines": lines})
    if made.status == 201 and shop.owner.post(f"/v1/invoices/{made.json['id']}/issue").status == 200:
        assert shop.owner.post(f"/v1/invoices/{made.json['id']}/credit", {}).status == 201


def test_m6_default_list_fits_an_answer(shop: Any) -> None:
    lines = [LINE | {"description": f"Prestation {n} de conseil en gestion et organisation " * 4} for n in range(1000)]
    for _ in range(20):
        shop.draft(lines=lines)
    assert len(shop.owner.get("/v1/invoices").text.encode()) < 6_000_000


def test_m7_replay_of_the_fiftieth_member(shop: Any) -> None:
    for n in range(48):
        shop.owner.post("/v1/members", {"user": f"m{n}", "role": "viewer"})
    got = [shop.owner.post("/v1/members", {"user": "z", "role": "viewer"}, idempotency_key="K").status for _ in "12"]
    assert got == [201, 201]


def test_m7_replays_after_removal(shop: Any) -> None:
    one = shop.owner.post("/v1/members", {"user": "uu", "role": "viewer"}).json
    got = [shop.owner.delete(f"/v1/members/{one['id']}", "*", idempotency_key="D").status for _ in "12"]
    assert got == [200, 200]


def test_m8_client_key_breaks_a_job(shop: Any, world: Any) -> None:
    job = shop.owner.post("/v1/invoices/issue", {"ids": [shop.draft()["id"] for _ in range(31)]}).json
    shop.member("clerk").post("/v1/customers", {"name": "x", "kind": "consumer"}, idempotency_key=f"{job['id']}:0")
    run_scheduled(world, "bulk", left=lambda: 100.0)
    assert shop.owner.get(f"/v1/jobs/{job['id']}").json["status"] == "completed"


def test_l_position_beyond_nine_digits(shop: Any) -> None:
    assert patched(shop, invoice={"next": 999_999_999}).status in (200, 422)
    shop.issued()
    assert shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue").status == 422 or verified(shop)


def test_l_zero_invoice_fully_credited(shop: Any) -> None:
    invoice = shop.issued(lines=[LINE | {"discount": {"percent": "100"}}])
    credit(shop, invoice)
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}").json["status"] == "credited"


def test_l_stamp_on_what_is_settled(shop: Any) -> None:
    body = {"name": "Commune", "kind": "public_body", "withholder": "public_body", "address": {"city": "Fès"}}
    town = shop.owner.post("/v1/customers", body).json["id"]
    line = LINE | {"nature": "services", "quantity": "10", "unit_price": "1000.00"}
    totals = shop.issued(customer=town, settlement="cash", lines=[line])["totals"]
    assert totals["stamp_duty"] == "26.25", totals


def test_l_cash_paid_before_the_invoice(shop: Any) -> None:
    got = shop.owner.post(
        f"/v1/invoices/{shop.issued()['id']}/payments", PAY | {"method": "cash", "date": "2014-12-31"}
    )
    assert got.status == 422 or got.json["stamp_duty"] != "0.00"


def test_l_draft_invoice_under_credit_notes(shop: Any) -> None:
    assert shop.owner.get(f"/v1/credit-notes/{shop.draft()['id']}/pdf", accept="application/json").status == 404


@pytest.mark.parametrize("cursor", ["cus", "pay"])
def test_l_cursor_of_another_kind(shop: Any, cursor: Any) -> None:
    query = {"starting_after": f"{cursor}_01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    assert shop.owner.get("/v1/invoices", query=query).status == 422


def test_l_bulk_answer_is_a_list_with_url(shop: Any) -> None:
    assert "url" in shop.owner.post("/v1/invoices/issue", {"ids": [shop.draft()["id"]]}).json


def test_l_reset_never_on_arrival(shop: Any) -> None:
    assert patched(shop, invoice={"reset": "never"}).status == 200


def test_l_register_of_the_year_after_a_new_pattern(shop: Any) -> None:
    shop.issued()
    patched(shop, invoice={"pattern": "B-{year}-{seq:04}"})
    assert shop.owner.get("/v1/register", query={"year": YEAR}).status == 200


def test_l_key_of_a_removed_owner(shop: Any) -> None:
    second = shop.member("owner")
    key = second.post("/v1/api-keys", {"name": "x", "scopes": ["documents.read"]}).json["key"]
    (gone,) = [m for m in shop.owner.get("/v1/members").json["data"] if m["user"].startswith("user-")]
    shop.owner.delete(f"/v1/members/{gone['id']}", "*")
    assert Client(shop.owner.gateway, key).get("/v1/invoices").status == 401
