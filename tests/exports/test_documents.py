"""Documents and payments as files: tables, lines of JSON, e-invoices and pages."""

import csv
import io
import json
from datetime import date
from typing import Any

import pytest
from defusedxml import ElementTree

from tests.conftest import Shop
from tests.exports.files import begun, content, exported, members, run
from tests.privacy.test_erased_persons import erased


@pytest.fixture
def books(shop: Shop) -> Shop:
    """A shop with two invoices, one paid and one credited, and a draft."""
    paid, credited = shop.issued(), shop.issued()
    payment = {"amount": "100.00", "method": "transfer", "date": shop.today.isoformat(), "reference": "=VIR 7"}
    assert shop.owner.post(f"/v1/invoices/{paid['id']}/payments", payment).status == 201
    assert shop.owner.post(f"/v1/invoices/{credited['id']}/credit", {"reason": "Retour"}).status == 201
    shop.draft()
    return shop


def rows(text: bytes) -> list[dict[str, str]]:
    """The rows of a CSV by title."""
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""), delimiter=";"))


def listed(shop: Shop, plural: str) -> list[dict[str, Any]]:
    """The list of the API, oldest first."""
    found: list[dict[str, Any]] = shop.owner.get(f"/v1/{plural}").json["data"][::-1]
    return found


def test_a_quarter_as_tables(books: Shop) -> None:
    kinds = ["invoices", "credit_notes", "drafts", "payments", "refunds"]
    found = members(exported(books, kinds, "csv-fr", language="fr"))
    assert list(found) == [
        "invoices.csv",
        "invoices_lines.csv",
        "credit_notes.csv",
        "credit_notes_lines.csv",
        "drafts.csv",
        "drafts_lines.csv",
        "payments.csv",
        "refunds.csv",
    ]
    invoices = [each for each in listed(books, "invoices") if each["number"]]
    told = rows(found["invoices.csv"])
    assert [each["Numéro"] for each in told] == [each["number"] for each in invoices]
    assert told[0]["Payé"] == "100,00"
    assert told[0]["Total TTC"] == invoices[0]["totals"]["gross"].replace(".", ",")
    assert told[0]["Date d'émission"] == date.fromisoformat(invoices[0]["issue_date"]).strftime("%d/%m/%Y")
    lines = rows(found["invoices_lines.csv"])
    assert [each["Numéro"] for each in lines] == [each["number"] for each in invoices for _ in each["lines"]]
    assert [each["Facture d’origine"] for each in rows(found["credit_notes.csv"])] == [invoices[1]["number"]]
    (payment,) = rows(found["payments.csv"])
    assert (payment["Référence"], payment["Numéro de facture"]) == ("'=VIR 7", invoices[0]["number"])
    assert len(rows(found["drafts.csv"])) == 1
    assert rows(found["refunds.csv"]) == []


def test_lines_of_json_are_the_rows_of_the_api(books: Shop) -> None:
    lines = exported(books, ["invoices"], "json").decode().splitlines()
    assert [json.loads(line) for line in lines] == [each for each in listed(books, "invoices") if each["number"]]
    (payment,) = exported(books, ["payments"], "json").decode().splitlines()
    assert json.loads(payment) == listed(books, "payments")[0]


def test_a_period_holds_the_documents_of_its_days(books: Shop) -> None:
    day = books.today.isoformat()
    assert len(exported(books, ["invoices"], "json", **{"from": day, "to": day}).splitlines()) == 2
    assert exported(books, ["invoices"], "json", to="2020-01-01") == b""


def test_e_invoices_and_pages_come_in_a_zip(books: Shop) -> None:
    numbers = {each["number"] for each in listed(books, "invoices") if each["number"]}
    found = members(exported(books, ["invoices", "credit_notes"], "ubl"))
    roots = [ElementTree.fromstring(text).tag.rpartition("}")[2] for text in found.values()]
    assert sorted(roots) == ["CreditNote", "Invoice", "Invoice"]
    assert {name.rpartition("-")[0].removeprefix("invoices/") for name in found if name.startswith("inv")} == numbers
    pages = members(exported(books, ["invoices"], "pdf"))
    assert [page[:5] for page in pages.values()] == [b"%PDF-"] * 2


def test_a_kind_without_files_is_refused(shop: Shop) -> None:
    got = shop.owner.post("/v1/exports", {"kinds": ["invoices", "customers"], "format": "pdf"})
    assert (got.status, got.codes) == (422, [("/kinds/1", "export_without_file")])
    got = shop.owner.post(
        "/v1/exports", {"kinds": ["items"] * 2, "format": "csv", "from": "2026-02-01", "to": "2026-01-01"}
    )
    assert (got.status, got.codes) == (422, [("/kinds", "repeated"), ("/to", "out_of_range")])


def test_the_file_is_for_whoever_may_read_all_of_it(shop: Shop) -> None:
    id = begun(shop.member("accountant"), ["customers"], "csv")
    assert shop.owner.get(f"/v1/exports/{id}").json["code"] == "export_not_ready"
    run(shop)
    assert shop.member("clerk").get(f"/v1/exports/{id}").status == 403
    key, _ = shop.key("exports.read", "exports.write", "items.read")
    assert key.get(f"/v1/exports/{id}").json["code"] == "forbidden"
    assert key.post("/v1/exports", {"kinds": ["items", "suppliers"], "format": "csv"}).json["code"] == "forbidden"
    assert content(shop, id).startswith(b"id,")


def test_an_erased_person_is_in_no_file(books: Shop) -> None:
    before = begun(books.owner, ["invoices", "customers"], "json")
    run(books)
    name = listed(books, "customers")[0]["name"]
    assert name.encode() in b"".join(members(content(books, before)).values())
    erased(books, books.customer, carried=True)
    assert books.owner.get(f"/v1/exports/{before}").status == 404
    found = members(exported(books, ["invoices", "customers", "payments"], "json"))
    assert name.encode() not in b"".join(found.values())
    assert b"VIR 7" not in found["payments.jsonl"]
    papers = exported(books, ["invoices"], "ubl")
    assert set(members(papers).values()) == {b"document_blocked"}
