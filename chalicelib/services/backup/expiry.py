"""The end of a backup: past its term, or never completed, its objects go, every version, and then its row.

The bucket's lifecycle rules are only the net under this. The row goes last, so that a crash on the way loses nothing
but time.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.backup import Backup, BackupPlan
from chalicelib.domain.call import Answer
from chalicelib.domain.entity import Ref
from chalicelib.files import erase, prefixes
from chalicelib.store import due
from chalicelib.store.door import Decision, Snapshot, transact

if TYPE_CHECKING:
    from chalicelib.wiring import World


def expire(world: "World", ref: Ref) -> bool:
    """Remove the next objects of a backup whose time is over; True once nothing of it is left. Raises Busy."""
    (row,) = world.store.records([ref])
    if not isinstance(row, Backup):
        return True
    own = prefixes.of_company(prefixes.BACKUPS[row.tier], row.company)
    if not erase.erase(world.files, own, row.id):
        return False
    if row.status == "running":
        _let_go(world, row)
    due.finish(world.store, row.key)
    return True


def _let_go(world: "World", row: Backup) -> None:
    """Take a backup that never ended out of its company's plan, so that the next one may begin."""
    call = world.call(row.company, "expiry", "backup_expire", key=f"expire:{row.id}")

    def decide(snapshot: Snapshot) -> Decision:
        plan = snapshot.get(BackupPlan)
        if plan is None or plan.running != row.id:
            return Decision(Answer({}))
        return Decision(Answer({}), puts=(plan.edited(call.at, running=None),))

    transact(
        world.store, call, [BackupPlan.ref(row.company)], decide, business=False, while_blocked=True, remembered=False
    )  # fmt: skip
