"""Runs privacy requests and watches their deadlines."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.request import OVER, REMINDERS, Deadline, Request
from chalicelib.jobs.job import Job, Step, due_in
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.privacy")

NAME, WATCH = "requests", "deadlines"
Carry = Callable[["World", Request], bool]
"""Does the next bounded, repeatable part of a verified or running request. Returns True when nothing remains to do
now."""


def carry_deletion(world: "World", request: Request) -> bool:
    """Do the next part of a deletion."""
    from chalicelib.services.privacy.erasure import deletion

    if request.status in ("verified", "grace"):
        if request.subject is None:
            deletion.tell_first(world, request)
        deletion.begin(world, request)
        return False
    if request.status == "running":
        return deletion.proceed(world, request)
    return deletion.look_again(world, request)


def carry_access(world: "World", request: Request) -> bool:
    """Write the next piece of an access export."""
    from chalicelib.services.privacy.access import export

    return export.carry(world, request)


def carry_rectification(world: "World", request: Request) -> bool:
    """Do the next piece of a rectification."""
    from chalicelib.services.privacy.rectification import rectification

    return rectification.carry(world, request)


def requests_job(carriers: Mapping[str, Carry]) -> Job:
    """The job that runs requests, each kind with its carrier. A kind without a carrier needs an operator."""

    def apply(world: "World", step: Step) -> bool:
        from chalicelib.services.privacy.requests import transitions

        (request,) = world.store.records([step.ref])
        if not isinstance(request, Request) or request.due != NAME:
            return True
        if request.status == "requested":
            transitions.lapse(world, request)
            return True
        if request.status == "grace" and request.reminders < len(REMINDERS):
            transitions.remind(world, request)
            return True
        carry = carriers.get(request.kind)
        if carry is None:  # an operator carries it out; the watch keeps its deadline
            return bookkeeping.save(
                world.store, request.edited(world.now(), due=None, attempts=0), request, world.random(16)
            )
        return carry(world, request)

    return Job(
        name=NAME,
        room=Request.ROOM,
        schedule="rate(1 minute)",
        cap=None,
        find=due_in(Request.ROOM, NAME),
        plan=plan,
        apply=apply,
        summary="Carries privacy requests out, a bounded part at a time",
        step_seconds=20.0,
        destroys=True,
    )


def plan(world: "World", work: Record) -> list[Step]:  # noqa: ARG001 — a plan's signature
    """One step per request, applied until nothing remains to do now."""
    if not isinstance(work, Request):
        raise TypeError(f"a {work.KIND} is due as a request")
    what = f"{work.kind} of a {work.affects}: {work.status}"
    return [Step(work.kind, work.key, what, destroys=work.kind == "deletion")]


def watch_job() -> Job:
    """The job that checks deadlines: it warns before one, and alarms after it until the request is closed."""

    def apply(world: "World", step: Step) -> bool:
        watch, request = world.store.records([step.ref, Request.ref(step.ref.company, *step.about)])
        if not isinstance(watch, Deadline):
            return True
        if not isinstance(request, Request) or request.status in OVER:
            bookkeeping.finish(world.store, step.ref)
            return True
        breached = watch.deadline <= world.now()
        figure = "RequestDeadlineBreached" if breached else "RequestDeadlineNear"
        world.telemetry.figures({figure: 1}, job=WATCH)
        log.log(
            logging.ERROR if breached else logging.WARNING,
            "deadline of a privacy request",
            extra={
                "request": request.id,
                "company": request.company,
                "kind": request.kind,
                "status": request.status,
                "breached": breached,
            },
        )
        again = max(watch.deadline, world.now()) if not breached else world.now() + timedelta(days=1)
        later = watch.edited(world.now(), due_at=again, attempts=0)
        return bookkeeping.save(world.store, later, watch, world.random(16))

    return Job(
        name=WATCH,
        room=Deadline.ROOM,
        schedule="rate(1 hour)",
        cap=None,
        find=due_in(Deadline.ROOM, WATCH),
        plan=lambda _, work: [Step("watch", work.key, "deadline", (work.id,))],
        apply=apply,
        summary="Warns of privacy requests whose deadline is near or past",
    )
