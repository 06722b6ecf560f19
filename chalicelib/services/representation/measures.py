"""The measures of a privacy request."""

from typing import Any

from chalicelib.domain.privacy.request import Measure
from chalicelib.policy.load import current

CONFIDENTIAL_KINDS = frozenset({"hold", "disclosure"})
"""Kinds of rows that no count shows, even if there are none. The law may forbid telling the company about a hold or a
demand."""


def measure_row(measure: Measure) -> dict[str, Any]:
    """One line of the table, in a plan, a request or a receipt. A number that was not counted is None, never 0."""
    bases = [current().bases[name].law["fr"] for name in measure.bases]
    taken = measure.action in ("delete", "anonymise")
    known = measure.counted and not CONFIDENTIAL_KINDS & set(measure.kinds)
    kept = measure.found if known else None
    return {
        "store": measure.store,
        "place": measure.place,
        "kinds": list(measure.kinds),
        "match": measure.match,
        "attributes": list(measure.attributes),
        "action": measure.action,
        "removed": measure.found if taken else 0,
        "kept": 0 if taken else kept,
        "bases": list(measure.bases),
        "law": bases,
        "until": measure.until.isoformat() if measure.until else None,
    }
