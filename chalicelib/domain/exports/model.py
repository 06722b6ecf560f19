"""An export: what a member wants to have as a file, and the tables of which the file consists."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.language import Language
from chalicelib.domain.tabular.columns import RECORD_COLUMNS

ExportFormat = Literal["csv-fr", "csv", "xlsx", "json", "ubl", "pdf"]
"""csv-fr: for Excel in French. csv: RFC 4180. json: lines of JSON. ubl, pdf: a ZIP with a file for each document."""
PAPERS: Final[frozenset[ExportFormat]] = frozenset({"ubl", "pdf"})
"""The formats with a file for each document."""
MOVEMENTS: Final = ("payments", "credit_entries", "refunds")
ISSUED: Final[Mapping[str, DocumentType]] = {each.plural: each for each in document_types() if each.exported}
"""The kinds of issued documents that an export may hold."""
DRAFTED: Final[Mapping[str, DocumentType]] = {
    each.draft_group: each for each in document_types() if each.exported and each.draft_group
}
"""The kinds of drafts, by the group of their rows in a backup."""
KINDS: Final = (*RECORD_COLUMNS, *ISSUED, *DRAFTED, *MOVEMENTS)


@dataclass(frozen=True)
class ExportRequest:
    """The content of an export. The period applies to days of issue and of payment: drafts, customers, suppliers and
    items are exported whole. `language` is that of the titles."""

    kinds: tuple[str, ...]
    format: ExportFormat
    language: Language
    first: date | None = None
    last: date | None = None

    def has(self, day: date | None) -> bool:
        """Whether a day lies in the period. What has no day is in every period."""
        if day is None:
            return True
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


def has_paper(kind: str, form: ExportFormat) -> bool:
    """Whether documents of a kind have a file in a format. A kind without a code has no e-invoice."""
    document_type = ISSUED.get(kind)
    return document_type is not None and (form == "pdf" or document_type.code is not None)
