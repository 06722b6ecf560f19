"""Checks of a template by cfn-lint and checkov: `python -m infra.checks build/prod/template.json`.

They live in an environment of their own (`requirements-checks.txt`, docs/adr/0054). Whatever they find is mended or
stands here with its reason; a reason that answers no finding any more is itself a finding.
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
    """A finding that stands: on which resources (a pattern of logical names), and why."""

    resources: str
    reason: str


ACCEPTED: Mapping[str, Accepted] = {
    "CKV_AWS_18": Accepted("AccessLogsBucket", "a log of the log's own bucket would feed itself"),
    "CKV_AWS_27": Accepted(
        "*", "queues are encrypted under SQS's own key, which the check does not know; they hold names"
    ),
    "CKV_AWS_28": Accepted(
        "Drill*Table", "what stood there for a drill must not come back: somebody may be erased since"
    ),
    "CKV_AWS_115": Accepted("*", "a reserve would be taken from the account's; rate limits stand before the functions"),
    "CKV_AWS_116": Accepted(
        "*", "the schedules and the queue have theirs; a run that failed is an alarm and comes again"
    ),
    "CKV_AWS_117": Accepted(
        "*", "functions speak to AWS alone, over TLS with IAM; a VPC would add endpoints, not secrets"
    ),
    "CKV_AWS_120": Accepted("RestAPI", "every answer depends on who asks; a shared cache is how companies would meet"),
    "CKV_AWS_173": Accepted(
        "*", "the environment holds names and addresses, no secret: the pepper is in Secrets Manager"
    ),
}


@dataclass(frozen=True, order=True)
class Finding:
    """What a check says of a resource."""

    check: str
    resource: str
    says: str

    @property
    def reason(self) -> str | None:
        """Why it may stand; None if it may not."""
        known = ACCEPTED.get(self.check)
        return known.reason if known and fnmatchcase(self.resource, known.resources) else None


def open_findings(template: Path) -> list[str]:
    """What is to be mended: findings without a reason, reasons without a finding. Raises PackageError when the checks
    are not installed."""
    found = sorted({*_linted(template), *_scanned(template)})
    stale = ACCEPTED.keys() - {finding.check for finding in found if finding.reason}
    told = [f"{finding.check} {finding.resource}: {finding.says}" for finding in found if finding.reason is None]
    return told + [f"{check} finds nothing any more: its reason can go" for check in sorted(stale)]


def _linted(template: Path) -> Iterator[Finding]:
    for match in json.loads(_run("cfn-lint", "--format", "json", str(template)) or "[]"):
        path = [str(part) for part in match["Location"]["Path"] or ()]
        resource = path[1] if len(path) > 1 else "/".join(path)
        yield Finding(match["Rule"]["Id"], resource, match["Message"])


def _scanned(template: Path) -> Iterator[Finding]:
    options = ("--skip-download", "--framework", "cloudformation", "--compact", "--quiet", "--output", "json")
    with tempfile.TemporaryDirectory(prefix="facture-") as scratch:
        lighter = Path(scratch) / "template.json"
        lighter.write_text(json.dumps(_without_routes(json.loads(template.read_text("utf-8"))), indent=1), "utf-8")
        report = json.loads(_run("checkov", *options, "--file", str(lighter)))
    if report.get("summary", {}).get("parsing_errors") or "results" not in report:
        raise PackageError(f"checkov cannot read {template}")
    for check in report["results"]["failed_checks"]:
        yield Finding(check["check_id"], check["resource"].rpartition(".")[2], check["check_name"])


def _without_routes(template: dict[str, Any]) -> dict[str, Any]:
    """checkov judges resources: the gateway's routes, a third of the template, only double its time."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Api":
            resource["Properties"]["DefinitionBody"]["paths"] = {}
    return template


def _run(program: str, *arguments: str) -> str:
    """What a program of the checks' environment, which lies beside ours, answers."""
    here = Path(sys.prefix)
    place = here.with_name(f"{here.name}-checks") / "bin" / program
    if not place.exists():
        raise PackageError(f"{program} is not in {place.parent.parent}; `make checks` makes that environment")
    done = subprocess.run([str(place), *arguments], check=False, capture_output=True, text=True)
    if not done.stdout.strip() and done.returncode:
        raise PackageError(f"{program} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def main(arguments: list[str]) -> int:
    """The command line: prints what is open, and why the rest is not."""
    if len(arguments) != 1:
        print("usage: python -m infra.checks TEMPLATE", file=sys.stderr)
        return 2
    told = open_findings(Path(arguments[0]))
    for line in told:
        print(line)
    for check, accepted in ACCEPTED.items():
        print(f"accepted: {check} ({accepted.resources}): {accepted.reason}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
