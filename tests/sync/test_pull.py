"""The pull: complete commits since a clock, as rows of the device's tables."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.sync import tables
from chalicelib.domain.sync.tables import TABLES
from chalicelib.services.sync import pull
from tests import joining
from tests.conftest import Shop
from tests.sync.phone import Phone, touched


def _busy_day(shop: Shop) -> str:
    """An invoice issued, paid in part and credited; a draft; an item that comes and goes. The invoice's id."""
    owner = shop.owner
    invoice, draft = shop.issued(), shop.draft(metadata={"a": "b"})
    owner.post(
        f"/v1/invoices/{invoice['id']}/payments",
        {"amount": "100.00", "method": "transfer", "date": invoice["issue_date"]},
    )
    owner.post(f"/v1/invoices/{invoice['id']}/credit", {"lines": [{"line": 1, "quantity": "1"}]})
    item = owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}).json["id"]
    owner.post("/v1/items", {"name": "Y", "unit_price": "2", "vat_rate": "20"})
    owner.delete(f"/v1/items/{item}", "*")
    owner.post("/v1/suppliers", {"name": "Fournisseur", "kind": "consumer"})
    owner.patch(f"/v1/invoices/{draft['id']}", {"notes": "à revoir"}, "*")
    owner.post("/v1/members", {"email": joining.address(), "role": "viewer"})
    return str(invoice["id"])


def _ids(shop: Shop) -> dict[str, set[str]]:
    """The ids that the API lists, by table."""
    listed = {path: shop.owner.get(f"/v1/{path}").json["data"] for path in ("customers", "suppliers", "items")}
    invoices = shop.owner.get("/v1/invoices").json["data"]
    rows = {
        **listed,
        "drafts": [row for row in invoices if row["status"] == "draft"],
        "documents": [row for row in invoices if row["status"] != "draft"]
        + shop.owner.get("/v1/credit-notes").json["data"],
        "payments": shop.owner.get("/v1/payments").json["data"],
        "company": [shop.owner.get("/v1/company").json],
    }
    return {name: {row["id"] for row in found} for name, found in rows.items() if found}


def _held(phone: Phone) -> dict[str, set[str]]:
    return {name: {*rows} for name, rows in phone.copy.items() if rows}


def test_a_first_pull_brings_everything_without_tombstones(shop: Shop) -> None:
    _busy_day(shop)
    phone = Phone(shop.owner)
    (page,) = phone.pull()
    assert _held(phone) == _ids(shop)
    assert {name: table["deleted"] for name, table in page["changes"].items()} == {table.name: [] for table in TABLES}
    assert {name: table["created"] for name, table in page["changes"].items()} == {table.name: [] for table in TABLES}
    assert phone.clock == shop.clock - 1  # The first pull itself is a commit: it makes the device.


def test_each_row_has_every_column_of_its_table(shop: Shop) -> None:
    _busy_day(shop)
    phone = Phone(shop.owner)
    phone.pull()
    assert phone.copy["documents"]
    for table in TABLES:
        for row in phone.copy[table.name].values():
            assert row.keys() == {"id", *table.by_name}
            for column in table.columns:
                kinds: Any = {"string": str, "number": (int, float), "boolean": bool}[column.type]
                assert (row[column.name] is None and column.optional) or isinstance(row[column.name], kinds), column


@pytest.mark.parametrize("entries", [1, 2, 3])
def test_small_pages_end_with_the_same_copy(shop: Shop, monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    before = Phone(shop.owner)
    before.pull()
    _busy_day(shop)
    before.pull()
    monkeypatch.setattr(pull, "MOST_ENTRIES", entries)
    after = Phone(shop.owner)
    pages = after.pull()
    assert after.copy == before.copy
    assert len(pages) > 3
    assert [page["timestamp"] for page in pages] == sorted({page["timestamp"] for page in pages})


def test_a_page_ends_before_the_commit_that_would_exceed_its_bytes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    drafts = [shop.draft()["id"] for _ in range(5)]
    size = len(json.dumps(phone.page()["changes"]["drafts"]["updated"][0])) if drafts else 0
    phone.clock = shop.clock - 5
    monkeypatch.setattr(pull, "PAGE_BYTES", 2 * size)
    pages = phone.pull()
    assert [touched(page)["drafts"]["updated"] for page in pages] == [drafts[:2], drafts[2:4], drafts[4:]]


def test_an_issued_draft_leaves_one_table_and_enters_the_other_on_the_same_page(shop: Shop) -> None:
    draft = shop.draft()["id"]
    phone = Phone(shop.owner)
    phone.pull()
    assert draft in phone.copy["drafts"]
    shop.owner.post(f"/v1/invoices/{draft}/issue")
    (page,) = phone.pull()
    assert touched(page) == {"drafts": {"deleted": [draft]}, "documents": {"updated": [draft]}}
    assert phone.copy["documents"][draft]["number"]


def test_an_issued_draft_leaves_its_table_also_when_a_later_page_shows_the_document(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = shop.draft()["id"]
    phone = Phone(shop.owner)
    phone.pull()
    phone.pull()
    shop.owner.post(f"/v1/invoices/{draft}/issue")
    body = {"amount": "1.00", "method": "transfer", "date": shop.today.isoformat()}
    payment = shop.owner.post(f"/v1/invoices/{draft}/payments", body).json["id"]
    monkeypatch.setattr(pull, "MOST_ENTRIES", 1)
    monkeypatch.setattr(pull, "OVERTAKING", timedelta(0))
    first, second = phone.pull()
    assert touched(first) == {"drafts": {"deleted": [draft]}}
    assert touched(second) == {"documents": {"updated": [draft]}, "payments": {"updated": [payment]}}


def test_a_payment_shows_itself_and_its_document(shop: Shop) -> None:
    invoice = shop.issued()
    phone = Phone(shop.owner)
    phone.pull()
    body = {"amount": "600.00", "method": "transfer", "date": invoice["issue_date"]}
    payment = shop.owner.post(f"/v1/invoices/{invoice['id']}/payments", body).json["id"]
    (page,) = phone.pull()
    assert touched(page) == {"documents": {"updated": [invoice["id"]]}, "payments": {"updated": [payment]}}
    assert phone.copy["payments"][payment]["document_id"] == invoice["id"]
    assert (phone.copy["documents"][invoice["id"]]["paid"], phone.copy["payments"][payment]["amount"]) == (
        "600.00",
        "600.00",
    )


def test_a_deleted_row_is_an_id_in_deleted(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    shop.owner.delete(f"/v1/customers/{shop.customer}", "*")
    draft = shop.owner.post("/v1/invoices", {}).json["id"]
    shop.owner.delete(f"/v1/invoices/{draft}", "*")
    (page,) = phone.pull()
    assert touched(page) == {"customers": {"deleted": [shop.customer]}, "drafts": {"deleted": [draft]}}


def test_nothing_new_is_an_empty_page_at_the_same_clock(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    phone.pull()
    clock = shop.clock
    (page,) = phone.pull()
    assert (touched(page), page["timestamp"], page["more"], page["notices"]) == ({}, clock, False, [])
    assert shop.clock == clock, "a pull is no commit"


def test_drafts_hold_what_people_type(shop: Shop) -> None:
    draft = shop.draft(metadata={"shelf": "3"})
    phone = Phone(shop.owner)
    phone.pull()
    row = phone.copy["drafts"][draft["id"]]
    assert (row["kind"], row["payment_mode"], row["customer"], row["read_only"]) == (
        "invoice",
        None,
        shop.customer,
        False,
    )
    (line,) = json.loads(row["lines"])
    assert "net" not in line
    assert (line["quantity"], line["unit_price"], json.loads(row["metadata"])) == ("2", "1500.00", {"shelf": "3"})
    assert json.loads(row["totals"])["payable"] == draft["totals"]["payable"]


def test_revived_rows_come_under_created(shop: Shop) -> None:
    invoice = shop.issued()["id"]
    phone = Phone(shop.owner)
    phone.pull()
    phone.pull()
    gone = "itm_01J9ZK5N8Q0V3X6T2R4W7Y1B5C"
    page = phone.page(revive={"drafts": [invoice], "customers": [shop.customer], "items": [gone]})
    assert touched(page) == {
        "customers": {"created": [shop.customer]},
        "items": {"deleted": [gone]},
        "drafts": {"deleted": [invoice]},
        "documents": {"created": [invoice]},
    }
    payment = shop.owner.post(
        f"/v1/invoices/{invoice}/payments", {"amount": "1.00", "method": "cash", "date": shop.today.isoformat()}
    ).json["id"]
    page = phone.page(revive={"payments": [payment], "documents": [invoice]})
    assert touched(page) == {"documents": {"created": [invoice]}, "payments": {"created": [payment]}}


def test_more_than_a_hundred_revived_rows_of_a_table_are_refused(shop: Shop) -> None:
    got = Phone(shop.owner).ask(revive={"items": [f"itm_{n}" for n in range(101)]})
    assert (got.status, got.json["errors"][0]["pointer"]) == (422, "/revive/items")
    unknown = Phone(shop.owner).ask(revive={"robots": ["x"]})
    assert (unknown.status, unknown.json["errors"][0]["code"]) == (422, "unknown_table")


def test_a_migration_brings_new_tables_and_values_of_new_columns_in_the_same_answer(shop: Shop) -> None:
    shop.owner.post("/v1/items", {"name": "Plain", "unit_price": "1", "vat_rate": "20"})
    unit = shop.owner.post("/v1/items", {"name": "Unit", "unit_price": "1", "vat_rate": "20", "unit": "kg"}).json["id"]
    supplier = shop.owner.post("/v1/suppliers", {"name": "S", "kind": "consumer"}).json["id"]
    phone = Phone(shop.owner)
    phone.pull()
    phone.pull()
    migration = {
        "from": 1,
        "tables": ["suppliers", "of_the_app"],
        "columns": [{"table": "items", "columns": ["unit", "colour"]}],
    }
    (page,) = phone.pull(migration=migration)
    assert touched(page) == {"suppliers": {"updated": [supplier]}, "items": {"updated": [unit]}}


def test_an_older_schema_gets_only_its_columns(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    item = shop.owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20", "unit": "kg"}).json["id"]
    column = tables.BY_NAME["items"].by_name["unit"]
    monkeypatch.setitem(column.__dict__, "since", 2)
    phone = Phone(shop.owner)
    phone.pull()
    assert "unit" not in phone.copy["items"][item]


def test_a_schema_that_is_not_answered_any_more(shop: Shop) -> None:
    got = Phone(shop.owner).ask(schema_version=0)
    assert (got.status, got.json["code"], got.json["oldest"]) == (426, "client_schema_too_old", 1)
    later = Phone(shop.owner).ask(schema_version=2)
    assert (later.status, later.json["errors"][0]["pointer"]) == (422, "/schema_version")


def test_a_commit_larger_than_a_page_is_a_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    drafts = [shop.draft()["id"] for _ in range(3)]
    phone.pull()
    assert shop.owner.post("/v1/invoices/issue", {"ids": drafts}).status == 200
    monkeypatch.setattr(pull, "PAGE_BYTES", 1_000)
    got = phone.ask()
    assert got.json.keys() == {"url", "expires_at"}
    (page,) = phone.pull()
    assert touched(page) == {"drafts": {"deleted": drafts}, "documents": {"updated": drafts}}
    assert phone.clock == shop.clock


def test_a_clock_that_the_journal_does_not_hold_needs_a_push_and_a_replacement(shop: Shop) -> None:
    _busy_day(shop)
    phone = Phone(shop.owner)
    phone.pull()
    held = phone.copy
    phone.copy = {**held, "items": {"itm_gone": {"id": "itm_gone"}}}
    phone.clock = (phone.clock or 0) + 1_000_000
    got = phone.ask()
    assert (got.status, got.json["code"]) == (409, "push_first")
    phone.clock = None
    (page,) = phone.pull(replace=True)
    assert page["experimentalStrategy"] == "replacement"
    assert phone.copy == held
    assert phone.clock == shop.clock


def test_a_hole_in_the_clocks_makes_older_readers_start_anew(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    _busy_day(shop)
    swept = (phone.clock or 0) + 3
    shop.world.store.connection.delete_item(
        shop.world.store.names["journal"], shop.company, JournalEntry.ref(shop.company, clock=swept).sort
    )
    assert phone.ask().json["code"] == "push_first"
    phone.clock = swept
    assert phone.ask().status == 200
    new = Phone(shop.owner)
    (page,) = new.pull()
    assert page["experimentalStrategy"] == "replacement", "the journal does not begin at its beginning"
    assert _held(new) == _ids(shop)


def test_a_large_replacement_is_a_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _busy_day(shop)
    phone = Phone(shop.owner)
    phone.pull()
    held = phone.copy
    monkeypatch.setattr("chalicelib.services.sync.replacing.PAGE_BYTES", 1_000)
    got = phone.ask(replace=True)
    assert got.json.keys() == {"url", "expires_at"}
    (page,) = phone.pull(replace=True)
    assert page["experimentalStrategy"] == "replacement"
    assert page["changes"].keys() == {table.name for table in TABLES}
    assert phone.copy == held


def test_synchronisation_that_is_off_answers_so(shop: Shop) -> None:
    shop.owner.patch("/v1/settings", {"cloud": {"sync": False, "backup": True}}, "*")
    got = Phone(shop.owner).ask()
    assert (got.status, got.json["code"]) == (409, "synchronisation_off")
