"""Announce an attachment, and complete it after the upload: check, clean, keep."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chalicelib.domain.attachments.attachment import (
    MOST_BYTES,
    MOST_FILES,
    MOST_OF_OWNER,
    Attached,
    Attachment,
    AttachmentUsage,
    DocumentAttachment,
    MediaType,
    RefusalReason,
    attachment_id,
    fits_name,
    frozen,
    most_bytes,
)
from chalicelib.domain.call import Call
from chalicelib.domain.contact.support import Upload
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound, TooLarge, invalid
from chalicelib.domain.file_errors import AttachmentQuota, NotUploaded
from chalicelib.files import uploads
from chalicelib.files.uploads import SignedUpload
from chalicelib.policy.ends import end, expires_at
from chalicelib.services.attachments import rows
from chalicelib.services.attachments.owners import announcing, checking, owner_of, owner_refs
from chalicelib.services.attachments.rows import Used
from chalicelib.store.decision import Committed, Decision, WritePolicy
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import check, transact

if TYPE_CHECKING:
    from chalicelib.wiring import World


SCAN_TIME: Final = timedelta(minutes=10)
"""After this time, the job `uploads` looks for the result of a scan that no client has asked for."""


class Announced(NamedTuple):
    """A file that a client will upload. `sha256` is hex."""

    owner: str
    name: str
    content_type: MediaType
    bytes: int
    sha256: str


class _CountedBefore(Exception):
    """Another attachment of the company was added or removed after the count."""


def announce(world: "World", call: Call, file: Announced) -> Committed[Attached]:
    """Expect a file. The same file of the same owner gives the same attachment, whatever its state. Raises
    InvalidContent, AttachmentQuota, ThreadClosed, Busy."""
    _require_accepted(file)
    id = attachment_id(call.company, file.owner, file.sha256)
    refs = [
        *rows.refs_of(call.company, id),
        *owner_refs(call.company, file.owner),
        AttachmentUsage.ref(call.company),
    ]
    while True:
        known = rows.used(world.store, call.company, file.owner)
        if _is_full(known, file):  # A purge at the end of a term does not write the counts, so they may be too high.
            exact = rows.counted(world.store, call.company)
            known = replace(known, files=exact.files, bytes=exact.bytes)
        with suppress(_CountedBefore):
            return transact(world.store, call, refs, _deciding(call, id, file, known), announcing(file.owner))


def _require_accepted(file: Announced) -> None:
    if not fits_name(file.name, file.content_type):
        raise invalid("/name", "extension_of_another_type", type=file.content_type)
    if file.bytes > (most := most_bytes(file.content_type)):
        raise invalid("/bytes", "attachment_too_large", limit=f"{most // 1_000_000} MB")


def _deciding(call: Call, id: str, file: Announced, known: Used) -> Callable[[Snapshot], Decision[Attached]]:
    def decide_announcement(snapshot: Snapshot) -> Decision[Attached]:
        if before := rows.present(snapshot, id):
            return Decision(before)
        owner = owner_of(snapshot, file.owner)
        usage = snapshot.get(AttachmentUsage)
        if (usage.version if usage else 0) != known.version:
            raise _CountedBefore
        _require_room(known, file)
        counted = usage or call.make(AttachmentUsage, id=call.company, files=0, bytes=0, version=0)
        counts = counted.edited(call.at, files=known.files + 1, bytes=known.bytes + file.bytes)
        made = call.make(
            Attachment,
            id=id,
            owner=owner.id,
            party=owner.party,
            member=owner.member,
            by=call.actor if owner.member else None,
            name=file.name,
            content_type=file.content_type,
            bytes=file.bytes,
            sha256=file.sha256,
        )
        row: Attached = frozen(made, owner.party or "") if owner.frozen else made
        return Decision(row, puts=(counts, _expiring(call, row)), new=(row,))

    return decide_announcement


def _is_full(known: Used, file: Announced) -> bool:
    """Whether the company has no room for the file."""
    return known.files >= MOST_FILES or known.bytes + file.bytes > MOST_BYTES


def _require_room(known: Used, file: Announced) -> None:
    """Raise AttachmentQuota, which names the limit."""
    if known.of_owner >= MOST_OF_OWNER:
        raise AttachmentQuota(limit=f"{MOST_OF_OWNER}", of="owner")
    if known.files >= MOST_FILES:
        raise AttachmentQuota(limit=f"{MOST_FILES:,}", of="company")
    if known.bytes + file.bytes > MOST_BYTES:
        raise AttachmentQuota(limit=f"{MOST_BYTES // 1_000_000_000} GB", of="company")


def _expiring(call: Call, attachment: Attached) -> Upload:
    """The row by which the job `uploads` ends an attachment that nobody completes."""
    at = end("file.incoming", call.at)
    return call.make(
        Upload,
        id=rows.upload_id(attachment),
        keys=(rows.incoming(attachment),),
        attachment=attachment.id,
        due_at=at,
        expires_at=expires_at(Upload, at),
    )


def signed(world: "World", attachment: Attached) -> SignedUpload | None:
    """The request that uploads the file of an expected attachment; None for another state."""
    if attachment.state != "expected":
        return None
    key = rows.incoming(attachment)
    return uploads.sign(world.files, key, attachment.content_type, attachment.bytes, attachment.sha256)


def complete(world: "World", call: Call, id: str, policy: WritePolicy | None = None) -> Committed[Attached]:
    """Check the uploaded file and keep its cleaned copy. A completed attachment does not change. The job `uploads`
    deletes the upload, and moves the copy of an issued document's attachment. Raises NotFound, NotUploaded,
    CloudStorageOff, Busy."""
    attachment = rows.find(world.store, call.company, id)
    if attachment is None:
        raise NotFound
    policy = policy or checking(attachment.owner)
    if policy.business:  # The check of the file stores its copy, which a refusal would leave behind.
        check(world.store, call, policy)
    return transact(
        world.store,
        call,
        [*rows.refs_of(call.company, id), AttachmentUsage.ref(call.company)],
        _completing(call, id, _examined(world, attachment)),
        policy,
    )


def _completing(call: Call, id: str, changes: dict[str, Any]) -> Callable[[Snapshot], Decision[Attached]]:
    def decide_completion(snapshot: Snapshot) -> Decision[Attached]:
        now = rows.present(snapshot, id)
        if now is None:
            raise NotFound
        if now.state in ("ready", "refused") or now.state == changes.get("state"):
            return Decision(now)
        after = now.edited(call.at, **changes)
        puts: list[Record] = [after, *rows.recounted(snapshot, call, 0, after.counted - now.counted)]
        if upload := snapshot.get(Upload, rows.upload_id(now)):
            if after.state == "ready":
                owner = after.owner if isinstance(after, DocumentAttachment) else None
                puts.append(upload.edited(call.at, due_at=call.at, attachment=None, owner=owner))
            elif after.state == "checking":
                puts.append(upload.edited(call.at, due_at=call.at + SCAN_TIME))
        return Decision(after, puts=tuple(puts))

    return decide_completion


def _examined(world: "World", attachment: Attached) -> dict[str, Any]:
    """The changes of the row after the check of the uploaded file; none for a row that is complete. Stores the cleaned
    copy. Raises NotUploaded."""
    from chalicelib.render.attachment import Unfit, clean

    if attachment.state in ("ready", "refused"):
        return {}
    try:
        scan = uploads.scan_result(world.files, rows.incoming(attachment))
        if scan == "pending":
            return {"state": "checking"}
        if scan != "clean":
            return _refused("malware" if scan == "threat" else "not_scanned")
        cleaned = clean(_read(world, attachment), attachment.content_type)
    except NotFound as error:
        raise NotUploaded from error
    except Unfit as error:
        return _refused(error.reason)
    contents = (cleaned.content, cleaned.thumbnail)
    for key, content in zip(rows.copies(attachment, frozen=False), contents, strict=False):
        if content is not None:
            media = cleaned.media if content is cleaned.content else "image/webp"
            world.files.put(key, content, media, only_if_absent=False)
    return {"state": "ready", "kept_type": cleaned.media, "kept_bytes": len(cleaned.content)}


def _read(world: "World", attachment: Attached) -> bytes:
    """The uploaded bytes. S3 has checked them, and they are checked again. Raises Unfit, NotFound."""
    from chalicelib.render.attachment import Unfit

    try:
        content = world.files.read(rows.incoming(attachment), attachment.bytes)
    except TooLarge as error:
        raise Unfit("wrong_size") from error
    if len(content) != attachment.bytes:
        raise Unfit("wrong_size")
    if sha256(content).hexdigest() != attachment.sha256:
        raise Unfit("wrong_hash")
    return content


def _refused(reason: RefusalReason) -> dict[str, Any]:
    return {"state": "refused", "reason": reason}
