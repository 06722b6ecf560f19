"""The product's behaviour with kinds that we number. `test_toy_kind.py` runs it where the kinds are declared first."""

import csv
import io
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.presenters.affected import present_affected
from chalicelib.domain.backups.backup import Backup, DrillPlan
from chalicelib.domain.companies.company import Company, Head, Series
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record
from chalicelib.render.typst_renderer import TypstRenderer
from chalicelib.services.backup import drill
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.services.documents.view import draft_view, issued_view
from chalicelib.services.privacy.access import contents
from chalicelib.services.privacy.rectification.affected import AffectedDocument
from chalicelib.store.drill import drill_settings
from chalicelib.store.tables import create_tables
from chalicelib.workflow import engine
from tests.api.test_openapi_contract import broken
from tests.backup.restoring import content_of
from tests.backup.worlds import taken, turned_on
from tests.conftest import Shop
from tests.toy.backups import BackedUp, downloaded, job_of, read
from tests.toy.numbered_kinds import Rent, RentBalance, RentDraft, Slip, SlipDraft
from tests.unit.render.test_typst import text_of

RENTS, SLIPS = "/v1/toy-rents", "/v1/toy-slips"
LINE = {"description": "Bois", "quantity": "2", "unit_price": "50.00", "vat_rate": "20"}


@dataclass(frozen=True)
class Counter(BackedUp):
    """A company with a backup, a rent of which a part is paid, a delivered slip, and a draft of each."""

    rent: dict[str, Any]
    slip: dict[str, Any]


def drafted(shop: Shop, url: str) -> str:
    """The id of a new draft of one line. A rent has its period too."""
    content = {"customer": shop.customer, "lines": [LINE]} | ({"period": "11/2026"} if url == RENTS else {})
    made = shop.owner.post(url, content)
    assert made.status == 201, made.text
    return str(made.json["id"])


def numbered(shop: Shop, url: str, verb: str) -> dict[str, Any]:
    """A new document under the next number of its series."""
    got = shop.owner.post(f"{url}/{drafted(shop, url)}/{verb}", {})
    assert got.status == 200, got.text
    found: dict[str, Any] = got.json
    return found


def stored(shop: Shop, cls: type[Record], id: str) -> Any:
    """A row of the company."""
    (found,) = shop.world.store.records([cls.ref(shop.company, id)])
    assert isinstance(found, cls)
    return found


def paid(shop: Shop, id: str, amount: str) -> None:
    """Pay a part of a rent through the API, which has a payment's endpoints for every kind that asks for money."""
    got = shop.owner.post(
        f"{RENTS}/{id}/payments", {"amount": amount, "method": "transfer", "date": shop.today.isoformat()}
    )
    assert got.status == 201, got.text


@pytest.fixture
def counter(shop: Shop) -> Counter:
    books = turned_on(shop)
    rent, slip = numbered(shop, RENTS, "issue"), numbered(shop, SLIPS, "deliver")
    numbered(shop, SLIPS, "deliver")
    paid(shop, rent["id"], "20.00")
    drafted(shop, RENTS)
    drafted(shop, SLIPS)
    return Counter(books, rent, slip)


def test_the_register_holds_the_rent_and_not_the_slip(counter: Counter) -> None:
    shop, year = counter.shop, counter.shop.today.year
    assert (counter.rent["number"], counter.slip["number"]) == (f"LO-{year}-00001", f"BX-{year}-00001")
    assert (counter.rent["register"]["position"], counter.slip["register"]) == (1, None)
    assert [row["status"] for row in read(shop, "/v1/register", series=f"LO-{year}")["data"]] == ["partially_paid"]
    assert read(shop, "/v1/register", series=f"BX-{year}")["data"] == []
    assert read(shop, "/v1/register/verify", series=f"LO-{year}")["verified"] is True
    assert shop.owner.get("/v1/register/verify", query={"series": f"BX-{year}"}).status == 404
    assert stored(shop, Series, f"BX-{year}").next == 3


def test_a_part_that_is_paid_shows_everywhere(counter: Counter) -> None:
    shop, id = counter.shop, counter.rent["id"]
    shown = read(shop, f"{RENTS}/{id}")
    assert (shown["status"], shown["paid"], shown["balance"]) == ("partially_paid", "20.00", "100.00")
    assert [row["id"] for row in read(shop, RENTS, status="partially_paid")["data"]] == [id]
    (seen,) = [each for each in read(shop, "/v1/changes", limit=100)["data"] if each["id"] == id]
    assert seen["object"] == shown


def test_each_answer_is_as_the_api_describes_it(counter: Counter) -> None:
    owner, described = counter.shop.owner, read(counter.shop, "/openapi.json")
    rent, slip = f"{RENTS}/{counter.rent['id']}", f"{SLIPS}/{counter.slip['id']}"
    answers = [
        (f"GET {RENTS}/{{id}}", owner.get(rent)),
        (f"GET {RENTS}/{{id}}/ubl", owner.get(f"{rent}/ubl")),
        (f"GET {SLIPS}", owner.get(SLIPS)),
        (f"GET {SLIPS}/{{id}}", owner.get(slip)),
        (f"POST {SLIPS}/preview", owner.post(f"{SLIPS}/preview", {"lines": [LINE]})),
        ("GET /v1/series", owner.get("/v1/series")),
    ]
    endpoints = {f"{endpoint.method} {endpoint.path}": endpoint for endpoint in ENDPOINTS}
    assert [got.text for _, got in answers if got.status >= 400] == []
    assert [(name, *broken(described, endpoints[name], got)) for name, got in answers] == [
        (name,) for name, _ in answers
    ]


def test_a_slip_states_no_amounts(counter: Counter) -> None:
    shop = counter.shop
    assert (counter.slip["totals"], counter.slip["amount_in_words"]) == (None, None)
    (draft,) = read(shop, SLIPS, status="draft")["data"]
    assert (draft["totals"], draft["amount_in_words"]) == (None, None)
    text = text_of(TypstRenderer().render(issued_view(stored(shop, Slip, counter.slip["id"]), "fr")))
    assert "Bois" in text
    assert "50" not in text


def test_a_drafts_page_shows_the_facts_of_its_kind_only(counter: Counter) -> None:
    shop = counter.shop
    content = {"operation_date": shop.today.isoformat(), "lines": [LINE]}
    id = shop.owner.post(RENTS, content).json["id"]
    (company,) = shop.world.store.records([Company.ref(shop.company)])
    assert isinstance(company, Company)
    assert draft_view(stored(shop, RentDraft, id), company, None, "fr").facts == ()


def test_the_export_of_an_account_leaves_out_the_rents_and_their_balances() -> None:
    classes = {kind.cls for kind in contents.kinds_for(None)}
    assert {Slip, SlipDraft} <= classes
    assert not {Rent, RentDraft, RentBalance} & classes


def test_a_rectification_offers_no_credit_that_has_no_endpoint(counter: Counter) -> None:
    shop = counter.shop
    state = DocumentState(stored(shop, Rent, counter.rent["id"]))
    shown = present_affected(AffectedDocument(state, ("name",)), stored(shop, Head, shop.company))
    assert (shown["credit"], shown["reissue"]["url"]) == (None, RENTS)
    assert (counter.rent["period"], shown["reissue"]["body"]["period"]) == ("11/2026", "11/2026")


# ── Backed up and restored ───────────────────────────────────────────────────────────────────────────────────────────


def rows(counter: Counter, company: str | None = None) -> dict[tuple[str, str], Record]:
    """Every row of a company that a backup holds."""
    return content_of(counter.shop.world, company or counter.company)


def test_a_backup_verifies_and_brings_back_what_is_lost(counter: Counter) -> None:
    before, backup = rows(counter), taken(counter.books)
    named = ("toy_rents", "toy_rent_balances", "toy_rent_drafts", "slips_handed", "toy_slip_drafts", "register")
    assert [(backup.counts or {})[name] for name in named] == [1, 1, 1, 2, 1, 1]
    manifest = open_archive(counter.shop.world, counter.company, backup.id).manifest
    assert [head.series for head in manifest.series] == [f"LO-{counter.shop.today.year}"]
    job_of(counter.shop, f"/v1/backups/{backup.id}/verify", {})
    store = counter.shop.world.store
    lost = [cls.ref(counter.company, counter.rent["id"]) for cls in (Rent, RentBalance)]
    for ref in (*lost, Slip.ref(counter.company, counter.slip["id"])):
        store.connection.delete_item(store.names[ref.table], ref.company, ref.sort)
    restored = job_of(counter.shop, f"/v1/backups/{backup.id}/restore", {"kinds": ["toy_rents", "slips_handed"]})
    found = {name: each["restored"] for name, each in restored["kinds"].items() if each.get("restored")}
    assert found == {"toy_rents": 1, "toy_rent_balances": 1, "slips_handed": 1}
    assert rows(counter) == before


def test_a_copy_of_the_company_has_the_same_rows(counter: Counter) -> None:
    before, backup = rows(counter), taken(counter.books)
    company = str(job_of(counter.shop, f"/v1/backups/{backup.id}/restore", {"into": "new"})["company"])
    copy = rows(counter, company)
    assert copy.keys() == before.keys()
    for key, row in before.items():
        if not isinstance(row, Company | Series):  # their ids and chains begin with the company's id
            assert replace(copy[key], company=counter.company) == row
    assert {type(row) for row in copy.values()} >= {Rent, RentBalance, RentDraft, Slip, SlipDraft}


def test_a_drill_finds_every_series_as_it_was(counter: Counter) -> None:
    shop, backup = counter.shop, taken(counter.books)
    create_tables(drill_settings(shop.world.settings))
    over = (engine.run(shop.world, drill.WORKFLOW, stored(shop, DrillPlan, counter.company)) for _ in range(60))
    assert any(over)
    assert stored(shop, Backup, backup.id).drill == "passed"


def test_a_download_names_the_rent_of_its_balance(counter: Counter) -> None:
    bundle = downloaded(counter.shop, taken(counter.books).id)
    (row,) = csv.DictReader(io.StringIO(bundle.read("data/toy_rent_balances.csv").decode("utf-8-sig")))
    assert row == {"toy_rent": counter.rent["id"], "paid": "20", "credited": "0"}
    slips = json.loads(bundle.read("data/slips_handed.json"))
    assert [slip["totals"] for slip in slips] == [None, None]
    assert "Soldes : Loyers" in bundle.read("index.html").decode()
