"""What an operator does with a company's backups: the same jobs, each with a reason that the company can read."""

from typing import TYPE_CHECKING, Any

from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.errors import AlreadyExists, Busy, Forbidden, NotFound
from chalicelib.domain.journal import Change, JobRow, JournalEntry
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.services.backup.operations import row_of
from chalicelib.services.backup.restoring.copy import company_of
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import Told
from chalicelib.store.due import DEAD
from chalicelib.store.transaction import SYSTEM_STEP, Decision, Snapshot, transact
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

WHO = "operator"
"""The recipient in the register, where nobody outside received anything."""


def backups(world: "World", company: str) -> list[Backup]:
    """Every backup of a company that there is a row of, newest first, those past their term too."""
    found: list[Backup] = []
    after = None
    while True:
        page = world.store.query("transient", company, SORT.startswith("backup#"), after=after, descending=True)
        found += [row for row in page.records if isinstance(row, Backup)]
        if (after := page.next) is None:
            return found


def rule_of(world: "World", company: str, id: str) -> str:
    """The policy's rule that a backup is kept under. Raises NotFound."""
    (row,) = world.store.records([Backup.ref(company, id)])
    if not isinstance(row, Backup):
        raise NotFound
    return f"backup.{row.tier}"


def accounted(world: "World", company: str, rule: str, reason: str, by: str) -> Disclosure:
    """Enter an operator's access to data kept under `rule` in the company's register of disclosures, before it is
    done. Raises NotFound, Busy."""
    told = Told(kind="operator_access", recipient=WHO, basis=reason, data=(rule,), disclosed_on=today(world.now()))
    return disclosures.record(world, company, told, by)


def require_demand(world: "World", company: str, id: str, *, whole: bool = True) -> None:
    """Raises Forbidden unless a lawful demand of this id is recorded of the company: of all of it, if `whole`."""
    (row,) = world.store.records([Disclosure.ref(company, id)])
    if not isinstance(row, Disclosure) or row.kind != "lawful_demand" or (whole and row.subject is not None):
        raise Forbidden(scope="")


def queue(world: "World", company: str, task: str, inputs: dict[str, Any], by: str) -> JobRow:
    """Queue a job on a company in whatever state it is. Raises NotFound, Busy."""
    call = world.call(company, by, f"backup_{task}", key=world.random(16).hex())
    job = row_of(call, task, inputs)
    decision = Decision(new=(job,))
    transact(world.store, call, [], lambda _: decision, SYSTEM_STEP)
    return job


def job(world: "World", company: str, id: str) -> JobRow:
    """A job as it is now. Raises NotFound."""
    (row,) = world.store.records([JobRow.ref(company, id)])
    if not isinstance(row, JobRow):
        raise NotFound
    return row


def release(world: "World", company: str, by: str) -> str:
    """Let the next live copy of a closed company go on with its numbers, where the restore that was to do so has
    failed; that copy's id. What came back in it stays as a test company, so that no number is ever given twice. Raises
    NotFound where no copy was begun, AlreadyExists for one that still runs, that is whole, or that has issued, Busy."""
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

    def decide(snapshot: Snapshot) -> Decision:
        return Decision(head={"restore": None} if snapshot.head.restore == first else None)

    call = world.call(company, by, "backup_release", key=world.random(16).hex())
    transact(world.store, call, [], decide, SYSTEM_STEP)
    return half


def _retire(world: "World", company: str, seen: Head, by: str) -> None:
    """Make half a copy a test company. Raises AlreadyExists for one that has issued, Busy where it changes just now."""
    after = None
    while True:
        page = world.store.query("journal", company, SORT.startswith("entry#"), after=after)
        for row in page.records:
            if isinstance(row, JournalEntry) and row.verb != "restore" and any(map(_numbers, row.changes)):
                raise AlreadyExists(id=company)
        if (after := page.next) is None:
            break

    def decide(snapshot: Snapshot) -> Decision:
        if snapshot.clock != seen.clock:
            raise Busy
        return Decision(head={"mode": "test"})

    call = world.call(company, by, "backup_release", key=world.random(16).hex())
    transact(world.store, call, [], decide, SYSTEM_STEP)


def _numbers(change: Change) -> bool:
    return (change.room, change.kind, change.op) == (RegisterEntry.ROOM, RegisterEntry.KIND, "put")
