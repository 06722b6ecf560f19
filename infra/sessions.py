"""The roles of jobs that work on one company, in CloudFormation (docs/adr/0059).

Only the job's own function assumes such a role, or the function `wake` when it runs that job. It must set the tags that
the role's policy checks.
"""

from typing import Any

from chalicelib.jobs.catalogue import named
from chalicelib.outside.sessions import INTO, TAG
from infra.permissions import WOKEN, session_of, statements
from infra.permissions import sessions as jobs
from infra.stages import arn, document, sub, title

COMPANIES = "cmp_*"
"""The pattern of a tag's value. It excludes the partitions that several companies share."""


def role_of(job: str) -> str:
    """Return the logical name of the role of a job's sessions."""
    return f"{title(job)}Session"


def tags_of(job: str) -> tuple[str, ...]:
    """Return the tags of a job's sessions: its company, and the company that it writes to when that can be another."""
    return (TAG, INTO) if named(job).into else (TAG,)


def sessions() -> dict[str, Any]:
    """Return a role for each job that works under sessions."""
    return {role_of(job): {"Type": "AWS::IAM::Role", "Properties": _role(job)} for job in jobs()}


def named_for(function: str) -> dict[str, Any]:
    """Return the environment of a function that starts sessions: the roles of its jobs."""
    own = [job for job in jobs() if function in _runners(job)]
    named = ",".join(f"{job}=${{{role_of(job)}.Arn}}" for job in own)
    return {"FACTURE_SESSION_ROLES": sub(named)} if own else {}


def _runners(job: str) -> tuple[str, ...]:
    return (job, "wake") if job in WOKEN else (job,)


def _role(job: str) -> dict[str, Any]:
    trusted = {
        "Sid": "OneCompany",
        "Effect": "Allow",
        "Principal": {"AWS": [arn(f"{title(function)}Role") for function in _runners(job)]},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringLike": {f"aws:RequestTag/{tag}": COMPANIES for tag in tags_of(job)},
            "ForAllValues:StringEquals": {"aws:TagKeys": list(tags_of(job))},
        },
    }
    return {
        "Description": f"The job {job} on one company",
        # The function's policy names the role by its path. With its ARN, each resource would wait for the other.
        "Path": sub(f"/${{AWS::StackName}}/{job}/"),
        "AssumeRolePolicyDocument": document(trusted),
        "Policies": [{"PolicyName": "OneCompany", "PolicyDocument": document(*statements(session_of(job)))}],
    }
