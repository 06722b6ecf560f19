"""A company's night: the daily pass, what the next anchor takes, and the monthly full pass."""

import logging
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.companies.company import Head
from chalicelib.domain.evidence import BEGINNING, Evidence
from chalicelib.domain.ids import derived_id
from chalicelib.domain.journal import JobRow
from chalicelib.services.evidence import live
from chalicelib.services.evidence.anchors import AGAIN
from chalicelib.services.evidence.nights import next_night, period
from chalicelib.services.evidence.pieces import advanced
from chalicelib.services.evidence.recording import noted
from chalicelib.services.evidence.requested import row_of
from chalicelib.store import bookkeeping
from chalicelib.workflow.deadline import STEP_SECONDS, Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.evidence")
ACTOR: Final = "evidence"


def night(world: "World", row: Evidence) -> bool:
    """Make a company's daily pass and note the result. False if the pass needs another call. A fault is found again
    each night, because only a good pass moves what the next one begins with. Raises Busy."""
    (head,) = world.store.records([Head.ref(row.company)])
    at = world.now()
    changes: dict[str, Any] = {"due_at": next_night(row.company, at), "attempts": 0}
    if not isinstance(head, Head) or head.state == "closed":
        changes["due"] = None
    elif head.state != "restoring":
        since = noted(row) or BEGINNING
        if (head.clock, head.chain) != (since.clock, since.chain):
            proof = advanced(f"night:{row.company}", lambda: live.daily(world, row.company, since), _soon())
            if proof is None:
                return False
            found = proof.verdict
            changes |= {"daily_at": at, "daily_code": found.faults[0].code if found.faults else None}
            if found.verified:
                changes |= {"noted_at": at, "noted_clock": found.clock, "noted_chain": found.chain}
            else:
                log.error(
                    "the ledger contradicts the journal", extra={"company": row.company, "ref": found.faults[0].id}
                )
                world.telemetry.figures({"EvidenceBroken": 1})
        elif row.noted_at is None or at - row.noted_at >= AGAIN:
            changes["noted_at"] = at
        if row.full_at is None or period(row.company, row.full_at) < period(row.company, at):
            _queue_full_pass(world, row.company)
    bookkeeping.save(world.store, row.edited(at, **changes), row, world.random(16))
    return True


def _soon() -> Deadline:
    return Deadline.within(STEP_SECONDS)


def _queue_full_pass(world: "World", company: str) -> None:
    """Queue the period's full pass, unless it is queued."""
    call = world.call(company, ACTOR, "verify", key="evidence")
    job = row_of(call, derived_id(JobRow.PREFIX, ACTOR, company, str(period(company, call.at))))
    bookkeeping.swap(world.store, job, None, world.random(16))
