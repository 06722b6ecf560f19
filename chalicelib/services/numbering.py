"""How a company numbers its documents: patterns, and the next number for one that arrives from another system."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.company import Company, Series
from chalicelib.domain.entity import Record
from chalicelib.domain.numbering import arrived, current, series_name, with_pattern
from chalicelib.store.door import Snapshot


def patch(
    snapshot: Snapshot, company: Company, wanted: Mapping[str, Mapping[str, Any]], call: Call
) -> tuple[Company, list[Record]]:
    """The company with the numberings wanted, and the series that begin at a number of their own.

    `wanted` is by kind of document: `pattern`, `reset` (year or never) and `next`, each optional. Raises
    InvalidContent, and NumberingSettled for a series that has begun.
    """
    begun: list[Record] = []
    for document, change in wanted.items():
        now = current(company, document)
        pattern, reset = change.get("pattern") or now.pattern, change.get("reset") or now.reset
        company = with_pattern(company, document, pattern, reset)
        if (first := change.get("next")) is not None:
            day = today(call.at)
            series = snapshot.get(Series, series_name(current(company, document), day))
            begun.append(arrived(company, series, document, first, day, call.at))
    return company, begun
