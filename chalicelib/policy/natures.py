"""The nature of each stored text and amount, and the classes of rules that may hold it (ADR 0117).

An amount is known by its type. A text is known by the name of its attribute, which `natures.toml` lists.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from chalicelib.domain.documents.registry import document_types
from chalicelib.policy.load import HERE
from chalicelib.policy.model import Policy, PolicyError, Rule
from chalicelib.policy.rules import Attribute

FILE: Final = HERE / "natures.toml"


class Nature(NamedTuple):
    """The classes and the further rules that may hold this data, and the paths where older rows keep it."""

    name: str
    classes: frozenset[str]
    rules: frozenset[str]
    frozen: frozenset[str] = frozenset()

    def allows(self, rule: Rule) -> bool:
        """Whether a rule may hold this data."""
        return rule.data_class in self.classes or rule.name in self.rules


AMOUNT: Final = Nature("amount", frozenset({"commercial", "fiscal"}), frozenset({"company.identity", "backup.record"}))
"""Amounts, quantities and rates. A company's capital is part of its identity; a backup's sums prove it complete."""


@cache
def natures() -> dict[str, Nature]:
    """The natures of texts by the name of the attribute: those of `natures.toml`, and those that a kind of document
    states of its own attributes. Raises PolicyError for a name with two natures."""
    listed, found = tomllib.loads(FILE.read_text("utf-8")), dict[str, Nature]()
    for name, read in listed.items():
        nature = Nature(name, *(frozenset(read.get(part, ())) for part in ("classes", "rules", "frozen")))
        if twice := found.keys() & read["names"]:
            raise PolicyError(f"natures.toml names {', '.join(sorted(twice))} twice")
        found |= dict.fromkeys(read["names"], nature)
    references, texts = (found[listed[name]["names"][0]] for name in ("reference", "free_text"))
    for document_type in document_types():
        own = {document_type.person: references, **dict.fromkeys(document_type.free_text, texts)}
        found = own | found
    return found


def misfits(kind: str, attributes: tuple[Attribute, ...], policy: Policy) -> Iterator[str]:
    """The attributes of a kind that a rule of the wrong class holds, and texts without a nature."""
    for attribute in attributes:
        if "Decimal" in attribute.type:
            nature: Nature | None = AMOUNT
        elif "str" in _without_words(attribute.type) or "bytes" in attribute.type:
            nature = natures().get(attribute.path.rpartition(".")[2])
        else:
            continue
        where = f"{kind}.{attribute.path}"
        if nature is None:
            yield f"{where} has no nature: add its name to natures.toml"
            continue
        for name in {attribute.rule, attribute.governed_by} if attribute.path not in nature.frozen else ():
            if (rule := policy.rules.get(name)) and not nature.allows(rule):
                yield f"{where} is {nature.name}, which the rule {name!r} ({rule.data_class}) may not hold"


def _without_words(typed: str) -> str:
    """A type without its closed lists of words, which hold nothing that anybody entered."""
    before, _, rest = typed.partition("Literal[")
    return before + _without_words(rest.partition("]")[2]) if rest else before
