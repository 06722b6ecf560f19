"""A person erased after a backup returns by nothing that is made from it."""

import io
import zipfile
from dataclasses import replace

import pytest

from chalicelib.domain.backups.backup import DrillPlan, Tier
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup import download, drill, operations
from chalicelib.store.drill import drill_settings
from chalicelib.store.read import open_company
from chalicelib.store.tables import create_tables
from chalicelib.workflow import engine
from tests.backup.restoring import Kept, ended
from tests.privacy.worlds import carried


def job_of(kept: Kept, made: operations.DownloadJob) -> JobRow:
    """The job that makes an archive, as it is stored now."""
    found = kept.there(made.job.key)
    assert isinstance(found, JobRow)
    return found


def test_an_archive_from_before_an_erasure_is_made_again(kept: Kept) -> None:
    backup = kept.taken()

    def fetched() -> operations.DownloadJob:
        return operations.download(kept.world, open_company(kept.world.store, kept.id), kept.call("download"), backup)

    ended(kept.world, job_of(kept, fetched()), download.WORKFLOW)
    assert fetched().link is not None
    kept.confirmed(kept.customer)
    again = fetched()
    assert again.link is None, "the archive holds somebody who was erased since"
    outcome = ended(kept.world, job_of(kept, again), download.WORKFLOW)
    assert fetched().link is not None
    with zipfile.ZipFile(io.BytesIO(kept.world.files.read(outcome["key"]))) as bundle:
        assert kept.customer not in bundle.read("data/customers.json").decode()


def test_an_erasure_during_a_drill_does_not_fail_the_drill(kept: Kept) -> None:
    create_tables(drill_settings(kept.world.settings))
    backup = kept.taken()

    def plan() -> DrillPlan:
        found = kept.there(DrillPlan.ref(kept.id))
        assert isinstance(found, DrillPlan)
        return found

    while '"step":"registers"' not in (plan().step or ""):
        assert not engine.run(kept.world, drill.WORKFLOW, plan()), "the drill ended before it reached the registers"
    kept.confirmed(kept.customer)
    carried(kept.world)
    while not engine.run(kept.world, drill.WORKFLOW, plan()):
        continue
    assert kept.backup(backup).drill == "passed"
    assert kept.world.drills.query("workspace", kept.id).records == []


@pytest.mark.parametrize("tier", ["daily", "weekly", "monthly"])
def test_a_restore_of_every_tier_leaves_the_erased_person_out(kept: Kept, tier: Tier) -> None:
    backups = []
    for _ in range(2):
        backups.append(kept.taken(tier))
        other = kept.there(Customer.ref(kept.id, kept.other))
        assert isinstance(other, Customer)
        kept.put(other.edited(kept.world.now(), notes=tier))
    invoice = kept.there(Invoice.ref(kept.id, kept.invoice))
    kept.confirmed(kept.customer)
    carried(kept.world)
    kept.lose(Invoice.ref(kept.id, kept.invoice))
    for backup in backups:
        for into in ("same", "new"):
            outcome = kept.restored(backup, into=into)
            company = outcome["company"]
            workspace = [row for (table, _), row in kept.content(company).items() if table == "workspace"]
            assert kept.customer not in repr(workspace)
            back = kept.there(Invoice.ref(company, kept.invoice))
            assert isinstance(back, Invoice)
            assert replace(back, company=kept.id) == invoice
