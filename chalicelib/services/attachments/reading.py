"""Read attachments: rows, lists of an owner, links to the files. Delete one while its owner may lose it."""

from typing import TYPE_CHECKING

from chalicelib.domain.attachments.attachment import Attached, DocumentAttachment
from chalicelib.domain.call import Call
from chalicelib.domain.errors import CloudStorageOff, DocumentBlocked, NotFound
from chalicelib.domain.file_errors import AttachmentFixed, AttachmentNotReady
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.files.objects import Link
from chalicelib.services.attachments import rows
from chalicelib.services.attachments.owners import announcing, found_owner, owner_refs
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World


def read(reader: Reader, id: str) -> Attached:
    """An attachment. Raises NotFound."""
    found = rows.find(reader.store, reader.company, id)
    if found is None:
        raise NotFound
    return found


def of_owner(reader: Reader, owner: str) -> list[Attached]:
    """The attachments of an owner, the oldest first. Raises InvalidContent for an id that is no owner's."""
    owner_refs(reader.company, owner)
    return rows.of_owner(reader.store, reader.company, owner)


def link(world: "World", reader: Reader, attachment: Attached, *, thumbnail: bool = False) -> Link:
    """The address of the kept file, or of its thumbnail, valid for `LINK_SECONDS`. Raises AttachmentNotReady, NotFound
    for the thumbnail of a PDF, DocumentBlocked for an erased buyer's document, CloudStorageOff."""
    if is_erased(reader.head, attachment.party or ""):
        raise DocumentBlocked
    if isinstance(attachment, DocumentAttachment) and not (reader.head.cloud_sync or reader.head.cloud_backup):
        raise CloudStorageOff
    if attachment.state != "ready":
        raise AttachmentNotReady
    content, *thumbnails = _copies(world, attachment)
    if not thumbnail:
        stem = attachment.name.rpartition(".")[0]
        return world.files.url(content, filename=f"{stem}.{content.rpartition('.')[2]}")
    if not thumbnails:
        raise NotFound
    return world.files.url(thumbnails[0], filename="thumbnail.webp")


def _copies(world: "World", attachment: Attached) -> tuple[str, ...]:
    """The keys of the kept copy. The job `uploads` moves that of an issued document within the hour."""
    if isinstance(attachment, DocumentAttachment) and not world.files.exists(rows.copies(attachment)[0]):
        return rows.copies(attachment, frozen=False)
    return rows.copies(attachment)


def delete(world: "World", call: Call, attachment: Attached) -> Committed[Attached]:
    """Delete an attachment of a draft, a customer, a supplier or a thread. Raises AttachmentFixed for an issued
    document's, NotFound."""

    def decide_deletion(snapshot: Snapshot) -> Decision[Attached]:
        now = rows.present(snapshot, attachment.id)
        if now is None:
            raise NotFound
        owner = found_owner(now.owner, snapshot.at(owner_refs(call.company, now.owner)))
        if isinstance(now, DocumentAttachment) or (owner and owner.frozen):
            raise AttachmentFixed
        puts, deletes = rows.removal(snapshot, call, [now])
        return Decision(now, puts=puts, deletes=deletes)

    refs = [*rows.refs_of(call.company, attachment.id), *owner_refs(call.company, attachment.owner)]
    return transact(world.store, call, refs, decide_deletion, announcing(attachment.owner))


def answer_again(world: "World", call: Call) -> Committed[Attached]:
    """The first answer of a call whose attachment is gone. Raises NotFound if there is none."""

    def decide_nothing(_: Snapshot) -> Decision[Attached]:
        raise NotFound

    return transact(world.store, call, [], decide_nothing)
