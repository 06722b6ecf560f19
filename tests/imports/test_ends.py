"""The ends of an import: its file after a day, its undo after a day, another company, a role without the scope."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.files import prefixes
from chalicelib.jobs.runner import run_scheduled
from chalicelib.services.imports.kinds import RecordRules
from chalicelib.wiring import World
from tests.attaching import attach, picture
from tests.clocks import clock_at
from tests.conftest import Shop
from tests.imports.files import analysed, announced, committed, every, read, undone

LIST = b"Nom;Ville\nAtlas;Rabat\n"
A_DAY = timedelta(days=1, minutes=1)


def test_the_file_of_an_import_ends_after_a_day(shop: Shop, world: World) -> None:
    found = analysed(shop, "customers", LIST)
    under = f"imports/{shop.company}/"
    names = [key.rpartition("/")[2] for key in world.files.list(under)]
    assert names == ["analysis.json", "file", "refusals.csv"]
    with clock_at(world, world.now() + A_DAY):
        run_scheduled(world, "uploads")
        assert list(world.files.list(under)) == []
        late = shop.owner.post(f"/v1/imports/{found['id']}/commit")
        assert (late.status, late.json["code"]) == (409, "import_over")
        shown = read(shop, found["id"])
        assert (shown["rows"], shown["refusals"], shown["counts"]["new"]) == ([], [], 1)


def test_an_undo_is_possible_for_a_day(shop: Shop, world: World) -> None:
    done = committed(shop, analysed(shop, "customers", LIST)["id"])
    with clock_at(world, world.now() + A_DAY):
        late = shop.owner.post(f"/v1/imports/{done['id']}/undo")
        assert (late.status, late.json["code"]) == (409, "import_undo_over")


def test_another_company_does_not_find_the_import(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    id = announced(shop.owner, "customers", LIST).json["id"]
    other = new_shop()
    assert other.owner.get(f"/v1/imports/{id}").status == 404
    assert other.owner.post(f"/v1/imports/{id}/commit").status == 404


def test_a_key_needs_the_scope_of_the_records(shop: Shop) -> None:
    key, _ = shop.key("imports.write", "imports.read", "parties.write")
    assert announced(key, "customers", LIST).status == 201
    refused = announced(key, "items", LIST)
    assert (refused.status, refused.json["code"], refused.json["scope"]) == (403, "forbidden", "items.write")


def test_a_repeated_announcement_gets_the_upload_again(shop: Shop) -> None:
    first = announced(shop.owner, "customers", LIST)
    assert first.json["upload"]["headers"]["Content-Type"] == "text/csv"
    again = read(shop, first.json["id"])
    assert again["upload"]["url"].startswith("http")
    body = {key: first.json[key] for key in ("kind", "content_type", "bytes", "sha256")} | {"name": "liste.csv"}
    once = shop.owner.post("/v1/imports", body, idempotency_key="import-1")
    twice = shop.owner.post("/v1/imports", body, idempotency_key="import-1")
    assert (twice.json["id"], twice.status) == (once.json["id"], 201)
    assert twice.json["upload"] is not None


def test_an_undo_leaves_a_customer_with_an_attachment(shop: Shop) -> None:
    imported = committed(shop, analysed(shop, "customers", LIST + "Café Yacout;Fès\n".encode())["id"])
    (cafe,) = (each for each in every(shop, "customers") if each["name"] == "Café Yacout")
    attachment = attach(shop.owner, cafe["id"], picture())["id"]
    back = undone(shop, imported["id"])
    assert (back["undone"], back["touched"]) == (1, 1)
    assert shop.owner.get(f"/v1/customers/{cafe['id']}").status == 200
    assert shop.owner.get(f"/v1/attachments/{attachment}").json["status"] == "ready"


def test_an_attachment_that_comes_during_an_undo_ends_with_its_customer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count of what is in use comes before the transaction."""
    imported = committed(shop, analysed(shop, "customers", "Nom;Ville\nCafé Yacout;Fès\n".encode())["id"])
    (cafe,) = (each for each in every(shop, "customers") if each["name"] == "Café Yacout")
    attachment = attach(shop.owner, cafe["id"], picture())["id"]
    monkeypatch.setattr(RecordRules, "in_use", lambda *_: set())
    assert undone(shop, imported["id"])["undone"] == 1
    for job in ("outbox", "uploads", "uploads"):
        run_scheduled(shop.world, job)
    assert shop.owner.get(f"/v1/attachments/{attachment}").status == 404
    assert list(shop.world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company))) == []
