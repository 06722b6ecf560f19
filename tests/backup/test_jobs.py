"""The jobs of backups as their functions run them: each under its own rights (`tests/iam.py` holds them to these)."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from chalicelib.domain.backups.backup import Backup, DrillPlan
from chalicelib.jobs import backups as jobs
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run, run_scheduled
from chalicelib.services.backup import operator
from chalicelib.store import bookkeeping
from chalicelib.store.drill import drill_settings
from chalicelib.store.tables import create_tables
from tests.backup.worlds import Books, taken, turned_on
from tests.conftest import Shop


@pytest.fixture
def with_logo(new_shop: Callable[..., Shop]) -> Books:
    """A company with a document, a logo, and its backup on."""
    from PIL import Image

    books = turned_on(new_shop())
    file = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    logo = {"logo": b64encode(file.getvalue()).decode()}
    assert books.shop.owner.ask("PUT", "/v1/company/logo", logo, if_match="*").status == 200
    books.shop.issued()
    return books


def drill_tonight(books: Books) -> None:
    world = books.world
    (plan,) = world.store.records([DrillPlan.ref(books.company)])
    assert isinstance(plan, DrillPlan)
    past = plan.edited(world.now(), due_at=world.now() - timedelta(minutes=1))
    assert bookkeeping.save(world.store, past, plan, b"s" * 16)


def latest(books: Books) -> Backup:
    return operator.backups(books.world, books.company)[0]


@pytest.mark.parametrize("tier", ["daily", "weekly", "monthly"])
def test_the_drill_runs_on_its_own_rights(with_logo: Books, tier: Any) -> None:
    create_tables(drill_settings(with_logo.world.settings))
    taken(with_logo, tier)
    drill_tonight(with_logo)
    report = run(with_logo.world, jobs.DRILL_JOB, now=with_logo.world.now(), left=within(120))
    assert report.failures == []
    assert latest(with_logo).drill == "passed"
    again = run(with_logo.world, jobs.DRILL_JOB, now=with_logo.world.now(), left=within(120))
    assert (again.found, again.applied) == (0, 0)


def test_a_backup_with_a_logo_is_made_verified_fetched_and_restored_on_their_own_rights(with_logo: Books) -> None:
    shop, world = with_logo.shop, with_logo.world
    assert shop.owner.post("/v1/backups", {}).status == 202
    run_scheduled(world, "backups")
    backup = latest(with_logo)
    assert backup.status == "complete"
    logo = shop.owner.get("/v1/company").json["logo"]
    assert logo
    world.files.delete(f"logos/{with_logo.company}/{logo}.png")
    one = f"/v1/backups/{backup.id}"
    asked = [
        shop.owner.post(f"{one}/verify", {}),
        shop.owner.get(f"{one}/download"),
        shop.owner.post(f"{one}/restore", {}),
        shop.owner.post(f"{one}/restore", {"into": "new"}),
    ]
    run_scheduled(world, "restores")
    for got in asked:
        job = shop.owner.get(got.headers["location"]).json
        assert job["status"] == "completed", job
    assert world.files.exists(f"logos/{with_logo.company}/{logo}.png")


def test_an_erased_person_is_searched_for_and_stays_away(with_logo: Books) -> None:
    """The search, too, has the rights that it needs."""
    shop, world = with_logo.shop, with_logo.world
    backup = taken(with_logo)
    made = shop.owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": shop.customer}).json["id"]
    assert shop.owner.post(f"/v1/privacy/requests/{made}/confirm", {}).status == 200
    run_scheduled(world, "requests")
    got = shop.owner.post(f"/v1/backups/{backup.id}/restore", {})
    run_scheduled(world, "restores")
    job = shop.owner.get(got.headers["location"]).json
    assert job["outcomes"][0]["kinds"]["customers"]["stays_deleted"] == 1
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 404
