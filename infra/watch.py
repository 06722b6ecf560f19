"""The alarms, their topic, and the dashboard. docs/operations.md explains each alarm."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.api.routes import SCHEDULES
from chalicelib.observability import NAMESPACE, SERVICE
from infra.gateway import api_name
from infra.keys import TRACE_KEY
from infra.schedules import DEAD_SCHEDULES, DEAD_WAKES
from infra.stages import arn, document, ref, sub, title

TOPIC = "AlarmTopic"
MINUTE, HOUR = 60, 3_600
P99_MILLISECONDS = {"dev": 10_000, "prod": 3_000}
WAITING_SECONDS = 7_200
"""The longest that a due row may wait for its job."""
FREQUENT_HOURS, DAILY_HOURS = 3, 26
"""The longest silence of an hourly or more frequent job, and of a daily job."""


@dataclass(frozen=True)
class Metric:
    """A metric of one namespace. `statistic` is a statistic of CloudWatch, or a percentile."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, Any], ...]
    statistic: str = "Sum"

    def within(self, seconds: int) -> dict[str, Any]:
        """Return the metric in an alarm's form."""
        statistic = "ExtendedStatistic" if self.statistic.startswith("p") else "Statistic"
        return {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions],
            statistic: self.statistic,
            "Period": seconds,
        }

    def drawn(self, region: Any) -> list[Any]:
        """Return the metric in a dashboard's form."""
        flat = [part for name, value in self.dimensions for part in (name, value)]
        return [self.namespace, self.name, *flat, {"stat": self.statistic, "region": region}]


def of_job(stage: str, job: str, name: str, statistic: str = "Sum") -> Metric:
    """Return a figure that a job's run publishes (`jobs/report.py`)."""
    return Metric(NAMESPACE, name, (("job", job), ("service", SERVICE), ("stage", stage)), statistic)


def of_service(stage: str, name: str) -> Metric:
    """Return a figure without a job's name (`chalicelib/figures.py`)."""
    return Metric(NAMESPACE, name, (("service", SERVICE), ("stage", stage)))


def _of_function(logical: str, name: str, statistic: str = "Sum") -> Metric:
    return Metric("AWS/Lambda", name, (("FunctionName", ref(logical)),), statistic)


def _of_gateway(stage: str, name: str, statistic: str = "Sum") -> Metric:
    return Metric("AWS/ApiGateway", name, (("ApiName", api_name(stage)), ("Stage", "api")), statistic)


def _of_queue(queue: str, name: str) -> Metric:
    named = {"Fn::GetAtt": [queue, "QueueName"]}
    return Metric("AWS/SQS", name, (("QueueName", named),), "Maximum")


def watch(stage: str, functions: dict[str, str]) -> dict[str, Any]:
    """Return the topic, its one subscriber, every alarm and the dashboard."""
    alarms = dict([*_of_functions(stage, functions), *_of_jobs(stage), *_of_queues(), *_of_requests(stage)])
    return {
        **_topic(),
        **alarms,
        "Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": _dashboard(stage, functions)},
    }


def _alarm(metric: Metric, means: str, seconds: int, above: float, **changes: Any) -> dict[str, Any]:
    properties = {
        "AlarmDescription": means,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": above,
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [ref(TOPIC)],
        "OKActions": [ref(TOPIC)],
        **metric.within(seconds),
        **changes,
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


Alarms = Iterator[tuple[str, dict[str, Any]]]


def _of_functions(stage: str, functions: dict[str, str]) -> Alarms:
    for name, logical in functions.items():
        errors, throttles = _of_function(logical, "Errors"), _of_function(logical, "Throttles")
        yield f"{title(name)}Errors", _alarm(errors, f"{name} ends in errors", 5 * MINUTE, 0)
        yield f"{title(name)}Throttles", _alarm(throttles, f"Lambda throttles {name}", 5 * MINUTE, 0)
    slow = _of_function(functions["api_handler"], "Duration", "p99")
    changes = {"EvaluationPeriods": 3, "DatapointsToAlarm": 3}
    means = "one request in a hundred is slow"
    yield "ApiHandlerP99", _alarm(slow, means, 5 * MINUTE, P99_MILLISECONDS[stage], **changes)


def _of_jobs(stage: str) -> Alarms:
    for schedule in SCHEDULES:
        job = schedule.job
        figures = (
            ("Dead", f"{job} dead-lettered a row", 0.0),
            ("Asked", f"{job} has more work than its cap and asks an operator", 0.0),
            ("DeadlineBreached", f"{job} ended a step after its deadline", 0.0),
        )
        for figure, means, above in figures:
            yield f"{title(job)}{figure}", _alarm(of_job(stage, job, figure), means, 5 * MINUTE, above)
        waiting = of_job(stage, job, "OldestSeconds", "Maximum")
        yield f"{title(job)}Waiting", _alarm(waiting, f"{job} falls behind", HOUR, WAITING_SECONDS, EvaluationPeriods=2)
        # Missing data breaches: a job that does not run publishes no failure.
        # Periods are hours. CloudWatch looks a few periods beyond its own for the last figure, so with
        # periods of a day it would notice a missing nightly job only on the fourth day.
        silent = {"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}
        hours = FREQUENT_HOURS if schedule.expression.startswith("rate(") else DAILY_HOURS
        run = of_job(stage, job, "Run")
        yield f"{title(job)}Silent", _alarm(run, f"{job} does not run", HOUR, 1, EvaluationPeriods=hours, **silent)
    for figure, means in (
        ("DrillFailed", "a drill could not restore a backup"),
        ("BackupFailed", "a backup failed"),
        ("RestoreFailed", "a restore failed"),
        ("EvidenceBroken", "a pass found that a ledger contradicts its journal"),
    ):
        yield figure, _alarm(of_service(stage, figure), means, 5 * MINUTE, 0)


def _of_queues() -> Alarms:
    for queue, means in ((DEAD_WAKES, "a wake-up failed five times"), (DEAD_SCHEDULES, "a job could not be started")):
        depth = _of_queue(queue, "ApproximateNumberOfMessagesVisible")
        yield f"{queue}Depth", _alarm(depth, means, 5 * MINUTE, 0)


def _of_requests(stage: str) -> Alarms:
    failed = _of_gateway(stage, "5XXError", "Average")
    yield "GatewayFailures", _alarm(failed, "more than one answer in a hundred is a server error", 5 * MINUTE, 0.01)
    slow = _alarm(
        _of_gateway(stage, "Latency", "p99"), "one answer in a hundred is slow", 5 * MINUTE, P99_MILLISECONDS[stage]
    )
    slow["Properties"] |= {"EvaluationPeriods": 3, "DatapointsToAlarm": 3}
    yield "GatewayP99", slow
    for figure, means in (
        ("RequestDeadlineNear", "a privacy request is near its deadline"),
        ("RequestDeadlineBreached", "a privacy request is past its deadline (law 09-08, art. 8)"),
    ):
        yield figure, _alarm(of_job(stage, "deadlines", figure), means, HOUR, 0)


def _topic() -> dict[str, Any]:
    allowed = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": ref(TOPIC),
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }
    listener = {"Protocol": "email", "Endpoint": ref("AlarmEmail"), "TopicArn": ref(TOPIC)}
    return {
        TOPIC: {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": arn(TRACE_KEY)}},
        f"{TOPIC}Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [ref(TOPIC)], "PolicyDocument": document(allowed)},
        },
        f"{TOPIC}Listener": {"Type": "AWS::SNS::Subscription", "Condition": "WithListener", "Properties": listener},
    }


def _dashboard(stage: str, functions: dict[str, str]) -> dict[str, Any]:
    """Return the four rows: business, callers, jobs, and what waits for a person."""
    stages = (("service", SERVICE), ("stage", stage))
    jobs = [schedule.job for schedule in SCHEDULES]
    rows: Sequence[tuple[str, list[Metric]]] = (
        ("Invoices issued", [Metric(NAMESPACE, "InvoicesIssued", stages)]),
        ("Requests", [_of_gateway(stage, "Count"), _of_gateway(stage, "4XXError"), _of_gateway(stage, "5XXError")]),
        ("Milliseconds", [_of_gateway(stage, "Latency", "p50"), _of_gateway(stage, "Latency", "p99")]),
        ("Errors", [_of_function(logical, "Errors") for logical in functions.values()]),
        ("Rows done by each job", [of_job(stage, job, "Applied") for job in jobs]),
        ("Oldest row waiting, seconds", [of_job(stage, job, "OldestSeconds", "Maximum") for job in jobs]),
        (
            "Deadlines of privacy requests",
            [
                of_job(stage, "deadlines", "RequestDeadlineNear"),
                of_job(stage, "deadlines", "RequestDeadlineBreached"),
            ],
        ),
        (
            "Dead letters",
            [_of_queue(queue, "ApproximateNumberOfMessagesVisible") for queue in (DEAD_WAKES, DEAD_SCHEDULES)],
        ),
    )
    widgets = [
        {
            "type": "metric",
            "x": 12 * (place % 2),
            "y": 6 * (place // 2),
            "width": 12,
            "height": 6,
            "properties": {
                "title": name,
                "region": "${AWS::Region}",
                "period": 300,
                "metrics": [_text(metric.drawn("${AWS::Region}")) for metric in metrics],
            },
        }
        for place, (name, metrics) in enumerate(rows)
    ]
    return {"DashboardName": f"facture-{stage}", "DashboardBody": sub(json.dumps({"widgets": widgets}))}


def _text(parts: list[Any]) -> list[Any]:
    """Write references in the form that `Fn::Sub` replaces within a text."""
    return [_substituted(part) for part in parts]


def _substituted(part: Any) -> Any:
    if isinstance(part, dict) and "Ref" in part:
        return f"${{{part['Ref']}}}"
    if isinstance(part, dict) and "Fn::GetAtt" in part:
        return f"${{{'.'.join(part['Fn::GetAtt'])}}}"
    return part
