"""The download of a backup as a ZIP for spreadsheets, without persons erased since."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.contact.support import Upload
from chalicelib.files import prefixes
from chalicelib.services.backup import download
from chalicelib.services.backup.format.kinds import NAMES
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from tests.backup.restoring import Kept, ended
from tests.privacy.worlds import Turned, carried


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


def fetched(shop: Kept, backup: str, **asked: Any) -> zipfile.ZipFile:
    job = shop.job("download", backup=backup, **asked)
    outcome = ended(shop.world, job, download.WORKFLOW)
    assert outcome["key"] == prefixes.export(shop.id, job.id), outcome
    assert outcome["filename"] == f"facture-{backup}.zip"
    found = zipfile.ZipFile(io.BytesIO(shop.world.files.read(outcome["key"])))
    assert found.testzip() is None
    return found


def table(bundle: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    content = bundle.read(f"data/{name}.csv")
    assert content.startswith(b"\xef\xbb\xbf")  # a spreadsheet knows it for UTF-8
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_every_kind_is_a_table_and_json(shop: Kept) -> None:
    backup = shop.taken()
    bundle = fetched(shop, backup)
    counts = json.loads(bundle.read("manifest.json"))["counts"]
    stored = shop.backup(backup).counts or {}
    assert set(counts) == set(NAMES.values()) - {"payment_ids"}
    for name, number in counts.items():
        assert (
            number
            == stored.get(name, 0)
            == len(table(bundle, name))
            == len(json.loads(bundle.read(f"data/{name}.json")))
        )
    (invoice,) = json.loads(bundle.read("data/invoices.json"))
    assert (invoice["number"][-5:], invoice["buyer"]["name"]) == ("00001", f"{shop.mark} {shop.customer}")
    assert table(bundle, "payments")[0]["amount"] == "10.00"
    page = bundle.read("index.html").decode()
    assert f"{shop.mark} SARL" in page
    assert "<script" not in page
    assert {name for name in bundle.namelist() if "/" not in name} == {"index.html", "manifest.json"}
    assert all(name.startswith("data/") for name in bundle.namelist() if "/" in name)


def test_no_cell_is_a_formula(shop: Kept) -> None:
    customer = shop.there(Customer.ref(shop.id, shop.other))
    assert isinstance(customer, Customer)
    shop.put(replace(customer, notes="=HYPERLINK(1)", name="@SUM(1)"))
    rows = table(fetched(shop, shop.taken()), "customers")
    assert {"'=HYPERLINK(1)", "'@SUM(1)"} <= {cell for row in rows for cell in row.values()}


def test_a_download_omits_persons_erased_since(shop: Kept) -> None:
    backup = shop.taken()
    shop.confirmed(shop.customer)
    carried(shop.world)
    bundle = fetched(shop, backup)
    assert [row["id"] for row in table(bundle, "customers")] == [shop.other]
    everything = b"".join(bundle.read(name) for name in bundle.namelist())
    assert shop.customer.encode() not in everything
    (invoice,) = json.loads(bundle.read("data/invoices.json"))
    assert invoice["buyer"]["erased"]
    assert shop.mark not in json.dumps(invoice["buyer"])


def test_it_goes_with_the_exports(shop: Kept) -> None:
    backup = shop.taken()
    job = shop.job("download", backup=backup)
    ended(shop.world, job, download.WORKFLOW)
    mark = shop.there(Upload.ref(shop.id, f"upl_{job.id.partition('_')[2]}"))
    assert isinstance(mark, Upload)
    assert mark.keys == (prefixes.export(shop.id, job.id),)
    assert timedelta(0) < mark.due_at - shop.world.now() <= timedelta(days=7)


def test_another_companys_or_a_damaged_backup_is_not_downloaded(shop: Kept, vault: Turned) -> None:
    other = Kept(vault)
    assert ended(vault, shop.job("download", backup=other.taken()), download.WORKFLOW)["code"] == "not_found"
    backup = shop.taken()
    part = shop.backup(backup).parts[0]
    vault.files.delete(prefixes.backup("daily", shop.id, backup) + part.name)
    job = shop.job("download", backup=backup)
    assert ended(vault, job, download.WORKFLOW)["code"] == "backup_damaged"
    assert not vault.files.exists(prefixes.export(shop.id, job.id))
    assert isinstance(shop.there(Backup.ref(shop.id, backup)), Backup)


def test_an_operator_downloads_a_closed_companys_statutory_records_as_issued(shop: Kept) -> None:
    backup = shop.taken()
    own = prefixes.backup("daily", shop.id, backup)
    stored = {key: shop.world.files.read(key) for key in shop.world.files.list(own)}
    shop.confirmed(None, waive=True)
    carried(shop.world)
    for key, content in stored.items():  # as a copy of the bucket may still have it
        shop.world.files.put(key, content, "application/octet-stream")
    refused = ended(shop.world, shop.job("download", backup=backup, operator=True), download.WORKFLOW)
    assert refused["code"] == "forbidden"
    told = DisclosureInput("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), shop.day)
    demand = disclosures.record(shop.world, shop.id, told, "op-1").id
    bundle = fetched(shop, backup, operator=True, disclosure=demand)
    assert {name.partition("/")[2].partition(".")[0] for name in bundle.namelist() if "/" in name} == {
        "archived_invoice_balances",
        "document_attachments",
        "invoices_archive",
        "series",
        "invoices",
        "balances",
        "credit_notes",
        "register",
        "payments",
        "credit_entries",
        "refunds",
    }
    (invoice,) = json.loads(bundle.read("data/invoices.json"))
    assert invoice["buyer"]["name"] == f"{shop.mark} {shop.customer}"


def test_names_in_the_downloaded_page_are_escaped(kept: Kept) -> None:
    profile = kept.there(Company.ref(kept.id))
    assert isinstance(profile, Company)
    kept.put(replace(profile, name='<script>alert(1)</script>"><img src=x>'))
    outcome = ended(kept.world, kept.job("download", backup=kept.taken()), download.WORKFLOW)
    with zipfile.ZipFile(io.BytesIO(kept.world.files.read(outcome["key"]))) as bundle:
        page = bundle.read("index.html").decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page
