"""Archived invoices in the rest of the product: devices, backups, attachments, erasure, the statutory archive, the
purge."""

from datetime import date
from typing import Any

from chalicelib.domain.documents.archived_invoice import ARCHIVED_INVOICE, ArchivedInvoice, ArchivedInvoiceBalance
from chalicelib.domain.privacy.erased import NAMES
from chalicelib.files import prefixes
from chalicelib.services.archive import statutory
from chalicelib.services.retention.selection import due_documents
from chalicelib.workflow.deadline import NEVER
from tests.attaching import attach, picture
from tests.backup.restoring import content_of
from tests.backup.worlds import taken, turned_on
from tests.conftest import Shop
from tests.imports.files import analysed, committed, reasons, undone
from tests.imports.test_archive import SUMS, archive, one
from tests.privacy.test_erased_persons import erased
from tests.sync.phone import Phone
from tests.toy.backups import job_of


def done(shop: Shop) -> dict[str, Any]:
    """The committed import of three earlier invoices."""
    return committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])


def test_devices_see_it_until_the_undo(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    imported = done(shop)
    phone.pull()
    rows = phone.copy["documents"]
    assert sorted(row["number"] for row in rows.values()) == ["F-2024-001", "F-2024-002", "F-2024-003"]
    assert {(row["kind"], row["status"]) for row in rows.values()} == {
        ("archived_invoice", "paid"),
        ("archived_invoice", "partially_paid"),
    }
    undone(shop, imported["id"])
    phone.pull()
    assert phone.copy["documents"] == {}


def test_an_undo_leaves_what_has_an_attachment(shop: Shop) -> None:
    imported = done(shop)
    attach(shop.owner, one(shop, "F-2024-002")["id"], picture())
    back = undone(shop, imported["id"])
    assert (back["undone"], back["touched"]) == (2, 1)
    assert [each["number"] for each in archive(shop)] == ["F-2024-002"]


def test_a_backup_brings_it_back(new_shop: Any) -> None:
    shop = new_shop()
    books = turned_on(shop)
    done(shop)
    before, lost = content_of(shop.world, shop.company), one(shop, "F-2024-003")
    backup = taken(books)
    assert (backup.counts or {})["invoices_archive"] == 3
    job_of(shop, f"/v1/backups/{backup.id}/verify", {})
    store = shop.world.store
    for ref in (ArchivedInvoice.ref(shop.company, lost["id"]), ArchivedInvoiceBalance.ref(shop.company, lost["id"])):
        store.connection.delete_item(store.names[ref.table], ref.company, ref.sort)
    restored = job_of(shop, f"/v1/backups/{backup.id}/restore", {"kinds": ["invoices_archive"]})
    assert restored["kinds"]["invoices_archive"]["restored"] == 1
    assert content_of(shop.world, shop.company) == before
    assert one(shop, "F-2024-003") == lost


def test_the_statutory_archive_has_no_page_of_it(new_shop: Any) -> None:
    shop = new_shop()
    taken(turned_on(shop))
    done(shop)
    while not statutory.advance(shop.world, shop.company, NEVER):
        continue
    held = prefixes.of_company(prefixes.ARCHIVE, shop.company)
    assert not shop.world.archive.holds(held)
    shop.issued()
    while not statutory.advance(shop.world, shop.company, NEVER):
        continue
    assert shop.world.archive.holds(held)


def test_the_purge_finds_it_at_the_end_of_its_term(shop: Shop) -> None:
    done(shop)
    due = due_documents(shop.world.store, shop.company, date(2024, 3, 16))
    found = [document for document_type, batch in due for document in batch if document_type is ARCHIVED_INVOICE]
    assert sorted(document.number for document in found) == ["F-2024-001", "F-2024-002"]


def test_an_erased_customer_is_not_named(shop: Shop) -> None:
    done(shop)
    customer = shop.customer
    erased(shop, customer)
    document = one(shop, "F-2024-001")
    assert (document["buyer"]["name"], document["customer"]) == (NAMES["fr"], None)
    found = shop.owner.get("/v1/invoices-archive", query={"q": "atlas"}).json["data"]
    assert found == []
    again = f"Numéro,Date,Id client,Client,TTC,Taux TVA\nZ-1,2024-01-05,{customer},Atlas,120,20\n"
    assert [each[3] for each in reasons(analysed(shop, "invoices_archive", again.encode()))] == ["erased_person"]
