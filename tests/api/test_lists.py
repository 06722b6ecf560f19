"""Lists of documents: what each filter finds, in which order, and from page to page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from chalicelib.store.erase import erase_row
from tests.clocks import clock_at
from tests.conftest import Shop

INVOICES = "/v1/invoices"
DUE = (30, 10, 20, 10)
"""The days until each of the four issued invoices is due."""


@dataclass(frozen=True)
class Listed:
    """A shop with documents, by their names here."""

    shop: Shop
    names: dict[str, str]
    """The name of each id: `a`, `b`, `c`, `d` are issued in this order, `e` is a draft."""
    other: str
    """The customer of `b` and `e`. The others are the shop's own customer's."""

    def page(self, **query: Any) -> tuple[str, bool]:
        """The names on a page, and whether there are more."""
        got = self.shop.owner.get(INVOICES, query=query)
        assert got.status == 200, got.text
        assert got.json["data"] or not got.json["has_more"]
        return "".join(self.names[each["id"]] for each in got.json["data"]), got.json["has_more"]

    def all(self, **query: Any) -> str:
        """The names of the list, read one by one."""
        found, cursor = "", dict[str, str]()
        while True:
            names, more = self.page(limit=1, **query, **cursor)
            found += names
            if not more:
                return found
            cursor = {"starting_after": self.id(found[-1])}

    def id(self, name: str) -> str:
        """The id of a name."""
        return next(id for id, each in self.names.items() if each == name)


@pytest.fixture
def listed(shop: Shop) -> Listed:
    other = shop.owner.post("/v1/customers", {"name": "Zénith Béton", "kind": "consumer"}).json["id"]
    parties = (shop.customer, other, shop.customer, shop.customer)
    made = [
        shop.issued(customer=party, due_date=str(shop.today + timedelta(days=days)))["id"]
        for party, days in zip(parties, DUE, strict=True)
    ]
    made.append(shop.draft(customer=other)["id"])
    return Listed(shop, dict(zip(made, "abcde", strict=True)), other)


def pay(listed: Listed, name: str, amount: str) -> None:
    body = {"amount": amount, "method": "transfer", "date": str(listed.shop.today)}
    paid = listed.shop.owner.post(f"{INVOICES}/{listed.id(name)}/payments", body)
    assert paid.status == 201, paid.text


def test_an_unfiltered_list_is_newest_first(listed: Listed) -> None:
    assert listed.page() == ("edcba", False)
    assert listed.page(sort="-created") == ("edcba", False)
    assert listed.page(sort="created") == ("abcde", False)
    assert listed.page(sort="created", limit=2, starting_after=listed.id("b")) == ("cd", True)
    assert listed.page(sort="created", limit=2, ending_before=listed.id("d")) == ("bc", True)
    assert listed.all() == "edcba"


def test_what_is_open_is_listed_by_due_date(listed: Listed) -> None:
    assert listed.page(open="true") == ("bdca", False)
    assert listed.page(open="true", sort="-due_date") == ("acdb", False)
    assert listed.all(open="true") == "bdca"
    assert listed.page(open="true", limit=2) == ("bd", True)
    assert listed.page(open="true", limit=2, starting_after=listed.id("d")) == ("ca", False)
    assert listed.page(open="true", limit=2, ending_before=listed.id("a")) == ("dc", True)
    assert listed.page(open="true", limit=2, ending_before=listed.id("c")) == ("bd", False)
    pay(listed, "c", "3600.00")
    pay(listed, "a", "100.00")
    assert listed.page(open="true") == ("bda", False)
    assert listed.page(open="false") == ("c", False)
    assert listed.page(open="true", status="partially_paid") == ("a", False)
    credited = listed.shop.owner.post(f"{INVOICES}/{listed.id('b')}/credit")
    assert credited.status == 201, credited.text
    assert listed.page(open="true") == ("da", False)


def test_due_dates_limit_what_is_open(listed: Listed) -> None:
    days = {n: str(listed.shop.today + timedelta(days=n)) for n in (10, 11, 20)}
    assert listed.page(open="true", due_from=days[11]) == ("ca", False)
    assert listed.page(open="true", due_from=days[10], due_to=days[20]) == ("bdc", False)
    assert listed.page(open="true", due_from=days[20], due_to=days[10]) == ("", False)
    pay(listed, "c", "3600.00")
    assert listed.page(due_to=days[20]) == ("dcb", False)


def test_overdue_is_open_and_past_its_due_date(listed: Listed) -> None:
    assert listed.page(overdue="true") == ("", False)
    pay(listed, "b", "3600.00")
    noon = datetime.combine(listed.shop.today + timedelta(days=20), time(12), UTC)
    after_ten = str(listed.shop.today + timedelta(days=11))
    with clock_at(listed.shop.world, noon):
        assert listed.page(overdue="true") == ("d", False)
        assert listed.page(overdue="false") == ("cba", False)
    with clock_at(listed.shop.world, noon + timedelta(days=1)):
        assert listed.page(overdue="true") == ("dc", False)
        assert listed.page(overdue="true", open="true", due_from=after_ten) == ("c", False)


def test_a_cursor_that_has_left_the_index_keeps_its_place(listed: Listed) -> None:
    pay(listed, "d", "3600.00")
    assert listed.page(open="true", starting_after=listed.id("d")) == ("ca", False)
    assert listed.page(open="true", ending_before=listed.id("d")) == ("b", False)
    refused = listed.shop.owner.get(INVOICES, query={"open": "true", "starting_after": listed.id("e")})
    assert (refused.status, refused.codes) == (422, [("/query/starting_after", "bad_cursor")])


def test_a_customers_documents_are_listed_by_id(listed: Listed) -> None:
    assert listed.page(customer=listed.other) == ("eb", False)
    assert listed.all(customer=listed.shop.customer) == "dca"
    assert listed.page(customer=listed.other, sort="created") == ("be", False)
    assert listed.page(customer=listed.other, status="draft") == ("e", False)
    assert listed.page(customer=listed.other, open="true") == ("b", False)
    assert listed.page(customer=listed.shop.customer, limit=1, ending_before=listed.id("a")) == ("c", True)
    moved = listed.shop.owner.patch(f"{INVOICES}/{listed.id('e')}", {"customer": listed.shop.customer}, "*")
    assert moved.status == 200, moved.text
    assert listed.page(customer=listed.other) == ("b", False)
    assert listed.page(customer=listed.shop.customer) == ("edca", False)
    listed.shop.owner.post(f"{INVOICES}/{listed.id('e')}/issue")
    assert listed.page(customer=listed.shop.customer) == ("edca", False)


def test_days_of_issue_order_what_they_find(listed: Listed) -> None:
    today = listed.shop.today
    tomorrow = today + timedelta(days=1)
    with clock_at(listed.shop.world, datetime.combine(tomorrow, time(12), UTC)):
        listed.shop.owner.post(f"{INVOICES}/{listed.id('e')}/issue")
    assert listed.page(issued_from=str(tomorrow)) == ("e", False)
    assert listed.page(issued_to=str(today)) == ("dcba", False)
    assert listed.page(issued_from=str(today), issued_to=str(tomorrow), sort="issue_date") == ("abcde", False)
    assert listed.page(sort="-issue_date", limit=2) == ("ed", True)
    assert listed.all(sort="issue_date") == "abcde"
    assert listed.page(issued_from=str(today), status="paid") == ("", False)


def test_drafts_have_no_day_of_issue(listed: Listed) -> None:
    assert listed.page(sort="issue_date") == ("abcd", False)
    assert listed.page(sort="issue_date", status="draft") == ("", False)
    assert listed.page(status="draft") == ("e", False)


def test_a_number_finds_its_document(listed: Listed) -> None:
    numbers = {each["id"]: each["number"] for each in listed.shop.owner.get(INVOICES).json["data"]}
    assert listed.page(number=numbers[listed.id("c")]) == ("c", False)
    assert listed.page(number=numbers[listed.id("c")], open="true") == ("c", False)
    assert listed.page(number=numbers[listed.id("c")], customer=listed.other) == ("", False)
    assert listed.page(number=numbers[listed.id("c")], starting_after=listed.id("c")) == ("", False)
    assert listed.page(number="FA-1999-00001") == ("", False)
    assert listed.page(number="nothing like it") == ("", False)
    series = {"series": {"invoice": {"pattern": "{year}/{seq}-X", "reset": "year"}}}
    assert listed.shop.owner.patch("/v1/company", series, "*").status == 200
    issued = listed.shop.owner.post(f"{INVOICES}/{listed.id('e')}/issue").json
    assert listed.page(number=issued["number"]) == ("e", False)
    assert listed.page(number=numbers[listed.id("a")]) == ("a", False)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("zenith", "eb"),
        ("BÉTON zén", "eb"),
        ("client", "dca"),
        ("enith", ""),
        ("00003", "c"),
        ("fa 0000", "dcba"),
        ("zenith 0000", "b"),
        ("fa-{year}-00004", "d"),
        ("zenith 00001", ""),
        ("00005", ""),
        ("002136", ""),
        ("zenith client", ""),
    ],
)
def test_words_find_numbers_and_names(listed: Listed, q: str, found: str) -> None:
    q = q.format(year=listed.shop.today.year)
    assert listed.page(q=q) == (found, False)
    assert listed.all(q=q) == found


def test_words_and_other_filters(listed: Listed) -> None:
    assert listed.page(q="zenith", status="draft") == ("e", False)
    assert listed.page(q="zenith", open="true") == ("b", False)
    assert listed.page(q="0000", customer=listed.other) == ("b", False)
    assert listed.page(q="0000", sort="created", limit=2) == ("ab", True)
    assert listed.page(q="0000", limit=2, ending_before=listed.id("a")) == ("cb", True)


def test_a_renamed_buyer_is_found_by_both_names(listed: Listed) -> None:
    listed.shop.owner.patch(f"/v1/customers/{listed.other}", {"name": "Béton du Nord"}, "*")
    assert listed.page(q="nord") == ("eb", False)
    assert listed.page(q="beton") == ("eb", False)


@pytest.mark.parametrize("q", ["client", "fa"])
def test_a_search_that_finds_too_much_is_refused(listed: Listed, q: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.services.documents import listing_search

    listed.shop.owner.post("/v1/customers", {"name": "Clients réunis", "kind": "consumer"})
    monkeypatch.setattr(listing_search, "MOST_FOUND", 1)
    refused = listed.shop.owner.get(INVOICES, query={"q": q})
    assert (refused.status, refused.json["code"]) == (422, "query_too_broad")
    assert refused.codes == [("/query/q", "query_too_broad")]


@pytest.mark.parametrize(
    "query",
    [
        {"open": "true", "sort": "created"},
        {"open": "true", "sort": "-issue_date"},
        {"overdue": "true", "sort": "issue_date"},
        {"sort": "due_date"},
        {"due_to": "2026-01-01", "sort": "due_date"},
        {"issued_from": "2026-01-01", "sort": "created"},
        {"q": "atlas", "sort": "issue_date"},
        {"customer": "cus_01KDVDNFVG0R30C1G60R30C1G6", "sort": "-issue_date"},
        {"number": "FA-2026-00001", "sort": "issue_date"},
    ],
)
def test_a_filter_has_one_order(shop: Shop, query: dict[str, str]) -> None:
    refused = shop.owner.get(INVOICES, query=query)
    assert (refused.status, refused.json["code"]) == (422, "sort_not_with_filter")
    assert refused.codes == [("/query/sort", "sort_not_with_filter")]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (INVOICES, {"open": "yes"}, "wrong_type"),
        (INVOICES, {"sort": "number"}, "not_one_of"),
        (INVOICES, {"due_from": "soon"}, "bad_date"),
        ("/v1/credit-notes", {"open": "true"}, "unknown_parameter"),
        ("/v1/credit-notes", {"sort": "due_date"}, "not_one_of"),
    ],
)
def test_a_list_refuses_what_it_does_not_know(shop: Shop, path: str, query: dict[str, str], code: str) -> None:
    refused = shop.owner.get(path, query=query)
    (name,) = query
    assert (refused.status, refused.codes) == (422, [(f"/query/{name}", code)])


def test_credit_notes_are_found_too(listed: Listed) -> None:
    note = listed.shop.owner.post(f"{INVOICES}/{listed.id('b')}/credit").json
    for query in ({"number": note["number"]}, {"customer": listed.other}, {"q": "zenith"}, {"sort": "issue_date"}):
        got = listed.shop.owner.get("/v1/credit-notes", query=query).json
        assert [each["id"] for each in got["data"]] == [note["id"]], query


def test_an_erased_buyers_documents_are_found_by_number_only(listed: Listed) -> None:
    from chalicelib.domain.companies.party import Customer
    from chalicelib.domain.privacy.erased import marked
    from chalicelib.store.decision import ACCOUNT, Decision
    from chalicelib.store.transaction import transact

    shop = listed.shop
    call = shop.world.call(shop.company, "user-1", "erase", key="erase", request="erase")
    transact(
        shop.world.store,
        call,
        [],
        lambda snapshot: Decision(head={"erased": marked(snapshot.head.erased, listed.other)}),
        ACCOUNT,
    )
    erase_row(shop.world.store, Customer.ref(shop.company, listed.other))
    assert listed.page(q="zenith") == ("", False)
    assert listed.page(q="00002") == ("b", False)
    assert listed.page(customer=listed.other) == ("", False)


def test_a_page_that_the_filters_shorten_is_filled(listed: Listed) -> None:
    for name in "acd":
        pay(listed, name, "3600.00")
    assert listed.page(issued_from=str(listed.shop.today), status="issued", limit=1) == ("b", False)
    assert listed.page(customer=listed.shop.customer, status="paid", limit=2) == ("dc", True)


def test_another_companys_documents_are_not_found(listed: Listed, new_shop: Callable[..., Shop]) -> None:
    other = new_shop()
    for query in ({"customer": listed.other}, {"q": "zenith"}, {"open": "true"}, {"sort": "issue_date"}):
        assert other.owner.get(INVOICES, query=query).json["data"] == []
