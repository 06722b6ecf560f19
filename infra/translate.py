"""What a package's template must have changed before the embedded AWS takes it, and nothing more.

Each difference stands in `DIFFERENCES` with its reason and in docs/rehearsal.md; a test holds the list against the page
and against what is really changed. Beside it, what the rehearsal does in Amazon's place, and what it cannot show.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.outside.sessions import INTO, TAG
from infra.identity import PEPPER, POOL
from infra.keys import BACKUP_KEY, RECEIPT_KEY
from infra.stages import arn, ref, sub

Template = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """Something that is otherwise than on AWS, and why."""

    name: str
    what: str
    why: str


@dataclass(frozen=True)
class Difference(Told):
    """One change of the template: `apply` makes it in place, given the emulator's address, and nowhere but at `where`
    (patterns of paths within `Resources`)."""

    where: tuple[str, ...]
    apply: Callable[[Template, str], None]


def _without_layers(template: Template, endpoint: str) -> None:  # noqa: ARG001 — a difference's signature
    for function in _of_type(template, "AWS::Serverless::Function"):
        function.pop("Layers", None)


def _without_association(template: Template, endpoint: str) -> None:  # noqa: ARG001 — a difference's signature
    kept = {
        name: made for name, made in template["Resources"].items() if made["Type"] != "AWS::WAFv2::WebACLAssociation"
    }
    template["Resources"] = kept


def _tokens_of_the_emulator(template: Template, endpoint: str) -> None:
    _told(template, FACTURE_JWKS_URL=sub(f"{endpoint}/${{{POOL}}}/.well-known/jwks.json"))


def _keys_by_their_arn(template: Template, endpoint: str) -> None:  # noqa: ARG001 — a difference's signature
    _told(template, FACTURE_RECEIPT_KEY=arn(RECEIPT_KEY), FACTURE_BACKUP_KEY=arn(BACKUP_KEY))


def _told(template: Template, **changes: Any) -> None:
    """Give variables that a function has another value."""
    for function in _of_type(template, "AWS::Serverless::Function"):
        variables = function.get("Environment", {}).get("Variables", {})
        variables |= {name: value for name, value in changes.items() if name in variables}


def _over_http(template: Template, endpoint: str) -> None:  # noqa: ARG001 — a difference's signature
    for name, made in list(template["Resources"].items()):
        document = made.get("Properties", {}).get("PolicyDocument", {})
        kept = [each for each in document.get("Statement", ()) if each["Sid"] != "OverTlsOnly"]
        if document and not kept:
            del template["Resources"][name]
        elif document:
            document["Statement"] = kept


def _secret_by_its_arn(template: Template, endpoint: str) -> None:  # noqa: ARG001 — a difference's signature
    template["Resources"] = _replaced(template["Resources"], ref(PEPPER), {"Fn::GetAtt": [PEPPER, "Id"]})


def _any_sender(template: Template, endpoint: str) -> None:  # noqa: ARG001 — a difference's signature
    for statement in _statements(template):
        if "ses:SendEmail" in statement["Action"]:
            statement.pop("Condition", None)
            statement["Resource"] = "*"


def _any_company(template: Template, endpoint: str) -> None:  # noqa: ARG001 — a difference's signature
    for statement in _statements(template):
        statement["Resource"] = _of_any(statement["Resource"])
        for test, keys in list(statement.get("Condition", {}).items()):
            keys.pop(f"kms:EncryptionContext:{TAG}", None)
            if "s3:prefix" in keys:
                keys["s3:prefix"] = _of_any(keys["s3:prefix"])
            if not keys:
                del statement["Condition"][test]


def _of_any(value: Any) -> Any:
    """A resource or prefix, whosever it is."""
    if isinstance(value, dict):
        return {key: _of_any(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_of_any(part) for part in value]
    return PRINCIPAL_TAG.sub("*", str(value))


def _statements(template: Template) -> Iterator[dict[str, Any]]:
    """What the functions' roles allow."""
    for role in _of_type(template, "AWS::IAM::Role"):
        for policy in role.get("Policies", ()):
            yield from policy["PolicyDocument"]["Statement"]


def _replaced(value: Any, old: Any, new: Any) -> Any:
    if value == old:
        return new
    if isinstance(value, dict):
        return {key: _replaced(part, old, new) for key, part in value.items()}
    return [_replaced(part, old, new) for part in value] if isinstance(value, list) else value


def _of_type(template: Template, kind: str) -> Iterator[dict[str, Any]]:
    for made in template["Resources"].values():
        if made["Type"] == kind:
            yield made.setdefault("Properties", {})


PRINCIPAL_TAG = re.compile(rf"\$\{{!?aws:PrincipalTag/({TAG}|{INTO})\}}")
VARIABLES = "*/Properties/Environment/Variables"
STATEMENTS = "*/Properties/Policies/*/PolicyDocument/Statement/*"
DIFFERENCES = (
    Difference(
        "layers",
        "`Layers` of every function is removed; the layers themselves are uploaded and deployed",
        "their wheels are for arm64; here functions run on this machine's processor, with its environment's packages",
        ("*/Properties/Layers",),
        _without_layers,
    ),
    Difference(
        "firewall",
        "`AWS::WAFv2::WebACLAssociation` is removed; the firewall itself is deployed",
        "the emulator has no such resource and filters nothing",
        ("FirewallOnGateway",),
        _without_association,
    ),
    Difference(
        "keys of tokens",
        "`FACTURE_JWKS_URL` is the emulator's address of the same pool's keys",
        "Amazon's address leads to Amazon; the issuer of the tokens (`FACTURE_ISSUER`) stays as it is",
        (f"{VARIABLES}/FACTURE_JWKS_URL/*",),
        _tokens_of_the_emulator,
    ),
    Difference(
        "plain HTTP",
        "the policies of buckets and queues lose the statement `OverTlsOnly`; a policy without another one is removed",
        "requests to the emulator use HTTP on loopback, and the emulator does refuse what these policies refuse",
        ("*Policy", "*Policy/Properties/PolicyDocument/Statement"),
        _over_http,
    ),
    Difference(
        "secret",
        "`Ref` of the secret is `Fn::GetAtt` of its `Id`",
        "on AWS both are its ARN; the emulator's `Ref` is its name, which a policy does not match",
        (f"{VARIABLES}/FACTURE_PEPPER_SECRET/*", f"{STATEMENTS}/Resource/*"),
        _secret_by_its_arn,
    ),
    Difference(
        "keys",
        "`FACTURE_RECEIPT_KEY` and `FACTURE_BACKUP_KEY` are the keys' ARNs",
        "AWS checks a policy against the key behind an alias, the emulator against the alias",
        (f"{VARIABLES}/FACTURE_RECEIPT_KEY", f"{VARIABLES}/FACTURE_BACKUP_KEY"),
        _keys_by_their_arn,
    ),
    Difference(
        "one company",
        "`${aws:PrincipalTag/…}` is `*` in the objects of sessions, and a key's encryption context has no condition",
        "the emulator knows a session's tags and resolves no variable in a policy",
        (f"{STATEMENTS}/Resource/*", f"{STATEMENTS}/Condition*"),
        _any_company,
    ),
    Difference(
        "sender",
        "`ses:SendEmail` is allowed on `*` and without its condition on `ses:FromAddress`",
        "the emulator checks it against `*` and does not know the condition key; it would let nobody send",
        (f"{STATEMENTS}/Condition", f"{STATEMENTS}/Resource"),
        _any_sender,
    ),
)

STAND_INS = (
    Told(
        "object lock",
        "after the deployment, the archive gets the `ObjectLockConfiguration` of its template",
        "the emulator's CloudFormation ignores it; its S3 respects it",
    ),
    Told(
        "proven address",
        "after a person has confirmed, the user's `email_verified` is set to true",
        "Cognito does so itself; the mailed code is checked before",
    ),
    Told(
        "time",
        "a second schedule fires a job at once, with the same target, role, input and group",
        "nobody waits for four in the morning; schedules of a minute also fire by themselves",
    ),
    Told(
        "the past",
        "an operator writes the company whose books are past their term, with a clock of 2012",
        "nobody waits for ten years",
    ),
)
"""What the rehearsal does itself, because the emulator or the calendar does not."""

UNPROVEN = (
    Told(
        "machine", "arm64, Amazon Linux, the read-only file system, memory, cold starts", "tests/infra/test_package.py"
    ),
    Told("layers", "that a function finds its libraries in its layers", "tests/infra/test_package.py"),
    Told("firewall, throttling", "that a request is refused for its address, its rate or its content", "the template"),
    Told(
        "refusals of the gateway", "that they are problem documents with CORS: the emulator has its own", "the template"
    ),
    Told("preflight", "that another origin may send requests", "the template"),
    Told("time zone", "that schedules follow Morocco's time: the emulator's follow UTC", "the template"),
    Told(
        "retries",
        "that a job that could not be started is tried again, and then is in the dead-letter queue",
        "the template",
    ),
    Told(
        "alarms", "that a person is alerted: there are no metrics of Lambda, of the gateway or of EMF", "the template"
    ),
    Told(
        "fences",
        "that `dynamodb:LeadingKeys` limits a job, or a session, to its rows: the emulator does not know it",
        "tests/iam.py, on every call of every test",
    ),
    Told("keys", "encryption under the stage's keys, their rotation, `kms:ViaService`", "the template"),
    Told(
        "missing objects",
        "that S3 answers 404 only to callers who may list the prefix",
        "tests/iam.py, tests/unit/files",
    ),
    Told("life cycle", "that objects and rows expire by themselves", "the template"),
    Told("tracing", "that traces reach X-Ray", "tests/unit"),
    Told("quotas", "the limits of an account", "docs/cost.md"),
)
"""What the rehearsal says nothing about, and who does instead."""


def translated(template: Template, endpoint: str) -> Template:
    """The template as the emulator at `endpoint` takes it; the given one is not changed."""
    made = copy.deepcopy(template)
    for difference in DIFFERENCES:
        difference.apply(made, endpoint)
    return made


def changed(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The path of everything that is not the same in both, as deep as both have the same shape."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from changed(before.get(key), after.get(key), f"{path}/{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changed(old, new, f"{path}/{place}")
    elif before != after:
        yield path
