"""A document in its current state: its draft or its frozen content, with the balance of a payable document."""

from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain.documents.balance import Balance, left
from chalicelib.domain.documents.document_type import DRAFT
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.registry import by_kind, state_of


@dataclass(frozen=True)
class DocumentState:
    """A document, and its balance if something was paid or credited."""

    document: DraftDocument | Issued
    balance: Balance | None = None

    @property
    def id(self) -> str:
        """The document's id."""
        return self.document.id

    @property
    def number(self) -> str | None:
        """The document's number, None for a draft."""
        return self.document.number if isinstance(self.document, Issued) else None

    @property
    def status(self) -> str:
        """The document's status; a payable document's follows from its balance."""
        return state_of(self.document, self.balance) if isinstance(self.document, Issued) else DRAFT

    @property
    def person(self) -> str | None:
        """The id of the other party."""
        return by_kind(self.document.KIND).person_of(self.document)

    @property
    def issue_date(self) -> date | None:
        """The day of issue, None for a draft."""
        return self.document.issue_date if isinstance(self.document, Issued) else None

    @property
    def due_date(self) -> date | None:
        """The day by which it is due, None for a draft."""
        return self.document.due_date if isinstance(self.document, Issued) else None

    @property
    def is_open(self) -> bool:
        """Whether something is owed."""
        if not isinstance(self.document, Issued) or by_kind(self.document.KIND).balance is None:
            return False
        return left(self.document, self.balance) > 0

    @property
    def updated_at(self) -> datetime:
        """The instant of the last change, of the document or of its balance."""
        return self.balance.updated_at if self.balance else self.document.updated_at
