"""Access: one archive of all that the API shows of a company, of nobody else, and opposition at once."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.clock import today
from chalicelib.files import prefixes
from chalicelib.jobs import requests as request_jobs
from chalicelib.jobs.job import within
from chalicelib.jobs.requests import requests_job
from chalicelib.jobs.runner import run, run_scheduled
from chalicelib.services.exports.page import safe
from chalicelib.services.privacy import limits
from chalicelib.services.privacy.access import export
from chalicelib.services.privacy.access.contents import WITHHELD, kinds
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.privacy.requests import requests
from chalicelib.workflow import engine
from tests.client import Client
from tests.conftest import Shop
from tests.crash import Killed, watched
from tests.privacy.test_requests_api import asked, refused, stale
from tests.privacy.worlds import Books, Turned

URL = "/v1/privacy/requests"
FORMULA = "=HYPERLINK(1)"


def opened(content: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


def exported(shop: Shop) -> str:
    """An export asked for, confirmed and made; the request's id."""
    id = str(shop.owner.post(URL, {"kind": "access"}).json["id"])
    assert shop.owner.post(f"{URL}/{id}/confirm", {}).json["status"] == "verified"
    run_scheduled(shop.world, "requests")
    return id


def archive_of(shop: Shop, id: str) -> zipfile.ZipFile:
    return opened(shop.world.files.read(prefixes.export(shop.company, id)))


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(archive.read(f"data/{name}.json"))
    return found


def test_the_archive_has_the_rows_as_the_api_shows_them(shop: Shop) -> None:
    shop.draft()
    issued = shop.issued(notes=FORMULA)
    pay = {"amount": "5000.00", "method": "cash", "date": str(shop.today)}
    assert shop.owner.post(f"/v1/invoices/{issued['id']}/payments", pay).status == 201
    refund = shop.owner.post(f"/v1/customers/{issued['customer']}/refunds", pay | {"amount": "1.00"})
    assert refund.status == 201, refund.text
    id = exported(shop)
    shown = shop.owner.get(f"{URL}/{id}").json
    assert (shown["status"], shown["download"]) == ("completed", f"{URL}/{id}/download")
    assert all(step["done"] for step in shown["steps"])
    archive = archive_of(shop, id)
    assert rows(archive, "company") == [shop.owner.get("/v1/company").json]
    assert rows(archive, "customers") == shop.owner.get("/v1/customers").json["data"]
    assert rows(archive, "members") == shop.owner.get("/v1/members").json["data"]
    assert rows(archive, "payments") == shop.owner.get("/v1/payments").json["data"]
    credit = f"/v1/customers/{issued['customer']}/credit"
    assert rows(archive, "credit_entries") == shop.owner.get(credit).json["data"]
    assert rows(archive, "refunds") == [refund.json]
    by_id = {row["id"]: row for row in shop.owner.get("/v1/invoices").json["data"]}
    assert {row["id"]: row for row in rows(archive, "invoices") + rows(archive, "drafts")} == by_id
    assert [name for name in archive.namelist() if name.startswith("pdf/") and issued["id"] in name]
    pages = [archive.read(name) for name in archive.namelist() if name.startswith("pdf/")]
    assert [page[:5] for page in pages] == [b"%PDF-"]
    assert {f"data/{kind.name}.{form}" for kind in kinds() for form in ("json", "csv")} <= set(archive.namelist())


def test_the_index_states_data_and_reasons_without_a_script(shop: Shop) -> None:
    shop.issued()
    archive = archive_of(shop, exported(shop))
    page = archive.read("index.html").decode()
    assert '<html lang="fr" dir="ltr">' in page
    assert "CGI, art. 211" in page
    assert "Boutique Exemple" in page
    assert "<script" not in page
    for name in archive.namelist():
        assert name == "index.html" or f'href="{name}"' in page


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("+2125", "'+2125"),
        ("-a", "'-a"),
        ("@x", "'@x"),
        ("-12.50", "-12.50"),
        ("a=b", "a=b"),
        ("\t=1", "'\t=1"),
        (" =1+1", "' =1+1"),
        ("＝1+1", "'＝1+1"),
        ("-", "'-"),
    ],
)
def test_a_cell_is_no_formula(cell: str, kept: str) -> None:
    assert safe(cell) == kept


def test_the_tables_are_safe_in_a_spreadsheet(shop: Shop) -> None:
    shop.owner.post("/v1/customers", {"name": FORMULA, "kind": "consumer"})
    archive = archive_of(shop, exported(shop))
    assert FORMULA in {row["name"] for row in rows(archive, "customers")}
    for name in archive.namelist():
        if name.endswith(".csv"):
            table = csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline=""))
            assert not [cell for line in table for cell in line if cell.startswith("=")]
    assert "'=HYPERLINK" in archive.read("data/customers.csv").decode()


def test_the_archive_holds_no_secret_no_other_company_and_no_confidential_row(vault: Turned) -> None:
    mine, other = Books(vault, mark="Mine4Z", owners=2), Books(vault, mark="Other9K")
    for day in (None, today(mine.at) + timedelta(days=9)):
        disclosures.record(
            vault,
            mine.id,
            DisclosureInput(
                kind="lawful_demand",
                recipient=f"until {day}",
                basis="CGI, art. 214",
                data=("document.content",),
                disclosed_on=today(mine.at),
                hidden_until=day,
            ),
            "opr_1",
        )
    made = requests.ask(vault, mine.call(), mine.owner(), "access", None)
    requests.confirm(vault, mine.call(), mine.owner(), made.outcome.id)
    requests.ask(vault, mine.call(), mine.owner(1), "opposition", None)
    run(vault, requests_job({"access": request_jobs.access}), now=vault.now(), left=within(120))
    archive = opened(vault.files.read(prefixes.export(mine.id, made.outcome.id)))
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Mine4Z" in everything
    assert b"Other9K" not in everything
    assert other.id.encode() not in everything
    assert [row["recipient"] for row in rows(archive, "disclosures")] == ["until None"]
    assert rows(archive, "consents") == [], "the other owner's own"
    (key,) = rows(archive, "api_keys")
    assert "digest" not in key
    assert all("email_key" not in row for row in rows(archive, "members"))
    assert ("requests", "hold") in WITHHELD


def parts(books: Books, id: str) -> list[str]:
    return list(books.world.files.list(prefixes.export_parts(books.id, id)))


def confirmed(books: Books) -> str:
    """An export asked for and confirmed; the request's id."""
    id = requests.ask(books.world, books.call(), books.owner(), "access", None).outcome.id
    requests.confirm(books.world, books.call(), books.owner(), id)
    return id


def work(books: Books, id: str) -> None:
    while books.request(id).status != "completed":
        engine.run(books.world, export.WORKFLOW, books.request(id))


def state(books: Books, id: str) -> tuple[Any, ...]:
    request = books.request(id)
    archive = opened(books.world.files.read(prefixes.export(books.id, id)))
    (mark,) = [row for row in books.rows("transient") if row["sort"]["S"] == f"upload#upl_{id[4:]}"]
    return (
        sorted(row["id"] for row in rows(archive, "customers")),
        request.status,
        request.receipt,
        parts(books, id),
        [(m.found, m.done) for m in request.measures],
        mark["due"],
        archive.namelist(),
    )


def test_killed_after_any_call_it_ends_the_same(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    few = tuple(kind for kind in kinds() if kind.name == "customers")
    monkeypatch.setattr(export, "kinds_for", lambda _: few)
    monkeypatch.setattr(export, "PRINTED", ())
    monkeypatch.setattr(export, "COPIED", (prefixes.LOGOS,))
    monkeypatch.setattr(limits, "ASKED_A_DAY", 1_000)
    monkeypatch.setattr(export, "PAGE", 1)
    monkeypatch.setattr(export, "ROWS", 1)
    books = Books(vault)
    clients = [vault.store.connection.client, vault.files.client]
    whole = confirmed(books)
    with watched(clients) as calls:
        work(books, whole)
    expected = state(books, whole)
    assert expected[0] == sorted([books.customer, books.other])
    for at, when in calls.moments:
        id = confirmed(books)
        with pytest.raises(Killed), watched(clients, at, when):
            work(books, id)
        work(books, id)
        assert state(books, id) == expected, f"killed {when} call {at}, {calls.made[at]}"


def test_a_fresh_sign_in_gets_a_fresh_link(shop: Shop) -> None:
    id = exported(shop)
    address = f"{URL}/{id}/download"
    redirect = shop.owner.get(address)
    assert redirect.status == 303
    assert "X-Amz-Expires=300" in redirect.headers["location"]
    told = shop.owner.get(address, accept="application/json")
    assert (told.status, sorted(told.json)) == (200, ["expires_at", "url"])
    assert refused(stale(shop).get(address)) == (403, "proof_needed")
    assert refused(shop.member("clerk").get(address)) == (404, "not_found")
    assert refused(shop.key("privacy.read")[0].get(address)) == (403, "proof_needed")


def test_nothing_to_download_before_it_is_made_or_of_another_kind(shop: Shop) -> None:
    id = str(shop.owner.post(URL, {"kind": "access"}).json["id"])
    assert refused(shop.owner.get(f"{URL}/{id}/download")) == (404, "not_found")
    deletion = asked(shop.owner, shop.customer)
    assert refused(shop.owner.get(f"{URL}/{deletion}/download")) == (404, "not_found")


def test_after_seven_days_it_is_gone(vault: Turned) -> None:
    from chalicelib.domain.errors import NotFound
    from chalicelib.services.privacy.access.downloads import download

    books = Books(vault)
    id = confirmed(books)
    run(vault, requests_job({"access": request_jobs.access}), now=vault.now(), left=within(120))
    vault.offset = timedelta(days=6, hours=23)
    assert download(vault, books.id, books.owner(), id).url.startswith("http")
    run_scheduled(vault, "uploads")
    assert vault.files.exists(prefixes.export(books.id, id))
    vault.offset = timedelta(days=7, minutes=5)
    with pytest.raises(NotFound):
        download(vault, books.id, books.owner(), id)
    run_scheduled(vault, "uploads")
    assert not vault.files.exists(prefixes.export(books.id, id))


def test_a_blocked_account_is_read_no_more(vault: Turned) -> None:
    books = Books(vault)
    id = confirmed(books)
    while len(parts(books, id)) < 2:
        engine.run(vault, export.WORKFLOW, books.request(id))
    books.confirmed()
    assert engine.run(vault, export.WORKFLOW, books.request(id))
    assert (books.request(id).status, books.request(id).reason) == ("refused", "account_blocked")
    assert parts(books, id) == []


def test_one_customers_access_holds_nothing_of_another(shop: Shop) -> None:
    mine = shop.issued()
    other = shop.owner.post("/v1/customers", {"name": "Autre Serin7Q", "kind": "consumer"}).json["id"]
    theirs = shop.issued(customer=other, notes="Autre Serin7Q")
    id = str(shop.owner.post(URL, {"kind": "access", "subject": shop.customer}).json["id"])
    shop.owner.post(f"{URL}/{id}/confirm", {})
    run_scheduled(shop.world, "requests")
    archive = archive_of(shop, id)
    assert [row["id"] for row in rows(archive, "customers")] == [shop.customer]
    assert [row["id"] for row in rows(archive, "invoices")] == [mine["id"]]
    (page,) = [name for name in archive.namelist() if name.startswith("pdf/")]
    assert mine["id"] in page
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Serin7Q" not in everything
    assert theirs["id"].encode() not in everything
    assert "data/members.json" not in archive.namelist()
    assert shop.owner.get(f"{URL}/{id}/download").status == 303


def test_a_clerk_has_their_own_data_and_nobody_elses(shop: Shop) -> None:
    clerk = shop.member("clerk")
    owner_says, clerk_says = ({"subject": who, "text": f"{who} asks"} for who in ("Owner8X", "Clerk8X"))
    assert shop.owner.post("/v1/support", owner_says).status == 201
    assert clerk.post("/v1/support", clerk_says).status == 201
    id = str(clerk.post(URL, {"kind": "access"}).json["id"])
    assert clerk.post(f"{URL}/{id}/confirm", {}).json["status"] == "verified"
    run_scheduled(shop.world, "requests")
    archive = archive_of(shop, id)
    (own,) = rows(archive, "members")
    assert own["role"] == "clerk"
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Clerk8X" in everything
    assert b"Owner8X" not in everything
    assert b"data/customers" not in everything
    assert clerk.get(f"{URL}/{id}/download").status == 303
    assert refused(shop.member("clerk").get(f"{URL}/{id}/download")) == (404, "not_found")


@pytest.mark.parametrize("role", ["owner", "clerk"])
def test_opposition_counts_at_once(shop: Shop, role: str) -> None:
    member: Client = shop.member(role)
    assert member.get("/v1/consents").json["diagnostics"]["granted"] is True
    got = member.post(URL, {"kind": "opposition"})
    assert (got.status, got.json["status"], got.json["affects"]) == (201, "completed", "member")
    after = member.get("/v1/consents").json
    assert (after["marketing"]["granted"], after["diagnostics"]["granted"]) == (False, False)
    assert after["marketing"]["chosen_at"]
    assert shop.owner.get("/v1/consents").json["diagnostics"]["granted"] is True, "nobody else's"
    assert member.post(URL, {"kind": "opposition"}).json["status"] == "completed", "again does no harm"


def off(client: Client) -> bool:
    """Whether marketing and diagnostics are off for a member, by an answer and not by default."""
    now = client.get("/v1/consents").json
    return all(now[kind]["granted"] is False and now[kind]["chosen_at"] for kind in ("marketing", "diagnostics"))


def test_an_owner_and_a_key_oppose_for_others_at_once(shop: Shop) -> None:
    clerk, viewer = shop.member("clerk"), shop.member("viewer")
    ids = {row["user"]: row["id"] for row in shop.owner.get("/v1/members").json["data"]}
    of_clerk = next(id for user, id in ids.items() if clerk.get("/v1/consents").json["id"] == id)
    got = shop.owner.post(URL, {"kind": "opposition", "subject": of_clerk}).json
    assert (got["status"], got["affects"], got["subject"]) == ("completed", "member", of_clerk)
    assert (off(clerk), off(viewer), off(shop.owner)) == (True, False, False)
    assert refused(viewer.post(URL, {"kind": "opposition", "subject": of_clerk})) == (403, "forbidden")
    key, _ = shop.key("privacy.write")
    assert key.post(URL, {"kind": "opposition"}).json["status"] == "completed"
    assert [off(each) for each in (clerk, viewer, shop.owner)] == [True] * 3, "the company's is everybody's"


def test_a_customers_opposition_is_recorded_and_done(shop: Shop) -> None:
    key, _ = shop.key("privacy.write", "privacy.read")
    for client in (shop.owner, key):
        got = client.post(URL, {"kind": "opposition", "subject": shop.customer}).json
        assert (got["status"], got["affects"]) == ("completed", "party")
        assert got["closed_at"]
    nobody = "cus_01J00000000000000000000000"
    assert refused(key.post(URL, {"kind": "opposition", "subject": nobody})) == (404, "not_found")
    assert not off(shop.owner)
