"""A commit and an undo that are killed end as undisturbed ones do: no record twice, no count wrong."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.jobs.imports import IMPORTS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.imports import analysis, commit, undo
from chalicelib.wiring import World
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.imports.files import analysed, announced, committed, counts, every, read, small_transactions, upload
from tests.workflow import tables

Subject = tuple[Shop, str]
LIST = "Nom;ICE;Ville\nAtlas Négoce;002136093000040;Rabat\n" + "".join(f"Client {n};;Fès\n" for n in range(7))


def go(world: World, **later: float) -> None:
    """Run the job, later."""
    run(world, IMPORTS, now=world.now() + timedelta(seconds=1, **later), left=within(120))


def state(subject: Subject) -> Any:
    """All that must be the same: the records without ids and times, and the import."""
    shop, id = subject
    shown = read(shop, id)
    records = sorted((each["name"], each["address"]["city"], each["version"]) for each in every(shop, "customers"))
    files = sorted(key.rpartition("/")[2] for key in shop.world.files.list(f"imports/{shop.company}/"))
    return records, shown["status"], counts(shown), shown["undone"], shown["touched"], files


@pytest.fixture(autouse=True)
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    small_transactions(monkeypatch)


def test_a_killed_analysis_ends_the_same(world: World, new_shop: Callable[..., Shop]) -> None:
    def prepare() -> Subject:
        shop = new_shop()
        made = announced(shop.owner, "customers", LIST.encode()).json
        upload(made, LIST.encode())
        assert shop.owner.post(f"/v1/imports/{made['id']}/complete").status == 202
        return shop, made["id"]

    work = Work(prepare, lambda _: go(world), lambda _: go(world, hours=1), state)
    with tables.noted() as steps:
        assert prove([world.store.connection.client, world.files.client], work) >= 8
    assert steps[analysis.WORKFLOW.name] == set(analysis.WORKFLOW.steps)


def test_a_killed_commit_ends_the_same(world: World, new_shop: Callable[..., Shop]) -> None:
    def prepare() -> Subject:
        shop = new_shop()
        id = analysed(shop, "customers", LIST.encode())["id"]
        assert shop.owner.post(f"/v1/imports/{id}/commit").status == 202
        return shop, id

    work = Work(prepare, lambda _: go(world), lambda _: go(world, hours=1), state)
    with tables.noted() as steps:
        assert prove([world.store.connection.client, world.files.client], work) >= 20
    assert steps[commit.WORKFLOW.name] == set(commit.WORKFLOW.steps)


def test_a_killed_undo_ends_the_same(world: World, new_shop: Callable[..., Shop]) -> None:
    def prepare() -> Subject:
        shop = new_shop()
        id = committed(shop, analysed(shop, "customers", LIST.encode())["id"])["id"]
        assert shop.owner.post(f"/v1/imports/{id}/undo").status == 202
        return shop, id

    work = Work(prepare, lambda _: go(world), lambda _: go(world, hours=1), state)
    with tables.noted() as steps:
        assert prove([world.store.connection.client, world.files.client], work) >= 10
    assert steps[undo.WORKFLOW.name] == set(undo.WORKFLOW.steps)


def test_transactions_answer_a_repeated_run_with_what_they_committed(
    world: World, new_shop: Callable[..., Shop]
) -> None:
    """The records that a killed run changed are unchanged for the next one. They are counted all the same."""
    shop = new_shop()
    found = committed(shop, analysed(shop, "customers", LIST.encode())["id"])
    assert counts(found) == (7, 1, 0, 0)


EARLIER = "Numéro;Date;Client;TTC;Taux TVA\n" + "".join(f"F-{n};05/02/2024;Client;120,00;20\n" for n in range(5))


def archive_state(subject: Subject) -> Any:
    """All that must be the same of an archive: its invoices, and the import."""
    shop, id = subject
    shown = read(shop, id)
    numbers = sorted((each["number"], each["version"]) for each in every(shop, "invoices-archive"))
    return numbers, shown["status"], counts(shown), shown["undone"], shown["touched"]


def test_a_killed_archive_of_invoices_ends_the_same(world: World, new_shop: Callable[..., Shop]) -> None:
    def prepare() -> Subject:
        shop = new_shop()
        id = analysed(shop, "invoices_archive", EARLIER.encode())["id"]
        assert shop.owner.post(f"/v1/imports/{id}/commit").status == 202
        return shop, id

    work = Work(prepare, lambda _: go(world), lambda _: go(world, hours=1), archive_state)
    assert prove([world.store.connection.client, world.files.client], work) >= 20


def test_a_killed_undo_of_an_archive_ends_the_same(world: World, new_shop: Callable[..., Shop]) -> None:
    def prepare() -> Subject:
        shop = new_shop()
        id = committed(shop, analysed(shop, "invoices_archive", EARLIER.encode())["id"])["id"]
        assert len(every(shop, "invoices-archive")) == 5
        assert shop.owner.post(f"/v1/imports/{id}/undo").status == 202
        return shop, id

    def emptied(subject: Subject) -> Any:
        found = archive_state(subject)
        assert found[0] == []
        return found

    work = Work(prepare, lambda _: go(world), lambda _: go(world, hours=1), emptied)
    assert prove([world.store.connection.client, world.files.client], work) >= 10
