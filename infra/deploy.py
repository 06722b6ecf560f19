"""Deploy a package with CloudFormation: `python -m infra.deploy --stage dev`, with the environment's credentials.

The files of the package go to the stage's own bucket. A change set lists the changes, and a change that replaces or
removes a resource that holds data is refused.

CloudFormation rolls a failed deployment back, except the first one. That one stays where it stopped, and the next
attempt continues from there.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from chalicelib.policy.load import current
from chalicelib.policy.model import UNDECIDED
from chalicelib.policy.publish import faults
from infra.artefacts import upload
from infra.build import Built, build
from infra.layers import PYTHON, RUNTIME, PackageError, compiles
from infra.shortened import BUCKETS, shorter
from infra.stages import NAMES

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
POLL = {"Delay": 5, "MaxAttempts": 720}
"""An hour at the most."""
HOLDING = frozenset(
    {
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
"""Resource types that hold data, or without which data cannot be read."""
_SET = "facture"
"""The name of the one change set."""
NOTHING = ("didn't contain changes", "No updates are to be performed")
UNBEGUN = (None, "REVIEW_IN_PROGRESS")
"""States of a stack in which no resource was created yet."""
UNFINISHED = ("CREATE_FAILED", "UPDATE_FAILED")
"""States of a stack whose first deployment stopped. A rollback would leave the retained resources, whose names the next
attempt would then find taken."""
STUCK: Mapping[str, str] = {
    "ROLLBACK_COMPLETE": "was never created and cannot be updated: delete it first; its retained resources stay",
    "ROLLBACK_FAILED": "was never created and cannot be updated: delete it first; its retained resources stay",
    "DELETE_FAILED": "is half deleted: delete it first; resources with data stay",
    "UPDATE_ROLLBACK_FAILED": "could not be rolled back: run aws cloudformation continue-update-rollback first",
}
"""States in which a person must act, and the action."""


class DeployError(Exception):
    """The deployment was not started, or was rolled back. The message is for a person."""


@dataclass(frozen=True)
class Clients:
    """The AWS clients of one account and region."""

    formation: Any
    storage: Any
    identity: Any

    @classmethod
    def of(cls, region: str, endpoint: str | None = None) -> "Clients":
        """Make clients with the environment's credentials, for AWS or for the engine at `endpoint`."""
        services = ("cloudformation", "s3", "sts")
        return cls(*(boto3.client(service, region_name=region, endpoint_url=endpoint) for service in services))


@dataclass(frozen=True)
class ResourceChange:
    """One change of a change set."""

    action: str
    resource: str
    kind: str
    replaces: bool

    @property
    def loses(self) -> bool:
        """Whether the change takes a resource that holds data away from the stack."""
        return self.kind in HOLDING and (self.action == "Remove" or self.replaces)


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack."""
    return f"facture-{stage}"


def deploy(
    clients: Clients,
    built: Built,
    stage: str,
    region: str,
    parameters: Mapping[str, str],
    *,
    losing: bool = False,
    importing: bool = False,
) -> list[ResourceChange]:
    """Create or update a stage's stack from a package, and wait until it is complete. Return the changes.

    `importing` adopts resources that already have our names instead of failing. Raises DeployError.
    """
    account = clients.identity.get_caller_identity()["Account"]
    template = upload(clients.storage, f"facture-{stage}-artefacts-{account}", built, region)
    name = stack_name(stage)
    begun = _state(clients, name)
    kind = "CREATE" if begun in UNBEGUN else "UPDATE"
    if begun is not None:
        _forget(clients, name)  # a change set of an interrupted run would be in the way
    changes = _proposed(clients, name, kind, template, parameters, importing=importing)
    if changes is None:
        return []
    if not losing and (refusal := _loss(clients, name, kind, changes)):
        _forget(clients, name)
        raise DeployError(f"refused: {refusal}; use --losing to accept that")
    _execute(clients, name, kind, first=begun in (*UNBEGUN, *UNFINISHED))
    return changes


def _loss(clients: Clients, name: str, kind: str, changes: Sequence[ResourceChange]) -> str:
    """Describe the data that the changes would delete. Empty when there is none."""
    if lost := [change.resource for change in changes if change.loses]:
        return f"{', '.join(lost)} would be replaced or removed, and holds data"
    if kind == "UPDATE" and (going := _shortened(clients, name, changes)):
        return f"objects would be deleted earlier than promised: {'; '.join(going)}"
    return ""


def _execute(clients: Clients, name: str, kind: str, *, first: bool) -> None:
    """Execute the change set, wait until the stack is complete, and protect it. Raises DeployError."""
    # A rollback removes what the update created, whatever its deletion policy: it holds no data yet.
    failing = {"DisableRollback": True} if first else {"RetainExceptOnCreate": True}
    clients.formation.execute_change_set(StackName=name, ChangeSetName=_SET, **failing)
    waiter = clients.formation.get_waiter(f"stack_{kind.lower()}_complete")
    try:
        waiter.wait(StackName=name, WaiterConfig=POLL)
    except WaiterError as error:
        outcome = "stopped; correct the cause and deploy again" if first else "was rolled back"
        raise DeployError(f"{name} {outcome}: {_first_failure(clients, name)}") from error
    clients.formation.update_termination_protection(StackName=name, EnableTerminationProtection=True)


def _shortened(clients: Clients, name: str, changes: Sequence[ResourceChange]) -> list[str]:
    """Describe the objects that shorter lifecycle rules of a changed bucket would delete. Empty when there are none."""
    found: list[str] = []
    for change in changes:
        if change.resource in BUCKETS and change.action == "Modify":
            detail = clients.formation.describe_stack_resource(StackName=name, LogicalResourceId=change.resource)
            if not (bucket := detail["StackResourceDetail"].get("PhysicalResourceId")):
                continue  # the first deployment stopped before it created the bucket
            rules = shorter(clients.storage, bucket, BUCKETS[change.resource], datetime.now(UTC))
            found += [str(rule) for rule in rules if rule.going]
    return found


def _state(clients: Clients, name: str) -> str | None:
    try:
        stack = clients.formation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    state = str(stack["StackStatus"])
    if state in STUCK:
        raise DeployError(f"{name} {STUCK[state]}")
    if state.endswith("IN_PROGRESS") and state != "REVIEW_IN_PROGRESS":
        raise DeployError(f"{name} is busy: {state}")
    return state


def _proposed(
    clients: Clients, name: str, kind: str, template: str, parameters: Mapping[str, str], *, importing: bool
) -> list[ResourceChange] | None:
    """Return the changes of the change set, or None when there are none."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    if kind == "UPDATE":
        given += _unchanged(clients, name, parameters)
    clients.formation.create_change_set(
        StackName=name,
        ChangeSetName=_SET,
        ChangeSetType=kind,
        TemplateURL=template,
        Parameters=given,
        Capabilities=CAPABILITIES,
        **({"ImportExistingResources": True} if importing else {}),
    )
    try:
        clients.formation.get_waiter("change_set_create_complete").wait(
            StackName=name, ChangeSetName=_SET, WaiterConfig=POLL
        )
    except WaiterError as error:
        reason = str(clients.formation.describe_change_set(StackName=name, ChangeSetName=_SET).get("StatusReason", ""))
        _forget(clients, name)
        if any(words in reason for words in NOTHING):
            return None
        raise DeployError(f"the change set failed: {reason}") from error
    return list(_changes(clients, name))


def _unchanged(clients: Clients, name: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the parameters. Those that this deployment does not set keep their values."""
    stack = clients.formation.describe_stacks(StackName=name)["Stacks"][0]
    known = [parameter["ParameterKey"] for parameter in stack.get("Parameters", ())]
    return [{"ParameterKey": key, "UsePreviousValue": True} for key in known if key not in given]


def _changes(clients: Clients, name: str) -> Sequence[ResourceChange]:
    found: list[ResourceChange] = []
    token: dict[str, str] = {}
    while True:
        page = clients.formation.describe_change_set(StackName=name, ChangeSetName=_SET, **token)
        for each in page["Changes"]:
            change = each["ResourceChange"]
            replaces = change.get("Replacement", "False") in ("True", "Conditional")
            found.append(
                ResourceChange(change["Action"], change["LogicalResourceId"], change["ResourceType"], replaces)
            )
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _forget(clients: Clients, name: str) -> None:
    clients.formation.delete_change_set(StackName=name, ChangeSetName=_SET)


def _first_failure(clients: Clients, name: str) -> str:
    """Return the first failure. The later ones are its consequences."""
    events = clients.formation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    first = failed[-1] if failed else {}
    return f"{first.get('LogicalResourceId', name)}: {first.get('ResourceStatusReason', 'no reason was given')}"


def refusals(stage: str) -> list[str]:
    """List the reasons why a stage cannot be deployed from this machine now. A text of the policy that differs from
    its digest, or from its clauses, stops every stage."""
    reasons = faults(current())
    if stage != "prod":
        return reasons
    if current().processors["hosting"].transfer == UNDECIDED:
        reasons.append(
            "the policy states no legal basis for data abroad (law 09-08, art. 43 and 44): set transfer in policy.toml,"
            " [processors.hosting]"
        )
    if not compiles("lambda"):
        reasons.append(
            f"production needs the bytecode of {RUNTIME}: run make clean, then use python{PYTHON[0]}.{PYTHON[1]}"
        )
    return reasons


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("--stage", choices=NAMES, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the stack")
    parser.add_argument(
        "--losing",
        action="store_true",
        help="accept that resources with data are removed, or that shorter terms delete objects at once",
    )
    parser.add_argument("--importing", action="store_true", help="adopt existing resources that have our names")
    chosen = parser.parse_args()
    region, given = current().default_region, dict(pair.split("=", 1) for pair in chosen.set)
    if reasons := refusals(chosen.stage):
        sys.exit(f"facture: {'; '.join(reasons)}")
    try:
        changes = deploy(
            Clients.of(region),
            build(chosen.stage),
            chosen.stage,
            region,
            given,
            losing=chosen.losing,
            importing=chosen.importing,
        )
    except (DeployError, PackageError) as error:
        sys.exit(f"facture: {error}")
    for change in changes:
        print(f"{change.action:<8} {change.resource} ({change.kind})")
    print(f"facture: {stack_name(chosen.stage)} in {region}: {len(changes)} changes")


if __name__ == "__main__":
    main()
