"""cfn-lint and checkov find nothing in the template that does not stand beside its reason."""

import json
import sys
from pathlib import Path

import pytest

from infra import checks
from infra.build import Built
from infra.checks import ACCEPTED, Accepted, open_findings
from infra.layers import PackageError

LINTED = [{"Rule": {"Id": "E3012"}, "Message": "not a number", "Location": {"Path": ["Resources", "Outbox", "Type"]}}]
SCANNED = [
    {"check_id": "CKV_X", "resource": "AWS::S3::Bucket.FilesBucket", "check_name": "locked"},
    {"check_id": "CKV_Y", "resource": "AWS::S3::Bucket.FilesBucket", "check_name": "watched"},
]


def test_nothing_is_open(packages: dict[str, Built]) -> None:
    assert open_findings(packages["prod"].template) == []


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template of nothing."""
    path = tmp_path / "template.json"
    path.write_text('{"Resources": {}}', "utf-8")
    return path


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both programs find something, and one finding is accepted on one bucket."""

    def run(program: str, *_: str) -> str:
        return json.dumps(LINTED if program == "cfn-lint" else {"results": {"failed_checks": SCANNED}})

    monkeypatch.setattr(checks, "_run", run)
    monkeypatch.setattr(checks, "ACCEPTED", {"CKV_Y": Accepted("Files*", "because"), "CKV_Z": Accepted("*", "because")})


@pytest.mark.usefixtures("findings")
def test_a_finding_without_a_reason_is_open_and_so_is_a_reason_without_a_finding(template: Path) -> None:
    assert open_findings(template) == [
        "CKV_X FilesBucket: locked",
        "E3012 Outbox: not a number",
        "CKV_Z finds nothing any more: remove its reason",
    ]


@pytest.mark.usefixtures("findings")
def test_a_reason_holds_where_it_was_given(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ACCEPTED", {"CKV_Y": Accepted("Archive*", "because")})
    assert "CKV_Y FilesBucket: watched" in open_findings(template)


def test_every_reason_says_something() -> None:
    assert all(len(accepted.reason.split()) > 5 for accepted in ACCEPTED.values())


def test_a_report_that_cannot_be_read_is_no_clean_bill(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_run", lambda program, *_: "[]" if program == "cfn-lint" else '{"passed": 0}')
    with pytest.raises(PackageError):
        open_findings(template)


def test_a_missing_program_is_reported(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/nowhere/venv")
    with pytest.raises(PackageError, match="cfn-lint"):
        open_findings(template)
