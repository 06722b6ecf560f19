"""The whole life of toys over HTTP and the engine. `test_toy_kind.py` runs it where the kind is declared first."""

import csv
import io
import json
import zipfile
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.openapi import document
from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.companies.party import Supplier
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.erased import SELLER_NAMES
from chalicelib.files import prefixes
from tests.api.test_openapi_contract import broken
from tests.backup.restoring import content_of
from tests.backup.worlds import taken, turned_on
from tests.client import Got
from tests.conftest import Shop
from tests.privacy.persons import asked, carry, confirmed
from tests.toy.backups import BackedUp, downloaded, job_of, read, unzipped
from tests.toy.kind import Toy, ToyDraft

URL = "/v1/toy-bills"
CANARY = "Zineb Effacable"
SUPPLIER: dict[str, Any] = {
    "name": CANARY,
    "kind": "business",
    "ice": "002136093000040",
    "email": "zineb@effacable.example",
    "phone": "+212612345678",
    "address": {"street": "7 rue Effacable", "city": "Effaville"},
    "language": "fr",
}
TRACES = (CANARY, "effacable.example", "612345678", "rue Effacable", "Effaville", "Cadeau")
LINE = {"description": "Bois", "quantity": "2", "unit_price": "50.00", "vat_rate": "20"}


@dataclass(frozen=True)
class Workshop(BackedUp):
    """A company with a backup, a supplier, a recorded toy and a draft."""

    supplier: str
    toy: dict[str, Any]
    draft: dict[str, Any]

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at an address."""
        return read(self.shop, path, **query)


def drafted(shop: Shop, supplier: str | None, **content: Any) -> dict[str, Any]:
    """A new draft of one line, delivered today."""
    own = {"supplier": supplier, "delivered": shop.today.isoformat()}
    made = shop.owner.post(URL, {"lines": [LINE]} | own | content)
    assert made.status == 201, made.text
    found: dict[str, Any] = made.json
    return found


def record(shop: Shop, id: str, number: str, **headers: str) -> Got:
    """Record a draft under the supplier's number, dated today."""
    body = {"number": number, "issue_date": shop.today.isoformat()}
    return shop.owner.post(f"{URL}/{id}/record", body, **headers)


def supplier_of(shop: Shop, **changes: Any) -> str:
    """The id of a new supplier."""
    made = shop.owner.post("/v1/suppliers", SUPPLIER | changes)
    assert made.status == 201, made.text
    return str(made.json["id"])


@pytest.fixture
def workshop(shop: Shop) -> Workshop:
    books, supplier = turned_on(shop), supplier_of(shop)
    got = record(
        shop, drafted(shop, supplier, notes="Cadeau", remark="Cadeau")["id"], "F/77", idempotency_key="record-once"
    )
    assert got.status == 200, got.text
    return Workshop(books, supplier, got.json, drafted(shop, supplier))


def nobody_in(text: str) -> None:
    """Fail if the text holds a trace of the supplier."""
    assert [trace for trace in TRACES if trace in text] == [], text


# ── Drafted, recorded, listed ────────────────────────────────────────────────────────────────────────────────────────


def test_the_api_describes_it_as_it_describes_the_older_kinds() -> None:
    paths = document(ENDPOINTS, version="1")["paths"]
    operations = {(method, path) for path, found in paths.items() if "toy-bills" in path for method in found}
    assert operations == {
        ("get", URL),
        ("post", URL),
        ("post", f"{URL}/preview"),
        *((method, f"{URL}/{{id}}") for method in ("get", "patch", "delete")),
        ("post", f"{URL}/{{id}}/record"),
        ("get", f"{URL}/{{id}}/pdf"),
    }
    (id,) = [each for each in paths[f"{URL}/{{id}}"]["get"]["parameters"] if each.get("name") == "id"]
    assert id["schema"]["pattern"] == "^toy_[0-7][0-9A-HJKMNP-TV-Z]{25}$"


def test_each_answer_is_as_the_api_describes_it(workshop: Workshop) -> None:
    owner, described = workshop.shop.owner, read(workshop.shop, "/openapi.json")
    toy, draft, body = f"{URL}/{workshop.toy['id']}", f"{URL}/{workshop.draft['id']}", {"lines": [LINE]}
    number = {"number": "F/78", "issue_date": workshop.shop.today.isoformat()}
    answers = [
        (f"GET {URL}", owner.get(URL)),
        (f"POST {URL}", owner.post(URL, body)),
        (f"POST {URL}/preview", owner.post(f"{URL}/preview", body)),
        (f"GET {URL}/{{id}}", owner.get(toy)),
        (f"GET {URL}/{{id}}", owner.get(draft)),
        (f"GET {URL}/{{id}}/pdf", owner.get(f"{toy}/pdf")),
        (f"PATCH {URL}/{{id}}", owner.patch(draft, body, "*")),
        (f"POST {URL}/{{id}}/record", owner.post(f"{draft}/record", number)),
        ("GET /v1/changes", owner.get("/v1/changes", query={"limit": 100})),
    ]
    endpoints = {f"{endpoint.method} {endpoint.path}": endpoint for endpoint in ENDPOINTS}
    assert [got.text for _, got in answers if got.status >= 400] == []
    assert [(name, *broken(described, endpoints[name], got)) for name, got in answers] == [
        (name,) for name, _ in answers
    ]


def test_a_draft_is_previewed_edited_deleted_and_recorded(shop: Shop) -> None:
    supplier = supplier_of(shop)
    assert shop.owner.post(f"{URL}/preview", {"lines": [LINE]}).json["totals"]["gross"] == "120.00"
    draft = drafted(shop, supplier)
    assert (draft["object"], draft["status"], draft["supplier"]) == ("toy_bill", "draft", supplier)
    assert draft["id"].startswith("toy_")
    edited = shop.owner.patch(f"{URL}/{draft['id']}", {"notes": "Bois de cèdre"}, "*")
    assert (edited.status, edited.json["notes"], edited.json["supplier"]) == (200, "Bois de cèdre", supplier)
    recorded = record(shop, draft["id"], "F/77")
    assert recorded.status == 200, recorded.text
    toy = recorded.json
    assert (toy["status"], toy["number"], toy["notes"]) == ("recorded", "F/77", "Bois de cèdre")
    assert (toy["seller"]["name"], toy["buyer"]["name"]) == (CANARY, "Boutique Exemple")
    assert (toy["register"], "paid" in toy) == (None, False)
    assert read(shop, f"{URL}/{draft['id']}") == toy
    assert record(shop, draft["id"], "F/78").json["code"] == "already_issued"
    assert shop.owner.patch(f"{URL}/{draft['id']}", {"notes": "x"}, "*").json["code"] == "already_issued"
    other = drafted(shop, supplier)
    assert shop.owner.delete(f"{URL}/{other['id']}", "*").json["deleted"] is True
    assert shop.owner.get(f"{URL}/{other['id']}").status == 404


def test_the_attributes_that_only_it_has_are_entered_edited_frozen_and_shown(shop: Shop) -> None:
    day = shop.today.isoformat()
    own = {"remark": "À polir", "delivered": day, "deposit": "12.50", "fragile": True}
    preview = shop.owner.post(f"{URL}/preview", own).json
    assert {name: preview[name] for name in own} == own
    draft = shop.owner.post(URL, {"supplier": supplier_of(shop), "lines": [LINE]}).json
    assert [draft[name] for name in own] == [None, None, "0.00", False]
    url = f"{URL}/{draft['id']}"
    missing = record(shop, draft["id"], "F/77")
    assert (missing.status, missing.codes) == (422, [("/delivered", "missing")])
    for name, wrong, code in (
        ("delivered", "soon", "bad_date"),
        ("deposit", 12, "number_not_string"),
        ("remark", "", "too_short"),
    ):
        refused = shop.owner.patch(url, {name: wrong}, "*")
        assert (refused.status, refused.codes) == (422, [(f"/{name}", code)])
    edited = shop.owner.patch(url, own, "*").json
    assert {name: edited[name] for name in own} == own
    assert shop.owner.patch(url, {"remark": None}, "*").json["remark"] is None
    edited = shop.owner.patch(url, {"remark": "À polir"}, "*").json
    frozen = record(shop, draft["id"], "F/77").json
    assert {name: frozen[name] for name in own} == own
    assert read(shop, url) == frozen


def test_a_draft_without_a_supplier_or_dated_tomorrow_is_not_recorded(shop: Shop) -> None:
    nobody = record(shop, drafted(shop, None)["id"], "F/1")
    assert (nobody.status, nobody.codes) == (422, [("/supplier", "supplier_required")])
    draft = drafted(shop, supplier_of(shop))
    late = {"number": "F/1", "issue_date": (shop.today + timedelta(days=1)).isoformat()}
    refused = shop.owner.post(f"{URL}/{draft['id']}/record", late)
    assert (refused.status, refused.codes) == (422, [("/issue_date", "issue_date_in_future")])
    stranger = shop.owner.post(URL, {"supplier": shop.customer})
    assert [pointer for pointer, _ in stranger.codes] == ["/supplier"]


def test_a_list_has_its_filters_and_shows_the_supplier_in_full(workshop: Workshop) -> None:
    toy, draft, other = workshop.toy["id"], workshop.draft["id"], supplier_of(workshop.shop, name="Autre")
    elsewhere = drafted(workshop.shop, other)["id"]

    def ids(**query: Any) -> list[str]:
        return [row["id"] for row in workshop.get(URL, **query)["data"]]

    day = workshop.shop.today
    assert ids() == [elsewhere, draft, toy]
    assert ids(status="draft") == [elsewhere, draft]
    assert ids(status="recorded") == [toy]
    assert ids(supplier=workshop.supplier) == [draft, toy]
    assert ids(issued_from=day.isoformat(), issued_to=day.isoformat()) == [toy]
    assert ids(issued_to=(day - timedelta(days=1)).isoformat()) == []
    assert ids(limit=1, starting_after=elsewhere) == [draft]
    shown = workshop.get(URL, status="recorded", **{"expand[]": "supplier"})["data"]
    party = workshop.get(f"/v1/suppliers/{workshop.supplier}")
    assert [row["supplier"] for row in shown] == [party]
    assert workshop.get(f"{URL}/{draft}", **{"expand[]": "supplier"})["supplier"] == party
    assert workshop.shop.owner.get(URL, query={"starting_after": workshop.supplier}).status == 422


def test_devices_see_it_change(workshop: Workshop) -> None:
    page = workshop.get("/v1/changes", limit=100)
    assert not page["has_more"]
    seen = {each["id"]: each for each in page["data"] if each["kind"] == "toy_bill"}
    assert {id: each["object"] for id, each in seen.items()} == {
        workshop.toy["id"]: workshop.toy,
        workshop.draft["id"]: workshop.draft,
    }
    workshop.shop.owner.delete(f"{URL}/{workshop.draft['id']}", "*")
    (gone,) = workshop.get("/v1/changes", after=page["clock"])["data"]
    assert (gone["kind"], gone["id"], gone["op"]) == ("toy_bill", workshop.draft["id"], "delete")


# ── Printed ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def printed(shop: Shop, id: str, **query: Any) -> tuple[str, dict[str, Any]]:
    """The text of a page, and the files attached to it."""
    got = shop.owner.get(f"{URL}/{id}/pdf", query=query)
    assert got.status == 303, got.text
    key = got.headers["location"].partition("?")[0].partition(f"{shop.world.files.bucket}/")[2]
    page = PdfReader(io.BytesIO(shop.world.files.read(key)))
    return "\n".join(each.extract_text() for each in page.pages), dict(page.attachments)


def test_its_page_names_the_supplier_as_the_seller_and_carries_no_e_invoice(workshop: Workshop) -> None:
    text, attached = printed(workshop.shop, workshop.toy["id"])
    assert all(word in text for word in ("Jouet", "F/77", "Bois", CANARY, "Boutique Exemple", "Somme :")), text
    assert text.index(CANARY) < text.index("Boutique Exemple")
    assert attached == {}
    assert workshop.shop.owner.get(f"{URL}/{workshop.toy['id']}/ubl").status == 404
    assert "Toy" in printed(workshop.shop, workshop.toy["id"], lang="en")[0]


def test_a_drafts_page_names_the_supplier_as_the_seller(workshop: Workshop) -> None:
    text, _ = printed(workshop.shop, workshop.draft["id"])
    assert all(word in text for word in ("Jouet", "Bois", CANARY, "Boutique Exemple")), text
    assert text.index(CANARY) < text.index("Boutique Exemple")
    nobody, _ = printed(workshop.shop, drafted(workshop.shop, None)["id"])
    assert "Boutique Exemple" in nobody
    assert CANARY not in nobody


# ── Backed up and restored ───────────────────────────────────────────────────────────────────────────────────────────


def rows(workshop: Workshop, company: str | None = None) -> dict[tuple[str, str], Record]:
    """Every row of a company that a backup holds."""
    return content_of(workshop.shop.world, company or workshop.company)


def test_a_backup_of_it_verifies_and_restores_lost_rows(workshop: Workshop) -> None:
    before, backup = rows(workshop), taken(workshop.books)
    counts = backup.counts or {}
    assert (counts["toy_bills"], counts["toy_drafts"]) == (1, 1)
    job_of(workshop.shop, f"/v1/backups/{backup.id}/verify", {})
    store = workshop.shop.world.store
    for lost in (Toy.ref(workshop.company, workshop.toy["id"]), ToyDraft.ref(workshop.company, workshop.draft["id"])):
        store.connection.delete_item(store.names[lost.table], lost.company, lost.sort)
    assert len(rows(workshop)) == len(before) - 2
    restored = job_of(workshop.shop, f"/v1/backups/{backup.id}/restore", {"kinds": ["drafts", "toy_bills"]})
    assert {name: found["restored"] for name, found in restored["kinds"].items()} == {"toy_drafts": 1, "toy_bills": 1}
    assert rows(workshop) == before
    assert workshop.get(f"{URL}/{workshop.toy['id']}") == workshop.toy


def test_a_copy_of_the_company_has_the_same_rows(workshop: Workshop) -> None:
    before, backup = rows(workshop), taken(workshop.books)
    company = str(job_of(workshop.shop, f"/v1/backups/{backup.id}/restore", {"into": "new"})["company"])
    copy = rows(workshop, company)
    assert copy.keys() == before.keys()
    for key, row in before.items():
        if not isinstance(row, Company | Series):  # their ids and chains begin with the company's id
            assert replace(copy[key], company=workshop.company) == row
    assert {type(row) for row in copy.values()} >= {Toy, ToyDraft}


def test_a_backup_is_downloaded_with_a_table_of_it(workshop: Workshop) -> None:
    bundle = downloaded(workshop.shop, taken(workshop.books).id)
    (toy,) = json.loads(bundle.read("data/toy_bills.json"))
    assert (toy["number"], toy["supplier"], toy["totals"]["gross"]) == ("F/77", workshop.supplier, "120.00")
    (row,) = csv.DictReader(io.StringIO(bundle.read("data/toy_bills.csv").decode("utf-8-sig")))
    assert row["number"] == "F/77"
    assert "Jouets" in bundle.read("index.html").decode()


# ── Exported and erased ──────────────────────────────────────────────────────────────────────────────────────────────


def exported(workshop: Workshop, **subject: str) -> zipfile.ZipFile:
    """An access export, asked for, confirmed and made."""
    id = asked(workshop.shop, kind="access", **subject)
    confirmed(workshop.shop, id)
    carry(workshop.shop)
    return unzipped(workshop.shop.world.files.read(prefixes.export(workshop.company, id)))


@pytest.mark.parametrize("of_supplier", [False, True])
def test_an_access_export_holds_its_tables_and_its_page(workshop: Workshop, of_supplier: bool) -> None:
    other = supplier_of(workshop.shop, name="Autre")
    stranger = record(workshop.shop, drafted(workshop.shop, other)["id"], "A-1").json
    archive = exported(workshop, **({"subject": workshop.supplier} if of_supplier else {}))
    toys, drafts = (json.loads(archive.read(f"data/{name}.json")) for name in ("toy_bills", "toy_drafts"))
    held = [workshop.toy] if of_supplier else [workshop.toy, stranger]
    assert toys == held
    assert drafts == [workshop.draft]
    pages = [name for name in archive.namelist() if name.startswith("pdf/")]
    assert sorted(pages) == sorted(f"pdf/jouet-{toy['number'].replace('/', '-')}-{toy['id']}.pdf" for toy in held)
    assert "Jouets" in archive.read("index.html").decode()


def test_the_export_of_a_customer_holds_none(workshop: Workshop) -> None:
    archive = exported(workshop, subject=workshop.shop.customer)
    assert [name for name in archive.namelist() if "toy" in name or "jouet" in name] == []


def test_an_erased_supplier_is_blank_everywhere(workshop: Workshop) -> None:
    shop, backup = workshop.shop, taken(workshop.books).id
    confirmed(shop, asked(shop, subject=workshop.supplier))
    replayed = record(shop, workshop.toy["id"], "F/77", idempotency_key="record-once")
    shown = workshop.get(f"{URL}/{workshop.toy['id']}")
    assert (replayed.status, replayed.headers["idempotency-replayed"], replayed.json) == (200, "true", shown)
    carry(shop)
    (stored,) = shop.world.store.records([Supplier.ref(shop.company, workshop.supplier)])
    assert stored is None
    assert workshop.get(f"{URL}/{workshop.toy['id']}") == shown
    assert (shown["seller"]["name"], shown["supplier"], shown["notes"]) == (SELLER_NAMES["fr"], None, None)
    assert (shown["remark"], shown["delivered"]) == (None, workshop.toy["delivered"])
    assert shown["totals"] == workshop.toy["totals"]
    again = record(shop, workshop.toy["id"], "F/77", idempotency_key="record-once")
    assert (again.status, again.headers["idempotency-replayed"], again.json) == (200, "true", {"erased": True})
    draft = workshop.get(f"{URL}/{workshop.draft['id']}")
    assert (draft["supplier"], draft["totals"]) == (None, workshop.draft["totals"])
    assert workshop.get(URL, supplier=workshop.supplier)["data"] == []
    changes = workshop.get("/v1/changes", limit=100)
    blocked = shop.owner.get(f"{URL}/{workshop.toy['id']}/pdf")
    assert blocked.json["code"] == "document_blocked"
    archives = (downloaded(workshop.shop, backup), exported(workshop))
    for archive in archives:
        nobody_in("".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist()))
    for found in (shown, draft, changes, workshop.get(URL, **{"expand[]": "supplier"})):
        nobody_in(json.dumps(found, ensure_ascii=False))
