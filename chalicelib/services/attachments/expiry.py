"""The end of attachments that nobody completed. The job `uploads` finds them by the row of their upload."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.attachments.attachment import Attached
from chalicelib.domain.contact.support import Upload
from chalicelib.files import uploads
from chalicelib.policy.ends import end
from chalicelib.services.attachments import rows, uploading
from chalicelib.store import bookkeeping
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World

NEXT_LOOK: Final = timedelta(hours=1)
"""The time until the job looks again for the result of a scan."""


def over(world: "World", upload: Upload) -> bool:
    """Whether the upload's file is no longer needed. Completes an attachment whose scan is over. Removes one that is
    not complete after the term of `file.incoming`; before that, the row is due again later. Raises Busy."""
    attachment = rows.find(world.store, upload.company, upload.attachment or "")
    if attachment is not None and attachment.state == "checking":
        attachment = _completed(world, attachment)
    if attachment is None or attachment.state == "ready":
        return True
    ends = end("file.incoming", attachment.created_at)
    if world.now() < ends:
        later = min(ends, world.now() + NEXT_LOOK) if attachment.state == "checking" else ends
        bookkeeping.defer(world.store, upload, later)
        return False
    _remove(world, attachment)
    return True


def remains(world: "World", upload: Upload) -> tuple[str, ...]:
    """The keys that a completion may have written while its attachment was deleted: every copy, if there is no row.
    Raises Busy."""
    if upload.attachment is None or rows.find(world.store, upload.company, upload.attachment) is not None:
        return ()
    return tuple(rows.copies_of(upload.company, key) for key in upload.keys)


def _completed(world: "World", attachment: Attached) -> Attached | None:
    """The attachment after another look at its scan; None if its file is lost."""
    if uploads.arrived(world.files, rows.incoming(attachment)):
        call = world.call(attachment.company, "attachments", "attachments_complete", key=f"{attachment.id}:complete")
        return uploading.complete(world, call, attachment.id, SYSTEM_STEP).outcome
    return attachment


def _remove(world: "World", attachment: Attached) -> None:
    call = world.call(attachment.company, "attachments", "attachments_expire", key=f"{attachment.id}:expire")

    def decide_expiry(snapshot: Snapshot) -> Decision:
        now = rows.present(snapshot, attachment.id)
        if now is None or now.state == "ready":
            return Decision()
        return Decision(puts=rows.recounted(snapshot, call, -1, -now.counted), deletes=(now,))

    transact(world.store, call, rows.refs_of(attachment.company, attachment.id), decide_expiry, SYSTEM_STEP)
