"""The type of a representation."""

from typing import Any

Body = dict[str, Any]
"""A JSON object."""
