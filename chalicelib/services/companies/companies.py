"""The company: sign-up, profile and logo."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company, Head, Mode, RetentionSchedule
from chalicelib.domain.companies.member import Member, Role
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AgeRefused, AlreadyExists, NotFound, invalid
from chalicelib.domain.identity import normalize, validate
from chalicelib.files import prefixes
from chalicelib.files.objects import Link
from chalicelib.policy import schedules
from chalicelib.policy.load import accepted_versions
from chalicelib.services import codes
from chalicelib.services.companies import templates
from chalicelib.services.companies.consent import accepting
from chalicelib.services.documents import numbering, page_quota
from chalicelib.services.earlier_templates import replaced
from chalicelib.services.evidence.recording import new_evidence
from chalicelib.services.tallies import DAY
from chalicelib.store.decision import FOUNDING, Committed, Decision
from chalicelib.store.read import Reader, companies_of
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import check, transact
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

AT_ONCE = 33
"""Companies read in one transaction: three rows each, of the 100 that it can read."""
SIGN_UPS_OF_ONE, SIGN_UPS_OF_SOURCE = 20, 100
"""New companies a day, of one person and from one network: an accounting firm may sit behind one address."""
LOOPBACK = frozenset({"", "127.0.0.1", "::/64"})
"""Sources that no gateway on AWS reports."""


@dataclass(frozen=True)
class FirstOwner:
    """The person who signs a company up: token subject, verified e-mail if any, and the answer to the age gate. No
    birth date is requested or stored."""

    user: str
    email: str | None
    of_age: bool
    email_key: str | None = None


def sign_up(store: Store, call: Call, owner: FirstOwner, mode: Mode, profile: Mapping[str, Any]) -> Committed[Company]:
    """Create a company and its owner, with the cloud switches off. `call.company` is derived from the person and the
    idempotency key. Raises AgeRefused under 13, InvalidContent, AlreadyExists."""
    if not owner.of_age:
        raise AgeRefused
    if (version := profile["policy_version"]) not in (known := accepted_versions(today(call.at))):
        raise invalid("/policy_version", "policy_version_unknown", version=version, known=list(known))
    values = normalize(profile)
    company = call.make(Company, id=call.company, identities_bind_from=today(call.at), **values)
    validate(company, values)
    member = call.make(
        Member,
        user=owner.user,
        email=owner.email,
        role="owner",
        email_key=owner.email_key,
        proven=owner.email is not None,
    )
    accepted = accepting(call, member.id, version, None, old_enough=True)

    def decide_founding(snapshot: Snapshot) -> Decision[Company]:
        if snapshot.founded:
            raise AlreadyExists(id=call.company)
        new = (
            company,
            member,
            schedules.new_schedule(company, call.at),
            new_evidence(call.company, call.at),
            *accepted,
        )
        return Decision(company, new=new, head={"mode": mode})

    return transact(store, replace(call, actor=member.id), [], decide_founding, FOUNDING)


@dataclass(frozen=True)
class MemberCompany:
    """One of a person's companies. A blocked or closed company has no `name` here."""

    head: Head
    name: str | None
    role: Role


def mine(store: Store, user: str) -> list[MemberCompany]:
    """The companies of which a person is a member, at most 100."""
    joined = companies_of(store, user)
    found: list[MemberCompany] = []
    for start in range(0, len(joined), AT_ONCE):
        part = joined[start : start + AT_ONCE]
        own = [m.company for m in part]
        refs = [ref for c in own for ref in (Head.ref(c), Company.ref(c), Member.ref(c, user=user))]
        rows = store.records(refs)
        found += [known for i in range(0, len(rows), 3) if (known := _membership(*rows[i : i + 3]))]
    return found


def limit_sign_ups(world: "World", company: str, user: str, source: str) -> None:
    """Count a sign-up of a new company by person and by source. Repeating one is free, and so is a developer's own
    machine. Raises TooManyRequests, Busy."""
    if world.store.records([Head.ref(company)]) != [None]:
        return
    codes.limit(world, "sign-ups by person", user, most=SIGN_UPS_OF_ONE, seconds=DAY)
    if source not in LOOPBACK:
        codes.limit(world, "sign-ups by source", source, most=SIGN_UPS_OF_SOURCE, seconds=DAY)


def _membership(head: Record | None, company: Record | None, member: Record | None) -> MemberCompany | None:
    """One of a person's companies, or None. The index is eventually consistent, so a recent member row may be gone."""
    if not isinstance(head, Head) or not isinstance(member, Member):
        return None
    name = company.name if isinstance(company, Company) and head.state == "active" else None
    return MemberCompany(head, name, member.role)


def profile(reader: Reader) -> Company:
    """The company's profile."""
    return reader.get(Company, reader.company)


def edit(world: "World", call: Call, changes: Mapping[str, Any]) -> Committed[Company]:
    """Apply `changes` to the profile. `series` sets patterns, or the first number of a series without numbers. A new
    template is tried first. Raises CloudStorageOff, StaleVersion, InvalidContent, NumberingSettled,
    RendererUnavailable, TooManyRequests."""
    if template := changes.get("template"):
        check(world.store, call)
        page_quota.count_trial(world, call.company)
        templates.require_printable(world, template)
    own = {name: value for name, value in changes.items() if name != "series"}

    def decide_edit(snapshot: Snapshot) -> Decision[Company]:
        before = _company(snapshot)
        values = normalize(own, before)
        after, series, head = before.edited(call.at, **values), list[Record](), dict[str, Any]()
        validate(after, values)
        if changes.get("series"):
            after, series, head = numbering.patch(snapshot, after, changes["series"], call)
        if after.financial_year_end != before.financial_year_end and (schedule := snapshot.get(RetentionSchedule)):
            series.append(schedules.with_year_end(schedule, after.financial_year_end, call.at))
        return Decision(after, puts=(after, *replaced(before, after, call), *series), head=head)

    return transact(world.store, call, [Company.ref(call.company)], decide_edit)


def _company(snapshot: Snapshot) -> Company:
    company = snapshot.get(Company)
    if company is None:
        raise NotFound
    return company


def set_logo(world: "World", call: Call, picture: bytes) -> Committed[Company]:
    """Replace the logo with a re-encoded picture. Documents issued before keep the old one. Raises CloudStorageOff,
    StaleVersion, TooLarge above 512 KB, InvalidContent unless it is a PNG or JPEG, Busy."""
    from chalicelib.render.logo import clean_logo, picture_size

    # Validate first: a refused request must leave no object in the bucket.
    check(world.store, call)
    cleaned = clean_logo(picture)
    media, _, _ = picture_size(cleaned)
    extension = "png" if media == "image/png" else "jpg"
    key = prefixes.logo(call.company, sha256(cleaned).hexdigest(), extension)
    world.files.put(key, cleaned, media)

    def decide_logo(snapshot: Snapshot) -> Decision[Company]:
        after = _company(snapshot).edited(call.at, logo=key)
        return Decision(after, puts=(after,))

    return transact(world.store, call, [Company.ref(call.company)], decide_logo)


def logo_link(world: "World", reader: Reader, digest: str | None) -> Link:
    """The address of the company's logo, valid for `LINK_SECONDS`: of the present one, or of the one with this SHA-256
    (hex), which an issued document may have frozen. Raises NotFound, Busy."""
    if digest is None:
        key = profile(reader).logo
        found = [key] if key else []
    else:
        found = [prefixes.logo(reader.company, digest, extension) for extension in ("png", "jpg")]
    for key in found:
        if world.files.exists(key):
            return world.files.url(key, filename=f"logo.{key.rpartition('.')[2]}")
    raise NotFound
