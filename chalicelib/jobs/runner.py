"""Runs jobs. Only this module implements deadline, cap, holds, kill switch, retries and figures.

Two concurrent runs of a job are safe: a run claims each row before it works on it (`store.bookkeeping`). A killed run
loses time only, because its claims lapse and its steps are repeatable. A failed row does not stop the others. It is
retried with growing delays and dead-lettered after `MOST_ATTEMPTS`.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chalicelib import session
from chalicelib.domain.entity import Record, Ref, new_row
from chalicelib.domain.jobs import EVERY_JOB, SYSTEM, Checkpoint, Switch
from chalicelib.jobs.job import DuePage, Job, JobStep, Left, within
from chalicelib.jobs.report import FailedRow, Report, RunOutcome
from chalicelib.observability import code_of
from chalicelib.store import bookkeeping
from chalicelib.store.conflicts import patiently

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.jobs")

RUN_SECONDS = 50.0
"""Seconds that a run takes at most by default: less than the minute between two runs."""
MOST_ATTEMPTS = 10
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(hours=6)
"""The delays are 30 s, 2 min, 8 min, 32 min, 2 h, then 6 h each. Together they outlast an outage of a day."""
LAPSE = timedelta(seconds=60)
"""The time from a run's end to the lapse of its claims."""
SHOWN = 1000

Holds = Callable[["World", Sequence[JobStep]], bool]
"""Whether a legal hold forbids any of these steps. The runner then skips the row."""


def no_holds(world: "World", steps: Sequence[JobStep]) -> bool:  # noqa: ARG001 — the signature of a predicate
    """No legal hold applies."""
    return False


def _holds_of(job: Job) -> Holds:
    """The hold check of this job."""
    if not job.destroys:
        return no_holds
    from chalicelib.services.privacy.legal.holds import held

    return lambda world, steps: held(world, {step.ref.company for step in steps if step.destroys})


def run_scheduled(world: "World", name: str, *, left: Left | None = None) -> Report:
    """Run the job with this name now. `left` returns the seconds that the function has left. Raises UnknownJob,
    Busy."""
    from chalicelib.jobs.catalogue import named

    return run(world, named(name), now=world.now(), left=left or within(RUN_SECONDS))


def run(
    world: "World", job: Job, *, now: datetime, left: Left, dry_run: bool = False, holds: Holds | None = None
) -> Report:
    """Do the work of `job` that is due at `now`, while `left` allows. A dry run only reports it.

    The run has one clock, which starts at `now`. Every step takes its time from the world that it receives. `left`
    counts real seconds. Raises Busy if the due rows cannot be read. An error on one row goes into the report.
    """
    began = time.monotonic()
    report = Report(job.name, now, dry_run)
    observed = world.telemetry
    with observed.bound(job=job.name), observed.span(f"job {job.name}"):
        active = _Run(world.at(now), job, left, holds or _holds_of(job), report, ahead=max(now, world.wall_now()))
        report.outcome = active.survey() if dry_run else active.work()
        report.seconds = time.monotonic() - began
        report.log_line()
        observed.figures(report.figures(), job=job.name)
    return report


class _Run:
    """One run of one job."""

    def __init__(self, world: "World", job: Job, left: Left, holds: Holds, report: Report, *, ahead: datetime) -> None:
        self.world, self.job, self.left, self.holds, self.report = world, job, left, holds, report
        # The run's clock may be behind. A claim, or a retry, must lie ahead of the clock of every other runner too.
        # Otherwise two runners would work on the row at the same time.
        self.ahead = ahead
        self.until = ahead + timedelta(seconds=max(0.0, left())) + LAPSE
        self.checkpoint: Checkpoint | None = None

    def survey(self, most: int | None = None) -> RunOutcome:
        """Find and plan all work and apply nothing. Stop at the first step beyond `most`."""
        cursor: str | None = None
        while True:
            page = self._find(cursor)
            for work in page.work:
                if not self._in_time():
                    return "continues"
                with self._confined(work):
                    self._permitted(work)
                if most is not None and self.report.planned > most:
                    return "asks"
            if (cursor := page.next) is None:
                return "done"

    def work(self) -> RunOutcome:
        """Apply all due work."""
        if self._switched_off():
            return "off"
        # Count all steps before the first is applied: with a wrong clock or policy, even one step is too many.
        if self.job.cap is not None and (surveyed := self.survey(self.job.cap)) != "done":
            return self._ask() if surveyed == "asks" else surveyed
        self.report.found = self.report.planned = self.report.held = 0
        cursor = self.checkpoint.cursor if self.checkpoint else None
        while True:
            page = self._find(cursor)
            for work in page.work:
                if stop := self._one(work, cursor):
                    return stop
            if (cursor := page.next) is None:
                if self.checkpoint:
                    bookkeeping.finish(self.world.store, self.checkpoint.key)
                return "done"
            if self._switched_off():
                return "off"

    def _find(self, cursor: str | None) -> DuePage:
        return patiently(lambda: self.job.find(self.world, cursor, self.report.at))

    def _permitted(self, work: Record) -> list[JobStep] | None:
        """The plan for a row; None if a legal hold applies."""
        self.report.found += 1
        if not bookkeeping.is_dead(work):  # A dead-lettered row waits for its purge, not for work.
            waited = (self.report.at - bookkeeping.due_at(work)).total_seconds()
            self.report.oldest_seconds = max(self.report.oldest_seconds, waited)
        steps = self.job.plan(self.world, work)
        if self.holds(self.world, steps):
            self.report.held += 1
            return None
        self.report.planned += len(steps)
        if self.report.dry_run:
            self.report.steps += steps[: SHOWN - len(self.report.steps)]
        return steps

    def _one(self, work: Record, cursor: str | None) -> RunOutcome | None:
        """Process one row from plan to end. An outcome ends the run; None continues with the next row."""
        if not self._in_time():
            self._remember(cursor=cursor)
            return "continues"
        claimed: bookkeeping.Claim | None = None
        try:
            with self._confined(work):
                steps = self._permitted(work)
                if steps is None:
                    return None
                if self.job.cap is not None and self.report.planned > self.job.cap:
                    return self._ask()
                claimed = bookkeeping.claim(self.world.store, work, self.until)
                if claimed is None:
                    self.report.skipped += 1
                elif claimed.attempt > MOST_ATTEMPTS:  # Each runner was killed before it could record the failure.
                    self._fail(claimed, "killed")
                else:
                    return self._steps(claimed, steps, cursor)
        except Exception as error:
            log.warning("work failed", exc_info=error, extra={"ref": _address(work.key)})
            self._record_failure(work, claimed, code_of(error) or type(error).__name__)
        return None

    def _confined(self, work: Record) -> AbstractContextManager[None]:
        """Confine the work on a row to its company, and to the company that it writes to. A row that no company owns is
        the function's own work."""
        if work.key.company == SYSTEM:
            return session.under(None)
        into = self.job.into(work) if self.job.into else None
        return self.world.confined(self.job.name, work.key.company, into)

    def _steps(self, claimed: bookkeeping.Claim, steps: list[JobStep], cursor: str | None) -> RunOutcome | None:
        plan, address = _digest(steps), _address(claimed.record.key)
        kept = self.checkpoint
        done = kept.step if kept and (kept.work, kept.plan) == (address, plan) else 0
        for number, step in enumerate(steps[done:], done):
            finished = False
            while not finished:
                if not self._in_time():
                    bookkeeping.release(self.world.store, claimed)
                    self._remember(cursor=cursor, work=address, plan=plan, step=number)
                    return "continues"
                finished = self.job.apply(self.world, step)
                self.report.applied += 1
                self.report.late += self.left() < 0
        return None

    def _record_failure(self, work: Record, claimed: bookkeeping.Claim | None, error: str) -> None:
        """Record the failure on the row. If that fails too, the claim lapses and the next run counts the attempt."""
        try:
            with self._confined(work):
                claimed = claimed or bookkeeping.claim(self.world.store, work, self.until)
                if claimed:
                    self._fail(claimed, error)
                    return
        except Exception as again:
            log.warning("failure not counted", exc_info=again, extra={"ref": _address(work.key)})
        self.report.failures.append(FailedRow(work.key, error, claimed.attempt if claimed else 0, dead=False))

    def _fail(self, claimed: bookkeeping.Claim, error: str) -> None:
        dead = claimed.attempt >= MOST_ATTEMPTS
        if dead:
            if self.job.before_dead_letter:
                self.job.before_dead_letter(self.world, claimed.record)
            bookkeeping.dead_letter(self.world.store, claimed)
        else:
            bookkeeping.postpone(self.world.store, claimed, self.ahead + retry_after(claimed.attempt))
        self.report.failures.append(FailedRow(claimed.record.key, error, claimed.attempt, dead))

    def _in_time(self) -> bool:
        return self.left() >= self.job.step_seconds

    def _switched_off(self) -> bool:
        """Read the kill switches and, in the same round trip, the cursor of the last run."""
        switches = [Switch.ref(SYSTEM, name) for name in (EVERY_JOB, self.job.name)]
        refs = [*switches, Checkpoint.ref(SYSTEM, self.job.name)]
        *off, kept = patiently(lambda: self.world.store.records(refs))
        if isinstance(kept, Checkpoint) and kept.expires_at > self.report.at.timestamp():
            self.checkpoint = kept
        return any(off)

    def _ask(self) -> RunOutcome:
        if self.checkpoint is None or self.checkpoint.asks != self.report.planned:
            self._remember(asks=self.report.planned)
        return "asks"

    def _remember(self, **position: Any) -> None:
        from chalicelib.policy.ends import expires_at  # The end of a run does not load the policy.

        at = self.report.at
        ends = expires_at(Checkpoint, at)
        kept = Checkpoint(**new_row(SYSTEM, self.job.name, at), expires_at=ends, **position)
        with session.under(None):  # It belongs to no company.
            bookkeeping.remember(self.world.store, kept, self.world.random(16))


def retry_after(attempt: int) -> timedelta:
    """The delay before the next try, after the `attempt`-th failure (from 1)."""
    return min(LONGEST_RETRY, FIRST_RETRY * (1 << 2 * min(attempt - 1, 8)))


def _address(ref: Ref) -> str:
    return "/".join(ref)


def _digest(steps: Sequence[JobStep]) -> str:
    text = "\x1e".join(f"{step.kind}\x1f{_address(step.ref)}\x1f{step.about}" for step in steps)
    return sha256(text.encode()).hexdigest()
