"""A world of its own on the tests' engine, and rows for jobs to find."""

import os
from datetime import datetime, timedelta

from chalicelib.domain.entity import Record
from chalicelib.domain.ids import new_id
from chalicelib.domain.journal import JobRow, Message
from chalicelib.settings import Settings, places_of
from chalicelib.store.decision import FOUNDING, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from local.engine import REGION
from tests.engine import SESSION_ROLES, user_pool


def settings(endpoint: str, prefix: str) -> Settings:
    """Settings of tables and a bucket under `prefix`."""
    return Settings(
        stage="test",
        region=REGION,
        endpoint=endpoint,
        table_prefix=f"{prefix}-",
        files_bucket=f"{prefix}-files",
        issuer="https://issuer.example",
        audience="facture",
        jwks_url="https://issuer.example/jwks",
        wake_queue=None,
        pepper="p" * 32,
        build="test",
        places=places_of(os.environ),
        archive_bucket=f"{prefix}-archive",
        session_roles=SESSION_ROLES,
        user_pool=user_pool(endpoint) if endpoint.startswith("http://127.0.0.1") else None,
    )


def company(world: World) -> str:
    """A fresh company that stores its data; its id."""
    at = world.now()
    id = new_id("cmp", at, world.random(10))
    call = world.call(id, "usr_test", "found", key="found", at=at)

    def decide(snapshot: Snapshot) -> Decision:
        assert not snapshot.founded
        return Decision(head={"cloud_sync": True})

    transact(world.store, call, [], decide, FOUNDING)
    return id


def commit(world: World, owner: str, *messages: Message, new: tuple[Record, ...] = ()) -> None:
    """One commit of the company, with messages and new rows."""
    call = world.call(owner, "usr_test", "test", key=world.random(8).hex())
    transact(world.store, call, [], lambda _: Decision(messages=messages, new=new))


def message(world: World, owner: str, *about: str, task: str = "note", ago: timedelta = timedelta(0)) -> Message:
    """A message due `ago` before now, not yet written."""
    at = world.now() - ago
    return Message(
        company=owner,
        id=new_id("out", at, world.random(10)),
        created_at=at,
        updated_at=at,
        due_at=at,
        task=task,
        about=about,
    )


def job_row(world: World, owner: str, total: int, task: str = "count") -> JobRow:
    """A queued bulk job, not yet written."""
    at = world.now()
    return JobRow(
        company=owner,
        id=new_id("job", at, world.random(10)),
        created_at=at,
        updated_at=at,
        due="bulk",
        due_at=at,
        task=task,
        actor="usr_test",
        inputs=b"[]",
        outcomes=b"[]",
        total=total,
        expires_at=int(at.timestamp()) + 86_400,
    )


def later(world: World, **by: float) -> datetime:
    """An instant after now."""
    return world.now() + timedelta(**by)


def current(world: World, record: Record) -> Record | None:
    """The row as it is stored now."""
    return world.store.records([record.key])[0]
