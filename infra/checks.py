"""Check a template with cfn-lint and checkov: `python -m infra.checks build/prod/template.json`.

Both tools have an environment of their own (`requirements-checks.txt`, docs/adr/0054). Each finding is fixed, or
accepted below with its reason. A reason without a finding is reported too.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.layers import PackageError


@dataclass(frozen=True)
class Accepted:
    """An accepted finding: a pattern of the resources' logical names, and the reason."""

    resources: str
    reason: str


ACCEPTED: Mapping[str, Accepted] = {
    "CKV_AWS_18": Accepted("AccessLogsBucket", "a log of the log bucket itself would grow for ever"),
    "CKV_AWS_27": Accepted(
        "*", "SQS's own key encrypts the queues, which the check does not know; messages are names of jobs"
    ),
    "CKV_AWS_28": Accepted("Drill*Table", "a recovery of a drill's tables could bring an erased person back"),
    "CKV_AWS_115": Accepted("*", "reserved concurrency would reduce the account's; rate limits protect the functions"),
    "CKV_AWS_116": Accepted(
        "*", "schedules and queue have dead-letter queues; a failed run raises an alarm and is repeated"
    ),
    "CKV_AWS_117": Accepted(
        "*", "functions call AWS only, over TLS with IAM; a VPC would add endpoints and no protection"
    ),
    "CKV_AWS_120": Accepted(
        "RestAPI", "each answer depends on the caller; a shared cache could show one company's data to another"
    ),
    "CKV_AWS_173": Accepted(
        "*", "the environment holds names and addresses, no secret: the pepper is in Secrets Manager"
    ),
}


@dataclass(frozen=True, order=True)
class CheckFinding:
    """A finding of a check about a resource."""

    check: str
    resource: str
    message: str

    @property
    def reason(self) -> str | None:
        """The reason why the finding is accepted, or None."""
        known = ACCEPTED.get(self.check)
        return known.reason if known and fnmatchcase(self.resource, known.resources) else None


def open_findings(template: Path) -> list[str]:
    """List the findings without a reason and the reasons without a finding. Raises PackageError when the tools are not
    installed."""
    found = sorted({*_linted(template), *_scanned(template)})
    stale = ACCEPTED.keys() - {finding.check for finding in found if finding.reason}
    unexplained = [
        f"{finding.check} {finding.resource}: {finding.message}" for finding in found if finding.reason is None
    ]
    return unexplained + [f"{check} finds nothing any more: remove its reason" for check in sorted(stale)]


def _linted(template: Path) -> Iterator[CheckFinding]:
    for match in json.loads(_run("cfn-lint", "--format", "json", str(template)) or "[]"):
        path = [str(part) for part in match["Location"]["Path"] or ()]
        resource = path[1] if len(path) > 1 else "/".join(path)
        yield CheckFinding(match["Rule"]["Id"], resource, match["Message"])


def _scanned(template: Path) -> Iterator[CheckFinding]:
    options = ("--skip-download", "--framework", "cloudformation", "--compact", "--quiet", "--output", "json")
    with tempfile.TemporaryDirectory(prefix="facture-") as scratch:
        lighter = Path(scratch) / "template.json"
        lighter.write_text(json.dumps(_without_routes(json.loads(template.read_text("utf-8"))), indent=1), "utf-8")
        report = json.loads(_run("checkov", *options, "--file", str(lighter)))
    if report.get("summary", {}).get("parsing_errors") or "results" not in report:
        raise PackageError(f"checkov cannot read {template}")
    for check in report["results"]["failed_checks"]:
        yield CheckFinding(check["check_id"], check["resource"].rpartition(".")[2], check["check_name"])


def _without_routes(template: dict[str, Any]) -> dict[str, Any]:
    """Remove the gateway's routes. They are a third of the template and double checkov's time, and it judges resources
    only."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Api":
            resource["Properties"]["DefinitionBody"]["paths"] = {}
    return template


def _run(program: str, *arguments: str) -> str:
    """Return the output of a program of the environment `.venv-checks`, in the same folder as this one."""
    here = Path(sys.prefix)
    place = here.with_name(f"{here.name}-checks") / "bin" / program
    if not place.exists():
        raise PackageError(f"{program} is not in {place.parent.parent}; `make checks` makes that environment")
    done = subprocess.run([str(place), *arguments], check=False, capture_output=True, text=True)
    if not done.stdout.strip() and done.returncode:
        raise PackageError(f"{program} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def main(arguments: list[str]) -> int:
    """Run the command line: print the open findings, then the accepted ones with their reasons."""
    if len(arguments) != 1:
        print("usage: python -m infra.checks TEMPLATE", file=sys.stderr)
        return 2
    found = open_findings(Path(arguments[0]))
    for line in found:
        print(line)
    for check, accepted in ACCEPTED.items():
        print(f"accepted: {check} ({accepted.resources}): {accepted.reason}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
