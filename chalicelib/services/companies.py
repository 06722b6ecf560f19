"""The company itself: signing up, its profile, its cloud switches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chalicelib.domain.backup import BackupPlan, DrillPlan
from chalicelib.domain.call import Answer, Call
from chalicelib.domain.clock import today
from chalicelib.domain.company import Company, Head, Mode, Term
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AgeRefused, AlreadyExists, Busy, NotFound, WorkspaceNotEmpty, invalid
from chalicelib.domain.etag import require_match
from chalicelib.domain.ids import new_id
from chalicelib.domain.member import Member
from chalicelib.files import prefixes
from chalicelib.policy.load import accepted_versions
from chalicelib.services import numbering
from chalicelib.services.backup import leaving, plans
from chalicelib.services.consent import accepting
from chalicelib.services.present import Body, present_company, present_list, present_settings
from chalicelib.services.privacy import retention
from chalicelib.services.screening import screen, settled
from chalicelib.store.door import ACCOUNT, FOUNDING, Decision, Snapshot, transact
from chalicelib.store.read import Reader, companies_of
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

URL = "/v1/company"
AT_ONCE = 33
"""Companies shown from one transaction: three rows each, of the 100 that it can read."""
LOOKS = 5
PLANS = (BackupPlan, DrillPlan)


@dataclass(frozen=True)
class Owner:
    """Who signs a company up: the token's subject, a verified e-mail if there is one, and the answer to the age gate.
    No birth date is asked for or kept."""

    user: str
    email: str | None
    of_age: bool
    email_key: str | None = None


def sign_up(store: Store, call: Call, owner: Owner, mode: Mode, profile: Mapping[str, Any]) -> Answer:
    """A new company with its owner, its cloud switches off. `call.company` was derived from the person and the
    idempotency key. Raises AgeRefused under 13, InvalidContent, AlreadyExists."""
    if not owner.of_age:
        raise AgeRefused
    if (version := profile["policy_version"]) not in (known := accepted_versions(today(call.at))):
        raise invalid("/policy_version", "policy_version_unknown", version=version, known=list(known))
    stamps: dict[str, Any] = {"company": call.company, "created_at": call.at, "updated_at": call.at}
    values = settled(profile)
    company = Company(id=call.company, **stamps, **values)
    screen(company, values)
    member_id = new_id(Member.PREFIX, call.at, call.random("id", Member.PREFIX))
    member = Member(id=member_id, **stamps, user=owner.user, email=owner.email, role="owner", email_key=owner.email_key)
    head = Head(id=call.company, **stamps, clock=1, chain="", mode=mode)
    accepted = accepting(call, member_id, version, None)

    def decide(snapshot: Snapshot) -> Decision:
        if snapshot.founded:
            raise AlreadyExists(id=call.company)
        answer = Answer(present_company(company, head), status=201, location=URL)
        return Decision(
            answer, new=(company, member, retention.begun(company, call.at), *accepted), head={"mode": mode}
        )

    return transact(store, replace(call, actor=member_id), [], decide, FOUNDING).answer


def mine(store: Store, user: str) -> Answer:
    """The companies that a person is a member of (at most 100), each with the person's role; of a blocked or closed one
    no more than that it exists."""
    joined = companies_of(store, user)
    data: list[Body] = []
    for start in range(0, len(joined), AT_ONCE):
        part = joined[start : start + AT_ONCE]
        own = [m.company for m in part]
        refs = [ref for c in own for ref in (Head.ref(c), Company.ref(c), Member.ref(c, user=user))]
        rows = store.records(refs)
        data += [body for i in range(0, len(rows), 3) if (body := _membership(*rows[i : i + 3]))]
    return Answer(present_list("/v1/companies", data))


def _membership(head: Record | None, company: Record | None, member: Record | None) -> Body | None:
    """One of a person's companies. The index lags behind, so that a membership just ended has no row any more."""
    if not isinstance(head, Head) or not isinstance(member, Member):
        return None
    name = company.name if isinstance(company, Company) and head.state == "active" else None
    return {
        "id": head.company,
        "object": "company",
        "name": name,
        "mode": head.mode,
        "state": head.state,
        "role": member.role,
    }


def profile(reader: Reader) -> Answer:
    """The company's profile."""
    return Answer(present_company(reader.get(Company, reader.company), reader.head))


def edit(store: Store, call: Call, if_match: str, changes: Mapping[str, Any]) -> Answer:
    """The profile with `changes`; `series` among them sets patterns, or the first number of a series that has none
    yet. Raises StaleVersion, InvalidContent, NumberingSettled."""
    own = {name: value for name, value in changes.items() if name != "series"}

    def decide(snapshot: Snapshot) -> Decision:
        before = _company(snapshot, if_match)
        values = settled(own, before)
        after, series, head = before.edited(call.at, **values), list[Record](), dict[str, Any]()
        screen(after, values)
        if changes.get("series"):
            after, series, head = numbering.patch(snapshot, after, changes["series"], call)
        if after.financial_year_end != before.financial_year_end and (term := snapshot.get(Term)):
            series.append(retention.with_year_end(term, after.financial_year_end, call.at))
        return Decision(Answer(present_company(after, snapshot.head)), puts=(after, *series), head=head)

    return transact(store, call, [Company.ref(call.company)], decide, ACCOUNT).answer


def _company(snapshot: Snapshot, if_match: str) -> Company:
    company = snapshot.get(Company)
    if company is None:
        raise NotFound
    require_match(if_match, present_company(company, snapshot.head))
    return company


def set_logo(world: "World", reader: Reader, call: Call, if_match: str, picture: bytes) -> Answer:
    """The profile with another logo, kept as we encode it; documents issued before keep theirs. Raises StaleVersion,
    TooLarge above 512 KB, InvalidContent for what is no PNG or JPEG, Busy."""
    from chalicelib.render.logo import clean_logo, picture_size

    # Before anything is stored: what is refused must leave no object behind.
    require_match(if_match, profile(reader).body)
    cleaned = clean_logo(picture)
    media, _, _ = picture_size(cleaned)
    extension = "png" if media == "image/png" else "jpg"
    key = prefixes.logo(call.company, sha256(cleaned).hexdigest(), extension)
    world.files.put(key, cleaned, media)

    def decide(snapshot: Snapshot) -> Decision:
        after = _company(snapshot, if_match).edited(call.at, logo=key)
        return Decision(Answer(present_company(after, snapshot.head)), puts=(after,))

    return transact(world.store, call, [Company.ref(call.company)], decide, ACCOUNT).answer


def switches(reader: Reader) -> Answer:
    """The cloud switches."""
    return Answer(present_settings(reader.head))


class _LookFirst(Exception):
    """Whether the workspace is empty must be known as of the clock that the decision is made on."""


def switching_off(reader: Reader, changes: Mapping[str, bool]) -> Answer:
    """The switches as they would be, and what of the business data would be erased with the last one. Raises Busy."""
    wanted = {f"cloud_{name}": on for name, on in changes.items()}
    after = reader.head.edited(reader.head.updated_at, **wanted)
    stays = after.cloud_sync or after.cloud_backup
    goes = {} if stays else leaving.going(reader.store, reader.company)
    return Answer({**present_settings(after), "goes": goes})


def switch(store: Store, call: Call, if_match: str, changes: Mapping[str, bool], *, erase: bool = False) -> Answer:
    """Turn `sync` or `backup` on or off. Raises StaleVersion, and WorkspaceNotEmpty when the last one would go off
    while business data lies in the cloud: what is off stores nothing. With `erase` it goes off, and a job erases that
    data (202). With `backup` on, the company has its plans."""
    if erase:
        decide = _switching(call, if_match, changes, None, erase=True)
        return transact(store, call, [cls.ref(call.company) for cls in PLANS], decide, ACCOUNT).answer
    looked: tuple[int, bool] | None = None
    for _ in range(LOOKS):
        try:
            decide = _switching(call, if_match, changes, looked)
            return transact(store, call, [cls.ref(call.company) for cls in PLANS], decide, ACCOUNT).answer
        except _LookFirst:
            looked = _look(store, call.company)
    raise Busy


def _switching(
    call: Call, if_match: str, changes: Mapping[str, bool], looked: tuple[int, bool] | None, *, erase: bool = False
) -> Any:
    def decide(snapshot: Snapshot) -> Decision:
        head = snapshot.head
        require_match(if_match, present_settings(head))
        wanted = {f"cloud_{name}": on for name, on in changes.items()}
        after = head.edited(call.at, **wanted)
        leaves = (head.cloud_sync or head.cloud_backup) and not (after.cloud_sync or after.cloud_backup)
        if leaves and not erase:
            if looked is None or looked[0] != head.clock:
                raise _LookFirst
            if not looked[1]:
                raise WorkspaceNotEmpty
        state = {"cloud_sync": after.cloud_sync, "cloud_backup": after.cloud_backup}
        made, gone = plans.following(snapshot, call.at, on=after.cloud_backup)
        answer = Answer(present_settings(after))
        if leaves and erase:
            job = leaving.queued(call)
            shown = {**answer.body, "job": job.id}
            answer, made = Answer(shown, status=202, location=f"/v1/jobs/{job.id}"), (*made, job)
        return Decision(answer, new=made, deletes=gone, head=state)

    return decide


def _look(store: Store, company: str) -> tuple[int, bool]:
    """The clock before looking, and whether the workspace holds nothing but the profile."""
    (head,) = store.records([Head.ref(company)])
    if not isinstance(head, Head):
        raise NotFound
    own = (Company, *PLANS)
    rows = store.query("workspace", company, limit=len(own) + 1).records
    return head.clock, all(isinstance(row, own) for row in rows)
