"""The differences between the stages, and helpers for CloudFormation expressions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.clock import MOROCCO
from chalicelib.policy.model import Policy
from chalicelib.policy.terms import Period, most_days

TIME_ZONE = MOROCCO.key
NAMES = ("dev", "prod")


@dataclass(frozen=True)
class Stage:
    """A deployment. `rate` and `burst` are requests a second of all callers. `each` is the most requests of one caller
    in five minutes."""

    name: str
    rate: int
    burst: int
    each: int


STAGES: Mapping[str, Stage] = {
    "dev": Stage("dev", rate=50, burst=100, each=3_000),
    "prod": Stage("prod", rate=500, burst=1_000, each=3_000),
}


def trace_days(policy: Policy) -> int:
    """Return the days that logs are kept: as long as the policy keeps technical information."""
    return most_days(term) if (term := policy.rules["diagnostics.event"].term) else 90


def period_of(policy: Policy, rule: str) -> Period:
    """Return the term of a rule. Raises KeyError for an unknown one, ValueError for one without a term."""
    if (term := policy.rules[rule].term) is None:
        raise ValueError(f"{rule} has no term")
    return term


def arn(name: str) -> dict[str, Any]:
    """Return the ARN of a resource of the template."""
    return {"Fn::GetAtt": [name, "Arn"]}


def ref(name: str) -> dict[str, Any]:
    """Return the value of a parameter, or the identifier of a resource."""
    return {"Ref": name}


def sub(text: str) -> dict[str, Any]:
    """Return a text whose `${names}` CloudFormation replaces."""
    return {"Fn::Sub": text}


def title(name: str) -> str:
    """Return a name such as `api_handler` in Chalice's form for logical names (`ApiHandler`)."""
    return name.title().replace("_", "")


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


OWNER = sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
"""The principal that administers the account."""
