"""Schedules as EventBridge reads them, and the scheduler that runs jobs by them."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from chalicelib.domain.clock import MOROCCO
from local.schedules import Scheduler, Timetable, fires, job_of, parse_schedule


class StandInJob(NamedTuple):
    """A job as the scheduler sees it."""

    name: str
    schedule: str


def fires_at(expression: str, now: datetime) -> bool:
    """Whether a cron expression starts its job in this minute."""
    parsed = parse_schedule(expression)
    assert not isinstance(parsed, int)
    return fires(parsed, now - timedelta(minutes=1), now)


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(1 minute)", 60), ("rate(6 hours)", 21_600), ("rate(2 days)", 172_800)]
)
def test_a_rate_is_a_period(expression: str, seconds: int) -> None:
    assert parse_schedule(expression) == seconds


@pytest.mark.parametrize(
    ("expression", "due", "idle"),
    [
        ("cron(0 3 * * ? *)", "2026-11-23T03:00", "2026-11-23T03:01"),
        ("cron(0/15 * * * ? *)", "2026-11-23T10:45", "2026-11-23T10:46"),
        ("cron(*/20 8-18 ? * MON-FRI *)", "2026-11-23T18:40", "2026-11-22T18:40"),
        ("cron(0 6 ? * 1 *)", "2026-11-22T06:00", "2026-11-23T06:00"),
        ("cron(30 2 1 JAN,JUL ? *)", "2027-07-01T02:30", "2027-08-01T02:30"),
        ("cron(0 0 1 1 ? 2027)", "2027-01-01T00:00", "2028-01-01T00:00"),
        ("cron(0 5 L * ? *)", "2026-11-30T05:00", "2026-11-29T05:00"),
    ],
)
def test_a_cron_fires_in_its_minutes_only(expression: str, due: str, idle: str) -> None:
    assert fires_at(expression, datetime.fromisoformat(due).replace(tzinfo=MOROCCO, second=59))
    assert not fires_at(expression, datetime.fromisoformat(idle).replace(tzinfo=MOROCCO))


def test_the_hours_are_moroccos() -> None:
    assert fires_at("cron(0 4 * * ? *)", datetime(2026, 11, 23, 3, tzinfo=UTC))
    assert fires_at("cron(0 4 * * ? *)", datetime(2026, 3, 1, 4, tzinfo=UTC)), "in Ramadan"


def test_an_hour_that_the_clocks_repeat_fires_once() -> None:
    start = datetime(2026, 2, 15, 0, tzinfo=UTC)  # Ramadan's first night: three o'clock is two again
    nightly = Timetable("cron(30 2 * * ? *)", start)
    asked = [start + timedelta(minutes=minute) for minute in range(360)]
    assert [moment.astimezone(MOROCCO).isoformat() for moment in asked if nightly.due(moment)] == [
        "2026-02-15T02:30:00+01:00"
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(1 week)",
        "cron(0 3 * * *)",
        "cron(60 3 * * ? *)",
        "cron(0 3 32 * ? *)",
        "cron(0 3 * * * *)",
        "cron(0 3 * * ? * *)",
        "",
    ],
)
def test_an_expression_that_eventbridge_refuses_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_schedule(expression)


def test_a_schedule_says_yes_once_a_turn() -> None:
    start = datetime(2026, 11, 23, 1, 59, 30, tzinfo=UTC)
    rate, nightly = Timetable("rate(1 minute)", start), Timetable("cron(0 3 * * ? *)", start)
    asked = [start + timedelta(seconds=second) for second in range(150)]
    assert [moment.second for moment in asked if rate.due(moment)] == [30, 30]
    assert [moment.isoformat() for moment in asked if nightly.due(moment)] == ["2026-11-23T02:00:00+00:00"]


def test_turns_over_which_the_clock_jumps_count_as_one() -> None:
    start, later = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2029, 1, 30, 10, tzinfo=UTC)
    for expression in ("rate(6 hours)", "cron(0 3 * * ? *)"):
        timetable = Timetable(expression, start)
        assert [timetable.due(later + timedelta(seconds=second)) for second in range(3)] == [True, False, False]
    never = Timetable("cron(0 3 1 1 ? 2031)", start)
    assert not never.due(later)


def test_a_clock_that_returns_starts_the_count_anew() -> None:
    start, later = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2029, 1, 30, 10, tzinfo=UTC)
    for expression in ("rate(1 hour)", "cron(0 3 * * ? *)"):
        timetable = Timetable(expression, start)
        assert timetable.due(later)
        assert not timetable.due(start)
        assert timetable.due(start + timedelta(days=1))


def started(run: Callable[[str], object]) -> Scheduler:
    """A scheduler with one job that is never due by itself."""
    return Scheduler([StandInJob("sweep", "rate(1 day)")], run)


def test_one_job_never_overlaps_itself() -> None:
    running, most = [0], [0]

    def run(name: str) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.05)
        running[0] -= 1

    scheduler = started(run)
    threads = [threading.Thread(target=scheduler.run_now, args=("sweep",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_failing_job_is_logged_and_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = iter([RuntimeError("no"), None])

    def run(name: str) -> None:
        if failure := next(outcomes):
            raise failure

    scheduler = started(run)
    assert not scheduler.run_now("sweep")
    assert "job sweep failed" in caplog.text
    assert scheduler.run_now("sweep")


def test_after_a_stop_nothing_starts() -> None:
    scheduler = started(lambda name: None)
    scheduler.start()
    scheduler.stop()
    assert not scheduler.run_now("sweep")


@pytest.mark.parametrize(
    ("body", "name"), [('{"job": "sweep"}', "sweep"), ('{"job": 1}', ""), ("[]", ""), ("nonsense", "")]
)
def test_a_message_names_a_job_or_nothing(body: str, name: str) -> None:
    assert job_of(body) == name
