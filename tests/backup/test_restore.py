"""Restoring into the same company: what comes back, what stays, and who never comes back."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.expressions.operand import Path as Attribute

from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.invoice import INVOICE, Draft, Invoice
from chalicelib.domain.documents.register import document_hash
from chalicelib.domain.errors import CloudStorageOff, CompanyRestoring
from chalicelib.files import prefixes
from chalicelib.services.companies import switches
from chalicelib.services.documents import issuing, register
from chalicelib.services.privacy.requests import requests
from chalicelib.services.representation.documents import present_issued
from chalicelib.store.read import open_company
from tests.backup.restoring import Kept, ended, given_up, step
from tests.conftest import Shop
from tests.privacy.worlds import Turned, carried
from tests.rows import put_row


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


def lost(shop: Kept) -> list[Any]:
    """Everything that a disaster takes, except the company's identity."""
    return [row.key for (table, _), row in shop.content().items() if not isinstance(row, Company)]


def test_a_lost_company_comes_back_to_the_byte(shop: Kept) -> None:
    backup, before = shop.taken(), shop.content()
    shop.lose(*lost(shop))
    outcome = shop.restored(backup)
    assert outcome["company"] == shop.id
    assert shop.content() == before
    assert shop.head().state == "active"
    assert shop.head().restore is None
    reader = open_company(shop.world.store, shop.id)
    told = register.verify(reader, None, shop.day.year)
    assert (told.fault, told.complete, told.checked) == (None, True, 1)
    invoice = shop.there(Invoice.ref(shop.id, shop.invoice))
    assert isinstance(invoice, Invoice)
    assert document_hash(invoice) == invoice.hash


def test_deleted_rows_return_changed_rows_are_put_back_and_new_rows_stay(shop: Kept) -> None:
    backup = shop.taken()
    other, supplier = shop.there(Customer.ref(shop.id, shop.other)), shop.there(Supplier.ref(shop.id, shop.supplier))
    assert isinstance(other, Customer)
    assert isinstance(supplier, Supplier)
    newer = replace(supplier, id=shop.new("sup"))
    shop.put(replace(other, name="Faute de frappe").edited(shop.world.now()), newer, deletes=(supplier,))
    would = shop.restored(backup, dry_run=True)["would"]
    assert would["customers"] == {"unchanged": 1, "overwritten": 1, "made_since": 0}
    assert would["suppliers"] == {"restored": 1, "made_since": 1}
    assert would["invoices"] == {"unchanged": 1, "made_since": 0}
    clock = shop.head().clock
    outcome = shop.restored(backup)
    assert outcome["kinds"]["customers"] == {"unchanged": 1, "overwritten": 1}
    back = shop.there(other.key)
    assert isinstance(back, Customer)
    assert (back.name, back.version) == (other.name, 3)
    assert shop.there(supplier.key) == supplier
    assert shop.there(newer.key) == newer
    assert shop.head().clock > clock


def test_a_preview_writes_nothing_and_a_second_restore_changes_nothing(shop: Kept) -> None:
    backup = shop.taken()
    shop.lose(Customer.ref(shop.id, shop.other))
    before = (shop.content(), shop.head())
    shop.restored(backup, dry_run=True)
    assert (shop.content(), shop.head()) == before
    shop.restored(backup)
    after, clock = shop.content(), shop.head().clock
    kinds = shop.restored(backup)["kinds"]
    assert all(set(own) == {"unchanged"} for own in kinds.values())
    assert shop.content() == after
    assert shop.head().clock == clock + 2  # closed and opened


def test_only_the_kinds_that_were_chosen(shop: Kept) -> None:
    backup = shop.taken()
    shop.lose(*lost(shop))
    kinds = shop.restored(backup, kinds=("suppliers", "items"))["kinds"]
    assert set(kinds) == {"suppliers", "items"}
    assert {row.KIND for row in shop.content().values()} == {"company", "supplier", "item"}
    shop.restored(backup, kinds=("invoices", "payments"))
    assert {row.KIND for (table, _), row in shop.content().items() if table == "ledger"} == {
        "invoice",
        "balance",
        "payment",
        "register_entry",
        "series",
    }
    assert shop.restored(backup, kinds=("hats",))["code"] == "invalid_content"
    assert shop.head().state == "active"


def test_numbering_goes_on_beyond_the_highest_number_ever_given(shop: Kept) -> None:
    backup = shop.taken()
    issued = issuing.issue(shop.world.store, shop.call("issue"), INVOICE, shop.draft)
    shop.restored(backup)
    assert shop.there(Draft.ref(shop.id, shop.draft)) is None  # it is a document now
    assert shop.restored(backup, dry_run=True)["would"]["drafts"] == {"unchanged": 1, "issued": 1, "made_since": 0}
    again = shop.drafted(shop.new("inv"), shop.customer)
    shop.put(again)
    after = issuing.issue(shop.world.store, shop.call("issue"), INVOICE, again.id)
    numbers = [each.outcome.number for each in (issued, after)]
    assert [str(number)[-5:] for number in numbers] == ["00002", "00003"]
    reader = open_company(shop.world.store, shop.id)
    assert register.verify(reader, None, shop.day.year).checked == 3


def test_a_ledger_that_went_back_is_brought_forward(shop: Kept) -> None:
    """As after a table was recovered to a moment before the backup."""
    (old,) = [row for row in shop.content().values() if isinstance(row, Series)]
    draft = shop.there(Draft.ref(shop.id, shop.draft))
    assert isinstance(draft, Draft)
    number = issuing.issue(shop.world.store, shop.call("issue"), INVOICE, shop.draft).outcome.number
    backup = shop.taken()
    (now,) = [row for row in shop.content().values() if isinstance(row, Series)]
    shop.lose(
        Invoice.ref(shop.id, shop.draft), *(r.key for r in shop.content().values() if getattr(r, "position", 0) == 2)
    )
    shop.put(replace(old, version=now.version), draft)
    assert shop.restored(backup)["company"] == shop.id
    back = shop.there(Invoice.ref(shop.id, shop.draft))
    assert isinstance(back, Invoice)
    assert back.number == number
    assert shop.there(draft.key) is None  # what has a number is no draft
    assert register.verify(open_company(shop.world.store, shop.id), None, shop.day.year).complete


def test_an_erased_person_stays_erased(shop: Kept) -> None:
    backups = [shop.taken()]
    invoice = shop.there(Invoice.ref(shop.id, shop.invoice))
    shop.confirmed(shop.customer)
    backups.append(shop.taken())  # the person's row is gone, what points to it not yet
    carried(shop.world)
    backups.append(shop.taken())
    for backup in backups:
        shop.lose(*(row.key for row in shop.content().values() if row.TABLE == "workspace" and row.KIND != "company"))
        shop.lose(Invoice.ref(shop.id, shop.invoice))
        kinds = shop.restored(backup)["kinds"]
        assert kinds["customers"].get("stays_deleted", 0) == (backup == backups[0])
        content = shop.content()
        assert not [row for row in content.values() if row.TABLE == "workspace" and shop.customer in repr(row)]
        assert any(isinstance(row, Draft) and row.customer is None for row in content.values())
        assert shop.there(Invoice.ref(shop.id, shop.invoice)) == invoice  # the law keeps it
        reader = open_company(shop.world.store, shop.id)
        assert isinstance(invoice, Invoice)
        shown = json.dumps(present_issued(invoice, None, reader.head))
        assert shop.mark not in json.dumps(present_issued(invoice, None, reader.head)["buyer"])
        assert "erased" in shown
        assert register.verify(reader, None, shop.day.year).fault is None


def test_an_erased_persons_present_rows_are_corrected_before_the_company_opens(shop: Kept) -> None:
    backup, draft = shop.taken(), shop.there(Draft.ref(shop.id, shop.draft))
    assert isinstance(draft, Draft)
    customer = shop.there(Customer.ref(shop.id, shop.customer))
    shop.confirmed(shop.customer)
    assert isinstance(customer, Customer)
    shop.put(customer, replace(draft, id=shop.new("inv")))  # as a bug, or a table recovered to before, may
    shop.restored(backup, kinds=("items",))
    assert shop.there(customer.key) is None
    assert not [
        row
        for row in shop.content().values()
        if getattr(row, "customer", "") == shop.customer and row.TABLE == "workspace"
    ]


def test_the_company_is_closed_during_a_restore(shop: Kept) -> None:
    backup = shop.taken()
    job = shop.job(backup=backup)
    for _ in range(2):  # verified, begun
        job = step(shop.world, job)
    assert shop.head().state == "restoring"
    with pytest.raises(CompanyRestoring):
        open_company(shop.world.store, shop.id)
    with pytest.raises(CompanyRestoring):
        issuing.issue(shop.world.store, shop.call("issue"), INVOICE, shop.draft)
    id = None
    with pytest.raises(CompanyRestoring):
        id = requests.ask(shop.world, shop.call(), shop.owner(), "deletion", None)
    assert id is None
    other = shop.restored(backup)  # one at a time
    assert other["code"] == "company_restoring"
    assert ended(shop.world, job)["company"] == shop.id
    assert shop.head().state == "active"


def test_anothers_backup_is_refused_and_nothing_is_written(shop: Kept, vault: Turned) -> None:
    other = Kept(vault)
    backup, before = other.taken(), (shop.content(), shop.head())
    assert shop.restored(backup)["code"] == "not_found"
    assert (shop.content(), shop.head()) == before


def test_a_damaged_backup_is_refused_before_anything_is_written(shop: Kept) -> None:
    backup = shop.taken()
    shop.lose(Customer.ref(shop.id, shop.other))
    part = next(part for part in shop.backup(backup).parts if part.group == "items")
    key = prefixes.backup("daily", shop.id, backup) + part.name
    content = bytearray(shop.world.files.read(key))
    content[-1] ^= 1
    shop.world.files.put(key, bytes(content), "application/octet-stream", only_if_absent=False)
    before = (shop.content(), shop.head())
    assert shop.restored(backup)["code"] == "backup_damaged"
    assert (shop.content(), shop.head()) == before


def test_damage_on_the_way_opens_the_company_again(shop: Kept, caplog: pytest.LogCaptureFixture) -> None:
    backup = shop.taken()
    job = shop.job(backup=backup)
    for _ in range(2):
        job = step(shop.world, job)
    part = next(part for part in shop.backup(backup).parts if part.group == "items")
    shop.world.files.delete(prefixes.backup("daily", shop.id, backup) + part.name)
    with caplog.at_level(logging.ERROR, "facture.backups"):
        assert ended(shop.world, job)["code"] == "backup_damaged"
    assert "restore failed" in caplog.text
    assert (shop.head().state, shop.head().restore) == ("active", None)


def test_an_abandoned_restore_is_searched_and_the_company_opens(shop: Kept) -> None:
    backup = shop.taken()
    job = shop.job(backup=backup)
    given_up(shop.world, job)  # nothing was begun
    assert ended_state(shop, job) == ("failed", "active")
    job = shop.job(backup=backup)
    for _ in range(2):
        job = step(shop.world, job)
    given_up(shop.world, job)
    assert ended_state(shop, job) == ("running", "restoring")
    assert ended(shop.world, job)["code"] == "given_up"
    assert ended_state(shop, job) == ("failed", "active")


def ended_state(shop: Kept, job: Any) -> tuple[str, str]:
    (row,) = shop.world.store.records([job.key])
    return row.status, shop.head().state  # type: ignore[union-attr]


def test_a_company_that_stores_nothing_is_not_restored_into(shop: Kept) -> None:
    backup = shop.taken()
    switches.switch(shop.world.store, shop.call(), {"sync": False, "backup": False}, erase=True)
    before = shop.content()
    assert shop.restored(backup)["code"] == CloudStorageOff.code
    assert shop.content() == before


def test_a_logo_comes_back(shop: Kept) -> None:
    key = prefixes.logo(shop.id, "b", "png")
    profile = shop.there(Company.ref(shop.id))
    assert isinstance(profile, Company)
    shop.put(profile.edited(shop.world.now(), logo=key))
    content = shop.world.files.read(key)
    backup = shop.taken()
    shop.world.files.delete(key)
    shop.restored(backup)
    assert shop.world.files.read(key) == content


def test_items_are_whole(shop: Kept) -> None:
    backup = shop.taken()
    (item,) = [row for row in shop.content().values() if isinstance(row, Item)]
    shop.put(deletes=(item,))
    shop.restored(backup, kinds=("items",))
    assert shop.there(item.key) == item


def test_a_head_recovered_to_before_the_erasure_learns_of_it_again(shop: Kept) -> None:
    backup = shop.taken()
    before = shop.head()
    shop.confirmed(shop.customer)
    carried(shop.world)
    now = shop.head()
    assert now.erased is not None
    old = replace(now, erased=before.erased, version=now.version + 1)
    put_row(shop.world.store, old)
    shop.restored(backup, kinds=("items",))
    assert shop.head().erased == now.erased


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_request_during_a_restore_gets_a_retry_time(new_shop: Callable[..., Shop], language: str) -> None:
    open_shop = new_shop()
    store = open_shop.world.store
    store.connection.update_item(
        store.names["journal"], open_shop.company, "head", actions=[Attribute("state").set("restoring")]
    )
    got = open_shop.owner.ask("GET", "/v1/customers", accept_language=language)
    assert (got.status, got.json["code"]) == (409, "company_restoring")
    assert int(got.headers["retry-after"]) > 0
    assert got.headers["content-language"] == language
