"""Transitions of a request by the scheduler or the operator: remind, lapse, close."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import RequestSettled
from chalicelib.domain.privacy.request import (
    MOVES,
    OPEN,
    WARNED,
    PrivacyRequest,
    RequestDeadline,
    RequestStatus,
    moved,
    reminder,
)
from chalicelib.policy.ends import first_day_gone
from chalicelib.services.mail import notifications
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World


def postponed(request: PrivacyRequest, at: datetime) -> PrivacyRequest:
    """The request, due for its job at `at`."""
    return replace(request, due_at=at)


def watch_over(request: PrivacyRequest) -> RequestDeadline:
    """The row by which an open request's deadline is watched."""
    return RequestDeadline(
        **new_row(request.company, request.id, request.updated_at),
        deadline=request.deadline,
        due_at=request.deadline - WARNED,
    )


def lapse(world: "World", request: PrivacyRequest) -> None:
    """End a request that nobody confirmed in time."""
    close(world, request, "cancelled", reason="not_confirmed")


def overtake(world: "World", erasure: PrivacyRequest) -> None:
    """End the open requests that only a person would carry out, because the account's erasure has begun. Nobody could
    answer them afterwards, and their members' sign-in accounts would stay. Requests that a job carries out end by
    themselves. Raises Busy."""
    for row in [*world.store.all_of(PrivacyRequest, erasure.company)]:
        if row.id != erasure.id and row.status in OPEN and row.due is None:
            to: RequestStatus = "cancelled" if "cancelled" in MOVES[row.status] else "refused"
            close(world, row, to, reason="account_erased", notice="overtaken")


def close(
    world: "World",
    request: PrivacyRequest,
    to: RequestStatus,
    *,
    reason: str | None = None,
    by: str | None = None,
    notice: str | None = None,
) -> PrivacyRequest | None:
    """Close a request that no receipt follows; None when it was moved meanwhile. `request` is as it was read; `by` is
    the operator who decided."""
    call = world.call(request.company, request.asked_by, f"privacy_{to}", key=f"{request.id}:{to}")

    def decide_transition(snapshot: Snapshot) -> Decision[PrivacyRequest | None]:
        now = snapshot.get(PrivacyRequest, request.id)
        if now is None or now.status != request.status:
            return Decision(None)
        after = moved(now, to, call.at, reason=reason, decided_by=by, due_at=first_day_gone("request.proof", call.at))
        messages = (notifications.notice(call, notice, request.id),) if notice else ()
        opened = now.kind == "deletion" and now.subject is None and now.verified_at is not None
        return Decision(
            after,
            puts=(after,),
            deletes=(watch_over(now),),
            messages=messages,
            head={"state": "active"} if opened else None,
        )

    return transact(world.store, call, [request.key], decide_transition, SYSTEM_STEP).outcome


def close_by_operator(
    world: "World", request: PrivacyRequest, to: RequestStatus, by: str, *, reason: str | None = None
) -> bool:
    """Close a request that the operator `by` carried out or refused. Refuses kinds that only the job carries out.
    Raises RequestSettled, Busy."""
    if to == "completed":
        if request.kind == "deletion":
            raise RequestSettled(status=request.status)
        _to_running(world, request)
        (now,) = world.store.records([request.key])
        if not isinstance(now, PrivacyRequest):
            return False
        return close(world, now, to, reason=reason, by=by, notice="completed") is not None
    if request.kind == "deletion" and request.status not in ("requested", "grace", "verified"):
        raise RequestSettled(status=request.status)
    return close(world, request, to, reason=reason, by=by, notice="refused") is not None


def _to_running(world: "World", request: PrivacyRequest) -> None:
    call = world.call(request.company, request.asked_by, "privacy_run", key=f"{request.id}:run")

    def decide_start(snapshot: Snapshot) -> Decision:
        now = snapshot.get(PrivacyRequest, request.id)
        if now is None or now.status == "running":
            return Decision()
        return Decision(puts=(moved(now, "running", call.at),))

    transact(world.store, call, [request.key], decide_start, SYSTEM_STEP)


def remind(world: "World", request: PrivacyRequest) -> None:
    """Remind the owners when the delay ends, and postpone the request to the next reminder or the end."""
    call = world.call(request.company, request.asked_by, "privacy_remind", key=f"{request.id}:{request.reminders}")

    def decide_reminder(snapshot: Snapshot) -> Decision:
        now = snapshot.get(PrivacyRequest, request.id)
        if now is None or now.status != "grace" or now.reminders != request.reminders:
            return Decision()
        after = now.edited(call.at, reminders=now.reminders + 1, attempts=0)
        after = postponed(after, reminder(after) or now.due_at)
        return Decision(puts=(after,), messages=(notifications.notice(call, "grace_ends", request.id),))

    transact(world.store, call, [request.key], decide_reminder, SYSTEM_STEP)
