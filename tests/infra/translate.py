"""Change a package's template so that the embedded AWS accepts it.

`DIFFERENCES` holds each change with its reason, and docs/rehearsal.md shows the list. A test compares both with the
real changes. The module also lists what the rehearsal does in AWS's place, and what it cannot show.
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

StackTemplate = dict[str, Any]


@dataclass(frozen=True)
class Deviation:
    """A deviation from AWS and its reason."""

    name: str
    what: str
    why: str


@dataclass(frozen=True)
class Difference(Deviation):
    """A change of the template. `apply` changes it in place, with the emulator's address, and only at the paths `where`
    (patterns within `Resources`)."""

    where: tuple[str, ...]
    apply: Callable[[StackTemplate, str], None]


def _without_layers(template: StackTemplate, endpoint: str) -> None:
    for function in _of_type(template, "AWS::Serverless::Function"):
        function.pop("Layers", None)


def _without_association(template: StackTemplate, endpoint: str) -> None:
    kept = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] != "AWS::WAFv2::WebACLAssociation"
    }
    template["Resources"] = kept


def _without_scan(template: StackTemplate, endpoint: str) -> None:
    kept = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] != "AWS::GuardDuty::MalwareProtectionPlan"
    }
    template["Resources"] = kept


def _tokens_of_the_emulator(template: StackTemplate, endpoint: str) -> None:
    _set_variables(template, FACTURE_JWKS_URL=sub(f"{endpoint}/${{{POOL}}}/.well-known/jwks.json"))


def _keys_by_their_arn(template: StackTemplate, endpoint: str) -> None:
    _set_variables(template, FACTURE_RECEIPT_KEY=arn(RECEIPT_KEY), FACTURE_BACKUP_KEY=arn(BACKUP_KEY))


def _set_variables(template: StackTemplate, **changes: Any) -> None:
    """Set variables in the functions that have them."""
    for function in _of_type(template, "AWS::Serverless::Function"):
        variables = function.get("Environment", {}).get("Variables", {})
        variables |= {name: value for name, value in changes.items() if name in variables}


def _over_http(template: StackTemplate, endpoint: str) -> None:
    for name, resource in list(template["Resources"].items()):
        document = resource.get("Properties", {}).get("PolicyDocument", {})
        kept = [each for each in document.get("Statement", ()) if each["Sid"] != "OverTlsOnly"]
        if document and not kept:
            del template["Resources"][name]
        elif document:
            document["Statement"] = kept


def _secret_by_its_arn(template: StackTemplate, endpoint: str) -> None:
    template["Resources"] = _replaced(template["Resources"], ref(PEPPER), {"Fn::GetAtt": [PEPPER, "Id"]})


def _any_sender(template: StackTemplate, endpoint: str) -> None:
    for statement in _statements(template):
        if "ses:SendEmail" in statement["Action"]:
            statement.pop("Condition", None)
            statement["Resource"] = "*"


def _any_company(template: StackTemplate, endpoint: str) -> None:
    for statement in _statements(template):
        statement["Resource"] = _without_tags(statement["Resource"])
        for test, keys in list(statement.get("Condition", {}).items()):
            keys.pop(f"kms:EncryptionContext:{TAG}", None)
            if "s3:prefix" in keys:
                keys["s3:prefix"] = _without_tags(keys["s3:prefix"])
            if not keys:
                del statement["Condition"][test]


def _without_tags(value: Any) -> Any:
    """Replace a company's tag in a resource or prefix by a star."""
    if isinstance(value, dict):
        return {key: _without_tags(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_tags(part) for part in value]
    return PRINCIPAL_TAG.sub("*", str(value))


def _statements(template: StackTemplate) -> Iterator[dict[str, Any]]:
    """Yield the statements of the functions' roles."""
    for role in _of_type(template, "AWS::IAM::Role"):
        for policy in role.get("Policies", ()):
            yield from policy["PolicyDocument"]["Statement"]


def _replaced(value: Any, old: Any, new: Any) -> Any:
    if value == old:
        return new
    if isinstance(value, dict):
        return {key: _replaced(part, old, new) for key, part in value.items()}
    return [_replaced(part, old, new) for part in value] if isinstance(value, list) else value


def _of_type(template: StackTemplate, kind: str) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == kind:
            yield resource.setdefault("Properties", {})


PRINCIPAL_TAG = re.compile(rf"\$\{{!?aws:PrincipalTag/({TAG}|{INTO})\}}")
VARIABLES = "*/Properties/Environment/Variables"
STATEMENTS = "*/Properties/Policies/*/PolicyDocument/Statement/*"
DIFFERENCES = (
    Difference(
        "layers",
        "`Layers` is removed from every function; the layers themselves are uploaded and deployed",
        "their wheels are for arm64; here functions run on this machine's processor with its environment's packages",
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
        "scan",
        "`AWS::GuardDuty::MalwareProtectionPlan` is removed; its role and the bucket's policy are deployed",
        "the emulator has no such resource and scans nothing; `local/scanner.py` does on a developer's machine",
        ("UploadsScan",),
        _without_scan,
    ),
    Difference(
        "keys of tokens",
        "`FACTURE_JWKS_URL` is the emulator's address of the same pool's keys",
        "AWS's address leads to AWS; the issuer of the tokens (`FACTURE_ISSUER`) does not change",
        (f"{VARIABLES}/FACTURE_JWKS_URL/*",),
        _tokens_of_the_emulator,
    ),
    Difference(
        "plain HTTP",
        "the statement `OverTlsOnly` is removed from the policies of buckets and queues, with policies left empty",
        "the emulator is called over HTTP on loopback, and enforces these policies",
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
        "AWS checks a policy against the alias's key, the emulator against the alias",
        (f"{VARIABLES}/FACTURE_RECEIPT_KEY", f"{VARIABLES}/FACTURE_BACKUP_KEY"),
        _keys_by_their_arn,
    ),
    Difference(
        "one company",
        "`${aws:PrincipalTag/…}` is `*` in sessions' resources; conditions on an encryption context are removed",
        "the emulator knows a session's tags, but replaces no variable in a policy",
        (f"{STATEMENTS}/Resource/*", f"{STATEMENTS}/Condition*"),
        _any_company,
    ),
    Difference(
        "sender",
        "`ses:SendEmail` is allowed on `*` and without its condition on `ses:FromAddress`",
        "the emulator checks it against `*` and does not know the condition key, so it would refuse every mail",
        (f"{STATEMENTS}/Condition", f"{STATEMENTS}/Resource"),
        _any_sender,
    ),
)

STAND_INS = (
    Deviation(
        "object lock",
        "when the stack is complete, the archive gets the `ObjectLockConfiguration` of its template",
        "the emulator's CloudFormation ignores it; its S3 enforces it",
    ),
    Deviation(
        "proven address",
        "when a person has confirmed, the user's `email_verified` is set to true",
        "Cognito does so itself; the mailed code is checked first",
    ),
    Deviation(
        "time",
        "a second schedule of the same target, role, input and group is due at once",
        "the test does not wait for four in the morning; schedules of a minute fire by themselves",
    ),
    Deviation(
        "the past",
        "an operator writes the company whose books are past their term, with a clock of 2012",
        "the test does not wait for ten years",
    ),
)
"""Actions of the rehearsal in place of the emulator or the calendar."""

UNPROVEN = (
    Deviation(
        "machine", "arm64, Amazon Linux, the read-only file system, memory, cold starts", "tests/infra/test_package.py"
    ),
    Deviation("layers", "that a function finds its libraries in its layers", "tests/infra/test_package.py"),
    Deviation(
        "firewall, throttling", "that a request is refused for its address, its rate or its content", "the template"
    ),
    Deviation("refusals of the gateway", "that they are problems with CORS: the emulator has its own", "the template"),
    Deviation("preflight", "that another origin may call", "the template"),
    Deviation("time zone", "that schedules follow Morocco's time: the emulator's follow UTC", "the template"),
    Deviation(
        "retries",
        "that a job that could not be started is tried again, and then goes to the dead-letter queue",
        "the template",
    ),
    Deviation(
        "alarms", "that alarms are sent: there are no metrics of Lambda, of the gateway or of EMF", "the template"
    ),
    Deviation(
        "fences",
        "that `dynamodb:LeadingKeys` limits a job or a session to its rows: the emulator does not know it",
        "tests/iam.py, on every call of every test",
    ),
    Deviation("keys", "encryption under the stage's keys, their rotation, `kms:ViaService`", "the template"),
    Deviation(
        "missing objects",
        "that S3 answers 404 only to a caller with permission to list the prefix",
        "tests/iam.py, tests/unit/files",
    ),
    Deviation("life cycle", "that objects expire by themselves", "the template"),
    Deviation("tracing", "that traces reach X-Ray", "tests/unit"),
    Deviation("quotas", "an account's limits", "docs/cost.md"),
)
"""Properties that the rehearsal cannot show, and the tests or pages that show them."""


def translated(template: StackTemplate, endpoint: str) -> StackTemplate:
    """Return the template as the emulator at `endpoint` accepts it. The argument does not change."""
    result = copy.deepcopy(template)
    for difference in DIFFERENCES:
        difference.apply(result, endpoint)
    return result


def changed(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every difference between two values, as deep as both have the same shape."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from changed(before.get(key), after.get(key), f"{path}/{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changed(old, new, f"{path}/{place}")
    elif before != after:
        yield path
