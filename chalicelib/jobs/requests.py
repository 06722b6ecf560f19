"""Runs privacy requests, and watches their deadlines."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.request import OVER, REMINDERS, Deadline, Request
from chalicelib.jobs.job import Job, Step, due_in
from chalicelib.services.privacy import deletion, requests
from chalicelib.store import due

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.privacy")

NAME, WATCH = "requests", "deadlines"
Carry = Callable[["World", Request], bool]
"""Does the next bounded, repeatable part of a verified or running request; True when nothing is to be done now."""


def carry_deletion(world: "World", request: Request) -> bool:
    """The next part of a deletion."""
    if request.status == "verified":
        deletion.begin(world, request)
        return False
    if request.status == "running":
        deletion.proceed(world, request)
        return False
    return deletion.look_again(world, request)


def requests_job(carriers: Mapping[str, Carry]) -> Job:
    """The job that carries requests out: by kind, each by its carrier. A kind without one waits for an operator."""

    def apply(world: "World", step: Step) -> bool:
        (request,) = world.store.records([step.ref])
        if not isinstance(request, Request) or request.due != NAME:
            return True
        if request.due_at <= world.now() and request.status == "completed" and request.version != _version(step):
            return True  # ended in this run: it is looked at again when it is next due
        if request.status == "requested":
            requests.lapse(world, request)
            return True
        if request.status == "grace":
            if request.reminders < len(REMINDERS):
                requests.remind(world, request)
                return True
            deletion.begin(world, request)
            return False
        return carriers[request.kind](world, request)

    return Job(
        name=NAME, room=Request.ROOM, schedule="rate(1 minute)", cap=None, find=due_in(Request.ROOM, NAME), plan=plan,
        apply=apply, summary="Carries privacy requests out, a bounded part at a time", step_seconds=20.0,
    )  # fmt: skip


def plan(world: "World", work: Record) -> list[Step]:  # noqa: ARG001 — a plan's signature
    """One step a request, applied until nothing is to be done now."""
    if not isinstance(work, Request):
        raise TypeError(f"a {work.KIND} is due as a request")
    return [Step(work.kind, work.key, f"{work.kind} of a {work.affects}: {work.status}")]
