"""A document as it stands: its draft or its frozen content, with the balance that moves beside a payable one."""

from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain.documents.balance import Balance, status
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.registry import by_kind


@dataclass(frozen=True)
class DocumentState:
    """A document, and the balance of a payable one on which something was paid or credited."""

    document: DraftDocument | Issued
    balance: Balance | None = None

    @property
    def id(self) -> str:
        """The document's id."""
        return self.document.id

    @property
    def status(self) -> str:
        """The document's status; a payable document's follows from its balance."""
        if isinstance(self.document, DraftDocument):
            return "draft"
        kind = by_kind(self.document.KIND)
        return kind.states[-1] if kind.balance is None else status(self.document, self.balance)

    @property
    def person(self) -> str | None:
        """The id of the other party."""
        return by_kind(self.document.KIND).person_of(self.document)

    @property
    def issue_date(self) -> date | None:
        """The day of issue, None for a draft."""
        return self.document.issue_date if isinstance(self.document, Issued) else None

    @property
    def updated_at(self) -> datetime:
        """The instant of the last change, of the document or of its balance."""
        return self.balance.updated_at if self.balance else self.document.updated_at
