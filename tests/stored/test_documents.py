"""Documents that an earlier version issued: what the API states of them, their hashes, their pages, their journal."""

import json
import zlib
from typing import Any
from xml.etree.ElementTree import canonicalize

import pytest
from pypdf import PdfReader

from tests.client import Client
from tests.stored.scenes import PLACE, as_then, bodies, keys, scene
from tests.stored.stage import Stage, digest_of, fetched
from tests.unit.render.en16931 import refusals

BOOKS = bodies("books")
DOCUMENTS = sorted(path for path in BOOKS if path.startswith(("/v1/invoices/inv_", "/v1/credit-notes/")))
"""Invoices, the draft among them, credit notes, and the payments of each invoice."""
EMPTY = "[PEPPOL-EN16931-R008]-Document MUST not contain empty elements. (still status warning)"
"""A warning: CII demands the element of the delivery, and an older credit note does not state its invoice's day."""
ISSUED = [path for path in DOCUMENTS if not path.endswith("/payments") and BOOKS[path]["status"] != "draft"]


@pytest.mark.parametrize("name", ["books", "erased"])
def test_the_api_shows_the_same_content_today(stage: Stage, name: str) -> None:
    """Compare each body whole; of an erased buyer the documents say nothing that identifies them."""
    client = stage.load_client(name)
    said = bodies(name)
    stored = {path: _stored(body) for path, body in said.items()}
    assert {path: as_then(_got(client, path), stored[path]) for path in said} == stored


def test_the_registers_verify_every_document_and_link(stage: Stage) -> None:
    """The verification computes each hash from the stored document, and the chain from the hashes."""
    client = stage.load_client("books")
    counts = {"FA-2026": 5, "AV-2026": 2}
    for series, count in counts.items():
        proof = client.get("/v1/register/verify", query={"series": series}).json
        assert (proof["verified"], proof["complete"], proof["checked"]) == (True, True, count)


def test_a_changed_document_does_not_verify(stage: Stage) -> None:
    """The verification reads the stored rows: a changed amount is found."""
    client = stage.load_client("books")
    rows = scene("books").rows["ledger"]
    first = next(row for row in rows.values() if row["_kind"]["S"] == "invoice")
    stage.put("ledger", {**first, "notes": {"S": "changed"}})
    assert client.get("/v1/register/verify", query={"series": "FA-2026"}).json["verified"] is False


def test_each_einvoice_is_the_same(stage: Stage) -> None:
    """The XML is compared in its canonical form."""
    client = stage.load_client("books")
    made = {path: canonicalize(client.get(f"{path}/ubl").text) for path in ISSUED}
    assert made == {path: _einvoice(path) for path in ISSUED}


def test_each_page_is_made(stage: Stage) -> None:
    """A page names its document and carries the e-invoice, and the same as Factur-X."""
    client = stage.load_client("books")
    for path in ISSUED:
        page = PdfReader(fetched(client.get(f"{path}/pdf").headers["location"]))
        assert BOOKS[path]["number"] in "".join(sheet.extract_text() for sheet in page.pages)
        number = str(BOOKS[path]["number"])
        assert set(page.attachments) == {f"{number}.xml", "factur-x.xml"}
        assert canonicalize(page.attachments[f"{number}.xml"][0]) == _einvoice(path)
        assert refusals(page.attachments["factur-x.xml"][0]) in ([], [EMPTY])


def test_pages_that_waited_to_be_made_are_made(stage: Stage) -> None:
    """The outbox holds a message of an earlier version for each commit that issued; its job makes the pages."""
    stage.load("books")
    assert stage.objects("files", "pdf/") == {}
    stage.run("outbox")
    assert len(stage.objects("files", "pdf/")) == len(ISSUED)
    assert [row for row in stage.tables.all("journal") if row["_kind"]["S"] == "outbox"] == []


def test_a_withheld_document_of_then_frees_what_it_asks_for_no_more(stage: Stage) -> None:
    """15,300.00 with 1,912.50 withheld ask for 13,387.50. Half of it asks for 6,693.75 with 956.25 withheld."""
    client, path = stage.load_client("books"), "/v1/invoices/inv_01M8NTXFRCV1R6YM7S234H7K3R"
    money = {"amount": "13387.50", "method": "transfer", "date": BOOKS[path]["issue_date"]}
    assert client.post(f"{path}/payments", money).status == 201
    paid = client.get(path).json
    assert (paid["status"], paid["paid"], paid["withheld"], paid["balance"]) == ("paid", "13387.50", "1912.50", "0.00")
    note = client.post(f"{path}/credit", {"amount": "6375.00"}).json
    assert (note["totals"]["withheld"], note["totals"]["payable"]) == ("956.25", "6693.75")
    half = client.get(path).json
    assert (half["status"], half["paid"], half["withheld"], half["balance"]) == ("paid", "6693.75", "956.25", "0.00")
    (entry,) = client.get(f"/v1/customers/{paid['customer']}/credit").json["data"]
    assert (entry["source"], entry["amount"]) == ("credit_note", "6693.75")


def test_the_journal_goes_on_in_the_same_chain(stage: Stage) -> None:
    """Each entry commits to the one before it, in the stored rows and in those that the present code adds."""
    client = stage.load_client("books")
    before = _entries(stage)
    assert client.post("/v1/items", {"name": "Formation", "unit_price": "900.00", "vat_rate": "20"}).status == 201
    entries = _entries(stage)
    assert entries[:-1] == before
    previous = ""
    for number, entry in enumerate(entries, 1):
        assert (entry["clock"], entry["previous"]) == (number, previous)
        assert entry["hash"] == digest_of("journal", entry["row"] | {"hash": {"S": ""}}, salted=False)
        previous = entry["hash"]
    head = next(row for row in stage.tables.all("journal") if row["_kind"]["S"] == "head")
    assert (head["chain"]["S"], head["clock"]["N"]) == (previous, str(len(entries)))


def test_each_row_has_the_hash_that_the_journal_states(stage: Stage) -> None:
    """A row that is read has the content to which the journal committed: no attribute is lost, none is added."""
    stage.load("books")
    last = {
        (change["room"], change["kind"], change["id"]): change
        for entry in _entries(stage)
        for change in json.loads(zlib.decompress(entry["row"]["changes"]["B"]))
    }
    checked = 0
    for table in ("workspace", "ledger"):
        for row in stage.tables.all(table):
            change = last[table, row["_kind"]["S"], row["id"]["S"]]
            assert (change["op"], change["hash"]) == ("put", digest_of(table, row)), row["sort"]
            checked += 1
    assert checked == 36


def test_a_stored_api_key_opens_the_company(stage: Stage) -> None:
    """The key's digest was stored; what it opens are the scopes that were stored."""
    (row,) = [row for row in scene("books").rows["identity"].values() if row["_kind"]["S"] == "api_key"]
    stage.load("books")
    client = Client(stage.gateway, keys()[row["id"]["S"]])
    assert as_then(client.get(ISSUED[0]).json, BOOKS[ISSUED[0]]) == BOOKS[ISSUED[0]]
    assert client.get("/v1/customers").status == 403


def _entries(stage: Stage) -> list[dict[str, Any]]:
    rows = [row for row in stage.tables.all("journal") if row["_kind"]["S"] == "journal_entry"]
    rows.sort(key=lambda row: str(row["sort"]["S"]))
    return [
        {"clock": int(row["clock"]["N"]), "previous": row["previous"]["S"], "hash": row["hash"]["S"], "row": row}
        for row in rows
    ]


def _einvoice(path: str) -> str:
    return canonicalize((PLACE / "einvoices" / f"{BOOKS[path]['id']}.xml").read_text())


def _got(client: Client, path: str) -> Any:
    got = client.get(path)
    return _stored(got.json) if got.status == 200 else {"status": got.status}


def _stored(body: Any) -> Any:
    """A body without the policy in force, which is not stored."""
    if "policy" not in body:
        return body
    return body | {"policy": {name: body["policy"][name] for name in ("accepted", "accepted_at")}}
