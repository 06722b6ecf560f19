"""The attachment: a file that a person adds to an owner, from its announcement to its cleaned copy.

An owner is a document, a customer, a supplier or a support thread. A file of a draft may be deleted. A file of an
issued document is an accounting paper (CGI art. 211): its row moves to the ledger and stays for the document's term.
"""

from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.ids import derived_id

AttachmentState = Literal["expected", "checking", "ready", "refused"]
"""expected: announced, and not completed yet. checking: uploaded, and the malware scan is not over. ready: a cleaned
copy is kept. refused: only the reason is kept."""
MediaType = Literal["image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"]
"""The media types that a client may announce. `image/heic` includes HEIF."""
RefusalReason = Literal[
    "wrong_size",
    "wrong_hash",
    "wrong_type",
    "not_readable",
    "too_many_pixels",
    "too_many_pages",
    "malware",
    "not_scanned",
]
"""The reason why an uploaded file is not kept."""
JPEG: Final = "image/jpeg"
PDF: Final = "application/pdf"
EXTENSIONS: Final[dict[str, tuple[str, ...]]] = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/heic": ("heic", "heif"),
    "application/pdf": ("pdf",),
}
"""The extensions that a file name may have, by media type."""
MOST_PICTURE_BYTES: Final = 15_000_000
MOST_PDF_BYTES: Final = 10_000_000
MOST_OF_OWNER: Final = 20
MOST_FILES: Final = 10_000
"""Attachments of one company."""
MOST_BYTES: Final = 5_000_000_000
"""Bytes of a company's attachments: of an expected file as announced, of a ready one as kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached(Record):
    """The attributes that the rows of both tables share.

    `party` is the customer or supplier whom the owner concerns, `member` the member who opened the owning thread, `by`
    the member who added the file to a thread. `bytes` and `sha256` (hex) are of the file that the client sends,
    `kept_type` and `kept_bytes` of the cleaned copy.
    """

    owner: str = kept("attachment.state")
    party: str | None = kept("attachment.content", default=None)
    member: str | None = kept("attachment.content", default=None)
    by: str | None = kept("attachment.content", default=None)
    state: AttachmentState = kept("attachment.state", default="expected")
    reason: RefusalReason | None = kept("attachment.state", default=None)
    name: str = kept("attachment.content")
    content_type: MediaType = kept("attachment.state")
    bytes: int = kept("attachment.state")
    sha256: str = kept("attachment.content")
    kept_type: str | None = kept("attachment.state", default=None)
    kept_bytes: int | None = kept("attachment.state", default=None)

    def index_keys(self) -> dict[str, str]:
        """Found by its owner."""
        return self.party_key(self.owner)

    @property
    def counted(self) -> int:
        """The bytes that count for the quota."""
        if self.state == "refused":
            return 0
        return self.bytes if self.kept_bytes is None else self.kept_bytes

    @property
    def has_thumbnail(self) -> bool:
        """Whether a thumbnail is kept: that of a picture."""
        return self.state == "ready" and self.kept_type != PDF


@entity("attachment", table="workspace", prefix="att")
class Attachment(Attached):
    """A file of a draft, a customer, a supplier or a support thread. It is deleted with its owner."""


@entity("attachment", table="ledger", prefix="att")
class DocumentAttachment(Attached):
    """A file of an issued document: an accounting paper, kept for the term of its document (CGI art. 211)."""

    owner: str = kept("document.attachment")
    party: str | None = kept("document.attachment", default=None)
    member: str | None = kept("document.attachment", default=None)
    by: str | None = kept("document.attachment", default=None)
    state: AttachmentState = kept("document.attachment", default="expected")
    reason: RefusalReason | None = kept("document.attachment", default=None)
    name: str = kept("document.attachment")
    content_type: MediaType = kept("document.attachment")
    bytes: int = kept("document.attachment")
    sha256: str = kept("document.attachment")
    kept_type: str | None = kept("document.attachment", default=None)
    kept_bytes: int | None = kept("document.attachment", default=None)


@entity("attachment_usage", table="workspace", prefix="cmp", sort="attachment#usage")
class AttachmentUsage(Record):
    """The attachments of a company and their bytes, for the quotas. Each commit that adds or removes an attachment
    changes this row. A backup holds it beside the attachments."""

    files: int = kept("attachment.state")
    bytes: int = kept("attachment.state")


def attachment_id(company: str, owner: str, sha256: str) -> str:
    """The id of an attachment. The same file of the same owner has the same id, so a repeated upload changes
    nothing."""
    return derived_id(Attachment.PREFIX, company, owner, sha256)


def frozen(attachment: Attachment, party: str) -> DocumentAttachment:
    """The row of an attachment after the issue of its document, whose other party is `party`."""
    values: dict[str, Any] = {field.name: getattr(attachment, field.name) for field in fields(Attachment)}
    return DocumentAttachment(
        **values | {"party": party, "member": None, "by": None, "version": attachment.version + 1}
    )


def most_bytes(content_type: str) -> int:
    """The largest file of this media type."""
    return MOST_PDF_BYTES if content_type == PDF else MOST_PICTURE_BYTES


def fits_name(name: str, content_type: str) -> bool:
    """Whether the extension of a file name is one of the media type."""
    return name.rpartition(".")[2].lower() in EXTENSIONS[content_type] and "." in name


def media_of(data: bytes) -> str | None:
    """The media type that the first bytes of a file show; None for a type that is not accepted."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "image/heic"
    return "application/pdf" if data.startswith(b"%PDF-") else None


_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
