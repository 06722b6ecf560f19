"""Backups taken and restored by hand, for tests: a company's books, its backups, and a job run to its end."""

from typing import Any

import msgspec

from chalicelib.cli.main import main
from chalicelib.domain.backups.backup import Backup, Tier
from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.ids import new_id
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup.create import backup_run
from chalicelib.services.backup.operations import NAME
from chalicelib.services.backup.restoring import restore
from chalicelib.services.backup.restoring.context import RestoreInput
from chalicelib.services.companies import switches
from chalicelib.store.codec import from_row
from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED, Decision
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from chalicelib.workflow import deadline, engine
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Workflow, Written
from tests.privacy.worlds import Books
from tests.rows import put_row

Jobs = Workflow[JobRow, Any, Any]
BUSINESS_TABLES = ("workspace", "ledger")


class Kept(Books):
    """Books whose backup is switched on."""

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(world, **options)
        switches.switch(world.store, self.call("switch"), {"backup": True})

    @property
    def company(self) -> str:
        """The company's id."""
        return self.id

    def head(self, company: str | None = None) -> Head:
        """The head as it is."""
        (found,) = self.world.store.records([Head.ref(company or self.id)])
        assert isinstance(found, Head)
        return found

    def taken(self, tier: Tier = "daily") -> str:
        """A backup of now; its id."""
        begun = backup_run.begin(self.world, self.call("backup"), tier)
        row = begun.backup
        while row.status == "running":
            row = backup_run.advance(self.world, row)
        assert row.status == "complete", row.failure
        return row.id

    def backup(self, id: str) -> Backup:
        """A backup's row."""
        (found,) = self.world.store.records([Backup.ref(self.id, id)])
        assert isinstance(found, Backup)
        return found

    def put(self, *records: Record, deletes: tuple[Record, ...] = ()) -> None:
        """Write rows in transactions of the product."""
        decision = Decision(puts=records, deletes=deletes)
        transact(self.world.store, self.call(), [], lambda _: decision)

    def there(self, ref: Ref) -> Record | None:
        """A row as it is."""
        return self.world.store.records([ref])[0]

    def lose(self, *refs: Ref) -> None:
        """Take rows away behind everybody's back, as a disaster does."""
        store = self.world.store
        for ref in refs:
            store.connection.delete_item(store.names[ref.table], ref.company, ref.sort)

    def job(self, task: str = "restore", **asked: Any) -> JobRow:
        """A job of the restores, as it is queued."""
        return queued(self.world, self.id, self.owners[0], RestoreInput(**asked), task)

    def restored(self, backup: str, **asked: Any) -> dict[str, Any]:
        """A restore run to its end; what came of it."""
        return ended(self.world, self.job(backup=backup, **asked))

    def content(self, company: str | None = None) -> dict[tuple[str, str], Record]:
        """Every row of the working data and the ledger that a backup holds, by table and sort key."""
        return content_of(self.world, company or self.id)


def operator_tool(world: World, *words: str) -> int:
    """The exit code of `backups` in the operator's tool."""
    return main(["backups", *words], lambda: world)


def set_head(world: World, company: str, **head: Any) -> None:
    """Change attributes of the company's head."""
    call = world.call(company, "test", "test", key=world.random(8).hex())
    transact(world.store, call, [], lambda _: Decision(head=head), ACCOUNT_WHILE_BLOCKED)


def queued(world: World, company: str, actor: str, asked: RestoreInput, task: str = "restore") -> JobRow:
    """A job of the restores, as it is queued."""
    now = world.now()
    row = JobRow(
        company=company,
        id=new_id("job", now, world.random(10)),
        created_at=now,
        updated_at=now,
        due=NAME,
        due_at=now,
        task=task,
        actor=actor,
        inputs=asked.encoded(),
        outcomes=b"[]",
        expires_at=int(now.timestamp()) + 10**6,
    )
    put_row(world.store, row)
    return row


def content_of(world: World, company: str) -> dict[tuple[str, str], Record]:
    """Every row of the working data and the ledger that a backup holds, by table and sort key."""
    return {
        (table, row["sort"]["S"]): from_row(table, row)
        for table in BUSINESS_TABLES
        for row in rows_of(world, company, table)
        if row["_kind"]["S"] not in ("backup_plan", "drill_plan")
    }


def rows_of(world: World, company: str, table: str) -> list[dict[str, Any]]:
    """Every raw row of a company in a table."""
    pages = world.store.connection.client.get_paginator("query").paginate(
        TableName=world.store.names[table],
        KeyConditionExpression="company = :c",
        ConsistentRead=True,
        ExpressionAttributeValues={":c": {"S": company}},
    )
    return [row for page in pages for row in page["Items"]]


def seen(world: World, job: JobRow) -> JobRow:
    """The row as it is."""
    (found,) = world.store.records([job.key])
    assert isinstance(found, JobRow)
    return found


def step(world: World, job: JobRow, workflow: Jobs = restore.WORKFLOW) -> JobRow:
    """One part of a job, as the runner does it."""
    after = engine.advance(world, workflow, seen(world, job))
    assert after is not None
    return after


def unsaved(world: World, job: JobRow, workflow: Jobs = restore.WORKFLOW) -> JobRow:
    """One part of a job whose runner is killed before it saves the row; the row as it would be."""
    context = workflow.context(world, job)
    state = workflow.load(context)
    after = workflow.steps[workflow.step_of(context, state)](context, state, Deadline.within(deadline.STEP_SECONDS))
    assert not isinstance(after, Written)
    return workflow.row(context, after)


def given_up(world: World, job: JobRow, workflow: Jobs = restore.WORKFLOW) -> None:
    """A job after its last attempt, as the runner gives it up."""
    engine.give_up(world, workflow, seen(world, job))


def ended(world: World, job: JobRow, workflow: Jobs = restore.WORKFLOW) -> dict[str, Any]:
    """A job run to its end; its one outcome."""
    for _ in range(200):
        job = step(world, job, workflow)
        if job.status in ("completed", "failed"):
            (outcome,) = msgspec.json.decode(job.outcomes)
            assert (job.status == "failed") is (outcome.get("outcome") == "failed")
            found: dict[str, Any] = outcome
            return found
    raise AssertionError("it does not end")
