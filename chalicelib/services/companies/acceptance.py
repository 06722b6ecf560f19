"""`must_accept` is enforced: a member who has not accepted the required version of the policy changes nothing (ADR
0130)."""

from datetime import date
from typing import Final

from chalicelib.domain.errors import PolicyNotAccepted
from chalicelib.domain.privacy.consent import Consent
from chalicelib.policy.load import current
from chalicelib.store.wire import Store

MOST_KNOWN: Final = 10_000
"""The number of members whose accepted version a process remembers."""
_KNOWN: dict[tuple[str, str], str] = {}
"""The accepted versions, by company and member, the first one known first. An acceptance is never withdrawn, so a
remembered one that is enough stays enough until another version is required."""


def require_accepted(store: Store, company: str, member: str, on: date) -> None:
    """Require that the member accepted a version that is enough on this day. Raises PolicyNotAccepted, Busy."""
    enough = current().accepted_on(on)
    if _KNOWN.get((company, member)) in enough:
        return
    (row,) = store.records([Consent.ref(company, member)])
    accepted = row.policy_version if isinstance(row, Consent) else None
    if accepted is None or accepted not in enough:
        raise PolicyNotAccepted(required=current().required(on).version)
    if len(_KNOWN) >= MOST_KNOWN:
        _KNOWN.pop(next(iter(_KNOWN)), None)
    _KNOWN[company, member] = accepted
