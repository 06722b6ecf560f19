"""The clock of `make serve`: runs the scheduled functions on their schedules and wakes them from the queue.

EventBridge and an SQS trigger do this on AWS. Times are Morocco's, as there. One job never overlaps itself; a run that
fails says so in one line and the next run comes as planned. A run missed while the machine slept or the server was down
is not made up.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from aws_croniter import AwsCroniter

from chalicelib.domain.clock import MOROCCO

log = logging.getLogger("clock")

UNITS = {"minute": 60, "hour": 3600, "day": 86400}
STOP_SECONDS = 5.0
POLL_SECONDS = 1  # also what a stop may have to wait for
RETRY_SECONDS = 5.0
RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)")
CRON = re.compile(r"cron\((.*)\)")


class Job(Protocol):
    """What the clock needs to know of a job."""

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


def fires(cron: AwsCroniter, now: datetime) -> bool:
    """True in a minute at which EventBridge starts the job. An hour that Morocco's clocks repeat counts once."""
    local = now.astimezone(MOROCCO)
    wall = local.replace(second=0, microsecond=0, tzinfo=UTC)  # the library takes UTC alone; here it is Morocco's time
    return not local.fold and cron.get_next(wall, inclusive=True) == [wall]


class Schedule:
    """When one job is due next. Asked once a second or so with the time; says yes once a turn."""

    def __init__(self, expression: str, now: datetime) -> None:
        self._when = parse_schedule(expression)
        self._last = now.timestamp() if isinstance(self._when, int) else now.timestamp() // 60

    def due(self, now: datetime) -> bool:
        """True once for each turn; turns that passed unasked count as one."""
        if isinstance(self._when, int):
            if now.timestamp() - self._last < self._when:
                return False
            self._last = now.timestamp()
            return True
        minute = now.timestamp() // 60
        if minute == self._last or not fires(self._when, now):
            return False
        self._last = minute
        return True


class Clock:
    """Runs `run(name)` for each job when due, and at once when the queue names it.

    `queue` is a boto3 SQS client and `queue_url` its queue; a message is `{"job": name}`. Like a Lambda trigger, a
    message is deleted only after the run succeeded, so a failed one comes back after the queue's visibility timeout.
    """

    def __init__(
        self, jobs: Iterable[Job], run: Callable[[str], object], queue: Any = None, queue_url: str = ""
    ) -> None:
        now = datetime.now(UTC)
        self._schedules = {job.name: Schedule(job.schedule, now) for job in jobs}
        self._locks = {name: threading.Lock() for name in self._schedules}
        self._run = run
        self._queue, self._queue_url = queue, queue_url
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads; all are daemons, so a job that hangs cannot hold the process."""
        self._spawn(self._tick, "clock")
        if self._queue is not None:
            self._spawn(self._listen, "wake-queue")

    def stop(self) -> None:
        """Start nothing more and give what runs a few seconds. A job cut short resumes from its checkpoint."""
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
            now = datetime.now(UTC)
            for name, schedule in self._schedules.items():
                if schedule.due(now) and not self._locks[name].locked():
                    self._spawn(self.run_now, f"job {name}", name)

    def run_now(self, name: str) -> bool:
        """Run a job, after any run of it that is under way. True on success; a failure is logged, never raised."""
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
        """Receipts by job: ten wake-ups of one job are one run. A message that names no job is dropped."""
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
    """The job a message names, or an empty string."""
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    name = value.get("job") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
