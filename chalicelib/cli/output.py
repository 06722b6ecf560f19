"""Errors and output of the operator's tool."""

import json
from datetime import UTC, datetime
from typing import Any


class CannotRun(Exception):
    """An error as one line for a person, and the exit code."""

    def __init__(self, reason: str, exit_code: int = 2) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


def show(**parts: Any) -> None:
    """Print one JSON line, readable for a person and for a pipe."""
    print(json.dumps(parts, ensure_ascii=False, default=_text))


def _text(value: Any) -> Any:
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def rfc3339(at: datetime) -> str:
    """An instant in UTC, in the API's format."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
