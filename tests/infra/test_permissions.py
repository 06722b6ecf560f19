"""The table of permissions is current, and the tests' IAM refuses what a policy does not grant."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.permissions import DOCUMENT, Grant, functions, page
from tests.iam import WATCH, Watch, allows, running
from tests.iam_needs import OTHER, OWN, TAGGED, Need, needs


def of(partition: str) -> tuple[tuple[str, frozenset[str]], ...]:
    return (("dynamodb:LeadingKeys", frozenset({partition})),)


def test_the_table_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == page(), "python -m infra.permissions --write"


def test_the_table_has_every_function() -> None:
    assert all(f"\n## {function}\n" in page() for function in functions())


@pytest.mark.parametrize(
    ("grant", "need", "allowed"),
    [
        (Grant("s3:GetObject", "FilesBucket/pdf/*"), Need("s3:GetObject", "FilesBucket/pdf/x"), True),
        (Grant("s3:GetObject", "FilesBucket/pdf/*"), Need("s3:GetObject", "FilesBucket/logos/x"), False),
        (Grant("s3:GetObject", "FilesBucket/pdf/*"), Need("s3:PutObject", "FilesBucket/pdf/x"), False),
        (Grant("dynamodb:Query", "LedgerTable"), Need("dynamodb:Query", "LedgerTable/index/due"), False),
    ],
)
def test_a_grant_is_for_its_action_and_resource(grant: Grant, need: Need, allowed: bool) -> None:
    assert allows(grant, need) is allowed


@pytest.mark.parametrize(("partition", "allowed"), [("system", True), (OTHER, False)])
def test_leading_keys_fence(partition: str, allowed: bool) -> None:
    under = json.dumps({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["system"]}})
    grant = Grant("dynamodb:PutItem", "TransientTable", under)
    assert allows(grant, Need("dynamodb:PutItem", "TransientTable", of(partition))) is allowed


@pytest.mark.parametrize(("prefix", "allowed"), [("pdf/x", True), ("exports/x", False)])
def test_a_listing_is_of_a_prefix(prefix: str, allowed: bool) -> None:
    under = json.dumps({"StringLike": {"s3:prefix": ["pdf/*"]}})
    need = Need("s3:ListBucket", "FilesBucket", (("s3:prefix", frozenset({prefix})),))
    assert allows(Grant("s3:ListBucket", "FilesBucket", under), need) is allowed
    assert not allows(Grant("s3:ListBucket", "FilesBucket", under), Need("s3:ListBucket", "FilesBucket"))


def test_an_unknown_condition_is_not_ignored() -> None:
    grant = Grant("s3:GetObject", "FilesBucket/x", json.dumps({"Bool": {"aws:SecureTransport": "true"}}))
    with pytest.raises(KeyError):
        allows(grant, Need("s3:GetObject", "FilesBucket/x"))


def test_a_sessions_own_company_is_distinguished() -> None:
    asked = {"Bucket": "x-files", "Key": "pdf/cmp_1/a"}
    one, two = {"company": "cmp_1"}, {"company": "cmp_2"}
    assert list(needs("s3", "GetObject", asked, one)) == [Need("s3:GetObject", f"FilesBucket/pdf/{OWN}/x")]
    assert list(needs("s3", "GetObject", asked, two)) == [Need("s3:GetObject", "FilesBucket/pdf/x")]
    for key in ("pdf/cmp_12/a", "pdf/cmp_1"):
        assert list(needs("s3", "GetObject", asked | {"Key": key}, one)) == [Need("s3:GetObject", "FilesBucket/pdf/x")]
    assert list(needs("dynamodb", "PutItem", ROW, one)) == [Need("dynamodb:PutItem", "LedgerTable", of(OWN))]
    assert list(needs("dynamodb", "PutItem", ROW, two)) == [Need("dynamodb:PutItem", "LedgerTable", of(OTHER))]


@pytest.mark.parametrize(("tag", "granted"), [("company", {"a", "c"}), ("into", {"b", "c"})])
def test_a_company_of_two_tags_is_either_and_of_one_tag_that_one(tag: str, granted: set[str]) -> None:
    asked = {"Bucket": "x-files", "Key": "pdf/cmp_1/a"}
    under = json.dumps({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [TAGGED % tag]}})
    row = Grant("dynamodb:PutItem", "LedgerTable", under)
    file = Grant("s3:GetObject", f"FilesBucket/pdf/{TAGGED % tag}/*")
    sessions = {
        "a": {"company": "cmp_1", "into": "cmp_2"},
        "b": {"company": "cmp_2", "into": "cmp_1"},
        "c": {"company": "cmp_1", "into": "cmp_1"},
        "d": {"company": "cmp_2", "into": "cmp_2"},
    }
    for name, tags in sessions.items():
        needed = [*needs("dynamodb", "PutItem", ROW, tags), *needs("s3", "GetObject", asked, tags)]
        assert [allows(grant, need) for grant, need in zip((row, file), needed, strict=True)] == [name in granted] * 2


@pytest.mark.parametrize(("company", "granted"), [("cmp_1", True), ("system", False), ("public", False)])
def test_a_session_is_asked_for_with_a_companys_tag(company: str, granted: bool) -> None:
    role = "arn:aws:iam::000000000000:role/facture-test/retention/made"
    asked = {"RoleArn": role, "Tags": [{"Key": "company", "Value": company}]}
    watch = Watch()
    assert [watch.note("retention", need) for need in needs("sts", "AssumeRole", asked)] == [granted, granted]
    assert [watch.note("proofs", need) for need in needs("sts", "AssumeRole", asked)] == [False, False]
    assert [watch.note("restores", need) for need in needs("sts", "AssumeRole", _restores(company))] == [granted] * 2
    assert [watch.note("restores", need) for need in needs("sts", "AssumeRole", _restores(None))] == [False, False]
    untagged = needs("sts", "AssumeRole", {"RoleArn": role})
    assert [watch.note("retention", need) for need in untagged] == [False, False]


def _restores(into: str | None) -> dict[str, Any]:
    """A session of the job that puts what is a company's into another."""
    tags = [{"Key": "company", "Value": "cmp_2"}, *([{"Key": "into", "Value": into}] if into else [])]
    return {"RoleArn": "arn:aws:iam::000000000000:role/facture-test/restores/made", "Tags": tags}


ROW = {"TableName": "facture-dev-ledger", "Item": {"company": {"S": "cmp_1"}, "sort": {"S": "a"}}}


@pytest.mark.parametrize(
    ("service", "operation", "asked", "expected"),
    [
        ("dynamodb", "PutItem", ROW, [Need("dynamodb:PutItem", "LedgerTable", of(OTHER))]),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": ROW}]},
            [Need("dynamodb:PutItem", "LedgerTable", of(OTHER))],
        ),
        (
            "s3",
            "DeleteObject",
            {"Bucket": "x-files", "Key": "uploads/cmp_1/a", "VersionId": "1"},
            [Need("s3:DeleteObject", "FilesBucket/uploads/x"), Need("s3:DeleteObjectVersion", "FilesBucket/uploads/x")],
        ),
        (
            "s3",
            "ListMultipartUploads",
            {"Bucket": "x-files", "Prefix": "pdf/cmp_1/"},
            [Need("s3:ListBucketMultipartUploads", "FilesBucket")],
        ),
        ("kms", "Sign", {}, [Need("kms:Sign", "ReceiptKey")]),
    ],
)
def test_a_call_needs_the_permissions_that_iam_checks(
    service: str, operation: str, asked: dict[str, Any], expected: list[Need]
) -> None:
    assert list(needs(service, operation, asked)) == expected


def test_an_unknown_call_is_an_error() -> None:
    with pytest.raises(KeyError):
        list(needs("dynamodb", "ExecuteStatement", {}))


def test_a_grant_that_nothing_needed_is_listed_unless_its_reason_is_written() -> None:
    unused = Watch().unused()
    assert "drill, on one company: s3:GetObject on FilesBucket/backups/daily/${aws:PrincipalTag/company}/*" in unused
    assert "drill: s3:ListBucket on FilesBucket" not in unused, "it has a reason"
    assert not [line for line in unused if line.startswith("wake: ")], "what the woken jobs need, it needs"


def test_a_need_without_a_grant_is_recorded() -> None:
    watch = Watch()
    watch.note("token", Need("dynamodb:DeleteItem", "LedgerTable", of(OTHER)))
    assert watch.refused == [f"token may not dynamodb:DeleteItem on LedgerTable dynamodb:LeadingKeys {[OTHER]}"]
    watch.note("api_handler", Need("dynamodb:GetItem", "JournalTable", of(OTHER)))
    assert len(watch.refused) == 1
    assert [grant.resource for _, grant in watch.used] == ["JournalTable"]


def test_a_call_in_a_functions_place_is_held_to_its_policy(world: Any) -> None:
    """A test of the check itself. Without the check, every other test would pass under any policy."""
    before, token = len(WATCH.refused), running.set("token")
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            world.files.exists("pdf/x")
    finally:
        running.reset(token)
    noted = WATCH.refused[before:]
    del WATCH.refused[before:]  # or this very test would fail
    assert "token may not s3:GetObject on FilesBucket/pdf/x" in noted
