"""The roles of one company: who may assume them, with what, and what they reach. Read from the template."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.outside.sessions import LASTING, NEEDED
from chalicelib.policy.load import current
from chalicelib.settings import session_roles_of
from chalicelib.store.drill import DRILL_PREFIX
from chalicelib.store.tables import TABLES
from infra.functions import functions_of
from infra.permissions import WOKEN, Grant, config, grants, principals, session_of, sessions, statements
from infra.sessions import role_of, tags_of
from infra.stages import arn
from infra.tables import logical_name
from tests.iam import allows
from tests.iam_needs import NONE, OWN, TAGGED, Need, Tags, needs
from tests.infra.conftest import Template

JOBS = sessions()
OTHER_KEYS = {
    f"{drill}{logical_name(table.name)}/index/{index.name}"
    for table in TABLES
    for index in table.indexes
    if index.hash != "company"
    for drill in ("", "Drill")
}
"""The indexes whose partitions are no companies: a job's name, a person, an address."""
FAREWELL = {("requests", "dynamodb:PutItem", logical_name(table)) for table in ("transient", "journal")}
"""The last mail of an account lies where no erasure of it comes: it may be put there (ADR 0034)."""


def runners(job: str) -> set[str]:
    """The functions that run a job."""
    return {job, "wake"} if job in WOKEN else {job}


@pytest.mark.parametrize("job", JOBS)
def test_a_role_trusts_its_own_function_and_asks_for_its_tags(resources: dict[str, Any], job: str) -> None:
    role = resources[role_of(job)]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    roles = {resources[runner.title()]["Properties"]["Role"]["Fn::GetAtt"][0] for runner in runners(job)}
    assert trusted["Principal"].keys() == {"AWS"}
    assert [each["Fn::GetAtt"][0] for each in trusted["Principal"]["AWS"]] == sorted(roles)
    assert trusted["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    names = ["company", "into"] if job == "restores" else ["company"]
    assert trusted["Condition"] == {
        "StringLike": {f"aws:RequestTag/{tag}": "cmp_*" for tag in names},
        "ForAllValues:StringEquals": {"aws:TagKeys": names},
    }
    asks = [grant.condition for grant in grants(job) if grant.action.startswith("sts:")]
    assert asks == [{"StringLike": trusted["Condition"]["StringLike"]}] * 2


@pytest.mark.parametrize("job", JOBS)
def test_a_role_has_its_own_policy_and_no_other(resources: dict[str, Any], job: str) -> None:
    role = resources[role_of(job)]["Properties"]
    (policy,) = role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == list(statements(session_of(job)))
    assert role["Path"] == {"Fn::Sub": f"/${{AWS::StackName}}/{job}/"}
    assert "ManagedPolicyArns" not in role


def test_a_function_assumes_the_roles_of_its_jobs_and_receives_their_names(template: Template) -> None:
    assert functions_of(template)
    for function, logical in functions_of(template).items():
        own = [job for job in JOBS if function in runners(job)]
        asked = {grant.resource for grant in grants(function) if grant.action.startswith("sts:")}
        role = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}/%s/*"
        assert asked == {role % job for job in own}
        told = template["Resources"][logical]["Properties"].get("Environment", {}).get("Variables", {})
        named = session_roles_of({name: value["Fn::Sub"] for name, value in told.items() if "SESSION" in name})
        assert dict(named) == {job: f"${{{role_of(job)}.Arn}}" for job in own}


def test_no_session_begins_another() -> None:
    for job in JOBS:
        assert not [grant for grant in grants(session_of(job)) if grant.action.startswith("sts:")]


ANCHORS = "archive/anchors/*"
"""The daily anchors are of all companies. They hold keyed digests and no name (ADR 0115)."""


@pytest.mark.parametrize("job", JOBS)
def test_rows_and_objects_of_a_session_are_its_companys(job: str) -> None:
    own = {TAGGED % tag for tag in tags_of(job)}
    assert grants(session_of(job))
    for grant in grants(session_of(job)):
        if grant.action.startswith("dynamodb:"):
            assert grant.resource not in OTHER_KEYS, "its keys are other than a company's"
            keys = grant.condition["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"]
            assert set(keys) <= own or ((job, grant.action, grant.resource) in FAREWELL and keys == ["public"]), grant
        elif grant.action == "s3:ListBucketMultipartUploads":
            continue  # IAM knows no prefix of it
        elif grant.action.startswith("s3:List"):
            assert prefixes(grant.condition) == [ANCHORS] or all(
                one_of(own, prefix) for prefix in prefixes(grant.condition)
            ), grant
        elif grant.resource == f"ArchiveBucket/{ANCHORS}":
            assert grant.action == "s3:GetObjectVersion", "only the job of the anchors writes them"
        elif grant.action.startswith("s3:"):
            assert one_of(own, grant.resource), grant
        elif grant.action.startswith("kms:") and grant.resource == "BackupKey":
            assert grant.condition == {"StringEquals": {"kms:EncryptionContext:company": OWN}}


def one_of(own: set[str], path: str) -> bool:
    """Whether what a path begins with is followed by a company of the session."""
    return any(f"/{whose}/" in path for whose in own)


KEYED = {
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
}
"""The actions that tell IAM which partitions they are about. Of any other `ForAllValues` would say yes: it looks at
each key that a request names, and a `Scan` names none."""


@pytest.mark.parametrize("principal", principals())
def test_leading_keys_are_required_only_of_actions_with_keys(principal: str) -> None:
    fenced = {grant.action for grant in grants(principal) if "dynamodb:LeadingKeys" in grant.under}
    assert fenced <= KEYED


def test_no_run_outlasts_a_session_that_it_begins_with() -> None:
    """A chained session lasts an hour at most, and ours the least there is: it must not end within a row's work."""
    longest = max(config()["lambda_functions"][runner]["lambda_timeout"] for job in JOBS for runner in runners(job))
    assert timedelta(seconds=longest) < NEEDED < LASTING <= timedelta(hours=1)


def prefixes(condition: dict[str, Any]) -> list[str]:
    """The prefixes that a condition allows."""
    listed = condition["StringLike"]["s3:prefix"]
    return [listed] if isinstance(listed, str) else listed


@pytest.mark.parametrize("job", JOBS)
def test_a_function_with_sessions_reaches_no_companys_row_by_itself(job: str) -> None:
    assert grants(job)
    for grant in grants(job):
        if grant.action == "dynamodb:Scan":
            assert grant.resource.startswith("Drill"), "it sees which companies have drill rows"
        elif grant.action.startswith("dynamodb:"):
            fenced = grant.condition.get("ForAllValues:StringEquals", {}).get("dynamodb:LeadingKeys")
            assert grant.resource in OTHER_KEYS or set(fenced or ["anybody"]) <= {"system", "public"}, grant
        assert not grant.action.startswith("s3:") or (job == "evidence" and is_of_anchors(grant)), grant


def is_of_anchors(grant: Grant) -> bool:
    """Whether a grant reaches only the anchors."""
    if grant.action.startswith("s3:List"):
        return prefixes(grant.condition) == [ANCHORS]
    return grant.resource == f"ArchiveBucket/{ANCHORS}"


def test_no_other_role_trusts_a_function(resources: dict[str, Any]) -> None:
    lent = {role_of(job) for job in JOBS}
    for name, made in resources.items():
        if made["Type"] == "AWS::IAM::Role" and name not in lent:
            for trusted in made["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                assert trusted["Principal"].keys() == {"Service"}, name
    assert arn(role_of(JOBS[0])) == {"Fn::GetAtt": [f"{JOBS[0].title()}Session", "Arn"]}


ROW = {"company": {"S": "cmp_1"}, "sort": {"S": "a"}}
BY_COMPANY = {
    "KeyConditionExpression": "company = :0",
    "ExpressionAttributeValues": {":0": {"S": "cmp_1"}},
}


def calls() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every way to reach something of the company cmp_1: its rows in each table, its objects, its data keys."""
    for definition in TABLES:
        for table in (f"x-{definition.name}", f"x-{DRILL_PREFIX}{definition.name}"):
            for operation in ("GetItem", "DeleteItem", "UpdateItem"):
                yield "dynamodb", operation, {"TableName": table, "Key": ROW}
            yield "dynamodb", "PutItem", {"TableName": table, "Item": ROW}
            yield "dynamodb", "Query", {"TableName": table, **BY_COMPANY}
            for index in definition.local:
                yield "dynamodb", "Query", {"TableName": table, "IndexName": index.name, **BY_COMPANY}
            yield "dynamodb", "BatchGetItem", {"RequestItems": {table: {"Keys": [ROW]}}}
            yield "dynamodb", "Scan", {"TableName": table}
            yield "dynamodb", "BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": ROW}}]}}
    for path, prefix in current().prefixes.items():
        own = {"Bucket": f"x-{prefix.bucket}", "Key": f"{path}cmp_1/a"}
        for operation in ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload"):
            yield "s3", operation, own
        yield "s3", "DeleteObject", own | {"VersionId": "1"}
        for operation in ("ListObjectsV2", "ListObjectVersions"):
            yield "s3", operation, {"Bucket": own["Bucket"], "Prefix": f"{path}cmp_1/"}
    for operation in ("Decrypt", "GenerateDataKeyWithoutPlaintext"):
        yield "kms", operation, {"EncryptionContext": {"company": "cmp_1"}}


def granted(principal: str, tags: Tags = NONE) -> set[Need]:
    """The needs on cmp_1 that are granted to a session of these tags, or to the function itself."""
    asked = {need for call in calls() for need in needs(*call, tags)}
    return {need for need in asked if any(allows(grant, need) for grant in grants(principal))}


@pytest.mark.parametrize("job", JOBS)
def test_nothing_of_a_company_is_granted_but_to_its_own_session(job: str) -> None:
    assert granted(session_of(job), dict.fromkeys(tags_of(job), "cmp_1"))
    assert granted(session_of(job), dict.fromkeys(tags_of(job), "cmp_2")) == set()
    assert {need.action for need in granted(job)} <= {"dynamodb:Scan"}


def test_a_restore_reads_where_it_is_from_and_writes_where_it_goes() -> None:
    """A restore writes only its job, the journal and exports of the backup's company, and reads its attachments to
    copy them. It reads no backup, key, proof or owner of the company that it makes."""
    source = granted(session_of("restores"), {"company": "cmp_1", "into": "cmp_2"})
    assert {(need.action.partition(":")[2], need.resource.partition("$")[0]) for need in source} == {
        ("GetItem", "IdentityTable"),
        ("Query", "IdentityTable"),
        ("GetItem", "RequestsTable"),
        ("Query", "RequestsTable"),
        ("GetItem", "LedgerTable"),
        ("GetItem", "JournalTable"),
        ("PutItem", "JournalTable"),
        ("GetItem", "TransientTable"),
        ("PutItem", "TransientTable"),
        ("UpdateItem", "TransientTable"),
        ("Decrypt", "BackupKey"),
        ("ListBucket", "FilesBucket"),
        ("GetObject", "FilesBucket/backups/daily/"),
        ("GetObject", "FilesBucket/backups/weekly/"),
        ("GetObject", "FilesBucket/backups/monthly/"),
        ("GetObject", "FilesBucket/papers/"),
        ("GetObject", "FilesBucket/uploads/"),
        ("GetObject", "FilesBucket/exports/"),
        ("PutObject", "FilesBucket/exports/"),
        ("DeleteObject", "FilesBucket/exports/"),
    }
    made = granted(session_of("restores"), {"company": "cmp_2", "into": "cmp_1"})
    assert {(need.action.partition(":")[2], need.resource.partition("$")[0]) for need in made} == {
        ("GetItem", "WorkspaceTable"),
        ("PutItem", "WorkspaceTable"),
        ("DeleteItem", "WorkspaceTable"),
        ("Query", "WorkspaceTable"),
        ("GetItem", "LedgerTable"),
        ("PutItem", "LedgerTable"),
        ("Query", "LedgerTable"),
        ("GetItem", "JournalTable"),
        ("PutItem", "JournalTable"),
        ("PutItem", "IdentityTable"),
        ("GetItem", "TransientTable"),
        ("GetObject", "FilesBucket/logos/"),
        ("PutObject", "FilesBucket/logos/"),
        ("GetObject", "FilesBucket/papers/"),
        ("PutObject", "FilesBucket/papers/"),
        ("GetObject", "FilesBucket/uploads/"),
        ("PutObject", "FilesBucket/uploads/"),
        ("ListBucket", "FilesBucket"),
    }


def test_an_index_of_a_companys_rows_is_no_way_around_the_fence() -> None:
    """An index grant without a fence reads every company: it counts like one on the table itself."""
    local = {f"{logical_name(table.name)}/index/{index.name}" for table in TABLES for index in table.local}
    assert local
    assert not local & OTHER_KEYS
    asked = {need.resource for call in calls() for need in needs(*call)}
    assert local <= asked
    unfenced = [(principal, grant) for principal in principals() for grant in grants(principal) if not _fenced(grant)]
    granted_to = {principal for principal, grant in unfenced if grant.resource in local}
    assert granted_to == {"api_handler"}, "a job that lists needs the fence"


def _fenced(grant: Grant) -> bool:
    """Whether a grant reads one company's partition only."""
    return bool(grant.condition.get("ForAllValues:StringEquals", {}).get("dynamodb:LeadingKeys") == [OWN])


def test_where_no_fence_is_more_is_granted() -> None:
    """The same look at a job without sessions, and at the HTTP function."""
    assert granted("outbox")
    assert granted("api_handler")
