"""Dated rules: each row has its period, its value, and its source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Certainty = Literal["P", "S", "?"]
"""P: read in the law or tested on real numbers.

S: secondary source only. ?: sources disagree. Only a P rule may refuse.
"""


@dataclass(frozen=True, slots=True)
class DatedRule(Generic[T]):
    """A rule in force from `valid_from` to `valid_to`, both included; None means until further notice."""

    valid_from: date
    valid_to: date | None
    value: T
    source: str
    certainty: Certainty

    def holds(self, on: date) -> bool:
        """Whether the rule is in force on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def in_force(rows: Sequence[DatedRule[T]], on: date) -> DatedRule[T] | None:
    """The row in force on that day, None outside the table."""
    return next((row for row in rows if row.holds(on)), None)


def earliest_known(rows: Sequence[DatedRule[T]], on: date) -> DatedRule[T]:
    """The row in force on that day. For a day before the table begins: the oldest row."""
    return in_force(rows, on) or rows[0]
