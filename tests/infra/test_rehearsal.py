"""The packaged stack, deployed by CloudFormation to the embedded AWS and used through its gateway (docs/rehearsal.md).

Later tests stand on earlier ones: a stage lives once, from its first deployment to the deletion of its stack.
"""

import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pypdf
import pytest
import urllib3

from chalicelib.api.routes import SCHEDULES
from chalicelib.domain.journal import Message
from chalicelib.policy.load import policy_version
from chalicelib.store import bookkeeping
from chalicelib.wiring import World
from infra import deploy as deploying
from infra.build import Built
from infra.deploy import DeployError
from infra.schedules import DEAD_SCHEDULES, DEAD_WAKES
from local import engine as embedded
from local.engine import REGION
from tests.client import Client
from tests.e2e.person import COMPANY, CUSTOMER, LINE
from tests.infra import srp
from tests.infra.rehearse import HttpGateway, Rehearsal, build_of, edition, rehearsal, until
from tests.mailbox import mails
from tests.privacy.test_retention import Ledger
from tests.privacy.worlds import Turned

STAGE = "prod"
EMAIL, PASSWORD = "owner@shop.example", "a long enough passphrase"
BROKEN = {
    "Type": "AWS::IAM::Role",
    "DependsOn": ["APIHandler"],
    "Properties": {
        "AssumeRolePolicyDocument": {"Statement": []},
        "Tags": [{"Key": "same", "Value": "1"}, {"Key": "same", "Value": "2"}],
    },
}
"""A resource that CloudFormation refuses only at its creation, when the HTTP function already has the new code."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Rehearsal]:
    """An empty account, in which signatures and IAM count."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in embedded.ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setitem(deploying.POLL, "Delay", 0.2)
        with rehearsal(STAGE) as made:
            yield made


@pytest.fixture(scope="module")
def first(packages: dict[str, Built], stage: Rehearsal) -> Built:
    """The package, deployed."""
    package = packages[STAGE]
    changes = stage.deploy(package)
    assert {change.action for change in changes} == {"Add"}
    sender = stage.settings().mail_from
    stage.client("sesv2").create_email_identity(EmailIdentity=sender)  # what docs/operations.md asks for once
    return package


@pytest.fixture(scope="module")
def operator(stage: Rehearsal, first: Built) -> World:
    """The world of an operator's tool."""
    return World(stage.settings())


@pytest.fixture(scope="module")
def owner(stage: Rehearsal, operator: World) -> Client:
    """Somebody who has signed up, confirmed the address and signed in, and founded a company."""
    cognito, shown = stage.client("cognito-idp"), stage.outputs
    pool, client = shown["UserPool"], shown["UserPoolClient"]
    address = [{"Name": "email", "Value": EMAIL}]
    cognito.sign_up(ClientId=client, Username=EMAIL, Password=PASSWORD, UserAttributes=address)
    (mail,) = mails(operator, EMAIL)
    (code,) = re.findall(r"\b\d{6}\b", mail.text)
    stage.confirm(EMAIL, code)
    token = srp.sign_in(cognito, pool, client, EMAIL, PASSWORD)
    person = Client(HttpGateway(stage.url), token)
    signed = person.post("/v1/companies", COMPANY | {"policy_version": policy_version()})
    assert signed.status == 201, signed.text
    person.company = signed.json["id"]
    switched = person.patch("/v1/settings", {"cloud": {"sync": True, "backup": True}}, "*")
    assert switched.status == 200, switched.text
    return person


def issued(owner: Client) -> dict[str, Any]:
    """A customer, and an invoice issued to it."""
    customer = owner.post("/v1/customers", CUSTOMER)
    assert customer.status == 201, customer.text
    draft = owner.post("/v1/invoices", {"customer": customer.json["id"], "lines": [LINE]})
    assert draft.status == 201, draft.text
    done = owner.post(f"/v1/invoices/{draft.json['id']}/issue")
    assert done.status == 200, done.text
    return dict(done.json)


@pytest.fixture(scope="module")
def invoice(owner: Client) -> dict[str, Any]:
    """An issued invoice."""
    return issued(owner)


def test_the_stack_stands_and_is_protected(stage: Rehearsal, first: Built) -> None:
    assert stage.stack["StackStatus"] == "CREATE_COMPLETE"
    assert stage.stack["EnableTerminationProtection"]
    wanted = json.loads(first.template.read_text("utf-8"))["Resources"].keys()
    made = stage.resources()
    assert {each["ResourceStatus"] for each in made.values()} == {"CREATE_COMPLETE"}
    missing = {name for name in wanted if not any(each.startswith(name) for each in made)}
    assert missing == {"FirewallOnGateway", "AlarmTopicListener", *PLAIN_HTTP}


PLAIN_HTTP = {"ArchiveBucketPolicy", "WakeQueuePolicy", "DeadWakesPolicy", "DeadSchedulesPolicy"}


def test_anybody_reads_public_pages(stage: Rehearsal, first: Built) -> None:
    anybody = Client(HttpGateway(stage.url))
    health = anybody.get("/health")
    assert health.json["dependencies"] == {"dynamodb": "reachable", "s3": "reachable"}
    assert (health.status, health.json["stage"]) == (200, STAGE)
    assert anybody.get("/privacy").status == 200


@pytest.mark.parametrize("token", [None, "nothing", "a.b.c", "fp_live_" + "0" * 57])
def test_the_authorizer_refuses_a_request_without_a_valid_token(
    stage: Rehearsal, first: Built, token: str | None
) -> None:
    before = [stage.invocations(name) for name in ("api_handler", "token")]
    assert Client(HttpGateway(stage.url), token).get("/v1/company").status == 401
    after = [stage.invocations(name) for name in ("api_handler", "token")]
    assert after == [before[0], before[1] + (token is not None)], "the function behind it is not even asked"


def test_the_guard_refuses_a_forged_key_of_the_right_form(stage: Rehearsal, first: Built) -> None:
    """The authorizer checks only the form of an API key. The guard behind it finds no such key."""
    before = [stage.invocations(name) for name in ("api_handler", "token")]
    assert Client(HttpGateway(stage.url), "fp_live_" + "0" * 69).get("/v1/company").status == 401
    assert [stage.invocations(name) for name in ("api_handler", "token")] == [count + 1 for count in before]


def test_a_token_bears_the_address_that_was_proven(owner: Client) -> None:
    import jwt

    claims = jwt.decode(str(owner.token), options={"verify_signature": False})
    assert (claims["email"], claims["email_verified"], claims["token_use"]) == (EMAIL, "true", "access")
    head, _, _ = str(owner.token).rpartition(".")
    forged = Client(owner.gateway, f"{head}.{'A' * 342}", owner.company)
    assert forged.get("/v1/company").status == 401


def test_an_issued_invoice_is_printed(owner: Client, invoice: dict[str, Any]) -> None:
    found = owner.get(f"/v1/invoices/{invoice['id']}/pdf")
    assert found.status == 303, found.text
    page = urllib3.request("GET", found.headers["location"])
    assert page.status == 200, page.data
    (only,) = pypdf.PdfReader(io.BytesIO(page.data)).pages
    assert invoice["number"] in only.extract_text()


@pytest.fixture
def unwoken(stage: Rehearsal) -> Iterator[None]:
    """Jobs run when their schedule says, and the queue that wakes them waits."""
    with stage.asleep():
        yield


@pytest.mark.usefixtures("unwoken")
def test_a_schedule_makes_the_backup(stage: Rehearsal, owner: Client, invoice: dict[str, Any]) -> None:
    asked = owner.post("/v1/backups")
    assert asked.status == 202, asked.text
    stage.fire("backups")
    url = f"/v1/backups/{asked.json['id']}"
    until(lambda: owner.get(url).json["status"] != "running", "a backup")
    backup = owner.get(url).json
    assert (backup["status"], backup["counts"]["invoices"]) == ("complete", 1)
    storage, archive = stage.client("s3"), stage.outputs["ArchiveBucket"]
    until(lambda: storage.list_objects_v2(Bucket=archive)["KeyCount"], "the archive of what was issued")
    for version in storage.list_object_versions(Bucket=archive)["Versions"]:
        with pytest.raises(storage.exceptions.ClientError, match="AccessDenied"):
            storage.delete_object(Bucket=archive, Key=version["Key"], VersionId=version["VersionId"])


@pytest.mark.usefixtures("unwoken")
def test_a_schedule_carries_a_deletion_out(stage: Rehearsal, owner: Client) -> None:
    gone = owner.post("/v1/customers", CUSTOMER).json["id"]
    asked = owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": gone})
    assert asked.status == 201, asked.text
    url = f"/v1/privacy/requests/{asked.json['id']}"
    assert owner.post(f"{url}/confirm", {}).json["status"] == "verified"
    stage.fire("requests")
    until(lambda: owner.get(url).json["status"] == "completed", "the deletion")
    assert owner.get(f"/v1/customers/{gone}").status == 404
    receipt = owner.get(f"{url}/receipt")
    assert receipt.json["signature"], receipt.text


def test_the_queue_wakes_the_job_that_was_due(stage: Rehearsal, owner: Client) -> None:
    gone = owner.post("/v1/customers", CUSTOMER).json["id"]
    asked = owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": gone}).json["id"]
    assert owner.post(f"/v1/privacy/requests/{asked}/confirm", {}).json["status"] == "verified"
    until(lambda: [run for run in runs(stage, "wake") if run["job"] == "requests"], "a job that was woken")
    until(lambda: owner.get(f"/v1/privacy/requests/{asked}").json["status"] == "completed", "the deletion")


def test_a_schedule_purges_records_past_their_term(stage: Rehearsal, operator: World) -> None:
    old = Ledger(Turned(operator.settings), per_year=1, years=(2012, 2027))
    for message in (row for row in old._stored("journal") if isinstance(row, Message)):
        bookkeeping.finish(operator.store, message.key)  # about nothing that is there
    stage.fire("retention")
    until(lambda: old.invoices() == {*old.by_year[2027]}, "the sweep")
    assert old.verified().fault is None


def test_every_job_runs_on_its_schedule_and_none_fails(stage: Rehearsal, invoice: dict[str, Any]) -> None:
    waiting = {schedule.job for schedule in SCHEDULES if not runs(stage, schedule.job)}
    for name in waiting:
        stage.fire(name)
    for name in sorted(waiting):
        until(partial(runs, stage, name), f"a run of {name}")
    for name in functions(stage):
        assert [line for line in stage.logged(name) if line.get("level") in ("WARNING", "ERROR")] == [], name
    for queue in (DEAD_WAKES, DEAD_SCHEDULES):
        assert "Messages" not in stage.client("sqs").receive_message(QueueUrl=stage.outputs[queue])


def test_roles_count(stage: Rehearsal, owner: Client) -> None:
    """A test of the check itself. Without the check, every other test would pass under any policy."""
    role, iam = stage.physical("ApiHandlerRole"), stage.client("iam")
    refused = {"Effect": "Deny", "Action": "dynamodb:GetItem", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [refused]})
    iam.put_role_policy(RoleName=role, PolicyName="Refused", PolicyDocument=document)
    assert owner.get("/v1/company").status >= 500
    iam.delete_role_policy(RoleName=role, PolicyName="Refused")
    assert owner.get("/v1/company").status == 200


@pytest.mark.parametrize(
    ("function", "job", "tags", "lent"),
    [
        ("Retention", "Retention", {"company": "cmp_1"}, True),
        ("Retention", "Retention", {}, False),
        ("Retention", "Retention", {"company": "system"}, False),
        ("Retention", "Retention", {"company": "cmp_1", "other": "cmp_2"}, False),
        ("Proofs", "Retention", {"company": "cmp_1"}, False),
        ("Restores", "Restores", {"company": "cmp_1", "into": "cmp_2"}, True),
        ("Restores", "Restores", {"company": "cmp_1"}, False),
        ("Restores", "Restores", {"company": "cmp_1", "into": "public"}, False),
    ],
)
def test_a_session_is_lent_to_its_function_with_its_tags(
    stage: Rehearsal, first: Built, function: str, job: str, tags: dict[str, str], lent: bool
) -> None:
    iam, sts = stage.client("iam"), stage.client("sts")

    def role(logical: str) -> str:
        return str(iam.get_role(RoleName=stage.physical(logical))["Role"]["Arn"])

    own = sts.assume_role(RoleArn=role(f"{function}Role"), RoleSessionName="as-lambda-does")["Credentials"]
    asking = boto3.client(
        "sts",
        region_name=REGION,
        endpoint_url=stage.engine.endpoint,
        aws_access_key_id=own["AccessKeyId"],
        aws_secret_access_key=own["SecretAccessKey"],
        aws_session_token=own["SessionToken"],
    )
    told = [{"Key": key, "Value": value} for key, value in tags.items()]
    asked = {"RoleArn": role(f"{job}Session"), "RoleSessionName": job, "Tags": told}
    if lent:
        assert asking.assume_role(**asked)["AssumedRoleUser"]["Arn"].endswith(f"/{job}")
    else:
        with pytest.raises(asking.exceptions.ClientError, match="AccessDenied"):
            asking.assume_role(**asked)


def functions(stage: Rehearsal) -> list[str]:
    """The names of the functions, which their logs bear."""
    groups = stage.client("logs").describe_log_groups(logGroupNamePrefix=f"/facture/{STAGE}/")["logGroups"]
    return [group["logGroupName"].rpartition("/")[2] for group in groups]


def runs(stage: Rehearsal, job: str) -> list[dict[str, Any]]:
    """The figures of a job's runs, as its function published them."""
    return [line for line in stage.logged(job) if "Run" in line]


def test_logs_are_the_stages_own_and_name_nobody(stage: Rehearsal, owner: Client, invoice: dict[str, Any]) -> None:
    told = json.dumps([stage.logged(name) for name in ("api_handler", "token", "backups", "requests", "retention")])
    assert told.count("request_id") > 1
    for word in (EMAIL, str(COMPANY["name"]), str(CUSTOMER["name"]), str(invoice["number"])):
        assert word not in told


def test_the_stack_is_updated_in_place(
    stage: Rehearsal, first: Built, owner: Client, invoice: dict[str, Any], tmp_path: Path
) -> None:
    tables = {stage.physical(name) for name in ("LedgerTable", "JournalTable", "UserPool", "FilesBucket")}
    second = edition(first, tmp_path / "second")
    changes = stage.deploy(second)
    assert {change.action for change in changes} == {"Modify"}
    assert stage.stack["StackStatus"] == "UPDATE_COMPLETE"
    serves(stage, second)
    assert {stage.physical(name) for name in ("LedgerTable", "JournalTable", "UserPool", "FilesBucket")} == tables
    assert owner.get(f"/v1/invoices/{invoice['id']}").json == invoice
    assert stage.deploy(second) == [], "the same again changes nothing"


def test_a_broken_update_is_rolled_back(stage: Rehearsal, first: Built, owner: Client, tmp_path: Path) -> None:
    second = edition(first, tmp_path / "second")
    broken = edition(first, tmp_path / "broken", {"Broken": BROKEN}, words="broken")
    before = owner.get("/v1/register").json
    with pytest.raises(DeployError, match="Broken"):
        stage.deploy(broken)
    assert stage.stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Broken" not in stage.resources()
    serves(stage, second)
    assert owner.get("/v1/register").json == before
    assert issued(owner)["number"] != before["data"][0]["number"]


def test_resources_with_data_outlive_their_stack(stage: Rehearsal, operator: World, owner: Client) -> None:
    formation, name = stage.clients.formation, stage.stack["StackName"]
    with pytest.raises(formation.exceptions.ClientError, match="TerminationProtection"):
        formation.delete_stack(StackName=name)
    made = {name: each["PhysicalResourceId"] for name, each in stage.resources().items()}
    shown, url = stage.outputs, stage.url
    formation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    formation.delete_stack(StackName=name)
    formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 150})
    assert Client(HttpGateway(url)).get("/health").status == 404
    tables = set(stage.client("dynamodb").list_tables()["TableNames"])
    assert tables == set(operator.store.names.values())
    buckets = {bucket["Name"] for bucket in stage.client("s3").list_buckets()["Buckets"]}
    assert buckets >= {shown["FilesBucket"], shown["ArchiveBucket"]}
    stage.client("cognito-idp").admin_get_user(UserPoolId=shown["UserPool"], Username=EMAIL)
    for key in ("DataKey", "BackupKey", "ReceiptKey"):
        assert stage.client("kms").describe_key(KeyId=made[key])["KeyMetadata"]["KeyState"] == "Enabled"


def serves(stage: Rehearsal, built: Built) -> None:
    """Hold what answers against a package: the code that the function has, and what the service says of itself."""
    found = stage.client("lambda").get_function_configuration(FunctionName=stage.physical("APIHandler"))
    assert found["CodeSha256"] == b64encode(sha256(built.application.read_bytes()).digest()).decode()
    health = Client(HttpGateway(stage.url)).get("/health").json
    assert (health["status"], health["build"]) == ("ok", build_of(built))
