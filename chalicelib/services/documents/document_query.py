"""The query of a list of documents: its filters, its order, and whether a document matches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.errors import Fault, SortNotWithFilter
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.domain.search import Search

Sort = Literal["created", "-created", "issue_date", "-issue_date", "due_date", "-due_date"]
ListPlan = Literal["number", "search", "person", "open", "dates", "ids"]
"""The way to find the documents of a list: by their number, by words, in an index, or one by one in the order of
ids."""
ORDERS: Mapping[ListPlan, str] = {"open": "due_date", "dates": "issue_date"}
"""The order in which a plan finds documents: an index has one order. The others find them by id (`created`)."""
NEWEST_FIRST = frozenset({"created", "issue_date"})
"""The orders that descend unless a sort is given. What is due is listed from the earliest day."""

SAME_NAMED = (
    "number",
    "status",
    "open",
    "overdue",
    "due_from",
    "due_to",
    "issued_from",
    "issued_to",
    "updated_since",
)
"""The filters that a client's query names as this one does."""


@dataclass(frozen=True)
class DocumentQuery:
    """Filters, order, length and cursor of a list. `after` is an id; `backwards` finds what precedes it. `today` is the
    day for `overdue`. `words` are those of a search in number and name."""

    limit: int
    today: date
    after: str | None = None
    backwards: bool = False
    number: str | None = None
    words: Search | None = None
    person: str | None = None
    status: str | None = None
    open: bool | None = None
    overdue: bool | None = None
    due_from: date | None = None
    due_to: date | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    updated_since: datetime | None = None
    sort: Sort | None = None

    def of(self, document_type: DocumentType) -> "DocumentQuery":
        """The query with the order of a kind. The ids of imported documents say nothing about their time."""
        by_date = document_type.imported and self.sort is None and self.plan == "ids"
        return replace(self, sort="-issue_date") if by_date else self

    @property
    def plan(self) -> ListPlan:
        """The most selective way to find what may match."""
        if self.number is not None:
            return "number"
        if self.words is not None:
            return "search"
        if self.person is not None:
            return "person"
        if self.open or self.overdue:
            return "open"
        by_date = self.issued_from or self.issued_to or (self.sort or "").endswith("issue_date")
        return "dates" if by_date else "ids"

    @property
    def is_descending(self) -> bool:
        """Whether the documents are found in descending order. Raises SortNotWithFilter."""
        order = ORDERS.get(self.plan, "created")
        if self.sort is not None and self.sort.lstrip("-") != order:
            raise SortNotWithFilter(Fault("/query/sort", SortNotWithFilter.code, {"sort": order}))
        listed = self.sort.startswith("-") if self.sort is not None else order in NEWEST_FIRST
        return listed is not self.backwards

    @property
    def filters(self) -> frozenset[str]:
        """The filters that are set."""
        return frozenset(name for name in (*SAME_NAMED, "words", "person") if getattr(self, name) is not None)

    def matches(self, state: DocumentState, head: Head) -> bool:
        """Whether a document matches all filters but `words`."""
        return (
            (self.number is None or getattr(state.document, "number", None) == self.number)
            and (self.status is None or state.status == self.status)
            and (self.person is None or (state.person == self.person and not is_erased(head, self.person)))
            and (self.open is None or state.is_open is self.open)
            and (self.overdue is None or self._is_overdue(state) is self.overdue)
            and _within(state.due_date, self.due_from, self.due_to)
            and _within(state.issue_date, self.issued_from, self.issued_to)
            and (self.updated_since is None or state.updated_at >= self.updated_since)
        )

    def _is_overdue(self, state: DocumentState) -> bool:
        return state.is_open and state.due_date is not None and state.due_date < self.today


def _within(day: date | None, first: date | None, last: date | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first is None or day >= first) and (last is None or day <= last)
