"""Imports of a company that turns its last cloud switch off: their objects and rows go with its other data."""

from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.imports.model import TASKS, Import
from chalicelib.domain.journal import JobRow
from chalicelib.files import erase, prefixes
from chalicelib.jobs.backups import EXPIRY_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from tests.conftest import Shop
from tests.imports import files
from tests.imports.files import analysed, announced, committed, upload

LIST = ("Nom;Ville\n" + "".join(f"Client {number};Fès\n" for number in range(5))).encode()
OFF = {"cloud": {"sync": False, "backup": False}}


def off(shop: Shop, **more: Any) -> Any:
    """The answer to turning the switches off."""
    return shop.owner.patch("/v1/settings", OFF | more, "*")


def left(shop: Shop) -> tuple[int, int, int]:
    """The versions of objects, the rows of imports, and the jobs on them that are due."""
    world, company = shop.world, shop.company
    jobs = [row for row in world.store.all_of(JobRow, company) if row.task in TASKS and row.due]
    found = erase.count(world.files, prefixes.IMPORTS, company)
    return found, len([*world.store.all_of(Import, company)]), len(jobs)


def expired(shop: Shop) -> None:
    """Run the job that erases the data of a company that has left."""
    run(shop.world, EXPIRY_JOB, now=shop.world.now() + timedelta(seconds=1), left=within(120))


@pytest.mark.parametrize("state", ["expected", "analysed", "committed", "queued"])
def test_imports_go_with_the_last_switch(shop: Shop, state: str) -> None:
    if state in ("expected", "queued"):
        made = announced(shop.owner, "customers", LIST).json
        upload(made, LIST)
        if state == "queued":
            assert shop.owner.post(f"/v1/imports/{made['id']}/complete").status == 202
    else:
        id = analysed(shop, "customers", LIST)["id"]
        if state == "committed":
            committed(shop, id)
    assert left(shop)[0] > 0
    assert off(shop, dry_run=True).json["goes"]["import"] == 1
    assert off(shop, erase=True).status == 202
    expired(shop)
    assert left(shop) == (0, 0, 0)
    files.run(shop)
    assert left(shop) == (0, 0, 0)


def test_a_company_with_a_file_alone_is_not_empty(shop: Shop) -> None:
    assert shop.owner.delete(f"/v1/customers/{shop.customer}", "*").status == 200
    assert off(shop, dry_run=True).json["goes"] == {}
    announced(shop.owner, "customers", LIST)
    refused = off(shop)
    assert (refused.status, refused.json["code"]) == (409, "workspace_not_empty")


def test_a_step_that_runs_meanwhile_leaves_nothing(shop: Shop) -> None:
    """The analysis stores its findings after the erasure has ended."""
    made = announced(shop.owner, "customers", LIST).json
    upload(made, LIST)
    assert shop.owner.post(f"/v1/imports/{made['id']}/complete").status == 202

    def leave(model: Any, **_: Any) -> None:
        if model.name == "PutObject" and not gone:
            gone.append(True)
            assert Context().run(lambda: off(shop, erase=True).status) == 202
            Context().run(lambda: expired(shop))

    gone: list[bool] = []
    events = shop.world.files.client.meta.events
    events.register("before-call", leave)
    try:
        files.run(shop)
    finally:
        events.unregister("before-call", leave)
    assert gone
    assert left(shop) == (0, 0, 0)
