"""The names of columns in the archive of a person, in their language (`columns.toml`)."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from chalicelib.domain.documents.registry import find
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy.load import current, per_policy
from chalicelib.policy.rules import rules_of

KEPT_UNTIL: Final = "kept_until"
"""The column with the last day on which a row is kept. The readable forms have it, the stable ones do not."""
ENTERED: Final = frozenset({"metadata", "params"})
"""The attributes whose parts have names that people entered, or that a notice gives."""
BETWEEN: Final = " – "
RENAMED: Final = {"state": "status", "reversal_reason": "reason"}
"""The attributes whose name in the API differs."""
CODED: Final = frozenset({"status", "object", "from", "buyer.kind"})
"""The attributes with codes that the API's form adds, or whose type is any text."""
Words = Mapping[str, Mapping[Language, str]]


@cache
def catalogue(section: Literal["names", "values"] = "names") -> Words:
    """The words of a section by key. A language without a word is missing."""
    text = files("chalicelib.services.privacy.access").joinpath("columns.toml").read_text("utf-8")
    return {
        key: {
            language: name.strip() for language, name in zip(LANGUAGES, names.split("|"), strict=False) if name.strip()
        }
        for key, names in tomllib.loads(text)[section].items()
    }


def column_name(table: str, path: str, language: Language) -> str:
    """The name of a column: of each part of its path. A part without a name keeps its key."""
    parts = path.split(".")
    found = []
    for at, part in enumerate(parts):
        entered = at > 0 and parts[at - 1] in ENTERED
        found.append(part if entered else part_name(table, parts[: at + 1], language) or part)
    return BETWEEN.join(found)


def part_name(table: str, parts: Sequence[str], language: Language) -> str | None:
    """The name of the last part of a path, by the most exact key that has one; None without a name."""
    keys = (f"{table}.{'.'.join(parts)}", ".".join(parts[-2:]), parts[-1])
    return next((found for key in keys if (found := catalogue().get(key, {}).get(language))), None)


@per_policy()
def codes_of(table: str, kind: str) -> Mapping[str, tuple[str, ...]]:
    """The codes of the exported attributes of a row, by path."""
    found = {}
    for attribute in rules_of(ENTITIES[table, kind]):
        if current().rules[attribute.governed_by].exported and (codes := _closed_list(attribute.type)):
            found[attribute.path] = codes
    return found


def _closed_list(typed: str) -> tuple[str, ...]:
    """The texts that a type allows, if it is a closed list."""
    return tuple(re.findall(r"'([^']*)'", typed)) if "Literal[" in typed else ()


def value_word(cls: type[Record], path: str, value: str, language: Language) -> str:
    """The word for a code. A value that is no code, or that has no word, stays as it is."""
    codes = codes_of(cls.TABLE, cls.KIND)
    shown = {RENAMED.get(name, name) for name, allowed in codes.items() if value in allowed}
    if path not in shown and path not in CODED:
        return value
    if path == "object" and (document_type := find(value)):
        return document_type.words.title[language]
    return catalogue("values").get(value, {}).get(language, value)
