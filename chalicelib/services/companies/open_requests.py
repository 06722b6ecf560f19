"""The open privacy requests of a member who leaves: a mail gives them a code for each (ADR 0127).

Their address goes with their membership, so no later mail can reach them. With the code they follow the request, and
fetch its receipt and its archive without a sign-in (ADR 0119).
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member, proven_address
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.entity import Ref
from chalicelib.domain.language import DEFAULT
from chalicelib.domain.privacy.download_code import download_code, download_digest
from chalicelib.domain.privacy.request import OPEN, PrivacyRequest
from chalicelib.policy.wording import long_date
from chalicelib.services.mail import writing
from chalicelib.services.mail.notifications import KINDS
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import Store

MOST: Final = 5
"""Requests of one member that get a code. Each adds two rows to a transaction that may already revoke many keys."""
T = TypeVar("T")


def open_requests(store: Store, company: str, member: str, *, but: str | None = None) -> list[Ref]:
    """The addresses of the open requests that a member made, the newest first, without the request `but`. Raises
    Busy."""
    rows = store.all_of(PrivacyRequest, company, descending=True)
    own = (row.key for row in rows if row.asked_by == member and row.status in OPEN and row.id != but)
    return list(islice(own, MOST))


def with_codes(
    snapshot: Snapshot, call: Call, member: Member, refs: Sequence[Ref], decision: Decision[T]
) -> Decision[T]:
    """Add the codes and their mails to the decision by which a member leaves. A member without a proven address has got
    a code with each request. `refs` are read with the snapshot."""
    profile = snapshot.get(Company)
    if (to := proven_address(member, profile)) is None:
        return decision
    kept: list[PrivacyRequest] = []
    mails: list[writing.Mail] = []
    for ref in refs:
        request = snapshot.get(PrivacyRequest, ref.sort.partition("#")[2])
        if request is None or request.status not in OPEN or request.download_digest:
            continue
        code = download_code(call.random("download_code", request.id))
        kept.append(request.edited(call.at, download_digest=download_digest(request.id, code)))
        mails.append(_mail(call, to, request, code, profile))
    letters = tuple(mail.letter for mail in mails)
    messages = (replace(mails[0].message, about=tuple(letter.id for letter in letters)),) if mails else ()
    return replace(
        decision,
        puts=(*decision.puts, *kept),
        new=(*decision.new, *letters),
        messages=(*decision.messages, *messages),
    )


def _mail(call: Call, to: str, request: PrivacyRequest, code: str, profile: Company | None) -> writing.Mail:
    """The mail stands outside the company's partition, so that it outlives an erasure. It is deleted once it is
    sent."""
    language = request.language or (profile.language if profile else DEFAULT)
    outside = replace(call, company=PUBLIC)
    return writing.write(
        outside,
        to,
        language,
        "request_followed",
        variant=request.id,
        request=request.id,
        kind=KINDS[language][request.kind],
        date=long_date(today(request.grace_until or request.deadline), language),
        company=request.company,
        code=code,
    )
