"""The roles under which jobs work on one company, as CloudFormation (docs/adr/0059).

Each is assumed by its own job's function alone (and by the one that is woken to run that job), and only with the tags
that its policy fences by.
"""

from typing import Any

from chalicelib.jobs.catalogue import named
from chalicelib.outside.sessions import INTO, TAG
from infra.permissions import WOKEN, session_of, statements
from infra.permissions import sessions as jobs
from infra.stages import arn, document, sub, title

COMPANIES = "cmp_*"
"""What a tag may be: no partition that several companies share."""


def role_of(job: str) -> str:
    """The logical name of the role of a job's sessions."""
    return f"{title(job)}Session"


def tags_of(job: str) -> tuple[str, ...]:
    """The tags of a job's sessions: its company, and the one that it puts things into where that may be another."""
    return (TAG, INTO) if named(job).into else (TAG,)


def sessions() -> dict[str, Any]:
    """A role for each job that works under sessions."""
    return {role_of(job): {"Type": "AWS::IAM::Role", "Properties": _role(job)} for job in jobs()}


def named_for(function: str) -> dict[str, Any]:
    """The environment of a function that begins sessions: the roles of its jobs."""
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
        # The function's own policy names the role by its path: by its ARN, each would wait for the other.
        "Path": sub(f"/${{AWS::StackName}}/{job}/"),
        "AssumeRolePolicyDocument": document(trusted),
        "Policies": [{"PolicyName": "OneCompany", "PolicyDocument": document(*statements(session_of(job)))}],
    }
