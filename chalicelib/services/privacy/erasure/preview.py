"""A dry run of a deletion: the table of its measures, counted within bounds. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.entity import new_row
from chalicelib.domain.privacy.request import GRACE, Measure, PrivacyRequest, RequestKind, clear_days
from chalicelib.services.privacy import limits
from chalicelib.services.privacy.erasure import deletion, erasers
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.subjects import affected_by

if TYPE_CHECKING:
    from chalicelib.wiring import World

PAGES = 8
"""Pages of a table (500 rows or 1 MB each) that a dry run reads. A larger table is not counted."""
LISTINGS = 4
"""Listings of a prefix (1,000 versions each) that a dry run requests. A larger prefix is not counted."""


@dataclass(frozen=True)
class Preview:
    """An unsaved request, its steps, and the day on which its last data would be gone."""

    request: PrivacyRequest
    steps: Sequence[Measure] = ()
    last_trace: date | None = None


def preview(
    world: "World", company: str, requester: Requester, kind: RequestKind, subject: str | None, at: datetime
) -> Preview:
    """Preview the measures of a deletion. Raises Forbidden, InvalidContent, TooManyRequests, Busy."""
    subject = requester.about(subject)
    affects = affected_by(subject)
    requester.require(subject)
    limits.tried(world, company, requester)
    due = at + GRACE + timedelta(days=1) if kind == "deletion" and affects == "company" else clear_days(at)
    request = PrivacyRequest(
        **new_row(company, "", at),
        kind=kind,
        affects=affects,
        subject=subject,
        asked_by=requester.id,
        deadline=due,
        due_at=at,
    )
    if kind == "deletion":
        found = deletion.plan_of(world, company, affects, at)
        steps = counted(world, request, deletion.measures(found.steps, subject))
        begins = at + GRACE if affects == "company" else at
        return Preview(request, steps, deletion.plan_of(world, company, affects, begins).last_trace)
    return Preview(request)


def counted(world: "World", request: PrivacyRequest, measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures with their counts of rows and of object versions. A table of more than PAGES, or a prefix of more
    than LISTINGS, stays uncounted (None): a partial count would be smaller than the receipt's. Raises Busy."""
    known = {id(m): erasers.files_within(world, request, m, LISTINGS) if m.store == "files" else m for m in measures}
    for place in dict.fromkeys(m.place for m in measures if m.store == "table"):
        own = tuple(m for m in measures if (m.store, m.place) == ("table", place))
        if any(m.found is None for m in own):
            # The person's own record still exists.
            unknown = tuple(replace(m, found=None if m.found is None else 0) for m in own)
            after = erasers.counted(world, replace(request, measures=unknown), pages=PAGES)
            if after.cursor is None:
                known |= {id(m): counts for m, counts in zip(own, after.measures, strict=True)}
    return tuple(known[id(m)] for m in measures)
