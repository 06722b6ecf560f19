"""Attachments."""

from chalicelib.domain.attachments.attachment import Attached
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.representation.body import Body


def present_attachment(attachment: Attached, head: Head) -> Body:
    """An attachment without its file. The name is null if the other party of its document was erased."""
    hidden = is_erased(head, attachment.party or "")
    return {
        "id": attachment.id,
        "object": "attachment",
        "owner": attachment.owner,
        "party": attachment.party,
        "by": attachment.by,
        "name": None if hidden else attachment.name,
        "status": attachment.state,
        "reason": attachment.reason,
        "content_type": attachment.content_type,
        "bytes": attachment.bytes,
        "sha256": attachment.sha256,
        "kept_type": attachment.kept_type,
        "kept_bytes": attachment.kept_bytes,
        "version": attachment.version,
        "created_at": instant(attachment.created_at),
        "updated_at": instant(attachment.updated_at),
    }
