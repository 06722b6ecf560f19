"""A restore respects versions, numbers and terms."""

import json
from datetime import timedelta
from typing import Any

from chalicelib.domain.attachments.attachment import DocumentAttachment
from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.jobs.runner import run_scheduled
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from tests.backup.restoring import Kept, ended, set_head
from tests.backup.worlds import Books, taken

BACKUPS = "/v1/backups"


def test_a_device_with_an_older_copy_is_refused_and_learns_of_the_restore(books: Books) -> None:
    shop, url = books.shop, f"/v1/customers/{books.shop.customer}"
    before = shop.owner.get(url)
    backup = taken(books)
    edited = shop.owner.patch(url, {"notes": "later"}, before.headers["etag"])
    assert edited.status == 200
    clock = shop.clock
    for deleted in (False, True):
        if deleted:
            assert shop.owner.delete(url, "*").status == 200
        got = shop.owner.post(f"{BACKUPS}/{backup.id}/restore", {})
        run_scheduled(books.world, "restores")
        assert shop.owner.get(got.headers["location"]).json["status"] == "completed"
        assert shop.owner.patch(url, {"notes": "offline"}, edited.headers["etag"]).status == 412
    changes = shop.owner.get("/v1/changes", query={"after": str(clock)})
    assert changes.status == 200, changes.text
    assert shop.customer in json.dumps(changes.json)


def test_numbers_are_given_once_across_restores(books: Books) -> None:
    shop = books.shop
    numbers = [shop.issued()["number"]]
    old = taken(books)
    numbers += [shop.issued()["number"] for _ in range(2)]
    for _ in range(2):
        for body in ({}, {"kinds": ["invoices"]}):
            assert shop.owner.post(f"{BACKUPS}/{old.id}/restore", body).status == 202
        run_scheduled(books.world, "restores")
        numbers.append(shop.issued()["number"])
    assert len(set(numbers)) == 5
    assert [int(number[-5:]) for number in numbers] == [1, 2, 3, 4, 5]
    assert shop.owner.get("/v1/register/verify").json["verified"]


def test_a_purged_document_and_its_related_rows_are_not_restored(kept: Kept) -> None:
    payment = next(row for row in kept.content().values() if isinstance(row, Payment))
    kept.put(PaymentId(company=kept.id, id=payment.id, created_at=kept.at, updated_at=kept.at, invoice=kept.invoice))
    paper = DocumentAttachment(
        id=kept.new("att"),
        owner=kept.invoice,
        state="refused",
        name="bon.pdf",
        content_type="application/pdf",
        bytes=9,
        sha256="9f" * 32,
        **kept.stamps,
    )
    kept.put(paper)
    backup = kept.taken()
    gone = [Invoice.ref(kept.id, kept.invoice), Balance.ref(kept.id, kept.invoice), payment.key]
    gone += [PaymentId.ref(kept.id, payment.id), paper.key]
    entries = [row.key for row in kept.content().values() if row.KIND == "register_entry"]
    assert entries
    kept.lose(*gone, *entries)
    term = RetentionSchedule(
        company=kept.id,
        id=kept.id,
        created_at=kept.at,
        updated_at=kept.at,
        ends=("12-31",),
        period="P10Y",
        swept=kept.day,
        due_at=kept.at + timedelta(days=400),
    )
    kept.put(term)
    for kinds in (None, ("payments",), ("invoices",), ("attachments",)):
        kept.restored(backup, kinds=kinds)
        assert [ref for ref in [*gone, *entries] if kept.there(ref) is not None] == []


def test_only_the_first_copy_of_a_closed_company_is_live(kept: Kept) -> None:
    backup = kept.taken()
    set_head(kept.world, kept.id, state="closed")
    told = DisclosureInput("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), kept.day)
    demand = disclosures.record(kept.world, kept.id, told, "opr_1").id
    asked: dict[str, Any] = {"backup": backup, "into": "new", "operator": True, "owner": "sub", "disclosure": demand}
    copies = [ended(kept.world, kept.job(**asked))["company"] for _ in range(2)]
    assert [kept.head(company).mode for company in copies] == ["live", "test"]
