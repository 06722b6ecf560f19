"""The inventory: all stored attributes by table and kind, generated from the entities and committed.

Run `python -m chalicelib.policy.inventory --write` after a change of stored attributes. `--check` and the tests fail
until then.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chalicelib.domain.entity import Record
from chalicelib.policy.load import HERE, current
from chalicelib.policy.model import Policy
from chalicelib.policy.natures import misfits
from chalicelib.policy.rules import Attribute, all_entities, rules_of

COMMITTED = HERE / "inventory.toml"
HEADER = """\
# Everything that is stored: table, kind, attribute, type, rule. Generated from the entities by
# `python -m chalicelib.policy.inventory --write`; a review of this file shows what a change newly stores.
# `within` names the rule that governs a part of a value: it is kept as long as what holds it.
"""


class Stored(NamedTuple):
    """One kind of row: its table and every attribute that it stores."""

    table: str
    kind: str
    entity: str
    attributes: tuple[Attribute, ...]


Inventory = tuple[Stored, ...]


def build_inventory(entities: Mapping[tuple[str, str], type[Record]] | None = None) -> Inventory:
    """The inventory of `entities` (default: all of the product), sorted by table and kind."""
    found = all_entities() if entities is None else entities
    return tuple(
        Stored(table, kind, made.__qualname__, rules_of(made)) for (table, kind), made in sorted(found.items())
    )


def faults(inventory: Inventory, policy: Policy) -> list[str]:
    """The contradictions between entities and rules: undefined rules, unused rules, planned rules already in use,
    unknown kinds of a subject, and attributes that a rule of another class holds."""
    used = {a.rule: f"{s.table}/{s.kind}.{a.path}" for s in inventory for a in s.attributes}
    used |= {prefix.rule: f"the prefix {prefix.path}" for prefix in policy.prefixes.values()}
    used |= {rule: f"the service {held.name}" for held in policy.services.values() for rule in held.rules}
    kinds = {stored.kind for stored in inventory}
    found = [f"{where} names the unknown rule {rule!r}" for rule, where in used.items() if rule not in policy.rules]
    for rule in policy.rules.values():
        if rule.planned and rule.name in used:
            found.append(f"the rule {rule.name!r} is used by {used[rule.name]}: drop `planned`")
        if not rule.planned and rule.name not in used:
            found.append(f"the rule {rule.name!r} is used by nothing: remove it, or mark it `planned`")
    for subject in policy.subjects.values():
        found += [f"the subject {subject.name!r} names no kind {kind!r}" for kind in subject.kinds if kind not in kinds]
    for stored in inventory:
        found += misfits(stored.kind, stored.attributes, policy)
    return sorted(found)


def _line(attribute: Attribute) -> str:
    extra = f", packed = {str(attribute.packed).lower()}" if attribute.packed else ""
    if attribute.rule != attribute.governed_by:
        extra += f', within = "{attribute.governed_by}"'
    typed = attribute.type.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{attribute.path}" = {{ type = "{typed}", rule = "{attribute.rule}"{extra} }}'


def write(inventory: Inventory) -> str:
    """The inventory as TOML, one attribute a line. The same entities give the same text."""
    parts: Iterable[str] = (
        f"\n[{s.table}.{s.kind}] # {s.entity}\n" + "".join(_line(a) + "\n" for a in s.attributes) for s in inventory
    )
    return HEADER + "".join(parts)


def main(arguments: list[str]) -> int:
    """Write the inventory, or check the committed one. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.policy.inventory", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write inventory.toml anew")
    mode.add_argument("--check", action="store_true", help="fail if it is out of date or the rules do not fit")
    chosen = parser.parse_args(arguments)
    inventory = build_inventory()
    found = faults(inventory, current())
    if chosen.write:
        COMMITTED.write_text(write(inventory), "utf-8")
    elif not COMMITTED.is_file() or COMMITTED.read_text("utf-8") != write(inventory):
        found.append(
            "inventory.toml is out of date: run python -m chalicelib.policy.inventory --write and review the change"
        )
    sys.stderr.writelines(fault + "\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
