"""The merge of one row, as a table: the row in the backup, the present row, and later events of persons."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.companies.company import Address, Company, Head, Numbered, Numbering, RetentionSchedule, Series
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import INVOICE, Draft, Invoice
from chalicelib.domain.documents.issuing import SeriesSlot, issue
from chalicelib.domain.documents.model import Line
from chalicelib.domain.documents.numbering import current, opened
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.register import document_hash, genesis
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.correction import Correction, values_of
from chalicelib.services.backup.restoring.copy import rekeyed
from chalicelib.services.backup.restoring.merge import Merged, merged, reached, related
from chalicelib.services.backup.restoring.replay import Replay
from tests.unit.samples import NOTHING

THEN, NOW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
STAMPS: dict[str, Any] = {"company": "cmp_1", "created_at": THEN, "updated_at": THEN}
CUSTOMER = Customer(id="cus_1", name="Client", kind="consumer", address=Address(city="Fès"), **STAMPS)
DRAFT = Draft(id="inv_1", customer="cus_1", totals=NOTHING, **STAMPS)
ITEM = Item(id="itm_1", name="Conseil", unit_price=Decimal(10), vat_rate=Decimal(20), **STAMPS)
SERIES = Series(id="FA-2026", document="invoice", next=4, chain="c4", last_date=date(2026, 2, 1), **STAMPS)
COMPANY = Company(id="cmp_1", name="Atlas", address=Address(city="Fès"), policy_version="1", **STAMPS)
TERM = RetentionSchedule(id="cmp_1", ends=("12-31",), period="P10Y", due_at=NOW, **STAMPS)
OWN = Numbering(document="invoice", pattern="X{seq}", reset="never")
LATER = Numbering(document="invoice", pattern="Y-{seq}", reset="never")


def done(backed: Record, now: Record | None = None, *others: Record) -> Merged:
    rows: dict[Any, Any] = dict.fromkeys(related(backed))
    rows |= {row.key: row for row in (now, *others) if row}
    return merged(backed, rows, NOW)


@pytest.mark.parametrize("backed", [CUSTOMER, DRAFT, ITEM, COMPANY, SERIES])
def test_a_missing_row_returns_unchanged(backed: Record) -> None:
    assert done(backed) == Merged("restored", (backed,))


@pytest.mark.parametrize("backed", [CUSTOMER, DRAFT, ITEM, COMPANY, SERIES])
def test_an_unchanged_row_is_not_written(backed: Record) -> None:
    assert done(backed, replace(backed, version=9, updated_at=NOW)) == Merged("unchanged")


def test_a_different_row_is_put_back_under_a_new_version() -> None:
    found = done(CUSTOMER, replace(CUSTOMER, version=7, name="Autre"))
    assert found == Merged("overwritten", (replace(CUSTOMER, version=8, updated_at=NOW),))


def test_a_draft_that_was_issued_since_stays_issued() -> None:
    document = Invoice.__new__(Invoice)
    rows = {DRAFT.key: None, Invoice.ref("cmp_1", "inv_1"): document}
    assert merged(DRAFT, rows, NOW) == Merged("issued")


def test_nothing_of_the_ledger_is_touched_that_is_there() -> None:
    balance = Balance(id="inv_1", paid=Decimal(10), **STAMPS)
    assert done(balance, replace(balance, paid=Decimal(90))) == Merged("unchanged")
    payment = Payment(id="pay_1", invoice="inv_1", amount=Decimal(1), method="cash", date=date(2026, 1, 2), **STAMPS)
    assert done(payment, replace(payment, amount=Decimal(5))) == Merged("unchanged")
    assert done(payment) == Merged("restored", (payment,))


@pytest.mark.parametrize(
    ("now", "outcome", "number", "chain"),
    [(9, "unchanged", None, None), (4, "unchanged", None, None), (2, "overwritten", 4, "c4")],
)
def test_a_series_stands_at_the_further_of_both(now: int, outcome: str, number: int | None, chain: str | None) -> None:
    there = SERIES if now == 4 else replace(SERIES, next=now, chain=f"n{now}")
    found = done(SERIES, there)
    assert found.outcome == outcome
    assert [(row.next, row.chain) for row in found.puts if isinstance(row, Series)] == (
        [(number, chain)] if number else []
    )


def test_the_purged_part_of_a_series_stays_purged() -> None:
    swept = replace(SERIES, next=3, swept=2, anchor="a2", chain="n3")
    (row,) = done(SERIES, swept).puts
    assert isinstance(row, Series)
    assert (row.next, row.chain, row.swept, row.anchor) == (4, "c4", 2, "a2")


def test_the_head_goes_as_far_as_its_series_and_never_back() -> None:
    head = Head(clock=1, chain="", id="cmp_1", **STAMPS)
    assert reached(head, SERIES) == {"numbered": (Numbered(document="invoice", last=date(2026, 2, 1)),)}
    further = replace(head, numbered=(Numbered(document="invoice", last=date(2026, 5, 1)),))
    assert reached(further, SERIES) == {}
    assert reached(further, replace(SERIES, first=40))["numbered"][0].arrived


def test_the_profile_forgets_no_pattern_and_no_acceptance() -> None:
    backed = replace(COMPANY, name="Ancien nom", numbering=(OWN,))
    now = replace(COMPANY, numbering=(LATER,), policy_version="2", version=3)
    (row,) = done(backed, now, TERM).puts
    assert row == replace(backed, numbering=(OWN, LATER), policy_version="2", version=4, updated_at=NOW)


def test_another_financial_year_moves_the_term() -> None:
    backed = replace(COMPANY, financial_year_end="06-30")
    profile, term = done(backed, COMPANY, TERM).puts
    assert isinstance(term, RetentionSchedule)
    assert term.ends == ("12-31", "06-30")
    assert isinstance(profile, Company)
    assert profile.financial_year_end == "06-30"


def corrected(record: Record, clock: int, **values: Any) -> Correction:
    return Correction(
        company="cmp_1",
        id="req_1",
        created_at=NOW,
        updated_at=NOW,
        clock=clock,
        subject=record.id,
        record=record.KIND,
        attributes=tuple(values),
        values=values_of(replace(record, **values), frozenset(values)),
        due_at=NOW,
    )


def test_corrections_are_done_again_in_their_order() -> None:
    replay = Replay(
        corrections=(corrected(CUSTOMER, 5, name="B"), corrected(CUSTOMER, 9, name="C", phone="0612345678"))
    )
    found = replay.replayed(CUSTOMER)
    assert isinstance(found, Customer)
    assert (found.name, found.phone) == ("C", "0612345678")
    assert replay.replayed(replace(CUSTOMER, id="cus_2")) == replace(CUSTOMER, id="cus_2")
    assert replay.replayed(COMPANY) == COMPANY
    named = Replay(corrections=(corrected(COMPANY, 5, name="Juste"),)).replayed(COMPANY)
    assert isinstance(named, Company)
    assert named.name == "Juste"


def test_an_erased_person_does_not_come_back_and_nothing_points_to_them() -> None:
    replay = Replay(frozenset({"cus_1"}))
    assert replay.replayed(CUSTOMER) is None
    assert replay.replayed(DRAFT) == replace(DRAFT, customer=None)
    assert replay.replayed(ITEM) is ITEM
    assert replay.names(CUSTOMER)
    assert replay.names(DRAFT)
    assert not replay.names(ITEM)


def test_what_was_typed_of_an_erased_person_leaves_their_restored_draft() -> None:
    typed = replace(DRAFT, buyer_reference="Alami", order_reference="BC Alami", metadata={"for": "Alami"})
    assert Replay(frozenset({"cus_1"})).replayed(typed) == replace(DRAFT, customer=None)
    assert Replay(frozenset({"cus_2"})).replayed(typed) is typed


def issued() -> tuple[Invoice, Any, Series]:
    series = opened(COMPANY, current(COMPANY, "invoice"), THEN.date(), THEN)
    place = SeriesSlot(series=series, day=THEN.date(), today=THEN.date(), at=THEN, salt=b"s" * 16, specimen=False)
    invoice, entry, after = issue(INVOICE, replace(DRAFT, lines=(line(),)), COMPANY, CUSTOMER, place)
    assert isinstance(invoice, Invoice)
    return invoice, entry, after


def line() -> Line:
    return Line(description="x", quantity=Decimal(1), unit_price=Decimal(10), vat_rate=Decimal(20))


def test_an_erased_buyers_documents_stay_and_purged_ones_do_not_return() -> None:
    invoice, entry, series = issued()
    assert Replay(frozenset({"cus_1"})).replayed(invoice) is invoice
    swept = Replay(swept=THEN.date())
    assert [swept.replayed(row) for row in (invoice, entry)] == [None, None]
    assert swept.replayed(series) is series
    kept = Replay(swept=THEN.date() - timedelta(days=1))
    assert kept.replayed(invoice) is invoice


def test_a_copys_document_has_its_hash_and_its_series_the_sources_beginning() -> None:
    invoice, entry, series = issued()
    copy = rekeyed(invoice, "cmp_1", "cmp_2")
    assert isinstance(copy, Invoice)
    assert (copy.company, document_hash(copy), copy.hash) == ("cmp_2", invoice.hash, invoice.hash)
    assert rekeyed(entry, "cmp_1", "cmp_2").company == "cmp_2"
    after = rekeyed(series, "cmp_1", "cmp_2")
    assert isinstance(after, Series)
    assert (after.anchor, after.swept, after.chain) == (genesis("cmp_1", series.id), 0, series.chain)
    swept = replace(series, swept=3, anchor="a3")
    assert rekeyed(swept, "cmp_1", "cmp_2") == replace(swept, company="cmp_2")


def test_a_copys_profile_is_its_own() -> None:
    copy = rekeyed(replace(COMPANY, logo="logos/cmp_1/ab.png"), "cmp_1", "cmp_2")
    assert isinstance(copy, Company)
    assert (copy.company, copy.id, copy.logo) == ("cmp_2", "cmp_2", "logos/cmp_2/ab.png")
