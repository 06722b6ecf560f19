"""What each function may do, read from its policy, and as a table: `python -m infra.permissions --write`."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from infra.markdown import table

CHALICE = Path(__file__).resolve().parent.parent / ".chalice"
DOCUMENT = CHALICE.parent / "docs" / "permissions.md"
REASONS = {
    "xray:*": "X-Ray's actions know no resource",
    "ses:SendEmail": "the sender is a parameter of the stack; the condition names it",
    "s3:*": "objects are granted by the prefix that the policy gives their kind",
    "sts:*": "CloudFormation ends the role's name; its path is of the stack and the job, and the role trusts by name",
}
"""Why a resource may hold a star."""
WOKEN = frozenset({"bulk", "outbox", "requests"})
"""The jobs that a user waits for. The function `wake` runs them too, so it has their permissions."""
UNTRIED: Mapping[tuple[str, str, str], str] = {
    ("api_handler", "kms:GetPublicKey", "ReceiptKey"): "read once a process, and tests share theirs",
    ("api_handler", "sqs:SendMessage", "WakeQueue"): "only the rehearsal has the queue",
    ("backups, on one company", "s3:ListBucket", "FilesBucket"): "without it S3 answers 403 for what is not there",
    ("drill, on one company", "s3:ListBucket", "FilesBucket"): "without it S3 answers 403 for what is not there",
    (
        "expiry, on one company",
        "s3:AbortMultipartUpload",
        "FilesBucket/*",
    ): "an upload that was cut off goes with what it was for",
    (
        "expiry, on one company",
        "s3:DeleteObjectVersion",
        "FilesBucket/pdf/*",
    ): "who leaves the cloud may have rendered pages there",
    (
        "expiry, on one company",
        "s3:DeleteObject",
        "FilesBucket/pdf/*",
    ): "who leaves the cloud may have rendered pages there",
    (
        "restores, on one company",
        "s3:GetObject",
        "FilesBucket/backups/*",
    ): "tiers differ in their prefix alone, and tests restore one",
    ("wake", "lambda:InvokeFunction", "Backups"): "only the rehearsal has functions to start",
    ("wake", "lambda:InvokeFunction", "Restores"): "only the rehearsal has functions to start",
    (
        "restores, on one company",
        "dynamodb:DeleteItem",
        "WorkspaceTable",
    ): "what was erased since, when a killed run had put it back",
}
"""Why a function may do what no test makes it do: by function, action and resource (a pattern)."""


@dataclass(frozen=True)
class Grant:
    """One action on one resource: the logical name of the template, and what follows it. `under` are its conditions."""

    action: str
    resource: str
    under: str = ""

    @property
    def condition(self) -> dict[str, Any]:
        """The conditions as they are written."""
        found: dict[str, Any] = json.loads(self.under) if self.under else {}
        return found

    def covers(self, action: str, resource: str) -> bool:
        """Whether the grant is about this action on this resource, whatever its conditions."""
        return action == self.action and fnmatchcase(resource, self.resource)


@cache
def config() -> dict[str, Any]:
    """Chalice's configuration."""
    found: dict[str, Any] = json.loads((CHALICE / "config.json").read_text("utf-8"))
    return found


@cache
def functions() -> tuple[str, ...]:
    """The name of every function."""
    return tuple(config()["lambda_functions"])


@cache
def sessions() -> tuple[str, ...]:
    """The jobs that work on one company under sessions of their own (docs/adr/0059)."""
    return tuple(name for name in functions() if (CHALICE / f"session-{name}.json").exists())


def session_of(job: str) -> str:
    """What a job's sessions are called here, beside the functions."""
    return f"{job}, on one company"


@cache
def principals() -> tuple[str, ...]:
    """Everybody who has a policy: each function, and after it its sessions."""
    found = ((name, session_of(name)) if name in sessions() else (name,) for name in functions())
    return tuple(name for names in found for name in names)


@cache
def statements(principal: str) -> tuple[dict[str, Any], ...]:
    """The statements of a function's policy, or of its sessions'."""
    function, _, company = principal.partition(", ")
    file = f"session-{function}.json" if company else config()["lambda_functions"][function]["iam_policy_file"]
    return tuple(json.loads((CHALICE / file).read_text("utf-8"))["Statement"])


def on(resource: Any) -> str:
    """What a resource refers to: `LedgerTable`, `IdentityTable/index/user`, `FilesBucket/pdf/*`."""
    if isinstance(resource, str):
        return resource
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        if attribute != "Arn":
            raise ValueError(f"{name}.{attribute} is no resource")
        return str(name)
    if "Ref" in resource:
        return str(resource["Ref"])
    text: str = resource["Fn::Sub"]
    return text.removeprefix("${").replace(".Arn}", "").replace("${!", "${")


@cache
def grants(principal: str) -> tuple[Grant, ...]:
    """Everything that a policy allows."""
    return tuple(_grants(principal))


def _grants(principal: str) -> Iterator[Grant]:
    for statement in statements(principal):
        if statement["Effect"] != "Allow":
            raise ValueError(f"{principal}: {statement['Sid']} does not allow")
        under = json.dumps(statement["Condition"], sort_keys=True) if "Condition" in statement else ""
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                yield Grant(action, on(resource), under)


def page() -> str:
    """The document: each function, what it may do to what, and under which condition."""
    lines = [
        "# Permissions",
        "",
        "This page lists everything that each function may do.",
        "`python -m infra.permissions --write` writes it from the policies in `.chalice/`, which are deployed.",
        "The tests hold each call to the policy of the function in whose place they run.",
        "",
        "A job *on one company* works under a session that its function makes.",
        "The session is tagged with the id of that company: `${aws:PrincipalTag/company}`",
        "([ADR 0059](adr/0059-one-company-at-a-time.md)).",
        "`restores` writes to `${aws:PrincipalTag/into}`: that company, or the new one that it makes.",
        "",
        "Stars: " + "; ".join(f"`{what}`: {why}" for what, why in REASONS.items()) + ".",
    ]
    for principal in principals():
        actions: dict[tuple[str, str], set[str]] = {}
        for grant in grants(principal):
            actions.setdefault((grant.resource, grant.under), set()).add(grant.action)
        rows = [
            (f"`{resource}`", ", ".join(sorted(may)), _plain(under))
            for (resource, under), may in sorted(actions.items())
        ]
        lines += ["", f"## {principal}", "", table(("what", "may", "when"), rows).rstrip()]
    untried = [(name, f"{action} on `{resource}`", why) for (name, action, resource), why in UNTRIED.items()]
    lines += ["", "## Granted, and used by no test", "", table(("function", "may", "why"), untried).rstrip()]
    return "\n".join(lines) + "\n"


def _plain(under: str) -> str:
    """A condition in words: which keys, and the values that they may have."""
    told = []
    for keys in (json.loads(under) if under else {}).values():
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            told.append(
                f"`{key}`: " + ", ".join(f"`{value if isinstance(value, str) else on(value)}`" for value in listed)
            )
    return "; ".join(told)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m infra.permissions --write")
    DOCUMENT.write_text(page(), "utf-8")
