"""The step of a restore that adds missing balances runs only if the backup lacks one."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chalicelib.domain.companies.company import Company
from chalicelib.domain.documents.balance import Balance, fresh
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.entity import Record
from chalicelib.services.backup.restoring import batches as restored_batches
from chalicelib.services.backup.restoring.batches import RestoreProgress
from chalicelib.services.backup.restoring.context import RestoreContext
from tests.backup.restoring import Kept, ended
from tests.evidence.worlds import Stranger, rewritten
from tests.privacy.worlds import Turned
from tests.unit import samples

INVOICE = samples.issued()
BALANCE = fresh(INVOICE)
OTHER = replace(INVOICE, id=f"{INVOICE.id[:-1]}Z")
CREDITED = replace(BALANCE, credited=INVOICE.totals.payable, vat=INVOICE.totals.vat)
COUNTING = RestoreProgress(unstated=0)


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


@pytest.mark.parametrize(
    ("batches", "lacking"),
    [
        ([[INVOICE, BALANCE]], 0),
        ([[INVOICE], [BALANCE]], 0),
        ([[INVOICE], [], [BALANCE, OTHER]], 1),
        ([[INVOICE, OTHER, replace(BALANCE, id=OTHER.id)]], 1),
        ([[INVOICE], [OTHER]], 2),
        ([[INVOICE, replace(BALANCE, owed=None)]], 1),
        ([[replace(BALANCE, owed=None)]], 1),
        ([], 0),
        ([[INVOICE, CREDITED]], 0),
        ([[INVOICE], [CREDITED]], 1),
        ([[INVOICE, replace(CREDITED, paid=INVOICE.totals.payable)]], 1),
    ],
)
def test_each_document_without_a_stated_balance_counts(batches: list[list[Record]], lacking: int) -> None:
    progress = COUNTING
    for batch in batches:
        progress = progress.matched(batch)
    assert progress.all_matched() == replace(COUNTING, unstated=lacking)


def test_a_run_of_an_earlier_version_counts_nothing() -> None:
    running = msgspec.json.decode(b'{"step":"rows","cursor":"invoices\\u001finvoice#x"}', type=RestoreProgress)
    assert running.matched([INVOICE]).all_matched() == running
    assert running.unstated is None


def walks(shop: Kept, backup: str) -> int:
    """The queries of a restore that read the ledger's invoices page by page."""
    found: list[Any] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        if any(value.get("S") == "invoice#" for value in params["ExpressionAttributeValues"].values()):
            found.append(params["TableName"])

    events = shop.world.store.connection.client.meta.events
    events.register("provide-client-params.dynamodb.Query", note)
    try:
        shop.restored(backup)
    finally:
        events.unregister("provide-client-params.dynamodb.Query", note)
    return found.count(shop.world.store.names["ledger"])


def test_the_ledger_is_not_read_again_for_a_complete_backup(shop: Kept) -> None:
    backup, before = shop.taken(), shop.content()
    shop.lose(*(row.key for row in before.values() if not isinstance(row, Company)))
    assert walks(shop, backup) == 0
    assert shop.content() == before


def test_a_balance_that_the_backup_lacks_is_added(shop: Kept) -> None:
    invoice = shop.there(Invoice.ref(shop.id, shop.invoice))
    assert isinstance(invoice, Invoice)
    own = Balance.ref(shop.id, shop.invoice)
    shop.lose(own)
    rewritten(Stranger(shop))  # a journal that never had the row, or no backup would complete
    backup = shop.taken()
    assert walks(shop, backup) == 1
    assert shop.there(own) == fresh(invoice)
    older = replace(fresh(invoice), due_date=None, owed=None)
    shop.put(older)
    assert walks(shop, backup) == 1
    stated = shop.there(own)
    assert isinstance(stated, Balance)
    assert (stated.due_date, stated.owed) == (invoice.due_date, invoice.totals.payable)


def test_a_balance_is_in_the_batch_of_its_document(shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    job = shop.job(backup=shop.taken())
    ended(shop.world, job)
    monkeypatch.setattr(restored_batches, "MOST_ROWS", 1)
    context = RestoreContext.of(shop.world, job)
    kinds = [[row.KIND for row in batch.records] for batch in context.selected_rows(context.archive()).batches(None)]
    assert ["invoice", "balance"] in kinds
    assert all(len(batch) == 1 for batch in kinds if batch != ["invoice", "balance"])
