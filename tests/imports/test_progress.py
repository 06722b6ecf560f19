"""The progress of an import, as a client sees it while the job runs; and the calls that its rows cost."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any

import pytest

from chalicelib.workflow import deadline
from tests.bench.traffic import Traffic
from tests.conftest import Shop
from tests.crash import watched
from tests.imports.files import analysed, announced, read, run, small_transactions, upload

ROWS = 12
UNITS = "units written"
LIST = ("Nom;Ville\n" + "".join(f"Client {n};Fès\n" for n in range(ROWS))).encode()


@contextmanager
def seen(shop: Shop, id: str) -> Iterator[list[tuple[str, int, int]]]:
    """The status, `done` and `total` of the import's job, asked over HTTP before each call of the job. The client has
    an empty context, because the job's has the job's permissions."""
    found: list[tuple[str, int, int]] = []
    asking = False

    def ask(**_: Any) -> None:
        nonlocal asking
        if asking:
            return
        asking = True
        shown = Context().run(lambda: shop.owner.get(f"/v1/jobs/{read(shop, id)['job']}").json)
        asking = False
        found.append((shown["status"], shown["done"], shown["total"]))

    client = shop.world.store.connection.client
    client.meta.events.register("before-call", ask)
    try:
        yield found
    finally:
        client.meta.events.unregister("before-call", ask)


def test_a_client_sees_the_progress_while_the_job_runs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "SAVE_SECONDS", 0.0)
    small_transactions(monkeypatch)
    made = announced(shop.owner, "customers", LIST).json
    upload(made, LIST)
    url = f"/v1/imports/{made['id']}"
    assert shop.owner.post(f"{url}/complete").status == 202
    with seen(shop, made["id"]) as analysis:
        run(shop)
    assert {("running", done, ROWS) for done in (1, 6, 12)} <= set(analysis)
    assert shop.owner.post(f"{url}/commit").status == 202
    with seen(shop, made["id"]) as written:
        run(shop)
    # The headers are row 1.
    assert {("running", done, ROWS) for done in (4, 7, 10)} <= set(written)
    assert read(shop, made["id"])["status"] == "committed"


def test_ninety_rows_cost_a_transaction_and_an_object(
    new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Further rows of a file cost these calls and units, and no other ones."""
    monkeypatch.setattr(deadline, "SAVE_SECONDS", 600.0)
    two, three = (_costs(new_shop(), count) for count in (180, 270))
    further = {name: three[name] - two[name] for name in three if three[name] != two[name]}
    assert further.pop(UNITS) <= 300
    assert further == {"TransactGetItems": 1, "TransactWriteItems": 1, "PutObject": 1}


def _costs(shop: Shop, rows: int) -> Counter[str]:
    """The calls and the units of the commit of a list."""
    content = ("Nom;Ville\n" + "".join(f"Client {n};Rabat\n" for n in range(rows))).encode()
    id = analysed(shop, "customers", content)["id"]
    assert shop.owner.post(f"/v1/imports/{id}/commit").status == 202
    with Traffic(shop.world.store) as traffic, watched([shop.world.files.client]) as objects:
        run(shop)
    assert read(shop, id)["counts"]["new"] == rows
    return Counter({**traffic.calls, **Counter(objects.made), UNITS: int(traffic.write)})
