"""What an operator does with a company's backups: the same jobs, each with a reason that the company can read."""

from typing import TYPE_CHECKING, Any

from chalicelib.domain.backup import Backup
from chalicelib.domain.call import Answer
from chalicelib.domain.clock import today
from chalicelib.domain.disclosure import Disclosure
from chalicelib.domain.errors import Forbidden, NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.services import disclosures
from chalicelib.services.backup.asking import row_of
from chalicelib.services.disclosures import Told
from chalicelib.store.door import Decision, transact
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
    told = Told(
        kind="operator_access", recipient=WHO, basis=reason, data=(rule,), disclosed_on=today(world.now())
    )  # fmt: skip
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
    decision = Decision(Answer({}), new=(job,))
    transact(
        world.store, call, [], lambda _: decision, business=False, while_blocked=True, remembered=False
    )  # fmt: skip
    return job


def job(world: "World", company: str, id: str) -> JobRow:
    """A job as it is now. Raises NotFound."""
    (row,) = world.store.records([JobRow.ref(company, id)])
    if not isinstance(row, JobRow):
        raise NotFound
    return row
