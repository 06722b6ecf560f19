"""The last step of the purge: it ends a closed company at once and only then, whatever interrupts it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.backups.backup import KeyDestruction
from chalicelib.domain.companies.company import Head, Series
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.entity import new_row
from chalicelib.domain.privacy.request import PrivacyRequest, RequestDeadline
from chalicelib.jobs.job import within
from chalicelib.jobs.retention import proofs_job
from chalicelib.jobs.runner import run
from chalicelib.services.privacy.legal import holds
from chalicelib.services.retention import last_end
from chalicelib.store import ending
from chalicelib.store.tables import TABLES
from chalicelib.store.write_path import OutsideWritePath
from tests.crash import Work, prove
from tests.privacy.test_retention import Ledger, at, sweep
from tests.privacy.worlds import Turned, carried

LATE = date(2060, 1, 1)
"""A day on which every term of a company of today is over."""


def closed(world: Turned) -> Ledger:
    """A company that is closed, on the day `LATE`, with its proofs removed."""
    shop = Ledger(world, per_year=1, years=(2026, 2027))
    shop.confirmed(None, waive=True)
    carried(world)
    at(world, LATE)
    run(world, proofs_job(), now=world.now(), left=within(60))
    return shop


def left(shop: Ledger) -> list[str]:
    """The kinds of all rows of the company, without stored answers: those expire by themselves."""
    return [kind for table in TABLES for kind in shop.kinds(table.name) if kind != "idempotency"]


def head(shop: Ledger) -> Head:
    """The company's head."""
    (row,) = shop.world.store.records([Head.ref(shop.id)])
    assert isinstance(row, Head)
    return row


def test_one_sweep_ends_a_closed_company(vault: Turned) -> None:
    shop = closed(vault)
    assert {"head", "series", "term", "journal_entry", "invoice"} <= set(left(shop))
    assert sweep(vault).failures == []
    assert left(shop) == []


def test_an_open_company_keeps_its_numbering_for_ever(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026,))
    at(vault, LATE)
    assert sweep(vault).failures == []
    assert {"head", "series", "term"} <= set(left(shop))


def test_a_commit_that_comes_in_between_keeps_the_company(vault: Turned) -> None:
    shop = closed(vault)
    read = head(shop)
    hold = holds.place(vault, shop.id, "enquiry 9", "opr_1")
    assert not ending.delete_head(vault.store, read)
    sweep(vault)
    assert {"head", "hold", "invoice"} <= set(left(shop)), "nothing is purged under a hold"
    holds.release(vault, shop.id, hold.id, "opr_1")
    sweep(vault)
    assert set(left(shop)) == {"head", "hold", "journal_entry", "series", "term"}, "the hold is a proof for five years"
    at(vault, date(2066, 1, 1))
    run(vault, proofs_job(), now=vault.now(), left=within(60))
    sweep(vault)
    assert set(left(shop)) == {"head", "journal_entry", "series", "term"}, "and its commits are kept for ten"
    at(vault, date(2072, 1, 1))
    sweep(vault)
    assert left(shop) == []


def test_the_head_of_an_open_company_is_never_deleted(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026,))
    assert not ending.delete_head(vault.store, head(shop))
    (series,) = [row for row in shop._stored("ledger") if isinstance(row, Series)]
    with pytest.raises(OutsideWritePath, match="ending may not delete ledger/series"):
        ending.delete_rows(vault.store, [series])
    assert last_end.end(vault, shop.term()) == "stays"
    assert head(shop).state == "active"


def test_a_missing_head_alone_ends_nothing(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026,))
    known = head(shop)
    vault.store.connection.delete_item(vault.store.names["journal"], shop.id, known.key.sort)
    assert last_end.end(vault, shop.term()) == "stays"
    assert "journal_entry" in left(shop)
    vault.store.connection.delete_item(vault.store.names["journal"], shop.id, shop.term().key.sort)


def test_the_last_late_payment_lets_the_company_end(vault: Turned) -> None:
    shop = closed(vault)
    late = Payment(
        id=shop.new("pay"),
        invoice=shop.by_year[2027][0],
        amount=Decimal(1),
        method="cash",
        date=date(2051, 2, 1),
        **shop.stamps,
    )
    shop._put(late)
    sweep(vault)
    assert {"leftover", "payment", "head"} <= set(left(shop))
    at(vault, date(2062, 1, 1))
    for _ in range(2):
        assert sweep(vault).failures == []
    assert left(shop) == []


def test_proofs_that_earlier_releases_left_without_an_end_go_with_the_company(vault: Turned) -> None:
    shop = closed(vault)
    asked = shop.new("req")
    row = new_row(shop.id, asked, shop.at)
    kept = PrivacyRequest(
        **row,
        kind="opposition",
        status="verified",
        affects="company",
        asked_by="mem_1",
        deadline=shop.at,
        due=None,
        due_at=shop.at,
    )
    destroyed = KeyDestruction(**row | {"id": shop.new("bky")}, request=shop.new("job"), final_on=date(2027, 1, 1))
    shop._put(kept, RequestDeadline(**row, deadline=shop.at, due_at=shop.at + timedelta(days=20_000)), destroyed)
    assert sweep(vault).failures == []
    assert left(shop) == []


def test_a_proof_within_its_term_keeps_the_company(vault: Turned) -> None:
    shop = closed(vault)
    row = new_row(shop.id, shop.new("req"), shop.at)
    done = PrivacyRequest(
        **row,
        kind="access",
        status="completed",
        affects="company",
        asked_by="mem_1",
        deadline=shop.at,
        closed_at=vault.now(),
        due="proofs",
        due_at=vault.now() + timedelta(days=5 * 366),
    )
    shop._put(done, replace(KeyDestruction(**row, request=done.id, final_on=date(2060, 2, 1)), id=shop.new("bky")))
    sweep(vault)
    assert set(left(shop)) == {"destruction", "head", "journal_entry", "request", "series", "term"}


def test_killed_at_any_call_the_end_is_the_same(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_end, "ENTRIES", 3)
    at(vault, LATE)
    sweep(vault)

    def later(_: Ledger) -> None:
        for _again in range(2):
            vault.offset += timedelta(minutes=5)
            sweep(vault)

    clients = [vault.store.connection.client, vault.archive.client]
    assert prove(clients, Work(lambda: closed(vault), lambda _: sweep(vault), later, left)) > 20
