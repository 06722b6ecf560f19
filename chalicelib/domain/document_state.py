"""A document as it stands: its draft or its frozen content, with the balance that moves beside an invoice."""

from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain.document import Balance, Draft, Invoice, Issued
from chalicelib.domain.paying import status


@dataclass(frozen=True)
class DocumentState:
    """A document, and the balance of an issued invoice on which something was paid or credited."""

    document: Draft | Issued
    balance: Balance | None = None

    @property
    def id(self) -> str:
        """The document's id."""
        return self.document.id

    @property
    def status(self) -> str:
        """The document's status; an issued invoice's follows from its balance."""
        if isinstance(self.document, Draft):
            return "draft"
        return status(self.document, self.balance) if isinstance(self.document, Invoice) else "issued"

    @property
    def issue_date(self) -> date | None:
        """The day of issue, None for a draft."""
        return None if isinstance(self.document, Draft) else self.document.issue_date

    @property
    def updated_at(self) -> datetime:
        """The instant of the last change, of the document or of its balance."""
        return self.balance.updated_at if self.balance else self.document.updated_at
