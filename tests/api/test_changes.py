"""The change feed: a client that applies page after page ends with what there is."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.journal import JournalEntry
from chalicelib.services import changes, commits
from tests import joining
from tests.conftest import Shop

Seen = dict[tuple[str, str], Any]


def _pages(shop: Shop, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    pages = []
    while True:
        page = shop.owner.get("/v1/changes", query={"after": after, "limit": limit}).json
        assert (page["object"], page["url"]) == ("list", "/v1/changes")
        pages.append(page)
        after = page["clock"]
        if not page["has_more"]:
            return pages


def _applied(pages: list[dict[str, Any]]) -> Seen:
    seen: Seen = {}
    for change in (change for page in pages for change in page["data"]):
        if change["op"] == "delete":
            seen.pop((change["kind"], change["id"]), None)
        else:
            seen[change["kind"], change["id"]] = change["object"]
    return seen


def _touched(pages: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(c["kind"], c["id"], c["op"]) for page in pages for c in page["data"]]


def _busy_day(shop: Shop) -> str:
    """An invoice issued, paid in part and credited; a draft; an item that comes and goes. The invoice's id."""
    owner = shop.owner
    invoice, draft = shop.issued(), shop.draft()
    owner.post(
        f"/v1/invoices/{invoice['id']}/payments",
        {"amount": "100.00", "method": "transfer", "date": invoice["issue_date"]},
    )
    owner.post(f"/v1/invoices/{invoice['id']}/credit", {"lines": [{"line": 1, "quantity": "1"}]})
    item = owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}).json["id"]
    owner.delete(f"/v1/items/{item}", "*")
    owner.post("/v1/suppliers", {"name": "Fournisseur", "kind": "consumer"})
    owner.patch(f"/v1/invoices/{draft['id']}", {"notes": "à revoir"}, "*")
    owner.post("/v1/members", {"email": joining.address(), "role": "viewer"})
    return str(invoice["id"])


def _everything(shop: Shop) -> Seen:
    lists = ["/v1/customers", "/v1/suppliers", "/v1/items", "/v1/invoices", "/v1/credit-notes"]
    rows = [row for path in lists for row in shop.owner.get(path).json["data"]]
    rows += [
        payment
        for row in shop.owner.get("/v1/invoices").json["data"]
        if row["status"] != "draft"
        for payment in shop.owner.get(f"/v1/invoices/{row['id']}/payments").json["data"]
    ]
    return {(row["object"], row["id"]): row for row in [*rows, shop.owner.get("/v1/company").json]}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_applying_the_pages_gives_the_stored_state(shop: Shop, limit: int) -> None:
    _busy_day(shop)
    pages = _pages(shop, limit=limit)
    assert _applied(pages) == _everything(shop)
    assert pages[-1]["clock"] == shop.clock
    assert [page["clock"] for page in pages] == sorted({page["clock"] for page in pages})


def test_a_page_holds_each_thing_once_and_whole_commits(shop: Shop) -> None:
    _busy_day(shop)
    (page,) = _pages(shop)
    things = [(change["kind"], change["id"]) for change in page["data"]]
    assert len(things) == len(set(things))
    assert [change["clock"] for change in page["data"]] == sorted(change["clock"] for change in page["data"])
    for small in _pages(shop, limit=1)[:-1]:
        assert len({change["clock"] for change in small["data"]}) <= 1  # one commit, however many things it touched


def test_issuing_is_one_put_of_the_invoice(shop: Shop) -> None:
    draft = shop.draft()
    before = shop.clock
    shop.owner.post(f"/v1/invoices/{draft['id']}/issue")
    (page,) = _pages(shop, after=before)
    assert _touched([page]) == [("invoice", draft["id"], "put")]
    assert page["data"][0]["object"]["status"] == "issued"


def test_a_payment_shows_itself_and_its_invoice(shop: Shop) -> None:
    invoice, before = shop.issued(), shop.clock
    body = {"amount": "600.00", "method": "transfer", "date": invoice["issue_date"]}
    payment = shop.owner.post(f"/v1/invoices/{invoice['id']}/payments", body).json
    (page,) = _pages(shop, after=before)
    shown = {change["kind"]: change["object"] for change in page["data"]}
    assert shown == {"payment": payment, "invoice": shop.owner.get(f"/v1/invoices/{invoice['id']}").json}
    assert shown["invoice"]["paid"] == "600.00"


def test_a_deletion_leaves_a_tombstone(shop: Shop) -> None:
    before = shop.clock
    shop.owner.delete(f"/v1/customers/{shop.customer}", "*")
    (page,) = _pages(shop, after=before)
    assert page["data"] == [
        {"clock": before + 1, "kind": "customer", "id": shop.customer, "op": "delete", "object": None}
    ]


def test_a_row_deleted_since_appears_only_as_its_deletion(shop: Shop) -> None:
    """The page that covers the creation, asked for after the deletion, shows nothing; the next shows the tombstone."""
    before = shop.clock
    shop.owner.post("/v1/suppliers", {"name": "Un", "kind": "consumer"})
    item = shop.owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}).json["id"]
    shop.owner.post("/v1/suppliers", {"name": "Deux", "kind": "consumer"})
    shop.owner.delete(f"/v1/items/{item}", "*")
    pages = _pages(shop, after=before, limit=2)
    assert [len(page["data"]) for page in pages] == [1, 2]
    assert _touched(pages)[-1] == ("item", item, "delete")


def test_a_refusal_and_a_settings_change_show_nothing(shop: Shop) -> None:
    before = shop.clock
    shop.owner.post("/v1/customers", {"name": "", "kind": "consumer"})
    shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*")
    (page,) = _pages(shop, after=before)
    assert (page["data"], page["clock"], page["has_more"]) == ([], before + 1, False)
    (idle,) = _pages(shop, after=page["clock"])
    assert (idle["data"], idle["clock"]) == ([], page["clock"])


def test_many_entries_that_nobody_sees_end_a_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_ENTRIES", 2)
    before = shop.clock
    for on in (True, False, True, False, True):
        shop.owner.patch("/v1/settings", {"cloud": {"backup": on}}, "*")
    pages = _pages(shop, after=before, limit=1)
    assert [page["clock"] - before for page in pages] == [2, 4, 5]


def test_a_bulk_issue_stays_whole(shop: Shop) -> None:
    drafts = [shop.draft()["id"] for _ in range(20)]
    before = shop.clock
    assert shop.owner.post("/v1/invoices/issue", {"ids": drafts}).status == 200
    (page,) = _pages(shop, after=before, limit=5)
    assert sorted(change["id"] for change in page["data"]) == sorted(drafts)
    assert {change["clock"] for change in page["data"]} == {before + 1}
    assert all(change["object"]["number"] for change in page["data"])


def test_changes_beyond_the_answers_size_are_named_without_their_object(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = [shop.draft()["id"] for _ in range(3)]
    before = shop.clock
    shop.owner.post("/v1/invoices/issue", {"ids": drafts})
    monkeypatch.setattr(changes, "ANSWER_BYTES", 1)
    (page,) = _pages(shop, after=before)
    assert [change["object"] is None for change in page["data"]] == [False, True, True]
    assert {change["op"] for change in page["data"]} == {"put"}


def test_large_rows_are_read_in_several_transactions(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "READ_BYTES", commits.DOCUMENT_BYTES * 2)
    _busy_day(shop)
    assert _applied(_pages(shop)) == _everything(shop)


def test_a_clock_beyond_the_journal_asks_for_a_full_read(shop: Shop) -> None:
    clock = shop.clock
    ahead = shop.owner.get("/v1/changes", query={"after": clock + 1})
    assert (ahead.status, ahead.json["code"], ahead.json["clock"]) == (410, "clock_too_old", clock)
    for swept in (1, 2):
        shop.world.store.connection.delete_item(
            shop.world.store.names["journal"], shop.company, JournalEntry.ref("", clock=swept).sort
        )
    behind = shop.owner.get("/v1/changes", query={"after": 1})
    assert (behind.status, behind.json["code"]) == (410, "clock_too_old")
    assert shop.owner.get("/v1/changes", query={"after": 2}).status == 200


def test_a_journal_purged_to_its_end_requires_a_full_read(shop: Shop) -> None:
    for clock in range(1, shop.clock + 1):
        shop.world.store.connection.delete_item(
            shop.world.store.names["journal"], shop.company, JournalEntry.ref("", clock=clock).sort
        )
    assert shop.owner.get("/v1/changes").json["code"] == "clock_too_old"


def test_without_synchronisation_there_is_no_feed(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(cloud=False)
    assert shop.owner.get("/v1/changes").json["code"] == "synchronisation_off"
    shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*")
    refused = shop.owner.get("/v1/changes")
    assert (refused.status, refused.json["code"]) == (409, "synchronisation_off")


@pytest.mark.parametrize("query", [{"after": "-1"}, {"after": "x"}, {"after": 10**12}, {"limit": 101}, {"since": 1}])
def test_a_query_that_is_not_understood_is_refused(shop: Shop, query: dict[str, Any]) -> None:
    assert shop.owner.get("/v1/changes", query=query).status == 422


def test_another_companys_changes_are_not_seen(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    new_shop().issued()
    assert {kind for kind, _, _ in _touched(_pages(shop))} == {"company", "customer"}
