"""What a package's template must have changed before the embedded AWS takes it, and nothing more.

Each difference stands in `DIFFERENCES` with its reason and in docs/rehearsal.md; a test holds the list against the page
and against what is really changed. Beside it, what the rehearsal does in Amazon's place, and what it cannot show.
"""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
        "`Layers` of every function is left out; the layers themselves are uploaded and deployed",
        "their wheels are for arm64; here functions run on this machine's processor, with its environment's packages",
        ("*/Properties/Layers",),
        _without_layers,
    ),
    Difference(
        "firewall",
        "`AWS::WAFv2::WebACLAssociation` is left out; the firewall itself is deployed",
        "the emulator has no such resource, and filters nothing",
        ("FirewallOnGateway",),
        _without_association,
    ),
    Difference(
        "keys of tokens",
        "`FACTURE_JWKS_URL` is the emulator's address of the same pool's keys",
        "Amazon's address leads to Amazon; who issues the tokens (`FACTURE_ISSUER`) stays as it is",
        (f"{VARIABLES}/FACTURE_JWKS_URL/*",),
        _tokens_of_the_emulator,
    ),
    Difference(
        "plain HTTP",
        "the statement `OverTlsOnly` leaves the policies of buckets and queues, and with it those that have no other",
        "the emulator is asked over HTTP on loopback, and does refuse what these policies refuse",
        ("*Policy", "*Policy/Properties/PolicyDocument/Statement"),
        _over_http,
    ),
    Difference(
        "secret",
        "`Ref` of the secret is `Fn::GetAtt` of its `Id`",
        "both are its ARN; the emulator's `Ref` is its name, which a policy does not match",
        (f"{VARIABLES}/FACTURE_PEPPER_SECRET/*", f"{STATEMENTS}/Resource/*"),
        _secret_by_its_arn,
    ),
    Difference(
        "keys",
        "`FACTURE_RECEIPT_KEY` and `FACTURE_BACKUP_KEY` are the keys' ARNs",
        "AWS holds a policy against the key that an alias leads to, the emulator against the alias",
        (f"{VARIABLES}/FACTURE_RECEIPT_KEY", f"{VARIABLES}/FACTURE_BACKUP_KEY"),
        _keys_by_their_arn,
    ),
    Difference(
        "one company",
        "`${aws:PrincipalTag/…}` is `*` in sessions' objects, and no condition of a key's encryption context",
        "the emulator knows a session's tags, and puts no variable into a policy",
        (f"{STATEMENTS}/Resource/*", f"{STATEMENTS}/Condition*"),
        _any_company,
    ),
    Difference(
        "sender",
        "`ses:SendEmail` is allowed on `*` and without its condition on `ses:FromAddress`",
        "the emulator holds it against `*` and does not know the key, and so would let nobody send",
        (f"{STATEMENTS}/Condition", f"{STATEMENTS}/Resource"),
        _any_sender,
    ),
)

STAND_INS = (
    Told(
        "object lock",
        "once the stack stands, the archive gets the `ObjectLockConfiguration` of its template",
        "the emulator's CloudFormation leaves it out; its S3 keeps to it",
    ),
    Told(
        "proven address",
        "once a person has confirmed, the user's `email_verified` is set to true",
        "Cognito does so itself; the code that was mailed is checked before",
    ),
    Told(
        "time",
        "a job's schedule is fired by a second one, of the same target, role, input and group, that is due at once",
        "nobody waits for four in the morning; those of a minute fire by themselves beside it",
    ),
    Told(
        "the past",
        "the company whose books are past their term is written by an operator, with a clock of 2012",
        "nobody waits for ten years",
    ),
)
"""What the rehearsal does itself, because the emulator or the calendar does not."""

UNPROVEN = (
    Told(
        "machine", "arm64, Amazon Linux, the read-only file system, memory, cold starts", "tests/infra/test_package.py"
    ),
    Told("layers", "that a function finds its libraries in its layers", "tests/infra/test_package.py"),
    Told("firewall, throttling", "that anything is refused for its address, its rate or its content", "the template"),
    Told("refusals of the gateway", "that they are problems with CORS: the emulator's are its own", "the template"),
    Told("preflight", "that another origin may ask", "the template"),
    Told("time zone", "that schedules keep to Morocco's time: the emulator's keep to UTC", "the template"),
    Told(
        "retries",
        "that a job that could not be started is tried again, and then lies in the dead-letter queue",
        "the template",
    ),
    Told(
        "alarms", "that anybody is told: there are no metrics of Lambda's, of the gateway's or of EMF", "the template"
    ),
    Told(
        "fences",
        "that `dynamodb:LeadingKeys` keeps a job, or a session, to its rows: the emulator does not know it",
        "tests/iam.py, on every call of every test",
    ),
    Told("keys", "encryption under the stage's keys, their rotation, `kms:ViaService`", "the template"),
    Told("missing objects", "that S3 answers 404 only to who may list the prefix", "tests/iam.py, tests/unit/files"),
    Told("life cycle", "that anything expires by itself", "the template"),
    Told("tracing", "that anything reaches X-Ray", "tests/unit"),
    Told("quotas", "anything of an account's limits", "docs/cost.md"),
)
"""What the rehearsal says nothing about, and who does instead."""


def table(told: Iterable[Told], *heads: str) -> str:
    """A table of docs/rehearsal.md."""
    rows = [f"| {each.name} | {each.what} | {each.why} |" for each in told]
    return "\n".join([f"| {' | '.join(heads)} |", "|---|---|---|", *rows]) + "\n"


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
