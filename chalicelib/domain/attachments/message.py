"""The message of a commit that changes or deletes the owner of attachments."""

from chalicelib.domain.call import Call
from chalicelib.domain.journal import Message


def owner_changed(call: Call, *owners: str) -> Message:
    """The outbox message by which the attachments of owners follow their change, or end with them."""
    return call.make(Message, purpose="attachments", due_at=call.at, task="attachments", about=owners)
