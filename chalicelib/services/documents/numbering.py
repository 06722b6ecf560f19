"""Numbering of a company's documents: patterns, and the first number of a company that moves from another system."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.documents.numbering import current, numbered, numbering_progress, with_first_number, with_pattern
from chalicelib.domain.entity import Record
from chalicelib.store.snapshot import Snapshot


def patch(
    snapshot: Snapshot, company: Company, changes: Mapping[str, Mapping[str, Any]], call: Call
) -> tuple[Company, list[Record], dict[str, Any]]:
    """Apply `changes` to the numberings. Returns the company, the series with a first number, and the head.

    `changes` is by kind of document: `pattern`, `reset` (year or never) and `next`, each optional. Raises
    InvalidContent, and NumberingSettled for a `next` after the first number was issued.
    """
    begun: list[Record] = []
    head = snapshot.head
    for document, change in changes.items():
        now = current(company, document)
        pattern, reset = change.get("pattern") or now.pattern, change.get("reset") or now.reset
        so_far = numbered(head, document)
        begun_with = so_far.last is not None or so_far.arrived
        company = with_pattern(company, document, pattern, reset, begun=begun_with)
        if (first := change.get("next")) is not None:
            series, progress = with_first_number(head, company, document, first, call.at)
            begun.append(series)
            head = replace(head, numbered=numbering_progress(head, progress)["numbered"])
    return company, begun, {"numbered": head.numbered} if begun else {}
