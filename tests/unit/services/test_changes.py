"""The changes that clients see after a commit."""

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.journal import Change, JournalEntry
from chalicelib.policy.rules import all_entities
from chalicelib.services.commits import SOURCES, touched_by
from tests.unit.samples import STAMPS


def _entry(*changes: tuple[str, str, str, str]) -> JournalEntry:
    made = tuple(
        Change(room=table, kind=kind, id=id, op="put" if op == "put" else "delete") for table, kind, id, op in changes
    )
    return JournalEntry(id="call", **STAMPS, clock=9, actor="u", verb="v", changes=made, previous="", hash="")


def test_a_draft_that_crosses_is_one_put() -> None:
    entry = _entry(
        ("ledger", "invoice", "inv_1", "put"),
        ("ledger", "register_entry", "inv_1", "put"),
        ("ledger", "series", "FA-2026", "put"),
        ("workspace", "invoice", "inv_1", "delete"),
    )
    for order in (entry, _entry(*[(c.room, c.kind, c.id, c.op) for c in reversed(entry.changes)])):
        (touched,) = touched_by(order).values()
        assert (touched.op, touched.clock, touched.source.object) == ("put", 9, "invoice")
        assert touched.refs == [Invoice.ref("cmp_01", "inv_1"), Balance.ref("cmp_01", "inv_1")]


def test_a_payment_is_found_under_the_invoice_whose_balance_moved() -> None:
    found = touched_by(_entry(("ledger", "payment", "pay_1", "put"), ("ledger", "balance", "inv_1", "put")))
    assert found.keys() == {("payment", "pay_1"), ("invoice", "inv_1")}
    assert found["payment", "pay_1"].refs == [Payment.ref("cmp_01", "pay_1", invoice="inv_1")]


def test_a_deleted_draft_is_a_deletion() -> None:
    (touched,) = touched_by(_entry(("workspace", "invoice", "inv_1", "delete"))).values()
    assert touched.op == "delete"


def test_rows_that_clients_do_not_see_are_left_out() -> None:
    unseen = _entry(("identity", "member", "mem_1", "put"), ("journal", "outbox", "out_1", "put"))
    assert touched_by(unseen) == {}


def test_every_kind_of_workspace_and_ledger_is_either_shown_or_known_not_to_be() -> None:
    """A new entity must decide whether clients see it."""
    unseen = {
        ("ledger", "series"),
        ("ledger", "register_entry"),
        ("ledger", "payment_id"),
        ("workspace", "support_thread"),
        ("workspace", "support_message"),
        ("workspace", "backup_plan"),
        ("workspace", "drill_plan"),
        ("workspace", "attachment_usage"),
        ("workspace", "import_mapping"),
        ("workspace", "template"),
    }
    known = {(table, kind) for table, kind in all_entities() if table in ("workspace", "ledger")}
    assert known == SOURCES.keys() | unseen
