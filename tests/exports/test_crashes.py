"""An export that is killed ends as an undisturbed one does, in pieces as small as can be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.files import joined, zips
from chalicelib.jobs.exports import EXPORTS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.exports import export, rows
from chalicelib.wiring import World
from chalicelib.workflow import deadline
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.exports.files import begun, content, job, members
from tests.workflow import tables

Subject = tuple[Shop, str]
TEXT = {"gather", "write", "send", "publish"}
STEPS = {
    "csv": TEXT,
    "json": TEXT,
    "xlsx": {"gather", "workbook", "publish"},
    "ubl": {"gather", "papers", "send", "publish"},
    "pdf": {"gather", "papers", "send", "publish"},
}
"""The steps of an export by its form."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
    for name in ("ROWS", "DOCUMENTS", "PRINTED"):
        monkeypatch.setattr(rows, name, 2)


def go(world: World, **later: float) -> None:
    """Run the job, later."""
    run(world, EXPORTS, now=world.now() + timedelta(seconds=1, **later), left=within(120))


@pytest.mark.parametrize(
    ("kinds", "form"),
    [
        (["customers"], "csv"),
        (["customers", "invoices"], "json"),
        (["customers", "items"], "xlsx"),
        (["invoices"], "ubl"),
        (["invoices"], "pdf"),
    ],
)
def test_a_killed_export_ends_the_same(
    world: World, new_shop: Callable[..., Shop], kinds: list[str], form: str
) -> None:
    def prepare() -> Subject:
        shop = new_shop()
        for number in range(4):
            assert shop.owner.post("/v1/suppliers", {"name": f"Nom {number}", "kind": "consumer"}).status == 201
            assert shop.owner.post("/v1/customers", {"name": f"Nom {number}", "kind": "consumer"}).status == 201
        shop.issued()
        return shop, begun(shop.owner, kinds, form)

    def state(subject: Subject) -> Any:
        shop, id = subject
        shown = job(shop, id)
        found = content(shop, id)
        files = members(found) if form != "csv" else {"": found}
        keys = [key.rpartition(".")[2] for key in shop.world.files.list(f"exports/{shop.company}/")]
        outcome = shown["outcomes"][0] | {"expires_at": None}
        names = [name.partition("-inv_")[0] for name in sorted(files)]
        # The bytes of a page differ with the names in it.
        sizes = [text[:5] if form == "pdf" else text.count(b"\n") for text in files.values()]
        return shown["done"], outcome, names, sizes, keys

    work = Work(prepare, lambda _: go(world), lambda _: go(world, hours=1), state)
    with tables.noted() as steps:
        assert prove([world.store.connection.client, world.files.client], work) >= 20
    assert steps[export.WORKFLOW.name] == STEPS[form]


def test_a_large_file_is_sent_in_parts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "PART", 5 * 2**20)
    sink = joined.Joined(shop.world.files, f"exports/{shop.company}/job_x/file/", "text/csv")
    member = zips.ZipEntry()
    for number in range(5):
        member = sink.add("", member, bytes([65 + number]) * 3_000_000, over=number == 4)
    sent: zips.Sent | None = zips.Sent()
    parts = 0
    while sent is not None:
        sent, parts = sink.send(f"exports/{shop.company}/job_x.csv", sent, member.objects), parts + 1
    found = shop.world.files.read(f"exports/{shop.company}/job_x.csv", 20_000_000)
    assert parts == 3
    assert found == b"".join(bytes([65 + number]) * 3_000_000 for number in range(5))
