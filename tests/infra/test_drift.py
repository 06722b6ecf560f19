"""Schedules, lifecycle and tables agree with their sources. A drift of each is planted and found.

A job says in `jobs/catalogue.py` when it runs; `api/routes.py` is written from it, `app.py` registers that, and the
stack deploys it. The bucket's lifecycle and the tables' settings come from the policy.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Any

import pytest
from chalice.app import ScheduledEventConfig

import app
from chalicelib.api.routes import SCHEDULES
from chalicelib.api.routing import Schedule
from chalicelib.domain.clock import MOROCCO
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import Job
from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.load import current
from chalicelib.policy.model import Policy
from chalicelib.policy.terms import Period
from infra.buckets import BUCKET, buckets
from infra.schedules import schedules
from infra.stages import STAGES, title
from infra.tables import logical_name, tables
from local.schedules import parse_schedule
from tests.lifecycle_drift import drift

DAY_SECONDS = 86_400


def registered() -> dict[str, str]:
    """The expressions that `app.py` registers with Chalice, by job."""
    found = [source for source in app.app.event_sources if isinstance(source, ScheduledEventConfig)]
    return {source.name: str(source.schedule_expression) for source in found}


def deployed(stage: str) -> dict[str, str]:
    """The expressions that the stack deploys, by job."""
    made = schedules(stage)
    return {job.name: made[f"{title(job.name)}Schedule"]["Properties"]["ScheduleExpression"] for job in JOBS}


def strays(jobs: Sequence[Job], written: Sequence[Schedule], *others: Mapping[str, str]) -> list[str]:
    """Jobs whose schedule is not the same everywhere."""
    wanted = {job.name: job.schedule for job in jobs}
    places = [{schedule.job: schedule.expression for schedule in written}, *others]
    names = sorted({*wanted, *(name for place in places for name in place)})
    return [name for name in names if any(place.get(name) != wanted.get(name) for place in places)]


@pytest.mark.parametrize("stage", STAGES)
def test_every_job_runs_when_the_catalogue_says(stage: str) -> None:
    assert strays(JOBS, SCHEDULES, registered(), deployed(stage)) == []


@pytest.mark.parametrize("number", range(len(JOBS)), ids=lambda number: JOBS[number].name)
def test_a_planted_schedule_is_found(number: int) -> None:
    job = JOBS[number]
    moved = [replace(each, schedule="rate(3 days)") if each is job else each for each in JOBS]
    assert strays(moved, SCHEDULES, registered()) == [job.name], "the catalogue says otherwise than what is written"
    kept = [schedule for schedule in SCHEDULES if schedule.job != job.name]
    assert strays(JOBS, kept, registered()) == [job.name], "a job that nobody wrote"
    assert strays(JOBS, SCHEDULES, registered() | {job.name: "rate(3 days)"}) == [job.name], "another registration"


def test_a_planted_job_is_found() -> None:
    assert strays(JOBS, SCHEDULES, registered() | {"stray": "rate(1 day)"}) == ["stray"]


def _seconds(expression: str) -> int:
    """The longest that a schedule waits; a cron must fire each day."""
    read = parse_schedule(expression)
    if isinstance(read, int):
        return read
    daily = len(read.months) == 12 and (len(read.days_of_month) == 31 or len(read.days_of_week) == 7)
    return DAY_SECONDS if daily else 366 * DAY_SECONDS


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_runs_at_least_daily(job: Job) -> None:
    """The policy's terms are of whole days, so the end of a term is looked for at least daily."""
    assert _seconds(job.schedule) <= DAY_SECONDS


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_no_job_is_due_in_an_hour_that_the_clocks_skip_or_repeat(job: Job) -> None:
    """Around Ramadan: EventBridge skips what falls into such an hour, and the job's silence would be an alarm."""
    schedule = parse_schedule(job.schedule)
    if isinstance(schedule, int):
        assert schedule <= DAY_SECONDS
        return
    assert schedule.hours
    assert schedule.minutes
    for day in (date(2026, 1, 1) + timedelta(days=number) for number in range(3_653)):
        for hour, minute in product(schedule.hours, schedule.minutes):
            local = datetime.combine(day, time(hour, minute), MOROCCO)
            assert local.replace(fold=1).utcoffset() == local.utcoffset(), local


@pytest.mark.parametrize(
    "expression", ["rate(2 days)", "cron(0 2 ? * MON *)", "cron(0 2 1 * ? *)", "cron(0 2 * 1 ? *)"]
)
def test_a_lazier_schedule_is_found(expression: str) -> None:
    assert _seconds(expression) > DAY_SECONDS


def lifecycle(made: Mapping[str, Any]) -> dict[str, Any]:
    """The lifecycle of a bucket in a template, in the shape in which S3 tells it."""
    rules = []
    for rule in made["Properties"]["LifecycleConfiguration"]["Rules"]:
        told = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
        expires = {"Days": rule.get("ExpirationInDays")}
        expires["ExpiredObjectDeleteMarker"] = rule.get("ExpiredObjectDeleteMarker")
        told |= {"Expiration": {key: value for key, value in expires.items() if value is not None}}
        moves = rule.get("Transitions", ())
        told["Transitions"] = [{"Days": t["TransitionInDays"], "StorageClass": t["StorageClass"]} for t in moves]
        for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
            told[name] = rule.get(name)
        rules.append({name: value for name, value in told.items() if value})
    return {"Rules": [{"Filter": {"Prefix": ""}} | rule for rule in rules]}


def test_the_deployed_lifecycle_is_the_policys() -> None:
    assert drift(current(), lifecycle(buckets(current())[BUCKET])) == []


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("retention-exports", {"ExpirationInDays": 8}),
        ("retention-pdf", {"Status": "Disabled"}),
        ("retention-pdf", {"Prefix": "pages/"}),
        ("retention-logos", {"NoncurrentVersionExpiration": {"NoncurrentDays": 700}}),
        ("expired-delete-markers", {"ExpiredObjectDeleteMarker": False}),
        ("unfinished-uploads", {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 70}}),
        ("retention-backups-monthly", {"Transitions": []}),
    ],
)
def test_a_planted_lifecycle_is_found(rule: str, change: dict[str, Any]) -> None:
    made = deepcopy(buckets(current())[BUCKET])
    rules = made["Properties"]["LifecycleConfiguration"]["Rules"]
    next(each for each in rules if each["Id"] == rule).update(change)
    assert [rule in fault for fault in drift(current(), lifecycle(made))] == [True]


def test_a_prefix_that_comes_is_deployed_by_being_declared() -> None:
    policy = current()
    more = replace(policy.prefixes["pdf/"], path="drawings/")
    grown = replace(policy, prefixes={**policy.prefixes, "drawings/": more})
    assert len(drift(grown, lifecycle(buckets(policy)[BUCKET]))) == 1
    assert drift(grown, lifecycle(buckets(grown)[BUCKET])) == []
    assert configuration(grown) != configuration(policy)


def unkept(policy: Policy, made: Mapping[str, Any]) -> list[str]:
    """Tables whose expiry or recovery is not the policy's."""
    recovery = policy.storage.point_in_time_recovery.days
    told = {}
    for table in policy.tables:
        properties = made[logical_name(table)]["Properties"]
        expiry = properties.get("TimeToLiveSpecification", {}).get("AttributeName")
        told[table] = (expiry, properties["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"])
    return [table for table, told_of in told.items() if told_of != (policy.tables[table].ttl, recovery)]


def test_a_planted_table_setting_is_found() -> None:
    policy = current()
    made = tables("x-", policy)
    assert unkept(policy, made) == []
    shorter = replace(policy, storage=replace(policy.storage, point_in_time_recovery=Period(days=7)))
    assert unkept(shorter, made) == list(policy.tables)
    forgotten = deepcopy(made)
    del forgotten[logical_name("transient")]["Properties"]["TimeToLiveSpecification"]
    assert unkept(policy, forgotten) == ["transient"]
