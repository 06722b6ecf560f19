"""Name the rules of the policy that govern what a deployed resource holds, as held.toml answers for each resource."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chalicelib.policy.inventory import build_inventory
from chalicelib.policy.model import Policy
from infra.buckets import ARCHIVE, BUCKET
from infra.tables import logical_name

ANSWERS: Final[Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("held.toml").read_text("utf-8"))
FIXED: Final[Mapping[str, str]] = {service: each["term"] for service, each in ANSWERS["fixed"].items()}
"""The terms that AWS sets for a service (ISO 8601)."""
PREFIXES: Final = "prefixes"
_BUCKETS: Final = {BUCKET: "files", ARCHIVE: "archive"}
_DRILL: Final = "Drill"


class Unanswered(LookupError):
    """A resource without an answer in held.toml."""


def rules_on(policy: Policy, name: str, kind: str) -> frozenset[str]:
    """The rules of what a resource holds; empty if it holds nothing of persons. Raises Unanswered, KeyError for an
    unknown service."""
    if kind == "AWS::DynamoDB::Table":
        return _rules_of_table(name)
    if name in ANSWERS["nobody"] or kind in ANSWERS["nobody"]:
        return frozenset()
    held = ANSWERS["named"].get(name) or ANSWERS["services"].get(kind)
    if held is None:
        raise Unanswered(f"{name} ({kind}): say in infra/held.toml which rule governs what it holds")
    if held == PREFIXES:
        return frozenset(each.rule for each in policy.prefixes.values() if each.bucket == _BUCKETS[name])
    return frozenset(policy.services[held].rules)


def _rules_of_table(name: str) -> frozenset[str]:
    """The rules of a table's rows. A table of drills holds copies of them until the drill ends."""
    found = {
        attribute.governed_by
        for stored in build_inventory()
        if logical_name(stored.table) == name.removeprefix(_DRILL)
        for attribute in stored.attributes
    }
    if not found:
        raise Unanswered(f"{name}: no kind of row lies in this table")
    return frozenset(found)
