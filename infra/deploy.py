"""Deploys a package by CloudFormation: `python -m infra.deploy --stage dev`, under the environment's credentials.

The artefacts go to a bucket of the stage's own, a change set says what would change, and what would replace or remove
something that holds data is refused. A deployment that fails is rolled back by CloudFormation, the first one excepted:
that stays where it stopped, and the next goes on from there.
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
from infra.artefacts import upload
from infra.build import Built, build
from infra.layers import PYTHON, RUNTIME, PackageError, compiles
from infra.shortened import BUCKETS, shorter
from infra.stages import NAMES

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
POLL = {"Delay": 5, "MaxAttempts": 720}
"""Up to an hour."""
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
"""What holds data, or what data is unreadable without."""
NOTHING = ("didn't contain changes", "No updates are to be performed")
UNBEGUN = (None, "REVIEW_IN_PROGRESS")
"""States of a stack that nothing was made of yet."""
UNFINISHED = ("CREATE_FAILED", "UPDATE_FAILED")
"""States of a stack whose first deployment stopped. Rolled back, it would leave what is retained, under names that the
next attempt then finds taken."""
STUCK: Mapping[str, str] = {
    "ROLLBACK_COMPLETE": "was never created and cannot be updated: delete it first, what it made stays",
    "ROLLBACK_FAILED": "was never created and cannot be updated: delete it first, what it made stays",
    "DELETE_FAILED": "is half deleted: delete it first, what holds data stays",
    "UPDATE_ROLLBACK_FAILED": "could not be rolled back: aws cloudformation continue-update-rollback, first",
}
"""States in which a person has to do something, and what."""


class DeployError(Exception):
    """The deployment was not made, or was rolled back; the message is for a person."""


@dataclass(frozen=True)
class Clients:
    """The AWS clients of one account and region."""

    formation: Any
    storage: Any
    identity: Any

    @classmethod
    def of(cls, region: str, endpoint: str | None = None) -> "Clients":
        """Clients under the environment's credentials, of AWS or of whatever stands at `endpoint`."""
        services = ("cloudformation", "s3", "sts")
        return cls(*(boto3.client(service, region_name=region, endpoint_url=endpoint) for service in services))


@dataclass(frozen=True)
class Change:
    """One change that a change set would make."""

    action: str
    resource: str
    kind: str
    replaces: bool

    @property
    def loses(self) -> bool:
        """Whether something that holds data would no longer be the stack's."""
        return self.kind in HOLDING and (self.action == "Remove" or self.replaces)


def stack_name(stage: str) -> str:
    """What the stack of a stage is called."""
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
) -> list[Change]:
    """Create or update the stage's stack from a package, and wait until it stands; the changes made, none if there
    were none. `importing` takes in what stands under a name of ours already, instead of failing at it. Raises
    DeployError."""
    account = clients.identity.get_caller_identity()["Account"]
    template = upload(clients.storage, f"facture-{stage}-artefacts-{account}", built, region)
    name = stack_name(stage)
    begun = _state(clients, name)
    kind = "CREATE" if begun in UNBEGUN else "UPDATE"
    if begun is not None:
        _forget(clients, name)  # one that was cut off before it was executed would be in the way
    changes = _proposed(clients, name, kind, template, parameters, importing=importing)
    if changes is None:
        return []
    if lost := [change.resource for change in changes if change.loses and not losing]:
        _forget(clients, name)
        raise DeployError(f"refused: {', '.join(lost)} would be replaced or leave the stack, and holds data")
    if kind == "UPDATE" and not losing and (going := _shortened(clients, name, changes)):
        _forget(clients, name)
        raise DeployError(f"refused: objects would be kept for less than they were promised: {'; '.join(going)}")
    first = begun in (*UNBEGUN, *UNFINISHED)
    # What an update made goes with its rollback, whatever its deletion policy: nothing is in it yet.
    failing = {"DisableRollback": True} if first else {"RetainExceptOnCreate": True}
    clients.formation.execute_change_set(StackName=name, ChangeSetName=_SET, **failing)
    waiter = clients.formation.get_waiter(f"stack_{kind.lower()}_complete")
    try:
        waiter.wait(StackName=name, WaiterConfig=POLL)
    except WaiterError as error:
        came = "stopped, mend it and deploy again" if first else "was rolled back"
        raise DeployError(f"{name} {came}: {_why(clients, name)}") from error
    clients.formation.update_termination_protection(StackName=name, EnableTerminationProtection=True)
    return changes


_SET = "facture"


def _shortened(clients: Clients, name: str, changes: Sequence[Change]) -> list[str]:
    """What a changed bucket's shorter rules would take, in words; nothing where nothing lies there."""
    told: list[str] = []
    for change in changes:
        if change.resource in BUCKETS and change.action == "Modify":
            found = clients.formation.describe_stack_resource(StackName=name, LogicalResourceId=change.resource)
            if not (bucket := found["StackResourceDetail"].get("PhysicalResourceId")):
                continue  # the first deployment stopped before it was made
            rules = shorter(clients.storage, bucket, BUCKETS[change.resource], datetime.now(UTC))
            told += [str(rule) for rule in rules if rule.going]
    return told


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
) -> list[Change] | None:
    """What would change; None for nothing."""
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
    """Parameters of the stack that nobody gives this time keep their values."""
    stack = clients.formation.describe_stacks(StackName=name)["Stacks"][0]
    known = [parameter["ParameterKey"] for parameter in stack.get("Parameters", ())]
    return [{"ParameterKey": key, "UsePreviousValue": True} for key in known if key not in given]


def _changes(clients: Clients, name: str) -> Sequence[Change]:
    found: list[Change] = []
    token: dict[str, str] = {}
    while True:
        page = clients.formation.describe_change_set(StackName=name, ChangeSetName=_SET, **token)
        for each in page["Changes"]:
            told = each["ResourceChange"]
            replaces = told.get("Replacement", "False") in ("True", "Conditional")
            found.append(Change(told["Action"], told["LogicalResourceId"], told["ResourceType"], replaces))
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _forget(clients: Clients, name: str) -> None:
    clients.formation.delete_change_set(StackName=name, ChangeSetName=_SET)


def _why(clients: Clients, name: str) -> str:
    """The first thing that failed: what came after it is its consequence."""
    events = clients.formation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    first = failed[-1] if failed else {}
    return f"{first.get('LogicalResourceId', name)}: {first.get('ResourceStatusReason', 'no reason was given')}"


def refusals(stage: str) -> list[str]:
    """Why production may not be deployed from here now."""
    if stage != "prod":
        return []
    told = []
    if current().processors["hosting"].transfer == "undecided":
        told.append(
            "the policy does not say on what basis data goes abroad (law 09-08, art. 43 and 44): policy.toml,"
            " [processors.hosting] transfer"
        )
    if not compiles("lambda"):
        told.append(
            f"production is packaged by {RUNTIME}, for its bytecode: make clean, with python{PYTHON[0]}.{PYTHON[1]}"
        )
    return told


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("--stage", choices=NAMES, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the stack")
    parser.add_argument(
        "--losing",
        action="store_true",
        help="even if what holds data leaves the stack, or shorter terms take objects at once",
    )
    parser.add_argument("--importing", action="store_true", help="take in what stands under a name of ours already")
    chosen = parser.parse_args()
    region, given = current().default_region, dict(pair.split("=", 1) for pair in chosen.set)
    if told := refusals(chosen.stage):
        sys.exit(f"facture: {'; '.join(told)}")
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
