"""Restore, copy, download and drill, killed around each AWS call: resumed, they end as an undisturbed run does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.backups.backup import DrillPlan
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.contact.support import Upload
from chalicelib.domain.documents.balance import Balance, fresh
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.jobs.backups import RESTORES_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.backup import download, drill, verify
from chalicelib.services.backup.restoring import batches, restore
from chalicelib.services.backup.restoring.copy import company_of
from chalicelib.store import bookkeeping
from chalicelib.store.drill import companies as companies_in_drill
from chalicelib.store.drill import drill_settings
from chalicelib.store.tables import create_tables
from chalicelib.workflow import deadline, engine
from chalicelib.workflow.deadline import NEVER
from tests.backup.remains import Remains, companies, remains
from tests.backup.restoring import Kept
from tests.crash import Work, prove
from tests.privacy.conftest import alone
from tests.privacy.worlds import Turned
from tests.rows import put_row
from tests.workflow import tables

__all__ = ["alone"]


PREVIEWED = {"compare", "census"}
"""The steps of a preview alone."""


def clients(world: Turned, *others: Any) -> list[Any]:
    return [world.store.connection.client, world.files.client, world.vault.client, *others]


def queue(world: Turned, hours: int = 0) -> None:
    """Run the restores that are due."""
    run(world, RESTORES_JOB, now=world.now() + timedelta(hours=hours), left=within(120))


@pytest.fixture
def vault(alone: Turned) -> Turned:
    """A world whose jobs are this module's alone: what other tests left due would be run, and counted, with it."""
    return alone


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches, and a save after each. What only reads is done at once: its pieces have a test of their own."""
    monkeypatch.setattr(batches, "MOST_ROWS", 8)
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
    for module, names in ((restore, ("verify",)), (drill, ("verify",)), (download, ("verify", "zip"))):
        table = module.WORKFLOW.steps
        at_once = {name: _at_once(table[name]) for name in names}
        monkeypatch.setattr(module, "WORKFLOW", replace(module.WORKFLOW, steps={**table, **at_once}))


def _at_once(step: Callable[..., Any]) -> Callable[..., Any]:
    return lambda context, state, _: step(context, state, NEVER)


@pytest.fixture
def shop(vault: Turned) -> Kept:
    """One company serves all killed runs of a test: each ends with it as it was. It has a logo."""
    made = Kept(vault, small=True)
    key = prefixes.logo(made.id, "b", "png")
    vault.files.put(key, b"picture", "image/png")
    made.put(made.profile.edited(vault.now(), logo=key))
    return made


@dataclass(frozen=True)
class Asked:
    """A job, and the company's clock before it."""

    shop: Kept
    job: JobRow
    clock: int

    before: Remains

    def told(self) -> object:
        """The job's row at the end, and the company's rows and objects added or removed since it was queued."""
        row = self.shop.there(self.job.key)
        assert isinstance(row, JobRow)
        now = remains(self.shop.world, self.shop.id)
        changed = {place: now[place] - self.before[place] for place in now | self.before}
        return row.status, row.due, row.done, row.total, {place: by for place, by in changed.items() if by}


def asked(shop: Kept, task: str, backup: str, **more: Any) -> Asked:
    job = shop.job(task, backup=backup, **more)
    return Asked(shop, job, shop.head().clock, remains(shop.world, shop.id))


def again(vault: Turned) -> Callable[[object], None]:
    def resume(_: object) -> None:
        queue(vault, hours=1)
        queue(vault, hours=2)

    return resume


def test_a_restore_ends_the_same(vault: Turned, shop: Kept) -> None:
    """The backup has no balance of its invoice, as older backups, so the restore also writes one."""
    backup, customer = shop.taken(), Customer.ref(shop.id, shop.customer)
    logo = prefixes.logo(shop.id, "b", "png")

    def prepare() -> Asked:
        now = shop.there(customer)
        assert isinstance(now, Customer)
        shop.put(replace(now, name="Autre"))
        shop.lose(Invoice.ref(shop.id, shop.invoice), Balance.ref(shop.id, shop.invoice))
        vault.files.delete(logo)
        return asked(shop, "restore", backup)

    def state(made: Asked) -> object:
        back, head = shop.there(customer), shop.head()
        invoice, balance = (shop.there(cls.ref(shop.id, shop.invoice)) for cls in (Invoice, Balance))
        assert isinstance(back, Customer)
        assert isinstance(invoice, Invoice)
        assert balance == fresh(invoice)
        return (
            made.told(),
            back.name,
            invoice,
            vault.files.read(logo),
            head.state,
            head.restore,
            head.clock - made.clock,
        )

    with tables.noted() as steps:
        assert prove(clients(vault), Work(prepare, lambda _: queue(vault), again(vault), state)) > 60
    assert steps == {"restore": set(restore.WORKFLOW.steps) - PREVIEWED}


def test_a_preview_ends_the_same(vault: Turned, shop: Kept) -> None:
    backup = shop.taken()
    shop.lose(Invoice.ref(shop.id, shop.invoice))

    def prepare() -> Asked:
        return asked(shop, "restore", backup, dry_run=True)

    with tables.noted() as steps:
        assert prove(clients(vault), Work(prepare, lambda _: queue(vault), again(vault), Asked.told)) > 20
    assert steps == {"restore": {"verify", *PREVIEWED}}


def test_a_verification_ends_the_same(vault: Turned, shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "STEP_SECONDS", 60.0)
    backup = shop.taken()

    def prepare() -> Asked:
        row = shop.backup(backup)
        put_row(vault.store, replace(row, verified_at=None))
        return asked(shop, "verify", backup)

    def state(made: Asked) -> object:
        return made.told(), shop.backup(backup).verified_at is not None

    with tables.noted() as steps:
        assert prove(clients(vault), Work(prepare, lambda _: queue(vault), again(vault), state)) > 10
    assert steps == {"verification": set(verify.WORKFLOW.steps)}


def test_a_copy_ends_the_same(vault: Turned, shop: Kept) -> None:
    backup, others = shop.taken(), companies(vault)
    copies: set[str] = set()

    def state(made: Asked) -> object:
        company = company_of(made.job.id)
        copies.add(company)
        head = shop.head(company)
        return (
            made.told(),
            remains(vault, company),
            head.state,
            head.restore,
            head.clock,
            shop.head().clock - made.clock,
        )

    work = Work(lambda: asked(shop, "restore", backup, into="new"), lambda _: queue(vault), again(vault), state)
    assert prove(clients(vault), work) > 60
    assert companies(vault) == others | copies, "one that nobody asked for"


def test_a_download_ends_the_same(vault: Turned, shop: Kept) -> None:
    backup = shop.taken()

    def state(made: Asked) -> object:
        mark = Upload.ref(shop.id, f"upl_{made.job.id.partition('_')[2]}")
        return made.told(), vault.files.exists(prefixes.export(shop.id, made.job.id)), shop.there(mark) is not None

    work = Work(lambda: asked(shop, "download", backup), lambda _: queue(vault), again(vault), state)
    with tables.noted() as steps:
        assert prove(clients(vault), work) > 10
    assert steps == {"download": set(download.WORKFLOW.steps)}


def test_a_drill_ends_the_same_and_leaves_no_drill_rows(vault: Turned, shop: Kept) -> None:
    create_tables(drill_settings(vault.settings))
    backup = shop.taken()

    def plan() -> DrillPlan:
        found = shop.there(DrillPlan.ref(shop.id))
        assert isinstance(found, DrillPlan)
        return found

    def prepare() -> None:
        row = shop.backup(backup)
        undrilled = replace(row, version=row.version + 1, drill=None, drilled_at=None, verified_at=None)
        assert bookkeeping.save(vault.store, undrilled, row, b"salt")

    def work(_: None) -> None:
        if plan().backup is None and shop.backup(backup).drill is not None:
            return
        while not engine.run(vault, drill.WORKFLOW, plan()):
            pass

    def state(_: None) -> object:
        row, now = shop.backup(backup), plan()
        whole = remains(vault, shop.id)
        return row.drill, row.drilled_at is not None, companies_in_drill(vault.drills), now.backup, now.step, whole

    watched = clients(vault, vault.drills.connection.client)
    with tables.noted() as steps:
        assert prove(watched, Work(prepare, work, work, state)) > 60
    assert steps == {"drill": set(drill.WORKFLOW.steps)}
