"""Backups on what is deployed: the rights to write the archive, to use the drill tables, and to decrypt."""

import pytest

from chalicelib.outside.sessions import INTO, TAG
from chalicelib.policy.load import current
from chalicelib.settings import FUNCTIONS
from chalicelib.store.drill import drill_settings
from chalicelib.store.tables import TABLES, table_name
from infra.functions import functions_of
from infra.permissions import grants, principals
from infra.stages import title
from infra.tables import drill_tables
from tests.iam import covers
from tests.iam_needs import TAGGED
from tests.infra.conftest import Template
from tests.jobs.worlds import settings


def who(action: str, resource: str) -> set[str]:
    """The functions that may do this there, by themselves or under their sessions (of company x)."""
    every = {(name, grant) for name in principals() for grant in grants(name)}
    own = [resource.rpartition("/")[0] + f"/{TAGGED % tag}/x" for tag in (TAG, INTO)]
    return {name.partition(", ")[0] for name, grant in every if any(covers(grant, action, r) for r in (resource, *own))}


def test_only_backups_writes_the_archive_and_only_the_sweep_deletes_from_it() -> None:
    assert who("s3:PutObject", "ArchiveBucket/archive/x") == {"backups"}
    assert who("s3:PutObjectRetention", "ArchiveBucket/archive/x") == {"backups"}
    every = [(name, grant) for name in principals() for grant in grants(name)]
    held = {(name, grant.action) for name, grant in every if grant.resource.startswith("ArchiveBucket")}
    assert not {action for _, action in held if "Bypass" in action}, "a lock holds against everybody"
    assert {each for each in held if "Delete" in each[1]} == {
        ("retention, on one company", action) for action in ("s3:DeleteObject", "s3:DeleteObjectVersion")
    }


def test_only_the_wake_function_starts_jobs_with_their_own_function(templates: dict[str, Template]) -> None:
    """The reader of the queue opens no backup and writes no archive. It starts the function that may."""
    for job, variable in FUNCTIONS.items():
        assert who("lambda:InvokeFunction", title(job)) == {"wake"}
        for template in templates.values():
            named = {
                function
                for function, logical in functions_of(template).items()
                if variable in template["Resources"][logical]["Properties"]["Environment"]["Variables"]
            }
            assert named == {"wake"}
    started = {grant.resource for grant in grants("wake") if grant.action == "lambda:InvokeFunction"}
    assert started == {title(job) for job in FUNCTIONS}


def test_only_the_drill_has_rights_on_the_drill_tables() -> None:
    tables = set(drill_tables("x-", current()))
    touching = {name for name in principals() if {grant.resource.partition("/")[0] for grant in grants(name)} & tables}
    assert {name.partition(", ")[0] for name in touching} == {"drill"}


def test_the_drill_writes_no_books() -> None:
    written = {
        grant.resource
        for name in principals()
        if name.partition(", ")[0] == "drill"
        for grant in grants(name)
        if grant.action in ("dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem") and not grant.under
    }
    assert not written & {"LedgerTable", "JournalTable", "IdentityTable", "RequestsTable"}


def test_the_drill_tables_are_those_that_a_drill_opens_and_none_can_be_recovered() -> None:
    """Point-in-time recovery must not return the rows of a drill table: their subject may be erased by then."""
    own = settings("http://x", "stage")
    made = drill_tables(own.table_prefix, current())
    names = {table["Properties"]["TableName"] for table in made.values()}
    assert names == {table_name(drill_settings(own), table.name) for table in TABLES}
    for table in made.values():
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
        assert "DeletionPolicy" not in table


def test_the_functions_that_decrypt_keys_and_those_that_make_them() -> None:
    assert who("kms:Decrypt", "BackupKey") == {"backups", "restores", "drill"}
    assert who("kms:GenerateDataKeyWithoutPlaintext", "BackupKey") == {"api_handler", "nightly"}
    assert who("kms:GenerateDataKey", "BackupKey") == set(), "nobody who makes a data key sees it"


def test_only_expiry_and_erasure_delete_backups_and_only_backups_writes_them() -> None:
    for tier in ("daily", "weekly", "monthly"):
        assert who("s3:PutObject", f"FilesBucket/backups/{tier}/x") == {"backups"}
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
            assert who(action, f"FilesBucket/backups/{tier}/x") == {"expiry", "requests"}


@pytest.mark.parametrize("principal", principals())
def test_a_function_that_deletes_versions_may_delete_objects(principal: str) -> None:
    """S3's reference asks for both, always. Without the other an erasure might be refused, key by key, for ever; with
    it nobody can do more: on a versioned bucket it only marks."""
    versions, objects = (
        {grant.resource for grant in grants(principal) if grant.action == action}
        for action in ("s3:DeleteObjectVersion", "s3:DeleteObject")
    )
    assert versions <= objects
