"""The columns and codes of a person's archive that lack a word in a language, by the inventory of attributes."""

from collections.abc import Iterable, Iterator

from chalicelib.domain.entity import Record
from chalicelib.domain.language import LANGUAGES
from chalicelib.policy.load import current
from chalicelib.policy.rules import rules_of
from chalicelib.services.privacy.access.columns import catalogue, codes_of, part_name


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
                if part_name(table, parts, language) is None
            )


def unworded(kinds: Iterable[tuple[str, type[Record]]]) -> Iterator[str]:
    """The codes of these tables, as the inventory lists them, that lack a word in a language."""
    for table, cls in kinds:
        for path, codes in codes_of(cls.TABLE, cls.KIND).items():
            yield from (
                f"{table}.{path}: {code}: {language}"
                for code in codes
                for language in LANGUAGES
                if language not in catalogue("values").get(code, {})
            )
