"""Counts of the rows that lists read for each document they return, and of the units of a search.

An index is read from its place on, so the rows do not depend on the size of the company. The tests prove it: they count
at one size and again at four times the size. `test_large_counts.py` counts 100,000 documents.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.documents.balance import fresh, moved
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.numbering import DEFAULTS, opened
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import Record
from chalicelib.domain.ids import derived_id
from chalicelib.services.parties.deletion import Use, use_of
from chalicelib.store.decision import Decision
from chalicelib.store.read import open_company
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.bench.pipeline import INVOICES, ISSUE, Pipeline, member_of
from tests.bench.traffic import Traffic
from tests.histories import company as companies
from tests.large import customers, put
from tests.unit import samples

CUSTOMERS = "/v1/customers"
FIRST, LATER = 60, 240
"""Invoices at the first count, and those that come before the second one."""
BUYERS = 30
AT_ONCE = 24
"""Invoices in one transaction: four rows each."""


class Books:
    """A company with many invoices of many customers. Every fourth invoice is paid, and every third one overdue."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.company = world, companies.founded(world, name)
        self.pipeline = Pipeline(world, self.company)
        self.count = 0
        self._series = opened(replace(samples.company(), company=self.company), DEFAULTS[0], self.today, world.now())
        self.buyers = [derived_id("cus", self.company, f"buyer {n}") for n in range(BUYERS)]
        names = (f"Société Atlas {n:04d}" for n in range(BUYERS))
        self._put(
            [
                replace(samples.customer(name=name, ice="002136093000040"), company=self.company, id=id)
                for id, name in zip(self.buyers, names, strict=True)
            ]
        )

    @property
    def today(self) -> Any:
        return self.world.now().date()

    def add(self, count: int) -> None:
        """More invoices, each with its register entry and its balance."""
        for start in range(self.count, self.count + count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, self.count + count))
            self._put([row for n in numbers for row in self._rows(n)])
        self.count += count
        self._put([], [self._series.edited(self.world.now(), next=self.count + 1, last_date=self.today)])

    def _rows(self, n: int) -> Iterator[Record]:
        due = self.today + timedelta(days=-n - 1 if n % 3 == 0 else n)
        id, buyer = derived_id("inv", self.company, f"{n}"), self.buyers[n % BUYERS]
        series = self._series.id
        place: dict[str, Any] = {"series": series, "number": f"{series}-{n + 1:05d}", "position": n + 1}
        invoice: Invoice = samples.issued(samples.line(), id=id)
        invoice = replace(invoice, company=self.company, customer=buyer, issue_date=self.today, due_date=due, **place)
        balance = fresh(invoice)
        paid = invoice.totals.payable if n % 4 == 0 else 0
        yield invoice
        yield moved(invoice, balance, invoice.updated_at, paid=balance.paid + paid)
        yield RegisterEntry(
            **samples.STAMPS | {"company": self.company},
            id=id,
            **place,
            document=id,
            document_kind=Invoice.KIND,
            issue_date=self.today,
            gross=invoice.totals.gross,
            hash="",
            chain="",
        )

    def _put(self, new: Sequence[Record], puts: Sequence[Record] = ()) -> None:
        call = companies.call(self.world, self.company, "seed", f"seed-{self.world.random(8).hex()}")
        transact(self.world.store, call, [], lambda _: Decision(new=tuple(new), puts=tuple(puts)))

    def listed(self, path: str = INVOICES, **query: str) -> tuple[int, int, bool]:
        """The rows that a list reads and returns, and whether it continues."""
        with self.pipeline.unguarded(), Traffic(self.world.store) as traffic:
            got = self.pipeline.ask("GET", path, **query)
        assert got["data"] or not got["has_more"]
        return traffic.rows, len(got["data"]), got["has_more"]


@pytest.fixture
def books(bare_world: World, request: pytest.FixtureRequest) -> Books:
    made = Books(bare_world, request.node.nodeid)
    made.add(FIRST)
    return made


def test_lists_read_as_many_rows_however_large_the_company_is(books: Books) -> None:
    year = books.today.year
    queries: dict[str, dict[str, str]] = {
        "number": {"NUMBER": f"FA-{year}-00043"},
        "customer": {"CUSTOMER": books.buyers[3]},
        "nobody": {"CUSTOMER": derived_id("cus", "nobody")},
        "overdue": {"OVERDUE": "true", "LIMIT": "10"},
        "open": {"OPEN": "true", "LIMIT": "10"},
        "issued": {"ISSUED_FROM": str(books.today), "LIMIT": "10"},
    }
    for _ in range(2):
        counted = {name: books.listed(**query) for name, query in queries.items()}
        for name, (read, returned, continues) in counted.items():
            assert read <= 3 * returned + continues, (name, read, returned)
        assert counted["number"][1] == 1
        assert books.listed(NUMBER=f"FA-{year}-99999") == (1, 0, False), "the company's own patterns"
        assert counted["customer"][1] == books.count // BUYERS
        assert {counted[name][1] for name in ("overdue", "open", "issued")} == {10}
        books.add(LATER)


def test_drafts_are_read_once(books: Books) -> None:
    companies.drafts(books.world, books.company, [f"draft {n}" for n in range(12)])
    beside = 2  # the company and the one customer, because a draft is never stale
    assert books.listed(STATUS="draft", LIMIT="10") == (11 + beside, 10, True)
    assert books.listed(STATUS="draft", LIMIT="20") == (12 + beside, 12, False)


def test_what_depends_on_a_party_is_counted_from_keys(books: Books) -> None:
    buyer = books.buyers[1]
    with Traffic(books.world.store) as traffic:
        counted = use_of(open_company(books.world.store, books.company), buyer)
    assert counted == Use(drafts=0, debts=FIRST // BUYERS)
    unpaid = FIRST - FIRST // 4
    assert traffic.rows == 1 + FIRST // BUYERS + unpaid, "the head; then the keys of its documents and of the open ones"
    assert traffic.calls["BatchGetItem"] == 0


def test_a_search_of_ten_thousand_customers_has_two_hundred_units(bare_world: World) -> None:
    """Each has a name, an ICE, an e-mail address and a telephone number. What the guard reads counts too."""
    company = companies.founded(bare_world, "crowd")
    put(bare_world, customers(company, 10_000))
    member_of(bare_world, company)
    pipeline = Pipeline(bare_world, company)
    for query, returned in (("toubkal carrelage", 7), ("atlas", 20), ("612", 20), ("nobody", 0)):
        with Traffic(bare_world.store) as traffic:
            got = pipeline.ask("GET", CUSTOMERS, Q=query)
        assert len(got["data"]) == returned
        assert traffic.read <= 200, query


def test_a_closing_payment_has_its_known_cost(books: Books) -> None:
    (invoice,) = companies.drafts(books.world, books.company, ["paid"], line_count=3)
    with books.pipeline.unguarded():
        issued = books.pipeline.ask("POST", ISSUE, {}, id=invoice)
        body = {"amount": issued["balance"], "method": "transfer", "date": issued["issue_date"]}
        with Traffic(books.world.store) as traffic:
            books.pipeline.ask("POST", "/v1/invoices/{id}/payments", body, id=invoice)
    assert traffic.write == 13


def test_a_customer_costs_one_unit_more_than_its_row(books: Books) -> None:
    body = {"name": "Atlas", "kind": "consumer", "id": derived_id("cus", books.company, "new")}
    with books.pipeline.unguarded(), Traffic(books.world.store) as traffic:
        books.pipeline.ask("POST", CUSTOMERS, body)
    rows = {"customer": 2, "its index": 1, "head": 2, "entry": 2, "answer": 2}
    assert traffic.write == sum(rows.values())
