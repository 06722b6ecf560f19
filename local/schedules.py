"""The schedules of `make serve`: run the scheduled functions when they are due, and wake them from the queue.

EventBridge and an SQS trigger do this on AWS. Times are Morocco's, as on AWS. A job never overlaps itself. A failed run
logs one line, and the next run comes on schedule. If the clock jumps over turns of a job, the job runs once. A run
missed while the server was down is dropped.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from aws_croniter import AwsCroniter

from chalicelib.clocks import Clock
from chalicelib.domain.clock import MOROCCO

log = logging.getLogger("schedules")

UNITS = {"minute": 60, "hour": 3600, "day": 86400}
STOP_SECONDS = 5.0
MINUTE = timedelta(minutes=1)
POLL_SECONDS = 1  # a stop may have to wait this long
RETRY_SECONDS = 5.0
RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)")
CRON = re.compile(r"cron\((.*)\)")


class ScheduledJob(Protocol):
    """The attributes of a job that schedules need."""

    @property
    def name(self) -> str: ...
    @property
    def schedule(self) -> str: ...


def parse_schedule(expression: str) -> int | AwsCroniter:
    """Return a period in seconds for `rate(…)`, the parsed fields for `cron(…)`. Raise ValueError for anything else."""
    if rate := RATE.fullmatch(expression):
        return int(rate[1]) * UNITS[rate[2]]
    if cron := CRON.fullmatch(expression):
        return AwsCroniter(cron[1])
    raise ValueError(f"not an EventBridge schedule: {expression!r}")


def fires(cron: AwsCroniter, since: datetime, now: datetime) -> bool:
    """True when EventBridge starts the job in a minute after that of `since`, up to that of `now`. In an hour that
    Morocco's clocks repeat, it starts nothing."""
    local = now.astimezone(MOROCCO)
    [turn] = cron.get_next(wall_minute(since) + MINUTE, inclusive=True)
    return not local.fold and turn is not None and turn <= wall_minute(now)


def wall_minute(at: datetime) -> datetime:
    """Return the minute that a clock in Morocco shows, as UTC: the library takes UTC only."""
    return at.astimezone(MOROCCO).replace(second=0, microsecond=0, tzinfo=UTC, fold=0)


class Timetable:
    """The next turn of one job. Call `due` about once a second."""

    def __init__(self, expression: str, now: datetime) -> None:
        self._when = parse_schedule(expression)
        self._last = now

    def due(self, now: datetime) -> bool:
        """Return True once for each turn. Turns missed between two calls count as one. When the clock was moved back,
        the count starts anew."""
        self._last = min(self._last, now)
        if isinstance(self._when, int):
            due = (now - self._last).total_seconds() >= self._when
        else:
            due = fires(self._when, self._last, now)
        if due:
            self._last = now
        return due


class Scheduler:
    """Run `run(name)` for each job when it is due, and at once when the queue names it.

    `queue` is a boto3 SQS client, `queue_url` its queue, and a message `{"job": name}`. As with a Lambda trigger, a
    message is deleted only after its run succeeded. A failed message comes back after the queue's visibility timeout.
    """

    def __init__(
        self,
        jobs: Iterable[ScheduledJob],
        run: Callable[[str], object],
        queue: Any = None,
        queue_url: str = "",
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or Clock()
        now = self._clock.now()
        self._schedules = {job.name: Timetable(job.schedule, now) for job in jobs}
        self._locks = {name: threading.Lock() for name in self._schedules}
        self._run = run
        self._queue, self._queue_url = queue, queue_url
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads. All are daemons, so a hanging job cannot keep the process alive."""
        self._spawn(self._tick, "schedules")
        if self._queue is not None:
            self._spawn(self._listen, "wake-queue")

    def stop(self) -> None:
        """Start no more runs, and wait a few seconds for the running ones. An interrupted job resumes from its
        checkpoint."""
        self._stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if running := [thread.name for thread in self._threads if thread.is_alive()]:
            log.warning("left unfinished: %s", ", ".join(running))

    def _spawn(self, target: Callable[..., object], name: str, *args: Any) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _tick(self) -> None:
        while not self._stopping.wait(1.0):
            now = self._clock.now()
            for name, schedule in self._schedules.items():
                if not self._locks[name].locked() and schedule.due(now):
                    self._spawn(self.run_now, f"job {name}", name)

    def run_now(self, name: str) -> bool:
        """Run a job, after a current run of it has ended. Return True on success. A failure is logged and not
        raised."""
        with self._locks[name]:
            if self._stopping.is_set():
                return False
            try:
                self._run(name)
            except Exception:
                log.exception("job %s failed; it runs again when next due", name)
                return False
            return True

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                answer = self._queue.receive_message(
                    QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=POLL_SECONDS
                )
            except Exception:
                log.exception("the wake queue cannot be read; trying again in %.0f s", RETRY_SECONDS)
                self._stopping.wait(RETRY_SECONDS)
                continue
            for name, receipts in self._by_job(answer.get("Messages", [])).items():
                self._spawn(self._woken, f"job {name}", name, receipts)

    def _by_job(self, messages: list[dict[str, Any]]) -> dict[str, list[str]]:
        """Group receipt handles by job, so that ten wake-ups of one job are one run. Drop a message that names no
        job."""
        found: dict[str, list[str]] = {}
        for message in messages:
            name = job_of(message["Body"])
            if name in self._schedules:
                found.setdefault(name, []).append(message["ReceiptHandle"])
            else:
                log.error("a message on the wake queue names no job and is dropped")
                self._delete([message["ReceiptHandle"]])
        return found

    def _woken(self, name: str, receipts: list[str]) -> None:
        if self.run_now(name):
            self._delete(receipts)

    def _delete(self, receipts: list[str]) -> None:
        entries = [{"Id": str(index), "ReceiptHandle": receipt} for index, receipt in enumerate(receipts)]
        self._queue.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)


def job_of(body: str) -> str:
    """Return the job that a message names, or an empty string."""
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    name = value.get("job") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
