"""Authentication and authorisation. The gateway's authorizer checks the signature of a person's token and the form of
an API key. The guard checks the key, membership and scope for each endpoint, in one read (ADR 0086).

The guard trusts only the request context that the authorizer wrote. A caller who does not belong to a company gets the
same answer as for a company that does not exist.
"""

import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from chalicelib.api.endpoint import PUBLIC, SIGNED_IN, Actor, Endpoint
from chalicelib.api.roles import KEY_SCOPES, ROLE_SCOPES, acts
from chalicelib.api.unnamed import only_company
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.member import ApiKey, Member
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import (
    Busy,
    CloudStorageOff,
    CompanyBlocked,
    Forbidden,
    InvalidContent,
    NotFound,
    Unauthenticated,
)
from chalicelib.domain.ids import is_id
from chalicelib.outside.tokens import read_api_key

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.store.read import Reader
    from chalicelib.wiring import World

NOBODY: Final = Actor(id="nobody", kind="nobody", scopes=frozenset())
NEWCOMER: Final = "newcomer"
"""The id of a person who is no member."""
_UNVERIFIED: Final = "unverified"


def authorize(world: "World", token: str) -> dict[str, str] | None:
    """The request context that the authorizer makes from this `Authorization` value; None if it proves no identity.

    An API key of the right form is let through without a read: the guard compares its digest. If the issuer's keys are
    unavailable, the context says so and grants nothing. The guard then answers 503, because a caller with a valid token
    must not be asked to sign in again.
    """
    scheme, _, credential = token.strip().partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        return None
    try:
        if credential.startswith("fp_"):
            return _key_context(credential)
        person = world.tokens.verify(credential)
    except Unauthenticated:
        return None
    except Busy:
        return {"kind": _UNVERIFIED}
    context = {"kind": "user", "subject": person.subject}
    if person.email:
        context["email"] = person.email
    if person.signed_in_at:
        context["signed_in_at"] = str(int(person.signed_in_at.timestamp()))
    return context


def _key_context(credential: str) -> dict[str, str] | None:
    key = read_api_key(credential)
    if key is None:
        return None
    about = {"company": key.company, "mode": key.mode, "digest": key.digest}
    return {"kind": "api_key", "subject": key.id, **about}


def _admit_key(
    world: "World", company: str, key_id: str, context: Mapping[str, Any]
) -> tuple[Head, ApiKey, Record | None]:
    """The company's head, the key's row and its maker's membership. Raises Unauthenticated for a key that is unknown,
    forged, revoked or expired, or whose mode differs from the company's."""
    from chalicelib.store.read import admit, known_maker, maker_of

    user = known_maker(company, key_id)
    admission = admit(
        world.store, company, ApiKey.ref(company, key_id), Member.ref(company, user=user) if user else None
    )
    head, row = admission.head, admission.entity
    # Without a row, compare with a digest that matches nothing, so that both cases take the same time.
    stored = row.digest if isinstance(row, ApiKey) else "0" * 64
    forged = not hmac.compare_digest(stored.encode(), str(context.get("digest", "")).encode())
    mode = context.get("mode")
    if forged or head is None or not isinstance(row, ApiKey) or not row.opens(world.now()) or mode != head.mode:
        raise Unauthenticated
    return head, row, admission.maker if user else maker_of(world.store, row)


def guard(world: "World", endpoint: Endpoint, request: "Request") -> "tuple[Actor, str, Reader | None]":
    """The actor, the company's id and its reader. Raises Unauthenticated, Forbidden (role or scope), NotFound (no such
    company, or not the caller's), PolicyNotAccepted, CompanyBlocked, CloudStorageOff, InvalidContent (several
    companies and none named) and Busy."""
    if endpoint.scope == PUBLIC:
        return _recognised(world, request) if endpoint.recognises else (NOBODY, "", None)
    context: Mapping[str, Any] = request.context.get("authorizer") or {}
    kind, subject = context.get("kind"), context.get("subject")
    if kind == _UNVERIFIED:
        raise Busy
    if kind not in ("user", "api_key") or not isinstance(subject, str) or not subject:
        raise Unauthenticated
    named = request.headers.get("company")
    if endpoint.scope == SIGNED_IN:
        if kind != "user":
            _as_key(world, context, subject, named)
            raise Forbidden(scope="")
        return _person(context, subject, None), "", None
    job = (request.uri_params or {}).get("id") if endpoint.of_job else None
    head, actor = _caller(world, endpoint, context, subject, named, job)
    if endpoint.wipes and actor.id == NEWCOMER:
        return actor, head.company, None
    if endpoint.scope not in actor.scopes:
        raise Forbidden(scope=endpoint.scope)
    if endpoint.while_blocked and head.state != "active":
        return actor, head.company, None
    from chalicelib.store.read import open_company

    reader = open_company(world.store, head.company, head)
    if endpoint.in_cloud and not (head.cloud_sync or head.cloud_backup):
        raise CloudStorageOff
    _require_accepted(world, endpoint, head.company, actor)
    _note_use(world, head.company, actor)
    return actor, head.company, reader


def _require_accepted(world: "World", endpoint: Endpoint, company: str, actor: Actor) -> None:
    """Refuse a change by a member who must accept the policy, or by their key. Raises PolicyNotAccepted, Busy."""
    if acts(endpoint):
        from chalicelib.services.companies.acceptance import require_accepted

        require_accepted(world.store, company, actor.member, today(world.now()))


def _caller(
    world: "World", endpoint: Endpoint, context: Mapping[str, Any], subject: str, named: str | None, job: str | None
) -> tuple[Head, Actor]:
    """The API key or the member as the actor, with the company's head."""
    if context.get("kind") == "api_key":
        return _as_key(world, context, subject, named)
    return _as_member(
        world,
        context,
        subject,
        named,
        follows=endpoint.while_blocked,
        reads=endpoint.method == "GET",
        leavers=endpoint.wipes,
        job=job,
    )


def _recognised(world: "World", request: "Request") -> "tuple[Actor, str, Reader | None]":
    """The member whose token comes with a request to a public endpoint. An invalid or expired token counts as no token:
    public resources must stay available when a token has expired or cannot be verified."""
    credential = request.headers.get("authorization")
    context = authorize(world, credential) if credential else None
    if context is None or context.get("kind") != "user":
        return NOBODY, "", None
    from chalicelib.store.read import open_company

    try:
        head, actor = _as_member(world, context, context["subject"], request.headers.get("company"))
        return actor, head.company, open_company(world.store, head.company, head)
    except (NotFound, CompanyBlocked, InvalidContent, Busy):
        return NOBODY, "", None


def _as_key(world: "World", context: Mapping[str, Any], key_id: str, named: str | None) -> tuple[Head, Actor]:
    """The API key as the actor, with the scopes that its maker's present role allows. Raises Unauthenticated also if
    its maker is no longer a member, NotFound if another company is named."""
    company = str(context.get("company", ""))
    if not is_id("cmp", company) or not is_id("key", key_id):
        raise Unauthenticated
    if named is not None and named.strip() != company:
        raise NotFound
    head, row, maker = _admit_key(world, company, key_id, context)
    if not isinstance(maker, Member) or maker.id != row.created_by:
        raise Unauthenticated
    scopes = KEY_SCOPES[maker.role].intersection(row.scopes)
    return head, Actor(id=row.id, kind="api_key", scopes=scopes, maker=maker.id, last_used_on=row.last_used_on)


def _note_use(world: "World", company: str, actor: Actor) -> None:
    """Note the day of an API key's use: one commit a day at most, because the row states the last day."""
    at = world.now()
    if actor.kind != "api_key" or actor.last_used_on == today(at):
        return
    from chalicelib.services.companies.access import note_use

    call = world.call(company, actor.id, "api_key_used", key=f"used:{actor.id}", at=at)
    with suppress(Busy, CompanyBlocked):  # The request itself is answered. The next one of the day notes the use.
        note_use(world.store, call, actor.id)


def _as_member(
    world: "World",
    context: Mapping[str, Any],
    subject: str,
    named: str | None,
    *,
    follows: bool = False,
    reads: bool = False,
    leavers: bool = False,
    job: str | None = None,
) -> tuple[Head, Actor]:
    """The member as the actor. `follows` also admits a requester of the account's deletion whose membership is deleted:
    they see only that request. For a blocked account it also admits a removed owner, who may cancel the deletion.
    `leavers` admits anybody, without scopes. `job` is the id that finds the company if none is named."""
    from chalicelib.store.read import admit

    company = named.strip() if named is not None else only_company(world, subject, job)
    if not is_id("cmp", company):
        raise NotFound
    admission = admit(world.store, company, Member.ref(company, user=subject))
    head, member = admission.head, admission.entity
    if (
        follows
        and head is not None
        and member is None
        and (scopes := _scopes_of_outsider(world, head, subject, reads=reads))
    ):
        return head, replace(_person(context, subject, None), scopes=scopes)
    if head is None or not (isinstance(member, Member) or (leavers and member is None)):
        raise NotFound
    return head, _person(context, subject, member if isinstance(member, Member) else None)


def _scopes_of_outsider(world: "World", head: Head, subject: str, *, reads: bool) -> frozenset[str]:
    """The scopes of a person who is not a member, in a company that is not open."""
    from chalicelib.services.privacy.requester import was_owner

    if head.state == "blocked" and was_owner(world.store, head.company, subject):
        return frozenset({"privacy.read", "privacy.write"})
    # Members are deleted before the account is closed. The requester must be able to follow the request meanwhile.
    return frozenset({"privacy.read"}) if reads and head.state in ("blocked", "closed") else frozenset()


def _person(context: Mapping[str, Any], subject: str, member: Member | None) -> Actor:
    since, email = str(context.get("signed_in_at", "")), context.get("email")
    return Actor(
        id=member.id if member else NEWCOMER,
        kind="user",
        subject=subject,
        scopes=ROLE_SCOPES.get(member.role, frozenset()) if member else frozenset(),
        role=member.role if member else None,
        email=email if isinstance(email, str) else None,
        signed_in_at=datetime.fromtimestamp(int(since), UTC) if since.isascii() and since.isdigit() else None,
    )
