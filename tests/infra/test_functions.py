"""Each function has its own role with its own policy, and none may do more than it needs: read from the template."""

import json
import re
from dataclasses import fields
from fnmatch import fnmatchcase
from typing import Any

import pytest

from chalicelib.domain.journal import WriterQueue
from chalicelib.files.anchors import ANCHORS
from chalicelib.jobs.catalogue import JOBS
from chalicelib.policy.load import current
from chalicelib.settings import Settings
from chalicelib.store.tables import TABLES
from infra import permissions
from infra.buckets import ARCHIVE, BUCKET
from infra.functions import WITHOUT_WORLD, functions_of, log_name
from infra.permissions import CHALICE, UNTRIED, WOKEN, grants, statements
from infra.sessions import tags_of
from infra.tables import KEY, logical_name
from tests.iam_needs import TAGGED
from tests.infra.conftest import Template

CONFIG = permissions.config()
FUNCTIONS: dict[str, Any] = CONFIG["lambda_functions"]
ALL = sorted(FUNCTIONS)
EVERYBODY = sorted(permissions.principals())
"""Functions, and their sessions of one company."""
WORLDLY = [name for name in EVERYBODY if name not in WITHOUT_WORLD]
MOST_POLICY = 10_240
"""Characters of a role's inline policies, white space aside: IAM's limit."""


def may(principal: str, action: str) -> set[str]:
    return {grant.resource for grant in grants(principal) if grant.action == action}


def may_at_all(function: str, action: str) -> set[str]:
    """The resources on which a function may do the action, itself or in its sessions."""
    lent = may(permissions.session_of(function), action) if function in permissions.sessions() else set()
    return may(function, action) | lent


def test_every_function_has_its_limits() -> None:
    assert set(FUNCTIONS) == {"api_handler", "token", "claims", "wake", *(job.name for job in JOBS)}
    for function in FUNCTIONS.values():
        assert set(function) == {"iam_policy_file", "lambda_memory_size", "lambda_timeout"}
    assert FUNCTIONS["api_handler"]["lambda_timeout"] <= 29, "the gateway waits no longer"
    policies = [function["iam_policy_file"] for function in FUNCTIONS.values()]
    assert len(set(policies)) == len(policies)
    assert sorted(policies) == sorted(path.name for path in CHALICE.glob("policy-*.json"))


def test_each_function_is_deployed_with_its_own_policy(template: Template) -> None:
    roles = []
    for function, logical in functions_of(template).items():
        role, attribute = template["Resources"][logical]["Properties"]["Role"]["Fn::GetAtt"]
        (policy,) = template["Resources"][role]["Properties"]["Policies"]
        assert attribute == "Arn"
        assert policy["PolicyDocument"]["Statement"] == list(statements(function))
        (trusted,) = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert "ManagedPolicyArns" not in template["Resources"][role]["Properties"]
        roles.append(role)
    assert len(set(roles)) == len(roles) == len(FUNCTIONS)


@pytest.mark.parametrize("function", EVERYBODY)
def test_a_policy_is_short_enough_for_its_role(function: str) -> None:
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/facture-prod-drill-workspace"
    text = re.sub(
        r'\{"Fn::GetAtt": \["\w+", "Arn"\]\}|\{"Ref": "\w+"\}', json.dumps(arn), json.dumps(statements(function))
    )
    text = re.sub(r"\$\{\w+\.Arn\}", arn, text)
    assert len(re.sub(r"\s", "", text)) < MOST_POLICY


def test_policies_are_written_by_hand_for_one_processor() -> None:
    assert CONFIG["autogen_policy"] is False
    assert CONFIG["lambda_architecture"] == "arm64"


def test_a_function_receives_its_own_stages_names(template: Template, stage: str) -> None:
    assert set(functions_of(template)) > set(WITHOUT_WORLD)
    for function, logical in functions_of(template).items():
        variables = template["Resources"][logical]["Properties"]["Environment"]["Variables"]
        if function in WITHOUT_WORLD:
            assert not any(isinstance(value, dict) for value in variables.values())
            continue
        told = {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
        assert variables["FACTURE_ANSWERS_BOUND_SINCE"] == {"Ref": "AnswersBoundSince"}
        settings = Settings.from_env(told | {"FACTURE_ANSWERS_BOUND_SINCE": ""})
        assert (settings.stage, settings.table_prefix, settings.endpoint) == (stage, f"facture-{stage}-", None)
        assert (settings.receipt_key, settings.backup_key) == (
            f"alias/facture-{stage}-receipts",
            f"alias/facture-{stage}-backups",
        )
        assert (settings.files_bucket, settings.archive_bucket) == (
            json.dumps({"Ref": BUCKET}),
            json.dumps({"Ref": ARCHIVE}),
        )
        assert (settings.pepper, settings.pepper_secret) == ("", json.dumps({"Ref": "PepperSecret"}))
        assert settings.wake_queue == json.dumps({"Ref": "WakeQueue"})


@pytest.mark.parametrize("function", EVERYBODY)
def test_nothing_is_granted_on_everything(function: str, templates: dict[str, Template]) -> None:
    assert grants(function)
    for grant in grants(function):
        assert "*" not in grant.action
        if "*" in grant.resource:
            assert any(_starred(grant, what) for what in permissions.REASONS), f"{grant} has no reason"
        if not grant.action.startswith(("xray:", "ses:", "sts:")):
            for template in templates.values():
                assert grant.resource.partition("/")[0] in template["Resources"], f"{grant.resource} is not there"


def _starred(grant: permissions.Grant, what: str) -> bool:
    """Whether one of the written reasons is about this grant's star."""
    service, _, action = what.partition(":")
    return grant.action.startswith(f"{service}:") and action in ("*", grant.action.partition(":")[2])


@pytest.mark.parametrize("function", ALL)
def test_a_function_writes_its_own_log_and_creates_none(function: str) -> None:
    logged = {(grant.action, grant.resource) for grant in grants(function) if grant.action.startswith("logs:")}
    own = log_name(function)
    assert logged == {("logs:CreateLogStream", own), ("logs:PutLogEvents", own)}


@pytest.mark.parametrize("function", EVERYBODY)
def test_the_ledger_only_grows(function: str) -> None:
    """Retention ends rows at their term, and the undo of an import takes earlier invoices back within a day."""
    ledger = logical_name("ledger")
    deleting = {permissions.session_of(job) for job in ("retention", "imports")}
    assert ledger not in may(function, "dynamodb:DeleteItem") or function in deleting
    assert ledger not in may(function, "dynamodb:UpdateItem")
    assert ledger not in may(function, "dynamodb:BatchWriteItem")


def test_a_request_reads_and_writes_every_table_in_use() -> None:
    used = {logical_name(table.name) for table in TABLES}
    assert may("api_handler", "dynamodb:PutItem") == used
    assert may("api_handler", "dynamodb:GetItem") >= used


def test_a_request_deletes_only_in_four_tables() -> None:
    assert may("api_handler", "dynamodb:DeleteItem") <= {
        logical_name(table) for table in ("workspace", "identity", "requests", "transient")
    }
    assert may("api_handler", "dynamodb:UpdateItem") == {logical_name("transient")}, "a number in the writers' queue"
    assert not may("api_handler", "dynamodb:BatchWriteItem")
    assert not may("api_handler", "s3:DeleteObject") | may("api_handler", "s3:DeleteObjectVersion")


@pytest.mark.parametrize("function", ["token", "claims"])
def test_what_checks_a_token_has_no_rights_on_data(function: str) -> None:
    assert {grant.action.partition(":")[0] for grant in grants(function)} == {"logs", "xray"}


def test_only_the_bookkeeping_attributes_are_updated() -> None:
    updating = {function for function in EVERYBODY if may(function, "dynamodb:UpdateItem")}
    assert permissions.session_of("requests") in updating
    for function in updating:
        for statement in statements(function):
            if "dynamodb:UpdateItem" in statement["Action"]:
                assert statement["Action"] == ["dynamodb:UpdateItem"]
                condition = dict(statement["Condition"]["ForAllValues:StringEquals"])
                condition.pop("dynamodb:LeadingKeys", None)
                touched = ["company", "sort", "due", "due_at", "attempts"]
                if statement["Sid"] == "EmptyAnswers":  # an erasure takes the answer out of a key that stays
                    assert function == permissions.session_of("requests")
                    assert statement["Resource"] == [{"Fn::GetAtt": ["TransientTable", "Arn"]}]
                    touched = ["company", "sort", "_kind", "body"]
                if statement["Sid"] == "TakeNumbers":  # a request takes a number in the queue of its company's writers
                    assert function == "api_handler"
                    assert statement["Resource"] == [{"Fn::GetAtt": ["TransientTable", "Arn"]}]
                    row = {field.name for field in fields(WriterQueue)}
                    assert row | {"sort", "_kind"} == {*condition["dynamodb:Attributes"]}
                    touched = condition["dynamodb:Attributes"]
                assert condition == {"dynamodb:Attributes": touched}


def test_the_wake_function_has_the_permissions_of_the_jobs_it_runs() -> None:
    for job in WOKEN:
        lacking = [
            grant
            for grant in grants(job)
            if grant not in grants("wake") and not grant.action.startswith(("logs:", "kms:"))
        ]
        assert lacking == []
        assert {(g.action, g.resource) for g in grants(job) if g.action.startswith("kms:")} <= {
            (g.action, g.resource) for g in grants("wake")
        }


def test_the_wake_function_has_no_other_permissions() -> None:
    theirs = {grant for job in WOKEN for grant in grants(job)}
    own = [grant for grant in grants("wake") if grant not in theirs and not grant.action.startswith(("logs:", "kms:"))]
    assert {(grant.action.partition(":")[0], grant.resource) for grant in own} == {
        ("sqs", "WakeQueue"),
        ("lambda", "Backups"),
        ("lambda", "Restores"),
    }


def test_a_reason_for_an_unused_grant_names_an_existing_grant() -> None:
    for function, action, resource in UNTRIED:
        assert any(g.action == action and fnmatchcase(g.resource, resource) for g in grants(function)), function


def test_a_grant_on_an_index_is_to_ask_it() -> None:
    for function in FUNCTIONS:
        assert {g.action for g in grants(function) if "/index/" in g.resource} <= {"dynamodb:Query"}, function


def test_each_job_may_claim_the_rows_that_it_finds() -> None:
    tables = {table.name: table for table in TABLES}
    for job in JOBS:
        table = logical_name(job.table)
        assert "due" in {index.name for index in tables[job.table].indexes}
        assert f"{table}/index/due" in may(job.name, "dynamodb:Query")
        assert table in may_at_all(job.name, "dynamodb:UpdateItem")


@pytest.mark.parametrize("function", WORLDLY)
def test_objects_are_reached_by_prefix(function: str) -> None:
    buckets = {"files": BUCKET, "archive": ARCHIVE}
    own = [""] if function in ALL else [f"{TAGGED % tag}/" for tag in tags_of(function.partition(", ")[0])]
    paths = {f"{buckets[prefix.bucket]}/{path}{whose}*" for path, prefix in current().prefixes.items() for whose in own}
    paths.add(f"{ARCHIVE}/{ANCHORS}*")  # of no company
    assert may(function, "s3:GetObject") | may(function, "s3:PutObject") <= paths
    reads = bool(may(function, "dynamodb:GetItem"))
    assert (KEY in may(function, "kms:Decrypt")) == reads, "whoever reads a table decrypts it"


def test_a_key_is_used_through_its_service_or_as_itself() -> None:
    uses = [(function, grant) for function in EVERYBODY for grant in grants(function) if grant.resource == KEY]
    assert uses
    for function, grant in uses:
        assert "kms:ViaService" in grant.under, f"{function} could decrypt by itself"
