"""The rule of each stored attribute, read from the classes themselves.

The rule of the *entity's* attribute governs: it decides what a row stores, removes or blocks. The rules within a value
(a line, an address) state the class of its parts. They are kept as long as the attribute that contains them.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import chalicelib.domain
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.policy.model import Policy, PolicyError, Rule


class Attribute(NamedTuple):
    """One stored attribute: its dotted path from the entity, its type as text, its own rule, and the rule that governs
    it (the same, or that of the entity's attribute that contains it).

    `packed` is stored compressed. `optional` has a default, so it may be omitted.
    """

    path: str
    type: str
    rule: str
    governed_by: str
    packed: bool
    optional: bool


@cache
def _import_domain() -> None:
    """Import every module of `domain`, so that every entity is registered."""
    for module in pkgutil.walk_packages(chalicelib.domain.__path__, chalicelib.domain.__name__ + "."):
        importlib.import_module(module.name)


def all_entities() -> dict[tuple[str, str], type[Record]]:
    """Every entity of the product by (table, kind), in that order: those of `domain`, which is imported completely, and
    those of the declared document types."""
    _import_domain()
    declared = {
        cls
        for document_type in document_types()
        for cls in (document_type.draft, document_type.issued, document_type.balance)
    }
    own = chalicelib.domain.__name__
    return {key: cls for key, cls in sorted(ENTITIES.items()) if cls.__module__.startswith(own) or cls in declared}


def rules_of(cls: type) -> tuple[Attribute, ...]:
    """Every attribute that `cls` stores, its values' attributes included, in the order of declaration. Raises
    PolicyError for a value that is no `@value` class of ruled attributes, or that contains itself."""
    return tuple(_attributes(cls, "", None, (cls,)))


def _attributes(cls: type, prefix: str, governed_by: str | None, within: tuple[type, ...]) -> Iterator[Attribute]:
    hints = get_type_hints(cls)
    for field in fields(cls):
        hint, rule, path = hints[field.name], field.metadata.get("rule"), prefix + field.name
        if not rule:
            raise PolicyError(f"{within[0].__name__}.{path} names no rule of the policy")
        packed, optional = bool(field.metadata.get("packed")), field.default is not MISSING
        yield Attribute(path, type_words(hint), rule, governed_by or rule, packed, optional)
        for value in values_in(hint):
            if value in within:
                raise PolicyError(f"{within[0].__name__}.{path} contains itself")
            yield from _attributes(value, path + ".", governed_by or rule, (*within, value))


def values_in(hint: Any) -> tuple[type, ...]:
    """The dataclasses that an annotation mentions: `Address`, `Discount | None`, `tuple[Line, ...]`."""
    if isinstance(hint, type) and is_dataclass(hint):
        return (hint,)
    if get_origin(hint) is Literal:
        return ()
    return tuple(value for part in get_args(hint) for value in values_in(part))


def type_words(hint: Any) -> str:
    """An annotation in the form of the code: `Decimal`, `tuple[Line, ...]`, `str | None`."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, parts))}]"
    if origin in (UnionType, Union):
        return " | ".join(map(type_words, parts))
    if origin is not None:
        return f"{origin.__name__}[{', '.join(map(type_words, parts))}]"
    if hint is Ellipsis:
        return "..."
    if hint in (None, NoneType):
        return "None"
    return hint.__name__ if isinstance(hint, type) else UNREADABLE


UNREADABLE = "unreadable"
"""The type of an attribute whose annotation has the attribute's own name (`date: date = …`); Python cannot resolve
it."""


def rule_of(policy: Policy, cls: type[Record], path: str) -> Rule:
    """The rule that governs the attribute at `path` of an entity. Raises PolicyError for an unknown path or rule."""
    for attribute in rules_of(cls):
        if attribute.path == path:
            return defined(policy, attribute.governed_by)
    raise PolicyError(f"{cls.__name__} stores no {path}")


def defined(policy: Policy, rule: str) -> Rule:
    """The rule of this name. Raises PolicyError if policy.toml does not define it."""
    try:
        return policy.rules[rule]
    except KeyError:
        raise PolicyError(f"policy.toml defines no rule {rule!r}") from None
