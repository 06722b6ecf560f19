"""A backup under another company's id: what the copy is from its first commit, and how its rows are keyed to it.

While the source exists the copy is a test company: one number may not live twice (ADR 0043).
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company, Head, Mode, Series, Term
from chalicelib.domain.companies.member import Member
from chalicelib.domain.documents.model import Issued, Seller
from chalicelib.domain.documents.register import genesis
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AlreadyExists, Forbidden
from chalicelib.domain.ids import derived_id
from chalicelib.files import prefixes
from chalicelib.policy.load import policy_version
from chalicelib.services.backup.create import plans
from chalicelib.store.transaction import RESTORE_FOUNDING, Decision, Snapshot, transact
from chalicelib.store.wire import SORT, Store

if TYPE_CHECKING:
    from chalicelib.wiring import World


@dataclass(frozen=True)
class Owner:
    """Who owns the copy: the token's subject, and an address with its keyed digest where they are known."""

    user: str
    email: str | None = None
    email_key: str | None = None


def company_of(job: str) -> str:
    """The id of the company that a restore makes: the same however often it is begun."""
    return derived_id("cmp", job)


def owner_of(world: "World", company: str, member: str) -> Owner:
    """Whoever asks, as the source knows them. Raises Forbidden for who is no owner any more, Busy."""
    rows = world.store.query("identity", company, SORT.startswith("member#")).records
    for row in rows:
        if isinstance(row, Member) and row.id == member and row.role == "owner":
            return Owner(row.user, row.email, row.email_key)
    raise Forbidden(scope="")


def rekeyed(record: Record, source: str, company: str) -> Record:
    """A row of the source as one of the copy. A document says what was issued, to the byte: only its key changes. A
    series keeps the source's beginning as its anchor, which its chain began at."""
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
    """What a copy is from its first commit: made by which job, in which mode, whose (nobody's: aside, for a drill), and
    the term that the source's records have."""

    job: str
    mode: Mode
    owner: Owner | None = None
    term: Term | None = None

    def found(self, store: Store, call: Call) -> None:
        """Make the company, shut. Repeated, it finds that done. Raises AlreadyExists for a company of another making,
        Busy."""

        def decide(snapshot: Snapshot) -> Decision:
            if snapshot.founded:
                if snapshot.head.restore != self.job:
                    raise AlreadyExists(id=call.company)
                return Decision()
            return Decision(new=tuple(self._rows(call)), head=self._head())

        transact(store, call, [], decide, RESTORE_FOUNDING)

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
        stamps: dict[str, Any] = {"company": call.company, "created_at": call.at, "updated_at": call.at}
        member = Member(
            id=derived_id(Member.PREFIX, self.job),
            user=self.owner.user,
            email=self.owner.email,
            email_key=self.owner.email_key,
            role="owner",
            **stamps,
        )
        term = [replace(self.term, company=call.company, id=call.company, attempts=0)] if self.term else []
        return [member, *term, *plans.begun(call.company, call.at)]


def profile_of(document: Issued, company: str, at: datetime) -> Company:
    """A profile for a company of which only what the law keeps is left: the seller as its last document names it. What
    its new owner accepts of the privacy policy is asked at their first sign-in."""
    seller = {f.name: getattr(document.seller, f.name) for f in fields(Seller)}
    seller |= {"logo": prefixes.own_logo(company, document.seller.logo)}
    return Company(company=company, id=company, created_at=at, updated_at=at, policy_version=policy_version(), **seller)


def mode_of(source: Head | None, *, gone: bool) -> Mode:
    """Live only where the source is gone."""
    return source.mode if gone and source else "test"
