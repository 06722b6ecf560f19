"""Pydantic's validation errors as faults: stable codes and JSON pointers into the request."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args

from chalicelib.domain.errors import Fault

if TYPE_CHECKING:
    from pydantic import ValidationError

MOST_FAULTS: Final = 50
"""A body can have thousands of faults. Only the first of them are useful."""
_TOO_MANY_TO_LIST: Final = 5_000
"""Above this number of faults, a list would cost more time than the body."""


def escaped(part: str | int) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")[:200]


def pointer(path: Iterable[str | int], within: str = "") -> str:
    """A JSON pointer to `path`, below `within` (`/query`, `/header`, or nothing for the body)."""
    return within + "".join(f"/{escaped(part)}" for part in path)


_TYPES = {
    "string": "string",
    "int": "integer",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "model": "object",
    "model_attributes": "object",
    "dict": "object",
    "float": "number",
    "none_required": "null",
    "decimal": "string",
    "date": "string",
    "datetime": "string",
    "int_from_float": "integer",
    "int_parsing": "integer",
}


def _range(context: Mapping[str, Any]) -> dict[str, Any]:
    """The bound that the value exceeds. Pydantic does not name the other one."""
    low, high = context.get("ge", context.get("gt")), context.get("le", context.get("lt"))
    return {name: bound for name, bound in (("min", low), ("max", high)) if bound is not None}


_BY_TYPE: Final[dict[str, Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]]]] = {
    "missing": lambda _: ("missing", {}),
    "extra_forbidden": lambda _: ("unknown_field", {}),
    "string_too_long": lambda c: ("too_long", {"max": c["max_length"]}),
    "string_too_short": lambda c: ("too_short", {"min": c["min_length"]}),
    "string_pattern_mismatch": lambda _: ("bad_format", {}),
    "string_unicode": lambda _: ("control_character", {"character": "U+D800"}),
    # Pydantic uses these codes for lists. Our text fields use the same codes with their own context.
    "too_long": lambda c: ("too_many", {"max": c["max_length"]}) if "max_length" in c else ("too_long", dict(c)),
    "too_short": lambda c: ("too_few", {"min": c["min_length"]}) if "min_length" in c else ("too_short", dict(c)),
    "literal_error": lambda c: ("not_one_of", {"allowed": _options(str(c["expected"]))}),
    "enum": lambda c: ("not_one_of", {"allowed": _options(str(c["expected"]))}),
    "union_tag_invalid": lambda c: ("not_one_of", {"allowed": _options(str(c["expected_tags"]))}),
    "union_tag_not_found": lambda _: ("missing", {}),
    **dict.fromkeys(
        ("greater_than", "greater_than_equal", "less_than", "less_than_equal"), lambda c: ("out_of_range", _range(c))
    ),
}


def _options(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def faults_of(error: "ValidationError", within: str = "") -> tuple[Fault, ...]:
    """Pydantic's errors as faults: stable codes, RFC 6901 pointers, at most `MOST_FAULTS`."""
    if error.error_count() > _TOO_MANY_TO_LIST:
        return (Fault(pointer((), within), "too_many_errors", {"count": error.error_count()}),)
    found = []
    for one in error.errors(include_url=False, include_input=False)[:MOST_FAULTS]:
        kind, context = one["type"], one.get("ctx", {})
        if kind in _BY_TYPE:
            code, params = _BY_TYPE[kind](context)
        elif (base := kind.removesuffix("_type")) in _TYPES:
            code, params = "wrong_type", {"expected": _TYPES[base]}
        elif kind in _pydantic_types():
            code, params = "invalid", {}
        else:
            code, params = kind, dict(context)
        if code == "unknown_field" and within == "/query":
            code = "unknown_parameter"
        found.append(Fault(pointer(_place(one["loc"]), within), code, params))
    return tuple(fault for fault in found if not _counts_wrong_parts(fault, found))


def _counts_wrong_parts(fault: Fault, found: Iterable[Fault]) -> bool:
    """Tell whether a list is only too short because Pydantic does not count its wrong parts."""
    return fault.code == "too_few" and any(other.pointer.startswith(f"{fault.pointer}/") for other in found)


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The path of a fault. For a refused name of a pair, pydantic adds `[key]` after the name."""
    return loc[:-1] if len(loc) > 1 and loc[-1] == "[key]" else loc


@cache
def _pydantic_types() -> frozenset[str]:
    from pydantic_core.core_schema import ErrorType

    return frozenset(get_args(ErrorType))
