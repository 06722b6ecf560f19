"""The end of the statutory term: exact to the day, never early, and the register stays verifiable."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.clock import MOROCCO, midnight
from chalicelib.domain.companies.company import OrphanedPayments, RetentionSchedule, Series
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, CreditUse, Refund
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.entity import Record
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.retention import proofs_job, retention_job
from chalicelib.jobs.runner import run
from chalicelib.policy import schedules
from chalicelib.policy.schedules import new_schedule, retention_of
from chalicelib.policy.terms import Period
from chalicelib.services.documents import register
from chalicelib.services.privacy.legal import holds
from chalicelib.services.retention import purge
from chalicelib.store.read import open_company
from tests.conftest import Shop
from tests.crash import Work, prove, watched
from tests.privacy.worlds import CANARY, Books, Turned, carried

BEGIN = datetime(2026, 11, 1, 9, tzinfo=UTC)
"""The sign-up of companies whose invoices bear fixed years: before the first of them, whatever today is."""


class Ledger(Books):
    """A company that signed up before its first year ended, and has issued on the last day of each."""

    def __init__(
        self, world: Turned, *, per_year: int = 2, years: tuple[int, ...] = (2026, 2027, 2028), mark: str = CANARY
    ) -> None:
        super().__init__(world, small=True, mark=mark, at=BEGIN.replace(year=min(BEGIN.year, *years), day=1))
        self.by_year: dict[int, list[str]] = {}
        customer = self._party(Customer, self.customer)
        (series,) = [row for row in self._stored("ledger") if isinstance(row, Series)]
        self.profile = replace(self.profile, numbering=())
        for year in years:
            for _ in range(per_year):
                id = self.new("inv")
                invoice, entry, series = self.issued(id, customer, series, date(year, 12, 31))
                self.by_year.setdefault(year, []).append(id)
                self._put(invoice, entry)
        self._put(series)
        self._put(new_schedule(self.profile, self.at))

    def _stored(self, table: str) -> list[Record]:
        return self.world.store.query(table, self.id).records

    def _put(self, *rows: Record) -> None:
        from tests.rows import put_row

        for row in rows:
            put_row(self.world.store, row)

    def invoices(self) -> set[str]:
        """The ids of the invoices that are there."""
        return {row.id for row in self._stored("ledger") if isinstance(row, Invoice)}

    def term(self) -> RetentionSchedule:
        (row,) = self.world.store.records([RetentionSchedule.ref(self.id)])
        assert isinstance(row, RetentionSchedule)
        return row

    def verified(self) -> register.ChainVerification:
        """The register's verification."""
        (series,) = [row for row in self._stored("ledger") if isinstance(row, Series)]
        return register.verify(open_company(self.world.store, self.id), series.id, 2026)


def at(world: Turned, day: date) -> None:
    """Turn the world's clock to the first minute of a day in Casablanca."""
    world.offset = timedelta(0)
    world.offset = midnight(day) + timedelta(minutes=1) - world.now()


def sweep(world: Turned, **more: Any) -> Report:
    return run(world, retention_job(), now=world.now(), left=within(120), **more)


def test_each_year_is_purged_on_its_day_and_the_register_still_verifies(vault: Turned) -> None:
    shop = Ledger(vault)
    every = shop.invoices()
    assert shop.verified().fault is None
    at(vault, date(2036, 12, 31))
    sweep(vault)
    assert shop.invoices() == every, "on the last day all is kept"
    at(vault, date(2037, 1, 1))
    dry = sweep(vault, dry_run=True)
    assert dry.planned >= 2
    assert shop.invoices() == every
    assert sweep(vault).failures == []
    assert shop.invoices() == {*shop.by_year[2027], *shop.by_year[2028]}
    verified = shop.verified()
    assert (verified.fault, verified.complete, verified.checked) == (None, True, 4)
    assert shop.term().due_at == midnight(date(2038, 1, 1))
    at(vault, date(2039, 1, 1))
    sweep(vault)
    assert shop.invoices() == set()
    assert shop.verified().fault is None
    (series,) = [row for row in shop._stored("ledger") if isinstance(row, Series)]
    assert (series.swept, series.anchor) == (series.next - 1, series.chain)


def test_an_altered_document_after_the_anchor_is_still_found(vault: Turned) -> None:
    shop = Ledger(vault)
    at(vault, date(2037, 1, 1))
    sweep(vault)
    victim = next(row for row in shop._stored("ledger") if isinstance(row, Invoice))
    shop._put(replace(victim, notes="altered"))
    fault = shop.verified().fault
    assert fault is not None
    assert fault.code == "document_changed"


def test_a_late_payment_stays_for_its_own_term(vault: Turned) -> None:
    shop = Ledger(vault)
    invoice = shop.by_year[2026][0]
    late, early = (
        Payment(id=shop.new("pay"), invoice=invoice, amount=Decimal(1), method="cash", date=day, **shop.stamps)
        for day in (date(2027, 2, 1), date(2026, 12, 31))
    )
    shop._put(late, early, Balance(id=invoice, paid=Decimal(2), **shop.stamps))
    shop._put(*(PaymentId(id=paid.id, invoice=invoice, **shop.stamps) for paid in (late, early)))
    at(vault, date(2037, 1, 1))
    sweep(vault)
    left = shop._stored("ledger")
    assert [row.id for row in left if isinstance(row, Payment)] == [late.id]
    assert [row.id for row in left if isinstance(row, PaymentId)] == [late.id], "an id goes with its payment"
    assert invoice in {row.id for row in left if isinstance(row, Balance)}
    (waiting,) = [row for row in shop._stored("journal") if isinstance(row, OrphanedPayments)]
    assert waiting.due_at == midnight(date(2038, 1, 1))
    at(vault, date(2038, 1, 1))
    sweep(vault)
    assert not [row for row in shop._stored("ledger") if isinstance(row, Payment | PaymentId | Balance)]
    assert not [row for row in shop._stored("journal") if isinstance(row, OrphanedPayments)]


def test_an_invoice_of_very_many_payments_leaves_with_the_last_of_them(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026, 2027))
    invoice, stamps = shop.by_year[2026][0], shop.stamps
    for _ in range(purge.MOST_ROWS + 1):
        day = date(2026, 12, 31)
        shop._put(Payment(id=shop.new("pay"), invoice=invoice, amount=Decimal(1), method="cash", date=day, **stamps))
    at(vault, date(2037, 1, 1))
    assert sweep(vault).failures == []
    assert not [row for row in shop._stored("ledger") if isinstance(row, Payment)]
    assert shop.invoices() == set(shop.by_year[2027])
    assert shop.verified().fault is None


@pytest.mark.parametrize("closed", [False, True])
def test_unapplied_credit_and_refunds_end_by_their_own_day(vault: Turned, *, closed: bool) -> None:
    """The last event of an entry decides: it was refunded in the next financial year, after the last invoice."""
    shop = Ledger(vault)
    used, early = (
        CreditEntry(
            id=shop.new("ucr"),
            customer=shop.customer,
            source="advance",
            amount=Decimal(5),
            method="cash",
            date=date(2028, 12, 31),
            uses=uses,
            **shop.stamps,
        )
        for uses in ((CreditUse(amount=Decimal(5), date=date(2029, 1, 2), refund="rfd_1"),), ())
    )
    refund = Refund(
        id=shop.new("rfd"),
        customer=shop.customer,
        amount=Decimal(5),
        method="cash",
        date=date(2029, 1, 2),
        entries=(used.id,),
        **shop.stamps,
    )
    shop._put(used, early, refund)
    if closed:
        shop.confirmed(waive=True)
        carried(vault)

    def left() -> set[str]:
        return {row.id for row in shop._stored("ledger") if isinstance(row, CreditEntry | Refund)}

    at(vault, date(2038, 12, 31))
    sweep(vault)
    assert left() == {used.id, early.id, refund.id}
    at(vault, date(2039, 1, 1))
    sweep(vault)
    assert left() == {used.id, refund.id}
    at(vault, date(2040, 1, 1))
    sweep(vault)
    assert left() == set()


def test_a_closed_companys_records_are_purged_too(vault: Turned) -> None:
    shop = Ledger(vault)
    shop.confirmed(waive=True)
    carried(vault)
    assert shop.invoices()
    at(vault, date(2039, 1, 1))
    sweep(vault)
    assert shop.invoices() == set()


def test_a_hold_stops_the_sweep_and_a_deletion(vault: Turned) -> None:
    shop = Ledger(vault)
    hold = holds.place(vault, shop.id, "tax audit 7", "opr_1")
    id = shop.confirmed(waive=True)
    carried(vault)
    assert shop.request(id).status == "verified"
    at(vault, date(2037, 1, 1))
    report = sweep(vault)
    assert report.held >= 1
    assert set(shop.by_year[2026]) <= shop.invoices()
    holds.release(vault, shop.id, hold.id, "opr_1")
    carried(vault)
    sweep(vault)
    assert shop.request(id).status == "completed"
    assert not set(shop.by_year[2026]) & shop.invoices()


def test_above_the_cap_it_asks(vault: Turned) -> None:
    shop = Ledger(vault, per_year=15, years=(2026,))
    at(vault, date(2037, 1, 1))
    report = run(vault, replace(retention_job(), cap=1), now=vault.now(), left=within(60))
    assert report.outcome == "asks"
    assert set(shop.by_year[2026]) <= shop.invoices()
    sweep(vault)


def test_a_shortened_term_is_previewed_before_it_counts(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Ledger(vault)
    at(vault, date(2032, 1, 2))
    assert purge.preview(vault, shop.term(), Period(years=5), date(2032, 1, 2)) == 3
    for module in (schedules, purge):
        monkeypatch.setattr(module, "statutory", lambda _: Period(years=5))
    assert retention_of(shop.term()).through(date(2032, 1, 2)) < date(2026, 1, 1), "not before an operator adopts it"
    purge.adopt(vault, shop.term())
    sweep(vault)
    assert shop.invoices() == {*shop.by_year[2027], *shop.by_year[2028]}


def test_killed_at_any_call_the_sweep_ends_the_same(vault: Turned) -> None:
    at(vault, date(2037, 1, 1))
    sweep(vault)

    def prepare() -> Ledger:
        made = Ledger(vault, per_year=1, years=(2026, 2027))
        at(vault, date(2037, 1, 1))
        return made

    def later(_: object) -> None:
        vault.offset += timedelta(minutes=5)
        sweep(vault)

    def state(shop: Ledger) -> object:
        (series,) = [row for row in shop._stored("ledger") if isinstance(row, Series)]
        return shop.kinds("ledger"), series.swept, shop.term().swept, shop.term().due_at, shop.verified().fault is None

    assert prove([vault.store.connection.client], Work(prepare, lambda _: sweep(vault), later, state)) > 20


def test_the_cost_of_the_sweep_depends_on_the_due_records(vault: Turned) -> None:
    at(vault, date(2037, 1, 1))
    sweep(vault)

    def cost(years: tuple[int, ...]) -> int:
        Ledger(vault, per_year=3, years=years)
        at(vault, date(2037, 1, 1))
        with watched([vault.store.connection.client]) as calls:
            sweep(vault)
        return len(calls.made)

    assert cost((2026, *range(2027, 2037))) <= 1.1 * cost((2026,))


def test_proofs_go_after_five_years(vault: Turned) -> None:
    shop = Books(vault, small=True)
    shop.confirmed(shop.customer)
    carried(vault)
    assert set(shop.kinds("requests")) == {"receipt", "request", "tombstone"}
    for days, left in ((5 * 365, 3), (5 * 366 + 1, 0)):
        vault.offset = timedelta(days=days)
        run(vault, proofs_job(), now=vault.now(), left=within(60))
        assert len(shop.kinds("requests")) == left


def test_a_sign_up_is_due_and_follows_the_financial_year(shop: Shop) -> None:
    def term() -> RetentionSchedule:
        (row,) = shop.world.store.records([RetentionSchedule.ref(shop.company)])
        assert isinstance(row, RetentionSchedule)
        return row

    signed = term()
    year = signed.created_at.astimezone(MOROCCO).year
    assert (signed.ends, signed.due_at) == (("12-31",), midnight(date(year + 11, 1, 1)))
    edited = shop.owner.patch("/v1/company", {"financial_year_end": "02-29"}, "*")
    assert (edited.status, edited.json["financial_year_end"]) == (200, "02-29")
    assert term().ends == ("12-31", "02-29")
    assert term().due_at >= signed.due_at
    for wrong in ("02-30", "13-01", "1-1", "2026-12-31"):
        refused = shop.owner.patch("/v1/company", {"financial_year_end": wrong}, "*")
        assert refused.codes == [("/financial_year_end", "bad_month_day")]
