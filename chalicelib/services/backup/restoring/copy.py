"""A backup under another company's id: the first commit of the copy, and the new keys of its rows.

While the source exists the copy is a test company: a number must not be live in two companies (ADR 0043).
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company, Head, Mode, RetentionSchedule, Series
from chalicelib.domain.companies.member import Member, proven_address
from chalicelib.domain.documents.model import Issued, Seller
from chalicelib.domain.documents.register import genesis
from chalicelib.domain.entity import Record, new_row
from chalicelib.domain.errors import AlreadyExists, Forbidden
from chalicelib.domain.ids import derived_id
from chalicelib.domain.privacy.consent import Consent
from chalicelib.files import prefixes
from chalicelib.policy.load import policy_version
from chalicelib.services.backup.create import plans
from chalicelib.store.decision import RESTORE_FOUNDING, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World


@dataclass(frozen=True)
class Owner:
    """The owner of the copy: the token's subject, and an address with its keyed digest if known."""

    user: str
    email: str | None = None
    email_key: str | None = None
    proven: bool = False
    consent: Consent | None = None
    """Their acceptance and choices in the source. They need not accept the same policy again."""


def company_of(job: str) -> str:
    """The id of the company that a restore creates. It depends on the job alone, so a repeated begin finds it."""
    return derived_id("cmp", job)


def owner_of(world: "World", company: str, head: Head | None, member: str) -> Owner:
    """The requester as the source's member. `head` is the source's. Raises Forbidden for a former owner, Busy."""
    for row in world.store.all_of(Member, company):
        if row.id == member and row.role == "owner":
            (consent,) = world.store.records([Consent.ref(company, member)])
            proven = proven_address(row, head) is not None
            return Owner(row.user, row.email, row.email_key, proven, consent if isinstance(consent, Consent) else None)
    raise Forbidden(scope="")


def rekeyed(record: Record, source: str, company: str) -> Record:
    """A row of the source as a row of the copy. Of a document only the key changes, never a byte of its content. A
    series keeps the source's first chain hash as its anchor."""
    if company == source:
        return record
    changes: dict[str, Any] = {"company": company}
    if isinstance(record, Company):
        changes |= {"id": company, "logo": prefixes.own_logo(company, record.logo)}
    if isinstance(record, Series) and record.anchor is None:
        changes |= {"swept": record.first - 1, "anchor": genesis(source, record.id)}
    return replace(record, **changes)


@dataclass(frozen=True)
class Founding:
    """The attributes of a copy's first commit: job, mode, owner (None for a drill) and the source's retention row."""

    job: str
    mode: Mode
    owner: Owner | None = None
    schedule: RetentionSchedule | None = None

    def found(self, store: Store, call: Call) -> None:
        """Create the company, closed to clients. A repetition finds it. Raises AlreadyExists for another job's company,
        Busy."""

        def decide_copy(snapshot: Snapshot) -> Decision:
            if snapshot.founded:
                if snapshot.head.restore != self.job:
                    raise AlreadyExists(id=call.company)
                return Decision()
            return Decision(new=tuple(self._rows(call)), head=self._head())

        transact(store, call, [], decide_copy, RESTORE_FOUNDING)

    def _head(self) -> dict[str, Any]:
        return {
            "mode": self.mode,
            "state": "restoring",
            "restore": self.job,
            "cloud_sync": True,
            "cloud_backup": True,
        }

    def _rows(self, call: Call) -> list[Record]:
        if self.owner is None:
            return []
        member = call.make(
            Member,
            id=derived_id(Member.PREFIX, self.job),
            user=self.owner.user,
            email=self.owner.email,
            email_key=self.owner.email_key,
            proven=self.owner.proven,
            role="owner",
        )
        schedules = [replace(self.schedule, company=call.company, id=call.company, attempts=0)] if self.schedule else []
        before = self.owner.consent
        consents = [replace(before, company=call.company, id=member.id, version=1)] if before else []
        return [member, *consents, *schedules, *plans.begun(call.company, call.at)]


def profile_of(document: Issued, company: str, at: datetime) -> Company:
    """The profile of a copy that has only statutory records: the seller of its last document. The new owner accepts the
    privacy policy at the first sign-in."""
    seller = {f.name: getattr(document.seller, f.name) for f in fields(Seller)}
    seller |= {"logo": prefixes.own_logo(company, document.seller.logo)}
    return Company(**new_row(company, company, at), policy_version=policy_version(), **seller)


def mode_of(source: Head | None, *, gone: bool) -> Mode:
    """Live only if the source no longer exists."""
    return source.mode if gone and source else "test"
