"""The names of columns in the archive of a person, in their language (`columns.toml`)."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from chalicelib.domain.entity import Record
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy.load import current
from chalicelib.policy.rules import rules_of

KEPT_UNTIL: Final = "kept_until"
"""The column with the last day on which a row is kept. The readable forms have it, the stable ones do not."""
ENTERED: Final = frozenset({"metadata", "params"})
"""The attributes whose parts have names that people entered, or that a notice gives."""
BETWEEN: Final = " – "


@cache
def catalogue() -> Mapping[str, Mapping[Language, str]]:
    """The names by key. A language without a name is missing."""
    text = files("chalicelib.services.privacy.access").joinpath("columns.toml").read_text("utf-8")
    return {
        key: {
            language: name.strip() for language, name in zip(LANGUAGES, names.split("|"), strict=False) if name.strip()
        }
        for key, names in tomllib.loads(text)["names"].items()
    }


def column_name(table: str, path: str, language: Language) -> str:
    """The name of a column: of each part of its path. A part without a name keeps its key."""
    parts = path.split(".")
    found = []
    for at, part in enumerate(parts):
        entered = at > 0 and parts[at - 1] in ENTERED
        found.append(part if entered else _name(table, parts[: at + 1], language) or part)
    return BETWEEN.join(found)


def _name(table: str, parts: list[str], language: Language) -> str | None:
    """The name of the last part, by the most exact key that has one."""
    keys = (f"{table}.{'.'.join(parts)}", ".".join(parts[-2:]), parts[-1])
    return next((found for key in keys if (found := catalogue().get(key, {}).get(language))), None)


def unnamed(kinds: Iterable[tuple[str, type[Record]]]) -> Iterator[str]:
    """The exported attributes of these tables, as the inventory lists them, that lack a name in a language. `kinds` are
    tables of the archive with their classes."""
    for table, cls in kinds:
        for attribute in rules_of(cls):
            if not current().rules[attribute.governed_by].exported:
                continue
            parts = attribute.path.split(".")
            yield from (
                f"{table}.{attribute.path}: {language}"
                for language in LANGUAGES
                if _name(table, parts, language) is None
            )
