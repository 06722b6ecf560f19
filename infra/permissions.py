"""Read what each function may do from its policy, and write docs/permissions.md: `python -m infra.permissions
--write`."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.markdown import table

CHALICE = Path(__file__).resolve().parent.parent / ".chalice"
DOCUMENT = CHALICE.parent / "docs" / "permissions.md"
REASONS = {
    "xray:*": "X-Ray's actions have no resource",
    "ses:SendEmail": "the sender is a parameter of the stack, and the condition names it",
    "s3:*": "the policy gives each kind of object a prefix, and the permission names the prefix",
    "sts:*": "CloudFormation completes the role's name; its path names stack and job, and the role trusts by name",
}
"""The reasons why a resource may hold a star."""
WOKEN = frozenset({"bulk", "outbox", "requests"})
"""The jobs that a user waits for. The function `wake` runs them too, so it has their permissions."""
UNTRIED: Mapping[tuple[str, str, str], str] = {
    **{
        (sender, "ses:SendEmail", "*:configuration-set/*"): "only a stage has settings of SES"
        for sender in ("outbox", "requests", "wake")
    },
    ("api_handler", "kms:GetPublicKey", "ReceiptKey"): "a process reads it once, and tests share one",
    ("api_handler", "s3:GetObject", "FilesBucket/sync/*"): "it signs the link by which a device reads the copy",
    ("api_handler", "sqs:SendMessage", "WakeQueue"): "only the rehearsal has the queue",
    ("backups, on one company", "s3:ListBucket", "FilesBucket"): "without it S3 answers 403 for a missing object",
    ("drill, on one company", "s3:ListBucket", "FilesBucket"): "without it S3 answers 403 for a missing object",
    (
        "expiry, on one company",
        "s3:AbortMultipartUpload",
        "FilesBucket/*",
    ): "an interrupted upload is removed with its backup",
    (
        "expiry, on one company",
        "s3:DeleteObjectVersion",
        "FilesBucket/pdf/*",
    ): "a company that disables the cloud may have rendered pages there",
    (
        "expiry, on one company",
        "s3:DeleteObject",
        "FilesBucket/pdf/*",
    ): "a company that disables the cloud may have rendered pages there",
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
    ): "removes rows erased meanwhile, which a killed run had restored",
}
"""The reasons why a function has a permission that no test uses, by function, action and resource pattern."""


@dataclass(frozen=True)
class Grant:
    """One action on one resource: its logical name and the rest of its ARN. `under` holds the conditions as JSON."""

    action: str
    resource: str
    under: str = ""

    @property
    def condition(self) -> dict[str, Any]:
        """The conditions as in the policy."""
        found: dict[str, Any] = json.loads(self.under) if self.under else {}
        return found


@cache
def config() -> dict[str, Any]:
    """Return Chalice's configuration."""
    found: dict[str, Any] = json.loads((CHALICE / "config.json").read_text("utf-8"))
    return found


@cache
def functions() -> tuple[str, ...]:
    """Return the name of every function."""
    return tuple(config()["lambda_functions"])


@cache
def sessions() -> tuple[str, ...]:
    """Return the jobs that work on one company under their own sessions (docs/adr/0059)."""
    return tuple(name for name in functions() if (CHALICE / f"session-{name}.json").exists())


def session_of(job: str) -> str:
    """Return the name that this module gives a job's sessions."""
    return f"{job}, on one company"


@cache
def principals() -> tuple[str, ...]:
    """Return every principal with a policy: each function, followed by its sessions."""
    found = ((name, session_of(name)) if name in sessions() else (name,) for name in functions())
    return tuple(name for names in found for name in names)


@cache
def statements(principal: str) -> tuple[dict[str, Any], ...]:
    """Return the statements of a function's policy, or of its sessions' policy."""
    function, _, company = principal.partition(", ")
    file = f"session-{function}.json" if company else config()["lambda_functions"][function]["iam_policy_file"]
    return tuple(json.loads((CHALICE / file).read_text("utf-8"))["Statement"])


def on(resource: Any) -> str:
    """Return what a resource refers to: `LedgerTable`, `IdentityTable/index/user`, `FilesBucket/pdf/*`."""
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
    """Yield every permission of a principal."""
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
    """Return the page: each function, its permissions and their conditions."""
    lines = [
        "# Permissions",
        "",
        "The permissions of each function. `python -m infra.permissions --write` writes this page from the policies in",
        "`.chalice/`, which are deployed. Tests check every call in a function's place against its policy.",
        "",
        "A job *on one company* works under a session, which its function starts and tags with the company's id.",
        "`${aws:PrincipalTag/company}` is that id ([ADR 0059](adr/0059-one-company-at-a-time.md)).",
        "`restores` writes to `${aws:PrincipalTag/into}`: the same company, or the new one that it creates.",
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
    """Write a condition in words: the keys and the values that they may have."""
    words = []
    for keys in (json.loads(under) if under else {}).values():
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            words.append(
                f"`{key}`: " + ", ".join(f"`{value if isinstance(value, str) else on(value)}`" for value in listed)
            )
    return "; ".join(words)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m infra.permissions --write")
    DOCUMENT.write_text(page(), "utf-8")
