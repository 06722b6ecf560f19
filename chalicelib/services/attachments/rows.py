"""The rows of attachments: find them by id and by owner, count them for the quotas, remove them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.attachments.attachment import (
    PDF,
    Attached,
    Attachment,
    AttachmentUsage,
    DocumentAttachment,
)
from chalicelib.domain.call import Call
from chalicelib.domain.contact.support import Upload
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.ids import derived_id
from chalicelib.files import prefixes
from chalicelib.policy.ends import expires_at
from chalicelib.store.read import rows_of_party
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import SORT, Store

CLASSES: tuple[type[Attached], ...] = (Attachment, DocumentAttachment)


def refs_of(company: str, id: str) -> list[Ref]:
    """The addresses at which an attachment may lie."""
    return [cls.ref(company, id) for cls in CLASSES]


def find(store: Store, company: str, id: str) -> Attached | None:
    """The attachment, or None. Raises Busy."""
    return next((row for row in store.records(refs_of(company, id)) if isinstance(row, Attached)), None)


def present(snapshot: Snapshot, id: str) -> Attached | None:
    """The attachment as a transaction sees it, or None."""
    return next((row for row in snapshot.at(refs_of(snapshot.company, id)) if isinstance(row, Attached)), None)


def of_owner(store: Store, company: str, owner: str, classes: Sequence[type[Attached]] = CLASSES) -> list[Attached]:
    """The attachments of an owner, the oldest first. Raises Busy."""
    found = {row.id: row for cls in classes for row in rows_of_party(store, cls, company, owner)}
    return sorted(found.values(), key=lambda row: (row.created_at, row.id))


def has_any(store: Store, company: str) -> bool:
    """Whether a company ever had an attachment. Raises Busy."""
    (row,) = store.records([AttachmentUsage.ref(company)])
    return row is not None


@dataclass(frozen=True)
class Used:
    """The attachments of a company: the stored counts, and those of an owner at that time."""

    version: int
    files: int
    bytes: int
    of_owner: int = 0


def used(store: Store, company: str, owner: str | None = None) -> Used:
    """Count the attachments. Without the row of the counts, count all rows. Raises Busy."""
    (row,) = store.records([AttachmentUsage.ref(company)])
    of_one = len(of_owner(store, company, owner)) if owner else 0
    if isinstance(row, AttachmentUsage):
        return Used(row.version, row.files, row.bytes, of_one)
    return replace(counted(store, company), of_owner=of_one)


def counted(store: Store, company: str) -> Used:
    """Count all rows. Raises Busy."""
    rows = [
        row
        for table in ("workspace", "ledger")
        for row in store.all(table, company, SORT.startswith("attachment#"))
        if isinstance(row, Attached)
    ]
    return Used(0, len(rows), sum(row.counted for row in rows))


def recounted(snapshot: Snapshot, call: Call, files: int, size: int) -> tuple[AttachmentUsage, ...]:
    """The row of the counts after a change of `files` and `size` bytes. Without the row there is none: the next
    announcement counts all rows."""
    row = snapshot.get(AttachmentUsage)
    if row is None:
        return ()
    return (row.edited(call.at, files=max(0, row.files + files), bytes=max(0, row.bytes + size)),)


def counts_without(snapshot: Snapshot, call: Call, gone: Iterable[Record]) -> tuple[AttachmentUsage, ...]:
    """The row of the counts after the deletion of these rows, of which some may be attachments."""
    files = [row for row in gone if isinstance(row, Attached)]
    return recounted(snapshot, call, -len(files), -sum(row.counted for row in files)) if files else ()


def upload_id(attachment: Attached) -> str:
    """The id of the row that deletes the uploaded file. An attachment that is announced again has another one."""
    return derived_id(Upload.PREFIX, attachment.id, attachment.created_at.isoformat())


def copies(attachment: Attached, *, frozen: bool | None = None) -> tuple[str, ...]:
    """The keys of the cleaned copy: the content, and after it the thumbnail of a picture. `frozen` (default: as the row
    says) selects the place of an issued document's files. The instant of the row is a part of the keys, so that a file
    that is announced again never shares a key with one that is being deleted."""
    pdf = (attachment.kept_type or attachment.content_type) == PDF
    place = isinstance(attachment, DocumentAttachment) if frozen is None else frozen
    return prefixes.kept_copies(attachment.company, _name(attachment), "pdf" if pdf else "jpg", frozen=place)


def incoming(attachment: Attached) -> str:
    """The key of the file as it is sent."""
    return prefixes.incoming(attachment.company, _name(attachment))


def copies_of(company: str, incoming: str) -> str:
    """The beginning of the keys of the copies of a file that was sent to the key `incoming`, outside the ledger."""
    return prefixes.upload_of(company, incoming.removeprefix(prefixes.incoming(company, "")))


def _name(attachment: Attached) -> str:
    return f"{attachment.id}/{int(attachment.created_at.timestamp() * 1000)}"


def files_of(attachment: Attached) -> tuple[str, ...]:
    """Every key that may hold a file of an attachment outside the ledger."""
    return (incoming(attachment), *copies(attachment, frozen=False))


def removal(snapshot: Snapshot, call: Call, rows: Sequence[Attached]) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """The puts and the deletes that remove attachments. The job `uploads` deletes their files after the commit."""
    keys = tuple(key for row in rows for key in files_of(row))
    cleaning = call.make(Upload, keys=keys, due_at=call.at, expires_at=expires_at(Upload, call.at))
    return (cleaning, *counts_without(snapshot, call, rows)), tuple(rows)


def current_of(snapshot: Snapshot, rows: Iterable[Attached]) -> list[Attachment]:
    """The rows as a transaction sees them, without those that are gone or that the ledger holds."""
    return [row for row in snapshot.find(Attachment, *(row.id for row in rows)) if row is not None]
