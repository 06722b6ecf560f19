"""Converters of the policy file's values. A converter takes a value and its position, and refuses a wrong value."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple, TypeVar

from chalicelib.domain.language import LANGUAGES
from chalicelib.policy.model import PolicyError, Words
from chalicelib.policy.terms import Period, Start, TermError

Convert = Callable[[Any, str], Any]
T = TypeVar("T")


class Field(NamedTuple):
    """The conversion of one key of a table. `absent` is the value of an omitted key."""

    convert: Convert
    absent: Any = ...


def text(value: Any, where: str) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise PolicyError(f"{where}: words expected, not {value!r}")
    return value.strip()


def flag(value: Any, where: str) -> bool:
    """True or false; no other value counts as one."""
    if not isinstance(value, bool):
        raise PolicyError(f"{where}: true or false expected, not {value!r}")
    return value


def day(value: Any, where: str) -> date:
    """A date without a time."""
    if type(value) is not date:
        raise PolicyError(f"{where}: a date such as 2026-11-23 expected, not {value!r}")
    return value


def texts(value: Any, where: str) -> tuple[str, ...]:
    """A list of texts without repetition."""
    if not isinstance(value, list):
        raise PolicyError(f"{where}: a list expected, not {value!r}")
    if len(set(map(str, value))) < len(value):
        raise PolicyError(f"{where}: something is listed twice")
    return tuple(text(entry, where) for entry in value)


def period(value: Any, where: str) -> Period:
    """An ISO 8601 period."""
    try:
        return Period.parse(text(value, where))
    except TermError as reason:
        raise PolicyError(f"{where}: {reason}") from reason


def one_of(*choices: str) -> Convert:
    """A converter that takes one of `choices`."""

    def convert(value: Any, where: str) -> str:
        if value not in choices:
            raise PolicyError(f"{where}: {value!r} is none of {', '.join(choices)}")
        return str(value)

    return convert


def words(value: Any, where: str) -> Words:
    """The same text in every language."""
    return Words(**read(value, where, {language: Field(text) for language in LANGUAGES}))


def start(value: Any, where: str) -> Start:
    """The event that a term starts from."""
    return Start(one_of(*Start)(value, where))


def read(table: Any, where: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    """A table with exactly these fields, each converted. Raises PolicyError with the unknown or missing field."""
    if not isinstance(table, dict):
        raise PolicyError(f"{where}: a table expected, not {table!r}")
    if unknown := table.keys() - fields.keys():
        raise PolicyError(f"{where}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(fields))}")
    if missing := [key for key, field in fields.items() if field.absent is ... and key not in table]:
        raise PolicyError(f"{where}: {', '.join(missing)} missing")
    return {k: f.convert(table[k], f"{where}.{k}") if k in table else f.absent for k, f in fields.items()}


def named(build: Callable[..., T], key: str, fields: Mapping[str, Field]) -> Convert:
    """A table of tables: `build` makes a value of each inner table, which has its own name under `key`."""

    def convert(value: Any, where: str) -> dict[str, T]:
        if not isinstance(value, dict):
            raise PolicyError(f"{where}: a table expected, not {value!r}")
        return {name: build(**{key: name}, **read(row, f"{where}.{name}", fields)) for name, row in value.items()}

    return convert


def listed(build: Callable[..., T], fields: Mapping[str, Field]) -> Convert:
    """A list of tables: `build` makes a value of each."""

    def convert(value: Any, where: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise PolicyError(f"{where}: a list of tables expected, not {value!r}")
        return tuple(build(**read(row, f"{where}[{i}]", fields)) for i, row in enumerate(value))

    return convert
