"""The result of a check of Moroccan rules: a finding that refuses or one that warns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["refuse", "warn"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A stable `code`, its `severity`, and the parameters of its message. It refuses only where the law is certain."""

    code: str
    severity: Severity
    params: Mapping[str, str] = field(default_factory=dict, hash=False)


def refuse(code: str, **params: str) -> Finding:
    """A finding that stops the request."""
    return Finding(code, "refuse", params)


def warn(code: str, **params: str) -> Finding:
    """A finding that is shown and does not stop the request."""
    return Finding(code, "warn", params)
