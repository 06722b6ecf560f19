"""The jobs' schedules in CloudFormation: EventBridge's schedules in Morocco's time, and the queue that wakes jobs."""

import json
from typing import Any

from chalicelib.api.routes import SCHEDULES
from infra.stages import TIME_ZONE, arn, document, ref, sub, title

WAKE_QUEUE, DEAD_WAKES, DEAD_SCHEDULES = "WakeQueue", "DeadWakes", "DeadSchedules"
GROUP, ROLE = "ScheduleGroup", "SchedulerRole"
RECEIVES = 5
FUNCTION_SECONDS = 300
"""The longest run of a job's function. A message stays hidden six times as long, as Lambda advises."""
KEPT_SECONDS = 14 * 86_400
"""Two weeks, which is SQS's maximum. A person must look at dead letters."""
LATEST_SECONDS = 3_600
"""A run that cannot start within an hour is dropped. The next run does the work."""


def schedules(stage: str) -> dict[str, Any]:
    """Return a schedule for each job, the role that invokes them, and the queues."""
    named = {f"{title(schedule.job)}Schedule": _schedule(schedule.job, schedule.expression) for schedule in SCHEDULES}
    return {
        GROUP: {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": f"facture-{stage}"}},
        ROLE: _role(stage),
        **named,
        **_queue(DEAD_SCHEDULES),
        **_queue(DEAD_WAKES),
        **_queue(
            WAKE_QUEUE,
            VisibilityTimeout=6 * FUNCTION_SECONDS,
            RedrivePolicy={"deadLetterTargetArn": arn(DEAD_WAKES), "maxReceiveCount": RECEIVES},
        ),
    }


def _schedule(job: str, expression: str) -> dict[str, Any]:
    target = {
        "Arn": arn(title(job)),
        "RoleArn": arn(ROLE),
        "Input": json.dumps(_EVENT),
        "RetryPolicy": {"MaximumEventAgeInSeconds": LATEST_SECONDS, "MaximumRetryAttempts": 5},
        "DeadLetterConfig": {"Arn": arn(DEAD_SCHEDULES)},
    }
    properties = {
        "Description": f"Runs the job {job}",
        "GroupName": ref(GROUP),
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": TIME_ZONE,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": target,
    }
    return {"Type": "AWS::Scheduler::Schedule", "Properties": properties}


_EVENT = {
    "version": "0",
    "id": "<aws.scheduler.execution-id>",
    "detail-type": "Scheduled Event",
    "source": "facture.schedule",
    "account": "",
    "time": "<aws.scheduler.scheduled-time>",
    "region": "",
    "resources": ["<aws.scheduler.schedule-arn>"],
    "detail": {},
}
"""The input of Chalice's handlers: the shape of a scheduled event."""


def _role(stage: str) -> dict[str, Any]:
    """Return the role that may invoke the jobs and send failed invocations to the dead-letter queue, and nothing
    else."""
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnLike": {
                "aws:SourceArn": sub(
                    f"arn:${{AWS::Partition}}:scheduler:${{AWS::Region}}:${{AWS::AccountId}}:schedule-group/facture-{stage}"
                )
            },
        },
    }
    allowed = [
        {
            "Sid": "Invoke",
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction"],
            "Resource": [arn(title(schedule.job)) for schedule in SCHEDULES],
        },
        {"Sid": "PutAside", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [arn(DEAD_SCHEDULES)]},
    ]
    properties = {
        "AssumeRolePolicyDocument": document(trusted),
        "Policies": [{"PolicyName": "Invoke", "PolicyDocument": document(*allowed)}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _queue(name: str, **properties: Any) -> dict[str, Any]:
    """Return an encrypted queue that accepts TLS only. Its messages are names of jobs, without personal data."""
    refused = {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn(name),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    attributes = {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": KEPT_SECONDS, **properties}
    return {
        name: {"Type": "AWS::SQS::Queue", "Properties": attributes},
        f"{name}Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [ref(name)], "PolicyDocument": document(refused)},
        },
    }
