"""A deletion from its plan to its receipt. Every step is stored, repeatable, and done only when verified.

During the deletion the account is blocked and no API verb can change the request. So the workflow engine saves the
progress. Each change of status is a commit of the company.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.clock import midnight, today
from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.errors import Busy
from chalicelib.domain.journal import Message
from chalicelib.domain.privacy.disclosure import may_be_seen
from chalicelib.domain.privacy.request import (
    AFTERWARDS,
    KIND_OF,
    Affected,
    Measure,
    PrivacyRequest,
    RequestDeadline,
    moved,
)
from chalicelib.policy.ends import first_day_gone
from chalicelib.policy.erasure import Circumstances, Plan, PlannedStep, last_trace, plan
from chalicelib.policy.inventory import build_inventory
from chalicelib.policy.load import current
from chalicelib.policy.schedules import retention_of
from chalicelib.services.attachments.settling import require_settled
from chalicelib.services.mail.notifications import NOTICE, notice, notice_outside, notify
from chalicelib.services.mail.outbox import deliver
from chalicelib.services.mail.writing import send_held
from chalicelib.services.privacy import receipts, sign_ins, transitions
from chalicelib.services.privacy.erasure import completion_mail, erasers
from chalicelib.services.privacy.erasure.copies import copies_of
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.retention import key_destruction
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Workflow, Written

if TYPE_CHECKING:
    from chalicelib.wiring import World

PATIENCE = timedelta(days=5)
"""Before its deadline by this much, a deletion stops waiting for pending mails."""


def plan_of(world: "World", company: str, affects: Affected, at: datetime) -> Plan:
    """The plan of a deletion at this instant, by the policy in force and the company's own terms."""
    (schedule,) = world.store.records([RetentionSchedule.ref(company)])
    circumstances = Circumstances(today(at))
    if isinstance(schedule, RetentionSchedule):
        rule = retention_of(schedule)
        circumstances = Circumstances(today(at), years=rule.years, periods=rule.periods)
    return plan(current(), build_inventory(), affects, circumstances)


def record_deleted_before(subject: str) -> tuple[Measure, ...]:
    """The measures that a confirmed request needs for a person whose own record was deleted earlier."""
    kind = KIND_OF[subject.partition("_")[0]]
    return (
        Measure(
            store="table",
            place="identity" if kind == "member" else "workspace",
            kinds=(kind,),
            match="own",
            action="delete",
            found=0,
            done=True,
        ),
    )


def measures(steps: Iterable[PlannedStep], subject: str | None = None, own_rows: int = 1) -> tuple[Measure, ...]:
    """A plan's steps as a request stores them. A person's record (`own_rows`: 0 if deleted earlier) goes when the
    request is confirmed. Other rows of the person (a member's consents) have the same id and go when the request
    runs."""
    own = KIND_OF.get((subject or "").partition("_")[0], "")
    return tuple(
        Measure(
            store=step.store,
            place=step.place,
            kinds=step.kinds,
            match=step.match,
            action=step.action,
            attributes=step.attributes if step.action == "anonymise" or step.match == "reference" else (),
            bases=step.bases,
            until=step.until,
            done=(gone := step.match == "own" and own in step.kinds),
            found=own_rows if gone else None,
        )
        for step in steps
    )


@dataclass(frozen=True)
class _DeletionContext:
    world: "World"
    request: PrivacyRequest


def _tell_first(world: "World", request: PrivacyRequest) -> None:
    """Deliver pending and held notices to the owners before their addresses are erased. A failing mailer delays the
    deletion only up to PATIENCE before the deadline. Raises Busy."""
    tasks = {NOTICE: partial(notify, at_once=True)}
    pending = [each for each in world.store.all_of(Message, request.company) if each.task == NOTICE]
    deliveries = [partial(deliver, world, tasks, each.key, each.task, each.about) for each in pending]
    for send in (*deliveries, partial(send_held, world, request.company)):
        try:
            send()
        except Busy:
            if world.now() < request.deadline - PATIENCE:
                raise


def _begin(context: _DeletionContext, request: PrivacyRequest, _: Deadline) -> Written[PrivacyRequest]:
    """Fix the plan and begin. The same commit plans the destruction of the account's working keys. Skips a request
    cancelled in the meantime."""
    world = context.world
    if request.subject is None:
        transitions.overtake(world, request)
        _tell_first(world, request)
        require_settled(world, request.company)
        sign_ins.note_all(world, request.company)
    elif request.affects == "member":
        send_held(world, request.company)  # What is held for the member names their address.
    found = plan_of(world, request.company, request.affects, world.now())
    own_rows = 0 if request.measures else 1  # Only the measure of `record_deleted_before`, or none.
    informed = _recipients(world, request, found)

    def decide_begin(snapshot: Snapshot) -> Decision[PrivacyRequest | None]:
        now = snapshot.get(PrivacyRequest, request.id)
        if now is None or now.status != request.status or now.version != request.version:
            return Decision(now)
        running = moved(
            now,
            "running",
            call.at,
            measures=measures(found.steps, request.subject, own_rows),
            policy_version=found.version,
            last_trace=found.last_trace,
            letters=now.letters or tuple(letter.id for letter in letters),
            recipients=informed,
        )
        running = replace(running, due_at=now.due_at)
        return Decision(running, puts=(running,), new=(*ends, *letters))

    call = world.call(request.company, request.asked_by, "privacy_run", key=f"{request.id}:run")
    of_account = request.affects == "company"
    ends = key_destruction.plan_destruction(world, request.company, request.id, call.at) if of_account else ()
    letters = completion_mail.letters(world, call, request) if of_account else ()
    return Written(transact(world.store, call, [request.key], decide_begin, SYSTEM_STEP).outcome)


def _recipients(world: "World", request: PrivacyRequest, found: Plan) -> tuple[str, ...]:
    """The disclosures of the erased data that the company may see (law 09-08 art. 8: third parties are informed)."""
    rules = {rule for step in found.steps for rule in step.rules}
    handed = disclosures.of_erasure(world.store, request)
    return tuple(row.id for row in handed if rules & set(row.data) and may_be_seen(row, today(world.now())))


def _step_of(context: _DeletionContext, request: PrivacyRequest) -> str:
    if request.status in ("verified", "grace"):
        return "begin"
    if request.status != "running":
        return "look_again"
    if any(measure.found is None for measure in request.measures) or request.cursor is not None:
        return "count"
    if all(measure.done for measure in request.measures):
        return "finish"
    return "wait" if _all_wait(request, today(context.world.now())) else "erase"


def _count(context: _DeletionContext, request: PrivacyRequest, _: Deadline) -> PrivacyRequest:
    """Count the rows of the next tables, before the first erasure."""
    after = erasers.counted(context.world, request)
    while after.cursor is None and any(measure.found is None for measure in after.measures):
        after = erasers.counted(context.world, after)
    return after


def _erase(context: _DeletionContext, request: PrivacyRequest, _: Deadline) -> PrivacyRequest:
    """Erase the next part of a table."""
    return erasers.carry_out(context.world, request) or request


def _wait(context: _DeletionContext, request: PrivacyRequest, _: Deadline) -> PrivacyRequest:
    """Postpone the request to the first day on which a term ends."""
    terms = _all_wait(request, today(context.world.now()))
    return replace(request, due_at=midnight(min(terms) + timedelta(days=1)))


def _all_wait(request: PrivacyRequest, on: date) -> list[date]:
    """The last days of the terms that all remaining measures wait for; empty while a measure can be done now."""
    left = [measure for measure in request.measures if not measure.done]
    waiting = [measure.until for measure in left if erasers.waits(measure, on) and measure.until]
    return waiting if len(waiting) == len(left) else []


def _finish(context: _DeletionContext, request: PrivacyRequest, _: Deadline) -> Written[PrivacyRequest]:
    """Sign the receipt, and close the request (and the company) with it in one commit."""
    world = context.world
    call = world.call(request.company, request.asked_by, "privacy_complete", key=f"{request.id}:complete")
    ends = key_destruction.finish_destruction(world, request.company, request.id, call.at)
    request = replace(request, last_trace=_last_trace(request, today(call.at)))
    disclosures.note_hidden(world, request)
    # An account's copies are erased with it, so the counts of its measures state them.
    copies = copies_of(world, request) if request.subject is not None else None
    receipt = receipts.make(world, call, request, ends, copies)
    watch = call.make(RequestDeadline, id=request.id, deadline=request.deadline, due_at=request.deadline)

    def decide_completion(snapshot: Snapshot) -> Decision[PrivacyRequest | None]:
        now = snapshot.get(PrivacyRequest, request.id)
        if now is None or now.status != "running":
            return Decision(now)
        closed = moved(now, "completed", call.at, receipt=True, letters=(), due="requests", due_at=call.at + AFTERWARDS)
        closed = replace(closed, last_trace=request.last_trace)
        head = {"state": "closed"} if request.affects == "company" else None
        # A closed account and an erased member have no address left. Their mails were written before.
        last = completion_mail.posted(call, now)
        messages = (*last, *_notices(call, now))
        return Decision(closed, puts=(closed, *ends), new=(receipt,), deletes=(watch,), messages=messages, head=head)

    return Written(transact(world.store, call, [request.key], decide_completion, SYSTEM_STEP).outcome)


def _last_trace(request: PrivacyRequest, on: date) -> date:
    """The last day on which copies may exist, counted from the day of the last deletion. It never moves back."""
    counted = last_trace(current(), request.measures, on)
    return max(counted, request.last_trace or counted)


def _notices(call: Call, request: PrivacyRequest) -> tuple[Message, ...]:
    """The notices of the end. A closed account has no members left, so only the recipients of its data get one."""
    if request.subject is None:
        return (notice_outside(call, "account_erased", request.id),) if request.recipients else ()
    return (notice(call, "erased" if request.recipients else "completed", request.id),)


def _look_again(context: _DeletionContext, request: PrivacyRequest, _: Deadline) -> PrivacyRequest:
    """Erase rows that a request in flight wrote after the account was blocked."""
    if request.subject is None:
        transitions.overtake(context.world, request)
    again = tuple(
        replace(m, done=m.action not in erasers.TAKING or not (m.store == "files" or m.place == "transient"))
        for m in request.measures
    )
    left = replace(request, measures=again)
    while any(not measure.done for measure in left.measures):
        after = erasers.carry_out(context.world, left)
        if after is None:
            return request
        left = after
    due_at = first_day_gone("request.proof", request.closed_at or context.world.now())
    return replace(request, due="proofs", due_at=due_at)


WORKFLOW: Final = Workflow(
    name="deletion",
    context=_DeletionContext,
    load=lambda context: context.request,
    row=lambda _, request: request,
    step_of=_step_of,
    steps={
        "begin": _begin,
        "count": _count,
        "erase": _erase,
        "wait": _wait,
        "finish": _finish,
        "look_again": _look_again,
    },
)
"""A deletion. Its own row is the state. No refusal ends it: an alarm tells an operator when its deadline is near."""
