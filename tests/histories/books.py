"""Companies with books of any size, written row by row as issuing would have left them, without issuing."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import Any

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company, Head, Series
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import fresh
from chalicelib.domain.documents.calculation import calculate
from chalicelib.domain.documents.invoice import INVOICE, Draft, Invoice
from chalicelib.domain.documents.issuing import SeriesSlot, issue, registered
from chalicelib.domain.documents.numbering import current, number, opened
from chalicelib.domain.documents.terms import CommercialTerms
from chalicelib.domain.entity import Record
from chalicelib.domain.ids import derived_id
from chalicelib.domain.journal import JournalEntry, change
from chalicelib.policy.schedules import new_schedule
from chalicelib.store import codec
from chalicelib.store.decision import Decision
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.histories import company as companies

BATCH = 25


def seeded(world: World, name: str, invoices: int, *, line_count: int = 5) -> str:
    """A company, its backup on, with this many issued invoices: its register, its series and its journal say the same
    as if each had been issued by itself. 10,000 take some 25 seconds."""
    company = companies.founded(world, name)
    _turn_on(world, company)
    head, profile, customer = world.store.records(
        [Head.ref(company), Company.ref(company), Customer.ref(company, companies.customer_of(company))]
    )
    assert isinstance(head, Head)
    assert isinstance(profile, Company)
    assert isinstance(customer, Customer)
    written = _Books(world, head, profile, customer)
    with ThreadPoolExecutor(4) as pool:
        for done in pool.map(lambda rows: _write(world, rows), _batches(written.rows(invoices, line_count))):
            assert done is None
    _write(world, [(written.head, world.random(16)), (written.series, written.salt)])
    return company


def _turn_on(world: World, company: str) -> None:
    call = companies.call(world, company, "settings", "backup-on")
    term = new_schedule(_profile(world, company), call.at)
    decision = Decision(new=(term,), head={"cloud_backup": True})
    transact(world.store, call, [], lambda _: decision)


def _profile(world: World, company: str) -> Company:
    (profile,) = world.store.records([Company.ref(company)])
    assert isinstance(profile, Company)
    return profile


class _Books:
    """The rows, made one document after the other."""

    def __init__(self, world: World, head: Head, profile: Company, customer: Customer) -> None:
        self.world, self.head, self.profile, self.customer = world, head, profile, customer
        self.at: datetime = world.now()
        self.salt = world.random(16)
        """The series' last state is written at the end, with the salt that its journal hash was made with."""
        self.series: Series = opened(profile, current(profile, "invoice"), today(self.at), self.at)

    def rows(self, count: int, line_count: int) -> Iterator[tuple[Record, bytes]]:
        """Every invoice with its register entry, its balance and its journal entry, each with its salt."""
        day = today(self.at)
        first = self._issued(day, line_count)
        for at in range(1, count + 1):
            place = SeriesSlot(self.series, day, day, self.at, self.world.random(16), specimen=False)
            document = replace(
                first,
                id=derived_id("inv", self.head.company, str(at)),
                salt=place.salt,
                position=place.series.next,
                number=number(current(self.profile, "invoice"), day, place.series.next),
                notes=f"Commande {at}",
            )
            invoice, entry, self.series = registered(document, place)
            assert isinstance(invoice, Invoice)
            rows = (invoice, entry, fresh(invoice))
            made: list[tuple[Record, bytes]] = [(each, self.world.random(16)) for each in rows]
            yield from made
            yield self._entry([*made, (self.series, self.salt)]), self.world.random(16)

    def _issued(self, day: date, line_count: int) -> Any:
        company, customer = self.profile, self.customer
        terms = CommercialTerms(None, "other", reverse_charge=False, day=day)
        reckoned = calculate(companies.lines(line_count), terms, company, customer)
        draft = Draft(
            company=company.id,
            id=derived_id("inv", company.id, "0"),
            created_at=self.at,
            updated_at=self.at,
            customer=customer.id,
            lines=reckoned.lines,
            totals=reckoned.totals,
        )
        place = SeriesSlot(self.series, day, day, self.at, b"", specimen=False)
        invoice = issue(INVOICE, draft, company, customer, place)[0]
        assert isinstance(invoice, Invoice)
        return invoice

    def _entry(self, made: Iterable[tuple[Record, bytes]]) -> JournalEntry:
        changes = tuple(change(record, "put", codec.digest(record, salt).hex()) for record, salt in made)
        clock = self.head.clock + 1
        entry = JournalEntry(
            company=self.head.company,
            id=f"seed-{clock:020d}",
            created_at=self.at,
            updated_at=self.at,
            clock=clock,
            actor="user-1",
            verb="issue",
            changes=changes,
            previous=self.head.chain,
            hash="",
        )
        chained = codec.digest(entry, b"").hex()
        self.head = self.head.edited(self.at, clock=clock, chain=chained)
        return replace(entry, hash=chained)


def _batches(rows: Iterator[tuple[Record, bytes]]) -> Iterator[list[tuple[Record, bytes]]]:
    while batch := list(islice(rows, 4 * BATCH)):
        yield batch


def _write(world: World, rows: list[tuple[Record, bytes]]) -> None:
    by_table: dict[str, list[Any]] = {}
    for record, salt in rows:
        item = codec.to_row(record, salt)
        by_table.setdefault(record.TABLE, []).append({"company": {"S": record.company}} | item)
    for table, items in by_table.items():
        for start in range(0, len(items), BATCH):
            answer = world.store.connection.batch_write_item(world.store.names[table], items[start : start + BATCH])
            assert not answer.get("UnprocessedItems")
