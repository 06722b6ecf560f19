"""The API and all jobs write through three paths only, each within its list: seen on the wire."""

from collections.abc import Callable

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.store import bookkeeping, drill, erase, transaction
from chalicelib.store.codec import to_row
from chalicelib.wiring import World
from tests.api.samples import sample, send
from tests.conftest import Shop
from tests.mailbox import open_mailbox
from tests.write_paths import Watch


def is_open(shop: Shop) -> bool:
    (head,) = shop.world.store.records([Head.ref(shop.company)])
    return isinstance(head, Head) and head.state == "active" and head.cloud_sync


def test_each_endpoint_and_each_job_writes_within_the_lists(
    new_shop: Callable[..., Shop], world: World, write_watch: Watch
) -> None:
    open_mailbox(world)
    before, strays = write_watch.seen.copy(), len(write_watch.strays)
    shop = new_shop()
    for endpoint in ENDPOINTS:
        got = send(shop.owner, endpoint, sample(endpoint, shop))
        assert got.status < 500, got.text
        shop = shop if is_open(shop) else new_shop()
    reports = {job.name: run(world, job, now=world.now(), left=within(120)).outcome for job in JOBS}
    assert reports == dict.fromkeys(reports, "done")
    assert write_watch.strays[strays:] == []
    seen = write_watch.seen - before
    for written in (
        (transaction.PATH.name, "put", "ledger", "invoice"),
        (transaction.PATH.name, "put", "journal", "head"),
        (transaction.PATH.name, "delete", "workspace", "invoice"),
        (bookkeeping.PATH.name, "update", "journal", "outbox"),
        (bookkeeping.PATH.name, "delete", "journal", "outbox"),
    ):
        assert written in seen
    assert {path for path, *_ in seen} == {transaction.PATH.name, bookkeeping.PATH.name, erase.PATH.name}


SOURCE = """
def put(store, record, attributes):
    store.connection.put_item(store.names[record.TABLE], record.company, record.key.sort, attributes=attributes)

def delete(store, record):
    store.connection.delete_item(store.names[record.TABLE], record.company, record.key.sort)
"""


def module_of(name: str) -> dict[str, Callable[..., None]]:
    """Functions that write, as a module of this name would have them."""
    made: dict[str, Callable[..., None]] = {"__name__": name}  # type: ignore[dict-item]
    exec(compile(SOURCE, name, "exec"), made)  # noqa: S102  # the text stands above
    return made


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        ("chalicelib.services.stray", "chalicelib.services.stray is no write path"),
        (bookkeeping.__name__, "bookkeeping does not list"),
        (erase.__name__, "erasure does not list"),
        (drill.__name__, "drills reaches other tables"),
    ],
)
def test_a_write_beside_the_paths_is_found(shop: Shop, write_watch: Watch, module: str, complaint: str) -> None:
    stray, before, store = module_of(module), len(write_watch.strays), shop.world.store
    (row,) = store.records([Invoice.ref(shop.company, shop.issued()["id"])])
    assert row is not None
    stray["put"](store, row, to_row(row, b"salt"))
    stray["delete"](store, row)
    found = write_watch.strays[before:]
    del write_watch.strays[before:]
    assert [each.startswith(complaint) for each in found if "ledger/invoice" in each].count(True) >= 1, found
    assert {each.rpartition(": ")[2] for each in found} == {"put ledger/invoice", "delete ledger/invoice"}
