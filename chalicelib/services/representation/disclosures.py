"""Entries of the register of disclosures."""

from chalicelib.domain.clock import instant
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.policy.load import current
from chalicelib.services.representation.body import Body


def present_disclosure(row: Disclosure, language: Language) -> Body:
    """An entry; it shows the kinds of data in words, and not the operator who recorded it."""
    rules = current().rules
    return {
        "id": row.id,
        "object": "disclosure",
        "kind": row.kind,
        "recipient": row.recipient,
        "basis": row.basis,
        "reference": row.reference,
        "subject": row.subject,
        "disclosed_on": row.disclosed_on.isoformat(),
        "data": [{"rule": name, "label": rules[name].label[language] if name in rules else name} for name in row.data],
        "documents": list(row.documents),
        "hidden_until": row.hidden_until.isoformat() if row.hidden_until else None,
        "recorded_at": instant(row.created_at),
    }
