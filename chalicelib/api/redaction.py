"""Redaction of stored replies: a repeated call does not show an erased person again."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.privacy.erased import KEPT, erased_name, is_erased

REDACTED: Final[Mapping[str, bool]] = {"erased": True}
"""The body of a reply about a person who was erased since."""
PERSON_MEMBERS: Final = ("id", "opened_by", "by", "party")
"""Members of a body that name its person: a record's own id, the author of a thread or a message, the person whom an
attachment concerns."""
OF_PAYMENTS: Final = ("reference", "certificate")
"""Texts of a payment, an entry of unapplied credit or a refund. They often hold a name or an account."""


def redact(body: Any, head: Head) -> Any:
    """The body of a stored reply in the form that may be shown. In a document, an erased party is blank. An erased
    person's own record or message becomes REDACTED. The erasure deletes stored replies too, but it runs later, and a
    legal hold may stop it."""
    if isinstance(body, list):
        return [redact(part, head) for part in body]
    if not isinstance(body, dict) or not head.erased:
        return body
    if any(is_erased(head, str(body.get(name))) for name in PERSON_MEMBERS):
        return dict(REDACTED)
    shown = {name: redact(part, head) for name, part in body.items()}
    for document_type in document_types():
        if is_erased(head, str(body.get(document_type.person))):
            shown |= {
                name: None
                for name in (document_type.person, *document_type.erased_texts, *OF_PAYMENTS)
                if name in shown
            }
            if "metadata" in shown:
                shown["metadata"] = {}
            if shown.get(document_type.party):
                shown[document_type.party] = _blank(
                    shown[document_type.party], erased_name(document_type, shown["language"])
                )
    return shown


def _blank(party: dict[str, Any], name: str) -> dict[str, Any]:
    """A party without its identity. The attributes that determine the TVA stay."""
    address = {part: value if part == "country" else None for part, value in party["address"].items()}
    kept = {part: party[part] for part in KEPT if part in party}
    return dict.fromkeys(party) | kept | {"name": name, "address": address, "erased": True}
