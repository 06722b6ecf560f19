"""The operator's actions on a company's backups: the same jobs as the company's own. The register of disclosures holds
the reason of each access."""

from typing import TYPE_CHECKING, Any

from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.errors import AlreadyExists, Busy, Forbidden, NotFound
from chalicelib.domain.journal import Change, JobRow, JournalEntry
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.services.backup.operations import row_of
from chalicelib.services.backup.restoring.copy import company_of
from chalicelib.store.bookkeeping import DEAD
from chalicelib.store.decision import SYSTEM_STEP, Decision, always
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World


def backups(world: "World", company: str) -> list[Backup]:
    """Every backup row of a company, newest first, also past its term."""
    return [*world.store.all_of(Backup, company, descending=True)]


def rule_of(world: "World", company: str, id: str) -> str:
    """The policy's rule for a backup's retention. Raises NotFound."""
    (row,) = world.store.records([Backup.ref(company, id)])
    if not isinstance(row, Backup):
        raise NotFound
    return f"backup.{row.tier}"


def require_demand(world: "World", company: str, id: str, *, complete: bool = True) -> None:
    """Raises Forbidden unless the company has a recorded lawful demand with this id; with `complete`, one for all its
    data."""
    (row,) = world.store.records([Disclosure.ref(company, id)])
    if not isinstance(row, Disclosure) or row.kind != "lawful_demand" or (complete and row.subject is not None):
        raise Forbidden(scope="")


def queue(world: "World", company: str, task: str, inputs: dict[str, Any], by: str) -> JobRow:
    """Queue a job on a company in any state. Raises NotFound, Busy."""
    call = world.call(company, by, f"backup_{task}", key=world.random(16).hex())
    job = row_of(call, task, inputs)
    transact(world.store, call, [], always(Decision(new=(job,))), SYSTEM_STEP)
    return job


def job(world: "World", company: str, id: str) -> JobRow:
    """The job's present row. Raises NotFound."""
    (row,) = world.store.records([JobRow.ref(company, id)])
    if not isinstance(row, JobRow):
        raise NotFound
    return row


def release(world: "World", company: str, by: str) -> str:
    """Let the next live copy of a closed company continue its numbers, after the restore of an earlier copy failed;
    return the earlier copy's id. The earlier copy becomes a test company, so that no number is issued twice. Raises
    NotFound without an earlier copy, Busy. Raises AlreadyExists for a copy that still runs, is complete, or has issued
    documents."""
    (source,) = world.store.records([Head.ref(company)])
    if not isinstance(source, Head) or source.state != "closed" or source.restore is None:
        raise NotFound
    first = source.restore
    half = company_of(first)
    row, head = world.store.records([JobRow.ref(company, first), Head.ref(half)])
    given_up = isinstance(row, JobRow) and (row.status == "failed" or (row.due or "").endswith(DEAD))
    lost = row is None and (not isinstance(head, Head) or head.state == "restoring")
    if not (given_up or lost):
        raise AlreadyExists(id=half)
    if isinstance(head, Head):
        _retire(world, half, head, by)

    def decide_release(snapshot: Snapshot) -> Decision:
        return Decision(head={"restore": None} if snapshot.head.restore == first else None)

    call = world.call(company, by, "backup_release", key=world.random(16).hex())
    transact(world.store, call, [], decide_release, SYSTEM_STEP)
    return half


def _retire(world: "World", company: str, seen: Head, by: str) -> None:
    """Turn an incomplete copy into a test company. Raises AlreadyExists for one that has issued documents, Busy during
    a change."""
    for entry in world.store.all_of(JournalEntry, company):
        if entry.verb != "restore" and any(map(_numbers, entry.changes)):
            raise AlreadyExists(id=company)

    def decide_retirement(snapshot: Snapshot) -> Decision:
        if snapshot.clock != seen.clock:
            raise Busy
        return Decision(head={"mode": "test"})

    call = world.call(company, by, "backup_release", key=world.random(16).hex())
    transact(world.store, call, [], decide_retirement, SYSTEM_STEP)


def _numbers(change: Change) -> bool:
    return (change.room, change.kind, change.op) == (RegisterEntry.TABLE, RegisterEntry.KIND, "put")
