"""The server's answers to the work of a device: the outcome of a request to issue, and notices about refused rows.

Both are short-lived rows: the outcome also stands on the document, and the device shows a notice once.
"""

from datetime import datetime
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept

IssueState = Literal["pending", "issued", "refused"]


@entity("issue_request", table="transient", prefix="isr")
class IssueRequest(Record):
    """A device's request to issue a draft. The server issues it once, and alone gives the number. `expires_at` is in
    epoch seconds."""

    actor: str = kept("sync.outcome")
    """The member or the key that requested it (an opaque id)."""
    device: str | None = kept("sync.outcome", default=None)
    """The digest of the device that requested it. None on a request of an earlier version."""
    document_id: str = kept("sync.outcome")
    """The draft. The issued document has the same id."""
    seen_clock: int = kept("sync.outcome")
    """The clock of the device's last pull when the person pressed "issue"."""
    requested_at: datetime = kept("sync.outcome")
    state: IssueState = kept("sync.outcome", default="pending")
    number: str | None = kept("sync.outcome", default=None)
    """The number that the document took."""
    reason: str | None = kept("sync.outcome", default=None)
    """The code of the refusal."""
    expires_at: int = kept("sync.outcome")


@entity("sync_notice", table="transient", prefix="ntc")
class SyncNotice(Record):
    """A notice to one device: a row that it pushed was refused. It repeats no content of the row. `expires_at` is in
    epoch seconds."""

    device: str = kept("sync.outcome")
    table_name: str = kept("sync.outcome")
    row_id: str = kept("sync.outcome")
    code: str = kept("sync.outcome")
    pointer: str | None = kept("sync.outcome", default=None)
    """The place of the fault in the row, for a refused content."""
    expires_at: int = kept("sync.outcome")
