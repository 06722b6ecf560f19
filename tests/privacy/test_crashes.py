"""Every job of the catalogue, killed around each of its AWS calls, ends as an undisturbed run does, receipt and all."""

from typing import Any

import pytest

from chalicelib.jobs.catalogue import JOBS, OUTBOX_TASKS, REQUEST_KINDS
from chalicelib.services.documents import issuing
from chalicelib.services.privacy.access import contents, export
from tests import crash
from tests.crash import Work, prove, watched
from tests.jobs.conftest import empty
from tests.privacy.crashes import LATER, Case, cases
from tests.privacy.endings import told
from tests.privacy.worlds import Books, Turned, carry
from tests.unit.policy.test_promises import missing
from tests.workflow import tables

EVERY = cases()
FEW = frozenset({"customers", "invoices", "members"})
"""The kinds in an export at which every run kills the job; with `--every-call`, at all kinds. The same code reads,
writes and clears every kind."""


ELSEWHERE = {
    "nightly": "tests/backup/test_nightly.py::test_killed_at_any_call_the_night_ends_the_same",
    "backups": "tests/backup/test_nightly.py::test_killed_at_any_call_the_night_ends_the_same",
    "restores": "tests/backup/test_restore_crash.py::test_a_restore_ends_the_same",
    "drill": "tests/backup/test_restore_crash.py::test_a_drill_ends_the_same_and_leaves_no_drill_rows",
    "expiry": "tests/backup/test_expiry.py::test_killed_at_any_call_nothing_is_left",
    "signins": "tests/privacy/test_sign_ins.py::test_killed_at_any_call_the_account_ends_the_same",
    "exports": "tests/exports/test_crashes.py::test_a_killed_export_ends_the_same",
    "imports": "tests/imports/test_crashes.py::test_a_killed_commit_ends_the_same",
}
"""Jobs that are killed beside what they need."""


def clients(world: Turned) -> list[Any]:
    return [world.store.connection.client, world.files.client, world.keys.client, world.mailer.client]


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name.replace(" ", "_"))
def test_killed_at_any_call_it_ends_the_same(alone: Turned, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    alone.start_in_the_morning()
    monkeypatch.setattr(issuing, "BULK", 2)
    if not crash.every_call:
        full = contents.kinds_for
        monkeypatch.setattr(export, "kinds_for", lambda who: tuple(k for k in full(who) if k.name in FEW))

    def prepare() -> Books:
        for table in alone.store.names.values():
            empty(alone, table)
        return case.prepare(alone)

    _ = alone.keys.public_key  # read once a process
    work = Work(prepare, case.work, lambda books: case.work(books, LATER), told)
    with tables.noted() as steps:
        assert prove(clients(alone), work) >= 10
    assert steps == ({case.steps[0]: set(case.steps[1:])} if case.steps else {})


def test_every_job_is_among_them() -> None:
    """A job that comes needs a case in `crashes.py`, or is named here with the test that kills it."""
    assert {case.job for case in EVERY} | set(ELSEWHERE) == {job.name for job in JOBS}
    assert [fault for test in ELSEWHERE.values() if (fault := missing(test))] == []
    assert {"page", "mail", "notice"} == {case.name for case in EVERY if case.job == "outbox"}
    assert OUTBOX_TASKS.keys() == {"render", "mail", "privacy_notice", "attachments"}
    assert not missing("tests/privacy/test_attachments.py::test_settling_survives_a_crash_at_every_call")
    assert set(REQUEST_KINDS) <= {case.kind for case in EVERY}


ALONE = {
    "backup": "tests/backup/test_nightly.py::test_killed_at_any_call_the_night_ends_the_same",
    "backup job": "tests/backup/test_nightly.py::test_killed_at_any_call_the_night_ends_the_same",
    "disabling of the cloud": "tests/backup/test_disable_cloud.py::test_killed_at_any_call_it_ends_the_same",
    "download": "tests/backup/test_restore_crash.py::test_a_download_ends_the_same",
    "drill": "tests/backup/test_restore_crash.py::test_a_drill_ends_the_same_and_leaves_no_drill_rows",
    "export": "tests/exports/test_crashes.py::test_a_killed_export_ends_the_same",
    "forget notices": "tests/sync/test_push_races.py::test_the_deletion_of_notices_ends_the_same",
    "import analysis": "tests/imports/test_crashes.py::test_a_killed_analysis_ends_the_same",
    "import commit": "tests/imports/test_crashes.py::test_a_killed_commit_ends_the_same",
    "import undo": "tests/imports/test_crashes.py::test_a_killed_undo_ends_the_same",
    "issue requests": "tests/sync/test_push_races.py::test_the_job_killed_at_any_call_gives_each_number_once",
    "restore": "tests/backup/test_restore_crash.py::test_a_restore_ends_the_same",
    "verification": "tests/backup/test_restore_crash.py::test_a_verification_ends_the_same",
}
"""Workflows with the test that kills each of their steps and compares them with their table."""
SAVED_ONLY = {("deletion", "wait"), ("rectification", "wait")}
"""Steps that write nothing but the state. The proof of the engine is theirs."""


def test_every_step_of_every_workflow_is_killed() -> None:
    """A workflow that comes, or a step, needs a case in `crashes.py` or a test here."""
    here = {(case.steps[0], step) for case in EVERY if case.steps for step in case.steps[1:]}
    declared = {(name, step) for name, steps in tables.tables().items() for step in steps}
    assert here | SAVED_ONLY == {(name, step) for name, step in declared if name not in ALONE}
    assert set(ALONE) <= {name for name, _ in declared}
    assert [fault for test in ALONE.values() if (fault := missing(test))] == []


def test_an_idle_run_writes_nothing(alone: Turned) -> None:
    for table in alone.store.names.values():
        empty(alone, table)
    with watched(clients(alone)) as calls:
        carry(alone)
    assert calls.writes == []
