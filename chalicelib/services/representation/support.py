"""Support threads and messages."""

from collections.abc import Mapping

from chalicelib.domain.attachments.attachment import Attached
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.contact.support import Conversation, EnclosedFile, SupportMessage, Thread
from chalicelib.services.representation.body import Body


def present_thread(thread: Thread, head: Head | None = None) -> Body:  # noqa: ARG001 — a common signature
    """A thread without its messages."""
    return {
        "id": thread.id,
        "object": "support_thread",
        "subject": thread.subject,
        "status": thread.status,
        "opened_by": thread.opened_by,
        "language": thread.language,
        "messages_count": thread.messages,
        "first_answer_by": instant(thread.first_answer_by),
        "first_answered_at": instant(thread.first_answered_at) if thread.first_answered_at else None,
        "overdue": thread.overdue,
        "closed_at": instant(thread.closed_at) if thread.closed_at else None,
        "version": thread.version,
        "created_at": instant(thread.created_at),
        "updated_at": instant(thread.updated_at),
    }


def present_message(message: SupportMessage, files: Mapping[str, Attached] | None = None) -> Body:
    """A message with its files: those of its attachments, and those that an earlier version stored within it. `files`
    are the attachments of the thread by id. Without them only their ids are shown."""
    return {
        "id": message.id,
        "object": "support_message",
        "from": "member" if message.by else "support",
        "by": message.by,
        "text": message.text,
        "created_at": instant(message.created_at),
        "attachments": [
            *(_enclosed(file) for file in message.attachments),
            *(_attached(id, files) for id in message.files),
        ],
    }


def _attached(id: str, files: Mapping[str, Attached] | None) -> Body:
    row = (files or {}).get(id)
    missing = None if files is None else "deleted"
    return {
        "id": id,
        "by": row.by if row else None,
        "file": None,
        "name": row.name if row else None,
        "media": row.kept_type if row else None,
        "size": row.kept_bytes if row else None,
        "status": row.state if row else missing,
    }


def _enclosed(file: EnclosedFile) -> Body:
    name = file.key.rpartition("/")[2]
    return {
        "id": None,
        "by": None,
        "file": name,
        "name": file.name,
        "media": file.media,
        "size": file.size,
        "status": "ready",
    }


def present_conversation(found: Conversation, _: Head | None = None) -> Body:
    """A thread with its messages."""
    files = {row.id: row for row in found.files}
    return {**present_thread(found.thread), "messages": [present_message(message, files) for message in found.messages]}
