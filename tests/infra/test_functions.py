"""Each function has its own policy, and none may do more than it needs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.jobs.catalogue import JOBS
from chalicelib.policy.load import current
from chalicelib.settings import Settings
from chalicelib.store.tables import ROOM_TABLES
from infra.buckets import BUCKET, buckets
from infra.keys import receipt_key
from infra.tables import KEY, data_key, logical_name, tables

CHALICE = Path(__file__).parents[2] / ".chalice"
CONFIG = json.loads((CHALICE / "config.json").read_text(encoding="utf-8"))
FUNCTIONS: dict[str, Any] = CONFIG["lambda_functions"]
TEMPLATE = {*tables("x-", current()), *buckets(current()), *data_key(), *receipt_key("alias/x"), "WakeQueue"}
WOKEN = {"outbox", "bulk", "requests"}
"""What somebody waits for; every other job keeps to its schedule, and to its own function's rights."""
ALL = sorted(FUNCTIONS)
Grant = tuple[str, str]


def statements(function: str) -> list[dict[str, Any]]:
    document = json.loads((CHALICE / FUNCTIONS[function]["iam_policy_file"]).read_text(encoding="utf-8"))
    assert document["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = document["Statement"]
    return found


def on(resource: Any) -> str:
    """The logical name that a resource refers to, and what follows it."""
    if isinstance(resource, str):
        return resource
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        assert attribute == "Arn"
        return str(name)
    text: str = resource["Fn::Sub"]
    return text.removeprefix("${").replace(".Arn}", "")


def grants(function: str) -> Iterator[Grant]:
    for statement in statements(function):
        assert statement["Effect"] == "Allow"
        yield from ((action, on(resource)) for action in statement["Action"] for resource in statement["Resource"])


def may(function: str, action: str) -> set[str]:
    return {resource for granted, resource in grants(function) if granted == action}


def test_every_function_has_its_limits() -> None:
    assert set(FUNCTIONS) == {"api_handler", "token", "wake", *(job.name for job in JOBS)}
    for function in FUNCTIONS.values():
        assert set(function) == {"iam_policy_file", "lambda_memory_size", "lambda_timeout"}
    assert FUNCTIONS["api_handler"]["lambda_timeout"] <= 29, "the gateway waits no longer"
    policies = [function["iam_policy_file"] for function in FUNCTIONS.values()]
    assert len(set(policies)) == len(policies)
    assert sorted(policies) == sorted(path.name for path in CHALICE.glob("policy-*.json"))


def test_policies_are_written_by_hand_for_one_processor() -> None:
    assert CONFIG["autogen_policy"] is False
    assert CONFIG["lambda_architecture"] == "arm64"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_reads_its_own_tables(stage: str) -> None:
    variables = CONFIG["stages"][stage]["environment_variables"]
    given = dict.fromkeys(("FACTURE_BUCKET_FILES", "FACTURE_ISSUER", "FACTURE_AUDIENCE", "FACTURE_JWKS_URL"), "x")
    settings = Settings.from_env({**given, **variables})
    assert (settings.stage, settings.table_prefix, settings.endpoint) == (stage, f"facture-{stage}-", None)


@pytest.mark.parametrize("function", ALL)
def test_nothing_is_granted_on_everything(function: str) -> None:
    for action, resource in grants(function):
        assert "*" not in action
        if not action.startswith("xray:"):  # which knows no resources
            assert resource != "*"
        if not action.startswith(("xray:", "logs:", "ses:")):
            assert resource.partition("/")[0] in TEMPLATE, f"{resource} is not in the template"


@pytest.mark.parametrize("function", ALL)
def test_the_ledger_only_grows(function: str) -> None:
    ledger = logical_name("ledger")
    assert ledger not in may(function, "dynamodb:DeleteItem") or function == "retention"
    assert ledger not in may(function, "dynamodb:UpdateItem")
    batches = {resource for action, resource in grants(function) if action.startswith("dynamodb:Batch")}
    assert not batches or (function in ("requests", "wake") and not batches & {ledger, logical_name("requests")})
    assert not may(function, "dynamodb:Scan")
    attached = {f"{BUCKET}/uploads/*"} if function in ("support", "uploads") else set()
    assert may(function, "s3:DeleteObject") == attached


def test_a_request_reads_and_writes_every_room_in_use() -> None:
    used = {logical_name(room.name) for room in ROOM_TABLES}
    assert may("api_handler", "dynamodb:PutItem") == used
    assert may("api_handler", "dynamodb:GetItem") == used | {"IdentityTable/index/user"}


def test_a_request_deletes_only_what_may_go() -> None:
    assert may("api_handler", "dynamodb:DeleteItem") == {
        logical_name(room) for room in ("workspace", "identity", "requests")
    }
    assert not may("api_handler", "dynamodb:UpdateItem")


def test_the_authorizer_only_reads() -> None:
    allowed = {"dynamodb:GetItem", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
    assert {action for action, _ in grants("token") if not action.startswith(("logs:", "xray:"))} == allowed


def test_only_the_bookkeeping_attributes_are_updated() -> None:
    for function in FUNCTIONS:
        for statement in statements(function):
            if "dynamodb:UpdateItem" in statement["Action"]:
                assert statement["Action"] == ["dynamodb:UpdateItem"]
                condition = statement["Condition"]["ForAllValues:StringEquals"]
                assert condition == {"dynamodb:Attributes": ["company", "sort", "due", "due_at", "attempts"]}


def test_whoever_wakes_jobs_may_what_they_may() -> None:
    for job in WOKEN:
        assert set(grants(job)) <= set(grants("wake"))


def test_each_job_may_claim_what_it_finds() -> None:
    rooms = {room.name: room for room in ROOM_TABLES}
    for job in JOBS:
        table = logical_name(job.room)
        assert "due" in {index.name for index in rooms[job.room].indexes}
        assert f"{table}/index/due" in may(job.name, "dynamodb:Query")
        assert table in may(job.name, "dynamodb:UpdateItem")


@pytest.mark.parametrize("function", ALL)
def test_objects_are_reached_by_prefix(function: str) -> None:
    paths = {f"{BUCKET}/{path}*" for path in current().prefixes}
    assert may(function, "s3:GetObject") | may(function, "s3:PutObject") <= paths
    assert KEY in may(function, "kms:Decrypt"), "whoever reads a table decrypts it"
