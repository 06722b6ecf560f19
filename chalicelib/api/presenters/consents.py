"""Consents in the API's form."""

from datetime import date
from typing import Any

from chalicelib.domain.clock import instant
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.consent import DEFAULTS, Choosable, Consent, chosen, granted
from chalicelib.policy.load import current
from chalicelib.services.representation.body import Body


def present_consents(member: str, consent: Consent | None, on: date, language: Language) -> Body:
    """A member's consents in the API's form."""
    return {
        "id": member,
        "object": "consents",
        "policy": present_policy(consent, on, language),
        **{kind: _choice(consent, kind) for kind in DEFAULTS},
    }


def present_policy(consent: Consent | None, on: date, language: Language) -> Body:
    """The version in force, the required version and its date, the announced and the pending versions."""
    policy = current()
    required, accepted = policy.required(on), consent.policy_version if consent else None
    return {
        "accepted": accepted,
        "accepted_at": instant(consent.accepted_at) if consent and consent.accepted_at else None,
        "in_force": policy.in_force(on).version,
        "required": required.version,
        "required_since": required.date.isoformat(),
        "must_accept": accepted not in policy.accepted_on(on),
        "announced": [
            {
                "version": version.version,
                "from": version.date.isoformat(),
                "material": version.material,
                "changes": version.changes[language],
            }
            for version in policy.announced(on)
        ],
        "pending": [
            {"version": version.version, "awaits": list(version.awaits), "changes": version.changes[language]}
            for version in policy.pending(on)
        ],
        "url": "/privacy",
    }


def _choice(consent: Consent | None, kind: Choosable) -> dict[str, Any]:
    own = chosen(consent, kind)
    return {"granted": granted(consent, kind), "chosen_at": instant(own.chosen_at) if own else None}
