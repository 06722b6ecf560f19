"""What a check of Moroccan rules answers: a finding that refuses, or one that only warns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["refuse", "warn"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A stable `code`, its `severity`, and the parameters of its words. Refuses only where the law is sure."""

    code: str
    severity: Severity
    params: Mapping[str, str] = field(default_factory=dict, hash=False)


def refuse(code: str, **params: str) -> Finding:
    """A finding that stops what was asked."""
    return Finding(code, "refuse", params)


def warn(code: str, **params: str) -> Finding:
    """A finding that is shown and stops nothing."""
    return Finding(code, "warn", params)
