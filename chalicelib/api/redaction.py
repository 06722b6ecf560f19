"""Redaction of stored replies: an erased person is not shown again by a repeated call."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.domain.company import Head
from chalicelib.domain.erased import NAMES, is_erased

REDACTED: Final[Mapping[str, bool]] = {"erased": True}
"""The body of a reply about a person who was erased since."""
PERSON_MEMBERS: Final = ("id", "opened_by", "by")
"""Members of a body that name the person it is about: a record's own id, a thread's and a message's author."""


def redact(body: Any, head: Head) -> Any:
    """The body of a stored reply as it may be shown again: a document without the buyer who was erased since, and only
    REDACTED for an erased person's own record or message. The erasure deletes stored replies too, but it runs later,
    and a legal hold may stop it."""
    if isinstance(body, list):
        return [redact(part, head) for part in body]
    if not isinstance(body, dict) or not head.erased:
        return body
    if any(is_erased(head, str(body.get(name))) for name in PERSON_MEMBERS):
        return dict(REDACTED)
    shown = {name: redact(part, head) for name, part in body.items()}
    if not is_erased(head, str(body.get("customer"))):
        return shown
    shown |= {name: None for name in ("customer", "notes", "reason") if name in shown}
    if buyer := shown.get("buyer"):
        address = {name: part if name == "country" else None for name, part in buyer["address"].items()}
        nobody = {"name": NAMES[shown["language"]], "kind": buyer["kind"], "address": address, "erased": True}
        shown["buyer"] = dict.fromkeys(buyer) | nobody
    return shown
