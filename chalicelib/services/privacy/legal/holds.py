"""Legal holds: nothing of a company under a hold is erased or purged. Operators place and release holds."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.domain.privacy.request import Hold
from chalicelib.policy.ends import first_day_gone
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World


def held(world: "World", companies: Iterable[str]) -> bool:
    """Whether any of these companies is under a hold. Raises Busy."""
    return any(hold.released_at is None for company in companies for hold in holds(world, company))


def holds(world: "World", company: str) -> list[Hold]:
    """Every hold on a company, released or not, oldest first. Raises Busy."""
    return [*world.store.all_of(Hold, company, read=patiently)]


def place(world: "World", company: str, reason: str, by: str) -> Hold:
    """Place a hold. `reason` and `by` (an operator's id) hold no personal data. Raises NotFound, Busy."""
    call = world.call(company, by, "hold", key=world.random(16).hex())
    hold = call.make(Hold, reason=reason, actor=by, due_at=call.at)
    _commit(world, call.company, by, hold)
    return hold


def release(world: "World", company: str, id: str, by: str) -> Hold:
    """Release a hold; its row stays for its rule's term. Raises NotFound for a hold that is not in force, Busy."""
    (row,) = world.store.records([Hold.ref(company, id)])
    if not isinstance(row, Hold) or row.released_at is not None:
        raise NotFound
    at = world.now()
    free = row.edited(at, released_at=at, released_by=by, due="proofs", due_at=first_day_gone("request.proof", at))
    _commit(world, company, by, free)
    return free


def _commit(world: "World", company: str, by: str, row: Record) -> None:
    def decide_hold(_: Snapshot) -> Decision:
        return Decision(puts=(row,))

    call = world.call(company, by, "hold", key=world.random(16).hex())
    transact(world.store, call, [], decide_hold, ACCOUNT_WHILE_BLOCKED)
