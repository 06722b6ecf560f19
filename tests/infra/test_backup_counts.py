"""The consumption of backups, of their drill and of their end: `[backups]` of infra/counts.toml, measured anew."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.backups.backup import Backup, BackupPlan, DrillPlan
from chalicelib.files import prefixes
from chalicelib.files.objects import Files
from chalicelib.jobs import backups as jobs
from chalicelib.jobs.job import Job, within
from chalicelib.jobs.runner import run
from chalicelib.services.backup import expiry
from chalicelib.services.backup.create import plans
from chalicelib.store import bookkeeping
from chalicelib.store.drill import DrillStore, drill_settings
from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from infra.cost_inputs import COUNTS
from local.engine import Engine
from local.resources import create_archive_bucket, create_backup_key
from tests.histories.books import seeded
from tests.infra.meter import Meter
from tests.jobs.worlds import settings
from tests.privacy.worlds import Turned
from tests.rows import put_row

FEW, MORE, LINES = 1, 6, 3
NEAR = 0.05
NEVER = 400
"""Days, of which no night of these tests is the last."""
Counted = dict[str, float]
Measured = dict[int, dict[str, Counted]]


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[Turned]:
    """A world where nothing else is due."""
    prefix = f"costs-{secrets.token_hex(4)}"
    made = Turned(replace(settings(engine.endpoint, prefix), backup_key=f"alias/{prefix}"))
    create_tables(made.settings)
    create_tables(drill_settings(made.settings))
    place = {"LocationConstraint": made.settings.region}
    made.files.client.create_bucket(Bucket=made.settings.files_bucket, CreateBucketConfiguration=place)
    create_archive_bucket(made.files.client, made.settings.archive_bucket)
    create_backup_key(made.vault.client, made.settings.backup_key)
    yield made
    made.store.connection.client.close()


def metered(world: World, flow: Callable[[], object], *stores: DrillStore) -> Counted:
    with Meter(world, stores=stores) as meter:
        flow()
    return meter.counted


def worked(world: World, *names: Job) -> None:
    """Run these jobs until each finds nothing."""
    for job in names:
        while run(world, job, now=world.now(), left=within(120)).found:
            pass


def planned(world: World, kind: type[BackupPlan] | type[DrillPlan], company: str, days: float, **changes: str) -> None:
    """Let a company's backup, or its drill, be due in so many days."""
    (plan,) = world.store.records([kind.ref(company)])
    assert isinstance(plan, kind)
    at = world.now()
    bookkeeping.remember(world.store, plan.edited(at, due_at=at + timedelta(days=days), **changes), world.random(16))


def night(world: Turned, company: str) -> Counted:
    """The consumption of the company's next night, after its week and its month began."""
    world.offset += timedelta(days=1)
    at = world.now()
    planned(world, BackupPlan, company, -1, monthly=plans.month_of(at), weekly=plans.week_of(at))
    counted = metered(world, lambda: worked(world, jobs.NIGHTLY_JOB, jobs.BACKUPS_JOB))
    planned(world, BackupPlan, company, NEVER)
    return counted


def drilled(world: World, company: str) -> Counted:
    """The consumption of the company's drill."""
    planned(world, DrillPlan, company, -1)
    counted = metered(world, lambda: worked(world, jobs.DRILL_JOB), world.drills)
    planned(world, DrillPlan, company, NEVER)
    return counted


def latest(world: World, company: str) -> Backup:
    """The company's last backup."""
    (plan,) = world.store.records([BackupPlan.ref(company)])
    assert isinstance(plan, BackupPlan)
    (backup,) = world.store.records([Backup.ref(company, plan.last or "")])
    assert isinstance(backup, Backup)
    return backup


def expired(world: World, backup: Backup) -> None:
    while not expiry.expire(world, backup.key):
        pass


def stored(files: Files, prefix: str) -> float:
    """Bytes of the objects under a prefix."""
    found = files.client.list_objects_v2(Bucket=files.bucket, Prefix=prefix)["Contents"]
    return float(sum(each["Size"] for each in found))


def each(measured: Measured, flow: str, *parts: str) -> Counted:
    """The consumption that each invoice adds to a flow."""
    few, more = measured[FEW][flow], measured[MORE][flow]
    return {part: (more[part] - few[part]) / (MORE - FEW) for part in parts}


@pytest.fixture(scope="module")
def measured(world: Turned) -> Measured:
    """The flows of a company with few invoices and of one with more."""
    return {invoices: flows(world, invoices) for invoices in (FEW, MORE)}


def flows(world: Turned, invoices: int) -> dict[str, Counted]:
    """The consumption of two nights, a drill and the end of such a company's backup, and the stored bytes."""
    company = seeded(world, f"costs-{invoices}", invoices, line_count=LINES)
    for plan in plans.begun(company, world.now()):
        bookkeeping.remember(world.store, plan, world.random(16))
    planned(world, DrillPlan, company, NEVER)
    first, again = (night(world, company) for _ in range(2))
    drill_of_it = drilled(world, company)
    backup = latest(world, company)
    assert backup.drill == "passed"
    lies = {
        "backup": stored(world.files, prefixes.backup(backup.tier, company, backup.id)),
        "archive": stored(world.archive, f"archive/{company}/"),
    }
    # Its row has about 3 KB, and its digests compress to a few bytes more or less. With a longer name of the requester
    # it always counts as 4 KB, the dearer case.
    backup = replace(backup, asked_by="x" * 100)
    put_row(world.store, backup)
    end = metered(world, lambda: expired(world, backup))
    return {"first": first, "night": again, "drill": drill_of_it, "expiry": end, "bytes": lies}


def test_a_night_costs_the_same_at_every_size(measured: Measured) -> None:
    assert (
        measured[FEW]["night"]
        == measured[MORE]["night"]
        == {
            **COUNTS["backups"]["night"],
            "journal": 10,
            "due": 1,
        }
    )


def test_the_end_of_a_backup(measured: Measured) -> None:
    assert measured[FEW]["expiry"] == measured[MORE]["expiry"] == COUNTS["backups"]["expired"]


def test_the_archive_costs_each_document_once(measured: Measured) -> None:
    assert each(measured, "first", "read", "get", "put") == COUNTS["backups"]["archived"]
    assert measured[FEW]["night"]["put"] == COUNTS["backups"]["night"]["put"], "the second night archives nothing"


def test_a_drill_grows_with_the_stored_rows(measured: Measured) -> None:
    drill, drilled = COUNTS["backups"]["drill"], COUNTS["backups"]["drilled"]
    assert each(measured, "drill", *drilled) == {
        part: pytest.approx(float(drilled[part]), rel=NEAR) for part in drilled
    }
    few = measured[FEW]["drill"]
    assert {part: few[part] for part in ("calls", "get", "kms")} == {
        part: drill[part] for part in ("calls", "get", "kms")
    }
    for part in drilled:
        assert few[part] - FEW * float(drilled[part]) == pytest.approx(drill[part], rel=NEAR), part


def test_bytes_of_a_backup_and_of_the_archive(measured: Measured) -> None:
    size, sizes = COUNTS["backup_bytes"], each(measured, "bytes", "backup", "archive")
    assert sizes == {
        "backup": pytest.approx(size["backed"], rel=NEAR),
        "archive": pytest.approx(size["archived"], rel=NEAR),
    }
    assert measured[FEW]["bytes"]["backup"] - FEW * size["backed"] == pytest.approx(size["backup"], rel=NEAR)
