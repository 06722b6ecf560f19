"""Attachments in a backup: the rows return, the files are copied to a new company, and a paper stays in the ledger.

A document brings its papers. A file of a support thread is in no backup, and an erased person's file returns from none.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.attachments.attachment import Attached, Attachment, AttachmentUsage, DocumentAttachment, frozen
from chalicelib.domain.documents.registry import document_types
from chalicelib.services.attachments import rows as attached
from chalicelib.services.attachments.rows import copies
from chalicelib.services.backup.create import cutoff
from chalicelib.services.backup.format.kinds import KINDS, PAPERS, has_parts, is_selected, row_kinds
from tests.attaching import PDF
from tests.backup.restoring import Kept
from tests.backup.test_download import fetched
from tests.privacy.worlds import Turned, carried


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


def stored(shop: Kept, cls: type[Any], owner: str, **more: Any) -> Any:
    """A ready attachment with its file."""
    row: Attached = cls(
        id=shop.new("att"),
        owner=owner,
        **more,
        state="ready",
        name="Perle.pdf",
        content_type="application/pdf",
        bytes=len(PDF),
        sha256="9f" * 32,
        kept_type="application/pdf",
        kept_bytes=len(PDF),
        **shop.stamps,
    )
    shop.put(row)
    for key in copies(row):
        shop.world.files.put(key, PDF, "application/pdf")
    return row


def test_lost_attachments_come_back(shop: Kept) -> None:
    rows = [stored(shop, Attachment, shop.customer), stored(shop, DocumentAttachment, shop.invoice)]
    backup = shop.taken()
    shop.lose(*(row.key for row in rows))
    shop.restored(backup)
    assert [shop.there(row.key) for row in rows] == rows


def test_a_download_lists_attachments_and_no_name_of_an_erased_person(shop: Kept) -> None:
    shop.put(AttachmentUsage(id=shop.id, files=2, bytes=2 * len(PDF), **shop.stamps))
    stored(shop, Attachment, shop.customer)
    stored(shop, DocumentAttachment, shop.invoice, party=shop.customer)
    backup = shop.taken()
    for name in ("Perle.pdf", None):
        bundle = fetched(shop, backup)
        (paper,) = json.loads(bundle.read("data/document_attachments.json"))
        assert (paper["owner"], paper["name"]) == (shop.invoice, name)
        records = json.loads(bundle.read("data/attachments.json"))
        assert [record["owner"] for record in records] == ([shop.customer] if name else [])
        (usage,) = json.loads(bundle.read("data/attachment_usages.json"))
        assert usage["files"] == 2
        if name:
            shop.confirmed(shop.customer)
            carried(shop.world)


def test_a_new_company_gets_the_files_too(shop: Kept) -> None:
    rows = [stored(shop, Attachment, shop.customer), stored(shop, DocumentAttachment, shop.invoice)]
    lost = stored(shop, Attachment, shop.supplier)
    shop.world.files.delete(copies(lost)[0])
    company = str(shop.restored(shop.taken(), into="new")["company"])
    for row in rows:
        copy = replace(row, company=company)
        assert shop.there(copy.key) == copy
        assert [shop.world.files.read(key) for key in copies(copy)] == [PDF]
        assert [shop.world.files.read(key) for key in copies(row)] == [PDF]
    copy = replace(lost, company=company)
    assert shop.there(copy.key) == copy
    assert not shop.world.files.exists(copies(copy)[0])


def test_a_paper_does_not_return_to_the_workspace(shop: Kept) -> None:
    row = stored(shop, Attachment, shop.draft)
    backup = shop.taken()
    shop.put(frozen(row, shop.customer), deletes=(row,))
    outcome = shop.restored(backup)
    assert outcome["kinds"]["attachments"] == {"issued": 1}
    assert shop.there(row.key) is None
    assert isinstance(shop.there(DocumentAttachment.ref(shop.id, row.id)), DocumentAttachment)


def test_a_document_brings_its_papers_to_a_new_company(shop: Kept) -> None:
    paper, own = stored(shop, DocumentAttachment, shop.invoice), stored(shop, Attachment, shop.customer)
    restored = shop.restored(shop.taken(), into="new", kinds=("customers", "invoices"))
    company = str(restored["company"])
    copy = replace(paper, company=company)
    assert shop.there(copy.key) == copy
    assert shop.world.files.read(copies(copy)[0]) == PDF
    assert shop.there(replace(own, company=company).key) is None
    assert (attached.used(shop.world.store, company).files, restored["kinds"]["document_attachments"]) == (
        1,
        {"restored": 1},
    )


def test_a_document_brings_its_own_papers_back(shop: Kept) -> None:
    paper, other = stored(shop, DocumentAttachment, shop.invoice), stored(shop, DocumentAttachment, shop.new("crn"))
    backup = shop.taken()
    shop.lose(paper.key, other.key)
    shop.restored(backup, kinds=("invoices",))
    assert [shop.there(row.key) for row in (paper, other)] == [paper, None]


@pytest.mark.parametrize("kind", [each.kind for each in document_types() if each.attachments])
def test_every_kind_of_document_brings_its_papers(kind: str) -> None:
    (document_type,) = (each for each in document_types() if each.kind == kind)
    chosen = row_kinds([document_type.backup_group])
    mine = {"owner": f"{document_type.prefix}_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"}
    assert is_selected(chosen, PAPERS, mine)
    for other in document_types():
        if other is not document_type and other.issued.KIND not in {name for _, name in chosen}:
            assert not is_selected(chosen, PAPERS, {"owner": f"{other.prefix}_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"})
    assert is_selected(row_kinds(["attachments"]), PAPERS, mine)
    assert not has_parts(row_kinds(KINDS), PAPERS)


def test_the_file_of_a_support_thread_is_in_no_backup(shop: Kept) -> None:
    """Neither when it is read first, nor when it changes while the backup is made."""
    kept = stored(shop, Attachment, shop.customer)
    stored(shop, Attachment, shop.new("thr"), member=shop.owners[0])
    store = shop.world.store
    lines = [line.id for line in cutoff.streamed(store, shop.id, shop.head().clock, None) if line.kind == "attachment"]
    assert lines == [kept.id]
    found = cutoff.cut(shop.world, shop.id, 0, fencing=True)
    assert found is not None
    assert [line.id for line in found.lines if line.kind == "attachment" and not line.gone] == [kept.id]


def test_an_older_backup_does_not_return_the_file_of_a_thread(shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    row = stored(shop, Attachment, shop.new("thr"), member=shop.owners[0])
    with monkeypatch.context() as patch:
        patch.setattr(cutoff, "_of_thread", lambda _: False)
        backup = shop.taken()
    shop.lose(row.key)
    assert shop.restored(backup)["kinds"]["attachments"] == {"stays_deleted": 1}
    assert shop.there(row.key) is None


@pytest.mark.parametrize("into", ["same", "new"])
def test_the_files_of_an_erased_person_do_not_return(shop: Kept, into: str) -> None:
    """Nor the name of a file, which may be the person's."""
    rows = [
        stored(shop, Attachment, shop.customer, party=shop.customer),
        stored(shop, Attachment, shop.draft, party=shop.customer),
        stored(shop, Attachment, shop.supplier, party=shop.supplier),
    ]
    backup = shop.taken()
    shop.confirmed(shop.customer)
    carried(shop.world)
    shop.lose(*(row.key for row in rows))
    company = str(shop.restored(backup, into=into).get("company", shop.id))
    there = [shop.there(replace(row, company=company).key) for row in rows]
    assert [row is not None for row in there] == [False, False, True]


def test_a_restore_counts_the_attachments_anew(shop: Kept) -> None:
    """The counts of the backup are those of its time."""
    lost = stored(shop, Attachment, shop.customer)
    shop.put(AttachmentUsage(files=1, bytes=len(PDF), **shop.stamps | {"id": shop.id}))
    backup = shop.taken()
    (usage,) = shop.world.store.records([AttachmentUsage.ref(shop.id)])
    assert isinstance(usage, AttachmentUsage)
    stored(shop, Attachment, shop.supplier)
    shop.put(usage.edited(shop.at, files=2, bytes=2 * len(PDF)))
    shop.restored(backup, kinds=("customers", "attachments"))
    used = attached.used(shop.world.store, shop.id)
    assert (used.files, used.bytes) == (2, 2 * len(PDF))
    assert shop.there(lost.key) == lost
