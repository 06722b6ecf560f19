"""An import: its file, its mapping, its counts and its state. The values of the file are in the bucket alone."""

from datetime import datetime, timedelta
from typing import Final, Literal

from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.tabular.numbers import DecimalSign

ImportKind = Literal["customers", "suppliers", "items", "invoices_archive", "bills"]
ImportStatus = Literal[
    "expected", "analysing", "analysed", "refused", "committing", "committed", "undoing", "undone", "failed"
]
"""expected: the file is not uploaded yet. refused: the file cannot be read; `failure` says why."""
Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1256"]
Source = Literal["invoice_ninja", "odoo", "zoho", "sage", "facture"]
MEDIA: Final = {
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/xml": "xml",
    "application/pdf": "pdf",
}
"""The media types that an import accepts, with the extension of the stored file."""
MOST_BYTES: Final = 5_000_000
MOST_UNPACKED: Final = 100_000_000
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 200
SHOWN_ROWS: Final = 20
SHOWN_REFUSALS: Final = 100
"""Refusals that the import itself shows. The file of refusals has all of them."""
UNDO: Final = timedelta(days=1)
ANALYSE, COMMIT, TAKE_BACK = TASKS = ("import_analyse", "import_commit", "import_undo")
"""The tasks of the job on imports."""


@value
class ImportColumn:
    """A column of the file: its header, and the field that it fills (None: it is ignored). `decimal` is the sign that
    the user or the cells decided, and `ask` is what the user must decide before the commit."""

    header: str = kept("import.mapping")
    field: str | None = kept("import.mapping", default=None)
    decimal: DecimalSign | None = kept("import.mapping", default=None)
    ask: Literal["decimal"] | None = kept("import.mapping", default=None)


@value
class Counts:
    """The rows of a file by what a commit does with them. `unchanged` rows are the same as their records."""

    rows: int = kept("import.state", default=0)
    new: int = kept("import.state", default=0)
    changed: int = kept("import.state", default=0)
    unchanged: int = kept("import.state", default=0)
    refused: int = kept("import.state", default=0)


@entity("import", table="transient", prefix="imp")
class Import(Record):
    """One file that a member imports. The uploaded file and what is derived from it lie in the bucket, below the
    prefix of the id, until the commit, the undo or the end of a day."""

    kind: ImportKind = kept("import.state")
    actor: str = kept("import.state")
    status: ImportStatus = kept("import.state", default="expected")
    failure: str | None = kept("import.state", default=None)
    content_type: str = kept("import.state")
    bytes: int = kept("import.state")
    sha256: str = kept("import.state")
    encoding: Encoding | None = kept("import.state", default=None)
    delimiter: str | None = kept("import.state", default=None)
    source: Source | None = kept("import.state", default=None)
    columns: tuple[ImportColumn, ...] | None = kept("import.state", default=None)
    counts: Counts | None = kept("import.state", default=None)
    job: str | None = kept("import.state", default=None)
    """The job that runs, or ran last."""
    only_valid: bool | None = kept("import.state", default=None)
    """Whether the commit left refused rows out."""
    committed_at: datetime | None = kept("import.state", default=None)
    undone: int | None = kept("import.state", default=None)
    """Rows that the undo took back."""
    touched: int | None = kept("import.state", default=None)
    """Rows that the undo left, because somebody changed them after the commit."""
    expires_at: int = kept("import.state")


@entity("import_mapping", table="workspace", prefix="map", sort="import_mapping#{id}")
class ImportMapping(Record):
    """The mapping of a file's headers that the company used last, found by the kind and the headers."""

    kind: ImportKind = kept("import.mapping")
    columns: tuple[ImportColumn, ...] = kept("import.mapping")
