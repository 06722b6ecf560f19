"""Support threads and messages."""

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.contact.support import Conversation, SupportMessage, Thread
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


def present_message(message: SupportMessage) -> Body:
    """A message; attachments have names."""
    return {
        "id": message.id,
        "object": "support_message",
        "from": "member" if message.by else "support",
        "by": message.by,
        "text": message.text,
        "created_at": instant(message.created_at),
        "attachments": [
            {
                "file": attachment.key.rpartition("/")[2],
                "name": attachment.name,
                "media": attachment.media,
                "size": attachment.size,
            }
            for attachment in message.attachments
        ],
    }


def present_conversation(found: Conversation, _: Head | None = None) -> Body:
    """A thread with its messages."""
    return {**present_thread(found.thread), "messages": [present_message(message) for message in found.messages]}
