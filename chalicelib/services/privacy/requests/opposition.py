"""Opposition to marketing and diagnostics: free and immediate (law 09-08 art. 9). It only withdraws permissions, so it
requires no proof of identity (ADR 0046)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from chalicelib.domain.call import Call
from chalicelib.domain.companies.member import Member
from chalicelib.domain.privacy.consent import Choosable, Consent, chosen, with_choice
from chalicelib.domain.privacy.request import PrivacyRequest, moved
from chalicelib.policy.ends import first_day_gone
from chalicelib.store.snapshot import Snapshot

OPPOSED: Final[tuple[Choosable, ...]] = ("marketing", "diagnostics")


def complete(
    snapshot: Snapshot, request: PrivacyRequest, members: Sequence[Member], call: Call
) -> tuple[PrivacyRequest, tuple[Consent, ...]]:
    """Complete an opposition: return the closed request and the new consents. A company's opposition covers all its
    `members`. A customer or supplier has no consents: the product neither mails them nor stores diagnostics about
    them."""
    everybody = [member.id for member in members]
    concerned = {"company": everybody, "member": [request.subject or ""], "party": []}[request.affects]
    before = snapshot.find(Consent, *concerned) if concerned else []
    choices = tuple(_off(id, consent, call) for id, consent in zip(concerned, before, strict=True))
    ends = first_day_gone("request.proof", call.at)
    done = moved(moved(request, "running", call.at), "completed", call.at, due_at=ends)
    return replace(done, version=1), choices


def _off(member: str, consent: Consent | None, call: Call) -> Consent:
    after = consent or call.make(Consent, id=member)
    for kind in OPPOSED:
        own = chosen(after, kind)
        if own is None or own.granted:
            after = replace(after, choices=with_choice(after, kind, False, call.at))
    return after.edited(call.at)
