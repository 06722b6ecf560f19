"""Runs privacy requests and watches their deadlines."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.request import OVER, REMINDERS, PrivacyRequest, RequestDeadline
from chalicelib.jobs.job import Job, JobStep, due_in
from chalicelib.store import bookkeeping
from chalicelib.workflow import engine
from chalicelib.workflow.engine import Workflow

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.privacy")

NAME, WATCH = "requests", "deadlines"
LoadRequestWorkflow = Callable[[], Workflow[PrivacyRequest, Any, PrivacyRequest]]
"""Imports the workflow of a kind of request."""


def deletion() -> Workflow[PrivacyRequest, Any, PrivacyRequest]:
    """A deletion."""
    from chalicelib.services.privacy.erasure.deletion import WORKFLOW

    return WORKFLOW


def access() -> Workflow[PrivacyRequest, Any, PrivacyRequest]:
    """An access export."""
    from chalicelib.services.privacy.access.export import WORKFLOW

    return WORKFLOW


def rectification() -> Workflow[PrivacyRequest, Any, PrivacyRequest]:
    """A rectification."""
    from chalicelib.services.privacy.rectification.rectification import WORKFLOW

    return WORKFLOW


def requests_job(workflows: Mapping[str, LoadRequestWorkflow]) -> Job:
    """The job that runs requests, each by the workflow of its kind. A kind without a workflow needs an operator."""

    def apply(world: "World", step: JobStep) -> bool:
        from chalicelib.services.privacy import transitions

        (request,) = world.store.records([step.ref])
        if not isinstance(request, PrivacyRequest) or request.due != NAME:
            return True
        if request.status == "requested":
            transitions.lapse(world, request)
            return True
        if request.status == "grace" and request.reminders < len(REMINDERS):
            transitions.remind(world, request)
            return True
        if request.kind not in workflows:  # An operator carries it out; the watch job checks its deadline.
            return bookkeeping.save(
                world.store, request.edited(world.now(), due=None, attempts=0), request, world.random(16)
            )
        return engine.run(world, workflows[request.kind](), request)

    return Job(
        name=NAME,
        table=PrivacyRequest.TABLE,
        schedule="rate(1 minute)",
        cap=None,
        find=due_in(PrivacyRequest.TABLE, NAME),
        plan=plan,
        apply=apply,
        summary="Carries out privacy requests, a bounded part at a time",
        step_seconds=20.0,
        destroys=True,
    )


def plan(world: "World", work: Record) -> list[JobStep]:  # noqa: ARG001 — a plan's signature
    """One step per request, applied until nothing remains to do now."""
    if not isinstance(work, PrivacyRequest):
        raise TypeError(f"a {work.KIND} is due as a request")
    what = f"{work.kind} of a {work.affects}: {work.status}"
    return [JobStep(work.kind, work.key, what, destroys=work.kind == "deletion")]


def watch_job() -> Job:
    """The job that checks deadlines: it warns before one, and alarms after it until the request is closed."""

    def apply(world: "World", step: JobStep) -> bool:
        watch, request = world.store.records([step.ref, PrivacyRequest.ref(step.ref.company, *step.about)])
        if not isinstance(watch, RequestDeadline):
            return True
        if not isinstance(request, PrivacyRequest) or request.status in OVER:
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
        table=RequestDeadline.TABLE,
        schedule="rate(1 hour)",
        cap=None,
        find=due_in(RequestDeadline.TABLE, WATCH),
        plan=lambda _, work: [JobStep("watch", work.key, "deadline", (work.id,))],
        apply=apply,
        summary="Warns of privacy requests whose deadline is near or past",
    )
