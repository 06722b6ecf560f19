"""A deployment by change sets, on the embedded CloudFormation: made, repeated, refused, rolled back."""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.load import current
from infra import deploy as deploying
from infra.artefacts import refer_to_uploads
from infra.build import Built
from infra.deploy import Clients, DeployError, ResourceChange, deploy, refusals
from infra.shortened import shorter
from local.engine import REGION, Engine

Make = Callable[[dict[str, Any]], Built]
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}
TABLE: dict[str, Any] = {
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


def test_a_resource_with_data_is_not_removed_without_consent(clients: Clients, stage: str, make: Make) -> None:
    deploy(clients, make({"Queue": QUEUE, "Table": TABLE}), stage, REGION, {})
    with pytest.raises(DeployError, match="Table"):
        deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    resources = clients.formation.describe_stack_resources(StackName=f"facture-{stage}")["StackResources"]
    assert {resource["LogicalResourceId"] for resource in resources} == {"Queue", "Table"}
    assert deploy(clients, make({"Queue": QUEUE}), stage, REGION, {}, losing=True)


@pytest.mark.parametrize(
    ("change", "loses"),
    [
        (ResourceChange("Remove", "T", "AWS::DynamoDB::Table", replaces=False), True),
        (ResourceChange("Modify", "T", "AWS::DynamoDB::Table", replaces=True), True),
        (ResourceChange("Modify", "T", "AWS::DynamoDB::Table", replaces=False), False),
        (ResourceChange("Add", "T", "AWS::DynamoDB::Table", replaces=False), False),
        (ResourceChange("Remove", "Q", "AWS::SQS::Queue", replaces=False), False),
    ],
)
def test_changes_that_lose_data(change: ResourceChange, loses: bool) -> None:
    assert change.loses is loses


def test_a_shorter_term_shows_its_losses_before_it_counts(
    clients: Clients, stage: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket: dict[str, Any] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{stage}-files"}}
    tagged = {**bucket, "Properties": {**bucket["Properties"], "Tags": [{"Key": "a", "Value": "b"}]}}
    deploy(clients, make({"FilesBucket": bucket}), stage, REGION, {})
    clients.storage.put_object(Bucket=f"{stage}-files", Key="exports/cmp_1/a.zip", Body=b"x")
    rules = configuration(current())["Rules"]
    longer = [
        rule | {"Expiration": {"Days": rule["Expiration"]["Days"] + 30}}
        if rule["ID"].startswith("retention-exp")
        else rule
        for rule in rules
    ]
    clients.storage.put_bucket_lifecycle_configuration(
        Bucket=f"{stage}-files", LifecycleConfiguration={"Rules": longer}
    )

    monkeypatch.setattr(deploying, "HOLDING", frozenset())  # this engine takes every change of a bucket for another

    def after(days: int) -> None:
        at = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setattr(deploying, "shorter", lambda storage, name, bucket, _: shorter(storage, name, bucket, at))

    after(8)
    with pytest.raises(DeployError, match="exports/: 7 days instead of 37 days, which deletes 1 objects at once"):
        deploy(clients, make({"FilesBucket": tagged}), stage, REGION, {})
    after(6)
    assert deploy(clients, make({"FilesBucket": tagged}), stage, REGION, {}), "nothing would go: it counts at once"
    after(8)
    assert deploy(clients, make({"FilesBucket": bucket}), stage, REGION, {}, losing=True), "seen and accepted"


def test_artefacts_are_named_by_their_content() -> None:
    template: dict[str, Any] = {
        "Resources": {
            "F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "application.zip"}},
            "L": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "native.zip"}},
            "Q": {"Type": "AWS::SQS::Queue"},
        }
    }
    refer_to_uploads(
        template, {"application.zip": {"Bucket": "b", "Key": "1"}, "native.zip": {"Bucket": "b", "Key": "2"}}
    )
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


def calls_of(client: Any, *operations: str) -> list[dict[str, Any]]:
    """The calls of these operations that this client makes from now on."""
    asked: list[dict[str, Any]] = []
    for operation in operations:
        event = f"provide-client-params.{client.meta.service_model.service_id.hyphenize()}.{operation}"
        client.meta.events.register(event, lambda params, **_: asked.append(dict(params)))
    return asked


def test_an_existing_package_is_not_uploaded_again(clients: Clients, stage: str, make: Make) -> None:
    deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    put = calls_of(clients.storage, "PutObject", "CreateMultipartUpload")
    deploy(clients, make({"Queue": QUEUE, "Table": TABLE}), stage, REGION, {})
    assert [asked["Key"].rpartition(".")[2] for asked in put] == ["json"], "the template alone is new"


def test_an_artefact_stays_for_a_rollback_of_any_day(clients: Clients, stage: str, make: Make) -> None:
    deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    account = clients.identity.get_caller_identity()["Account"]
    bucket = f"facture-{stage}-artefacts-{account}"
    rules = clients.storage.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert not [rule for rule in rules if "Expiration" in rule]
    assert all(clients.storage.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())


@pytest.mark.parametrize(
    ("state", "failing"),
    [
        (None, {"DisableRollback": True}),
        ("REVIEW_IN_PROGRESS", {"DisableRollback": True}),
        ("CREATE_FAILED", {"DisableRollback": True}),
        ("UPDATE_FAILED", {"DisableRollback": True}),
        ("CREATE_COMPLETE", {"RetainExceptOnCreate": True}),
        ("UPDATE_ROLLBACK_COMPLETE", {"RetainExceptOnCreate": True}),
    ],
)
def test_a_first_deployment_that_fails_goes_on_and_a_later_one_is_undone(
    clients: Clients,
    stage: str,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    state: str | None,
    failing: dict[str, Any],
) -> None:
    """A first one that is rolled back leaves tables and logs behind, whose names the next attempt finds taken."""
    if state == "REVIEW_IN_PROGRESS":
        cut_off(clients, stage, make)
    elif state:
        deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    monkeypatch.setattr(deploying, "_state", lambda *_: state)
    executed = calls_of(clients.formation, "ExecuteChangeSet")
    deploy(clients, make({"Queue": QUEUE, "Table": TABLE}), stage, REGION, {})
    assert [{**asked, **failing} for asked in executed] == executed


def cut_off(clients: Clients, stage: str, make: Make) -> None:
    """A first deployment that ended between the look and the act: a stack of nothing but its change set."""

    def interrupted(**_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients.formation, "execute_change_set", interrupted)
        with pytest.raises(KeyboardInterrupt):
            deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})


def test_a_change_set_that_was_left_behind_is_made_anew(clients: Clients, stage: str, make: Make) -> None:
    """CloudFormation takes no second one of the same name."""
    cut_off(clients, stage, make)
    assert stack(clients, stage)["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})


def test_a_bucket_that_was_never_made_has_no_rules_to_shorten(
    clients: Clients, stage: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket: dict[str, Any] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{stage}-files"}}
    deploy(clients, make({"FilesBucket": bucket}), stage, REGION, {})
    monkeypatch.setattr(clients.formation, "describe_stack_resource", lambda **_: {"StackResourceDetail": {}})
    change = ResourceChange("Modify", "FilesBucket", "AWS::S3::Bucket", replaces=False)
    assert deploying._shortened(clients, f"facture-{stage}", [change]) == []


@pytest.mark.parametrize("state", sorted(deploying.STUCK))
def test_a_stuck_stack_states_its_solution(
    clients: Clients, stage: str, make: Make, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(clients.formation, "describe_stacks", lambda **_: {"Stacks": [{"StackStatus": state}]})
    with pytest.raises(DeployError, match="first"):
        deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})


def test_existing_resources_are_imported_on_request(clients: Clients, stage: str, make: Make) -> None:
    properties = TABLE["Properties"] | {"TableName": f"facture-{stage}-ledger"}
    table = TABLE | {"DeletionPolicy": "Retain", "Properties": properties}
    tables = boto3.client("dynamodb", region_name=REGION, endpoint_url=clients.formation.meta.endpoint_url)
    tables.create_table(**properties)
    deploy(clients, make({"Queue": QUEUE}), stage, REGION, {})
    changes = deploy(clients, make({"Queue": QUEUE, "Table": table}), stage, REGION, {}, importing=True)
    assert ("Import", "Table") in [(change.action, change.resource) for change in changes]
