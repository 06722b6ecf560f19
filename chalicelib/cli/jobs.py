"""Commands for jobs: list, run, dry-run at a chosen instant; switch off and on; list and revive dead-lettered work."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.cli import arguments
from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import Busy
from chalicelib.domain.jobs import EVERY_JOB, SYSTEM, Checkpoint, Switch
from chalicelib.jobs import catalogue
from chalicelib.jobs.job import Job, within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

DEADLINE_SECONDS = 600.0


def add_to(nouns: Any) -> None:
    """Add the `jobs` commands."""
    verbs = arguments.noun(nouns, "jobs", "the scheduled jobs")
    arguments.verb(verbs, "list", listed, "list every job with its schedule, cap, switch and checkpoint")
    for name, command, summary in (
        ("run", run_now, "carry out the due work"),
        ("dry-run", dry_run, "print the steps of a run without applying them"),
    ):
        verb = arguments.verb(verbs, name, command, summary)
        verb.add_argument("name", metavar="NAME")
        verb.add_argument(
            "--now",
            type=arguments.instant,
            metavar="TIME",
            help="the time at which the run's clock starts: RFC 3339, such as 2026-12-31T08:00:00Z",
        )
        verb.add_argument(
            "--deadline",
            type=arguments.seconds,
            default=DEADLINE_SECONDS,
            metavar="SECONDS",
            help="the most seconds of the run (default 600)",
        )
        verb.add_argument(
            "--cap",
            type=arguments.positive,
            metavar="STEPS",
            help="the most steps of this run",
        )
    stop = arguments.verb(verbs, "off", off, "turn a job off, or all jobs")
    stop.add_argument("--reason", required=True, help="the reason, without personal data")
    arguments.add_operator(stop)
    for verb in (stop, arguments.verb(verbs, "on", on, "turn a job on again, or all jobs")):
        verb.add_argument("name", metavar="NAME", help=f"a job, or {EVERY_JOB}")
    dead = arguments.verb(verbs, "dead", dead_lettered, "list the dead-lettered rows of a job")
    dead.add_argument("name", metavar="NAME")
    dead.add_argument("--revive", action="store_true", help="retry each row, with all its attempts")


def _job(name: str) -> Job:
    try:
        return catalogue.named(name)
    except catalogue.UnknownJob as reason:
        raise CannotRun(str(reason.args[0])) from reason


def listed(world: "World", options: argparse.Namespace) -> int:  # noqa: ARG001 — a command's signature
    """List every job with its switch and checkpoint."""
    (everything,) = world.store.records([Switch.ref(SYSTEM, EVERY_JOB)])
    for job in catalogue.JOBS:
        own, kept = world.store.records([Switch.ref(SYSTEM, job.name), Checkpoint.ref(SYSTEM, job.name)])
        switch = everything or own
        show(
            job=job.name,
            schedule=job.schedule,
            cap=job.cap,
            summary=job.summary,
            off=switch.reason if isinstance(switch, Switch) else None,
            asks=kept.asks if isinstance(kept, Checkpoint) else None,
            goes_on=isinstance(kept, Checkpoint) and not kept.asks,
        )
    return 0


def run_now(world: "World", options: argparse.Namespace) -> int:
    """Run a job."""
    return _run(world, options, dry=False)


def dry_run(world: "World", options: argparse.Namespace) -> int:
    """Print the actions of a run without applying them."""
    return _run(world, options, dry=True)


def _run(world: "World", options: argparse.Namespace, *, dry: bool) -> int:
    job = _job(options.name)
    if options.cap is not None:
        job = replace(job, cap=options.cap)
    try:
        report = run(world, job, now=options.now or world.now(), left=within(options.deadline), dry_run=dry)
    except Busy as reason:
        raise CannotRun("the database is busy or cannot be reached; nothing was lost, try again", 3) from reason
    return _shown(report)


def _shown(report: Report) -> int:
    for step in report.steps:
        show(would=step.kind, what=step.what, company=step.ref.company, row=step.ref.sort)
    for failure in report.failures:
        show(
            failed=failure.error,
            company=failure.ref.company,
            row=failure.ref.sort,
            attempt=failure.attempt,
            dead=failure.dead,
        )
    show(
        job=report.job,
        outcome=report.outcome,
        dry_run=report.dry_run,
        now=report.at,
        found=report.found,
        planned=report.planned,
        applied=report.applied,
        skipped=report.skipped,
        held=report.held,
        failed=len(report.failures),
        dead=report.dead,
        seconds=round(report.seconds, 3),
    )
    return 0 if report.outcome == "done" and not report.failures else 1


def _switchable(name: str) -> str:
    return name if name == EVERY_JOB else _job(name).name


def off(world: "World", options: argparse.Namespace) -> int:
    """Turn a job off. A current run stops before its next page."""
    at, name = world.now(), _switchable(options.name)
    switch = Switch(**new_row(SYSTEM, name, at), reason=options.reason, actor=options.by)
    bookkeeping.remember(world.store, switch, world.random(16))
    show(job=name, off=options.reason)
    return 0


def on(world: "World", options: argparse.Namespace) -> int:
    """Turn a job on again."""
    name = _switchable(options.name)
    bookkeeping.finish(world.store, Switch.ref(SYSTEM, name))
    show(job=name, off=None)
    return 0


def dead_lettered(world: "World", options: argparse.Namespace) -> int:
    """List, and with `--revive` retry, the dead-lettered work of a job."""
    job = _job(options.name)
    now, count = world.now(), 0
    for record in bookkeeping.all_scheduled(world.store, job.table, job.name + bookkeeping.DEAD):
        revived = options.revive and bookkeeping.revive(world.store, record, now)
        show(company=record.company, row=record.key.sort, kind=record.KIND, since=record.created_at, revived=revived)
        count += 1
    return 0 if options.revive or not count else 1
