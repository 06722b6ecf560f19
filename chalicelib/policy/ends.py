"""The end of what is stored: a rule's term, counted from an instant. No other module states the term of a rule.

One TTL is not a term: the row of a backup may outlive its rule's end by a week (`ROW_KEPT`, ADR 0014).
"""

from datetime import datetime
from functools import cache

from chalicelib.domain.clock import midnight, today
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.policy.load import current
from chalicelib.policy.model import PolicyError
from chalicelib.policy.rules import defined, rules_of
from chalicelib.policy.terms import Period, may_go_on


def term(rule: str) -> Period:
    """Return the term of a rule. Raises PolicyError for a rule without a term, or an unknown rule."""
    found = defined(current(), rule).term
    if found is None:
        raise PolicyError(f"the rule {rule!r} has no term of its own")
    return found


def end(rule: str, start: datetime) -> datetime:
    """Return the instant at which the term of a rule ends if it starts at `start`."""
    return term(rule).after_instant(start)


def first_day_gone(rule: str, start: datetime) -> datetime:
    """Return the midnight in Casablanca after the last day of a term that starts on the day of `start`."""
    return midnight(may_go_on(term(rule), defined(current(), rule).start, today(start)))


def row_end(kind: type[Record], start: datetime) -> datetime:
    """Return the instant at which a row ends: the earliest end among the terms of its attributes. Raises PolicyError
    for a kind of row without a term."""
    return row_term(kind, start).after_instant(start)


def row_term(kind: type[Record], start: datetime) -> Period:
    """Return the shortest term among a row's attributes: it ends the row. Raises PolicyError for a kind of row without
    a term."""
    terms = [found for name in _rules(kind.TABLE, kind.KIND) if (found := defined(current(), name).term) is not None]
    if not terms:
        raise PolicyError(f"no rule of {kind.__name__} has a term")
    return min(terms, key=lambda each: each.after_instant(start))


def expires_at(kind: type[Record], start: datetime) -> int:
    """Return `row_end` in epoch seconds, the value of a table's TTL."""
    return int(row_end(kind, start).timestamp())


@cache
def _rules(table: str, kind: str) -> frozenset[str]:
    return frozenset(attribute.governed_by for attribute in rules_of(ENTITIES[table, kind]))
