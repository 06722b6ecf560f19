"""The end of a proof, calculated from its row by the rules in force: requests, holds, disclosures, acceptances,
corrections and destructions of keys."""

from datetime import datetime

from chalicelib.domain.backups.backup import KeyDestruction
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.consent import Acceptance
from chalicelib.domain.privacy.correction import Correction
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.domain.privacy.request import Hold, PrivacyRequest
from chalicelib.policy.ends import first_day_gone
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.rectification import correcting


def end_of(row: Record) -> datetime | None:
    """The instant at which the term of a proof ends. None for a request that is open or a hold that is in force: the
    term has not started."""
    match row:
        case PrivacyRequest(closed_at=datetime() as start) | Hold(released_at=datetime() as start):
            return first_day_gone("request.proof", start)
        case KeyDestruction():
            return first_day_gone("request.proof", row.created_at)
        case Disclosure():
            return disclosures.end_of(row.created_at, row.hidden_until)
        case Acceptance():
            return first_day_gone("consent.proof", row.created_at)
        case Correction():
            return correcting.end_of(row.created_at)
    return None
