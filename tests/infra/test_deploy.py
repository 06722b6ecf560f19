"""A deployment by change sets, on the embedded CloudFormation: made, repeated, refused, rolled back."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.policy.load import current
from infra import deploy as deploying
from infra.build import Built
from infra.deploy import Change, Clients, DeployError, deploy, placed, refusals
from local.engine import REGION, Engine

Make = Callable[[dict[str, Any]], Built]
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    },
}


@pytest.fixture
def clients(engine: Engine) -> Clients:
    """Clients of the embedded engine."""
    return Clients.of(REGION, engine.endpoint)


@pytest.fixture
def stage() -> str:
    """A stage that no other test has."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A package of these resources."""

    def made(resources: dict[str, Any]) -> Built:
        folder = tmp_path / secrets.token_hex(4)
        folder.mkdir()
        for name in ("application.zip", "libraries.zip"):
            (folder / name).write_bytes(name.encode())
        template = folder / "template.json"
        template.write_text(json.dumps({"Resources": resources}))
        return Built(folder, template, folder / "application.zip", {"libraries": folder / "libraries.zip"})

    return made


def stack(clients: Clients, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = clients.formation.describe_stacks(StackName=f"facture-{stage}")["Stacks"][0]
    return found


def test_a_stack_is_created_updated_and_left_alone(clients: Clients, stage: str, make: Make) -> None:
    made = deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    assert [(change.action, change.resource) for change in made] == [("Add", "Queue")]
    assert stack(clients, stage)["StackStatus"] == "CREATE_COMPLETE"
    more = deploy(clients, make({"Queue": QUEUE, "Table": TABLE}), stage, REGION, {})
    assert ("Add", "Table") in [(change.action, change.resource) for change in more]
    assert stack(clients, stage)["StackStatus"] == "UPDATE_COMPLETE"


def test_what_holds_data_does_not_leave_unasked(clients: Clients, stage: str, make: Make) -> None:
    deploy(clients, make({"Queue": QUEUE, "Table": TABLE}), stage, REGION, {})
    with pytest.raises(DeployError, match="Table"):
        deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    resources = clients.formation.describe_stack_resources(StackName=f"facture-{stage}")["StackResources"]
    assert {resource["LogicalResourceId"] for resource in resources} == {"Queue", "Table"}
    assert deploy(clients, make({"Queue": QUEUE}), stage, REGION, {}, losing=True)


@pytest.mark.parametrize(
    ("change", "loses"),
    [
        (Change("Remove", "T", "AWS::DynamoDB::Table", replaces=False), True),
        (Change("Modify", "T", "AWS::DynamoDB::Table", replaces=True), True),
        (Change("Modify", "T", "AWS::DynamoDB::Table", replaces=False), False),
        (Change("Add", "T", "AWS::DynamoDB::Table", replaces=False), False),
        (Change("Remove", "Q", "AWS::SQS::Queue", replaces=False), False),
    ],
)
def test_what_loses_data(change: Change, loses: bool) -> None:
    assert change.loses is loses


def test_artefacts_are_named_by_their_content() -> None:
    template: dict[str, Any] = {
        "Resources": {
            "F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "application.zip"}},
            "L": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "native.zip"}},
            "Q": {"Type": "AWS::SQS::Queue"},
        }
    }
    placed(template, {"application.zip": {"Bucket": "b", "Key": "1"}, "native.zip": {"Bucket": "b", "Key": "2"}})
    assert template["Resources"]["F"]["Properties"] == {"CodeUri": {"Bucket": "b", "Key": "1"}}
    assert template["Resources"]["L"]["Properties"] == {"ContentUri": {"Bucket": "b", "Key": "2"}}


def test_production_waits_for_the_basis_of_its_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploying, "compiles", lambda _: False)
    assert refusals("dev") == []
    told = refusals("prod")
    assert any("bytecode" in reason for reason in told)
    assert any("art. 43" in reason for reason in told) is (current().processors["hosting"].transfer == "undecided")


def test_the_same_again_changes_nothing(clients: Clients, stage: str, make: Make) -> None:
    deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    assert deploy(clients, make({"Queue": QUEUE}), stage, REGION, {}) == []


def test_a_deployment_that_fails_says_why_and_is_undone(clients: Clients, stage: str, make: Make) -> None:
    deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    tags = [{"Key": "same", "Value": "1"}, {"Key": "same", "Value": "2"}]
    broken = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}, "Tags": tags}}
    with pytest.raises(DeployError, match="Broken"):
        deploy(clients, make({"Queue": QUEUE, "Broken": broken}), stage, REGION, {})
    assert stack(clients, stage)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert deploy(clients, make({"Queue": QUEUE, "Table": TABLE}), stage, REGION, {})
