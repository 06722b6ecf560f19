"""Members and API keys."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, address, answer, created, deleted, listed, shown
from chalicelib.api.document_shapes import Deleted
from chalicelib.api.endpoint import Endpoint, RequestContext, Scope, require_fresh
from chalicelib.api.fields import Email, Instant, Model, Text
from chalicelib.api.paging import FilteredList, ListOf, PageQuery
from chalicelib.api.records import RecordShown
from chalicelib.api.roles import GRANTABLE
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.member import ApiKey, Role
from chalicelib.domain.errors import AlreadyExists, LastOwner, ProofNeeded, TooManyApiKeys
from chalicelib.services.codes import email_key
from chalicelib.services.companies import access
from chalicelib.services.companies.access import KEYS, MadeKey
from chalicelib.services.records.listing import listing
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.records import present_record

MEMBERS_URL = address("members")
KEYS_URL = address("api-keys")


class MemberNew(Model):
    """A person to add as a member. `user` is the subject of their access tokens."""

    user: Annotated[str, Text(128)]
    email: Email | None = None
    role: Role


class MemberEdit(Model):
    """A new role."""

    role: Role


class MemberShown(RecordShown):
    """A person's membership. `invited` is true if they had a company before; without a `Company` header, the earlier
    one is used."""

    object: Literal["member"]
    user: str
    email: str | None
    role: Role
    invited: bool


class KeyNew(Model):
    """An API key and its scopes: never more than its maker's, and never those of members or keys."""

    name: Annotated[str, Text(100)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(GRANTABLE))]
    expires_at: Annotated[
        Instant | None,
        Field(
            description="The instant from which the key opens nothing. Null for no end.",
            examples=["2027-12-01T00:00:00Z"],
        ),
    ] = None


class KeyShown(RecordShown):
    """An API key. `key`, the clear text, is only in the answer that creates it."""

    object: Literal["api_key"]
    name: str
    hint: str
    scopes: list[str]
    created_by: str
    revoked_at: str | None
    expires_at: Annotated[
        str | None, Field(description="When it ends; null for no end.", examples=["2027-12-01T00:00:00Z"])
    ]
    last_used_on: Annotated[
        str | None,
        Field(description="The last day on which it opened something; null if never.", examples=["2026-12-01"]),
    ]
    key: str | None = None


def _members(context: RequestContext) -> Answer:
    everybody = reversed(access.roster(context.open))
    return Answer(listed(MEMBERS_URL, (present_record(member) for member in everybody)))


def _member(context: RequestContext) -> Answer:
    return Answer(present_record(access.member(context.open, context.path["id"])))


def _add_member(context: RequestContext) -> Answer:
    key = email_key(context.world.settings, context.body.email)
    call = context.presenting(created(present_record, "members"))
    return answer(access.add_member(context.open, call, context.body.user, context.body.email, context.body.role, key))


def _change_role(context: RequestContext) -> Answer:
    call = context.presenting(shown(present_record))
    return answer(access.change_role(context.open, call, context.path["id"], context.body.role))


def _remove_member(context: RequestContext) -> Answer:
    call = context.presenting(shown(deleted))
    return answer(access.remove_member(context.open, call, context.path["id"]))


def _keys(context: RequestContext) -> Answer:
    query = context.query
    page = listing(context.open, KEYS, Window(query.limit, query.starting_after, query.ending_before))
    data = map(present_record, page.items)
    return Answer(listed(KEYS_URL, data, more=page.next is not None, next=page.next))


def _key(context: RequestContext) -> Answer:
    return Answer(present_record(context.open.get(ApiKey, context.path["id"])))


def _create_key(context: RequestContext) -> Answer:
    held = GRANTABLE & context.actor.scopes
    if "backups.restore" in context.body.scopes and context.actor.kind == "user":
        require_fresh(context)  # A key cannot give the proof of identity that a person gives.
    call = context.presenting(_new_key)
    sent = context.body
    return answer(access.create_key(context.world.store, call, sent.name, sent.scopes, held, sent.expires_at))


def _new_key(new: MadeKey, _: Head) -> Answer:
    location = address("api-keys", new.key.id)
    return Answer(present_record(new.key), status=201, location=location, secret={"key": new.token})


def _revoke_key(context: RequestContext) -> Answer:
    call = context.presenting(shown(present_record))
    return answer(access.revoke_key(context.world.store, call, context.path["id"]))


_MEMBERS = (
    Endpoint(
        method="GET",
        path=MEMBERS_URL,
        scope="members.read",
        handler=_members,
        summary="List all members",
        response_model=ListOf[MemberShown],
        tag="Members",
    ),
    Endpoint(
        method="POST",
        path=MEMBERS_URL,
        scope="members.write",
        handler=_add_member,
        summary="Add a member",
        request_model=MemberNew,
        response_model=MemberShown,
        status=201,
        idempotent=True,
        errors=(AlreadyExists,),
        tag="Members",
    ),
    Endpoint(
        method="GET",
        path=MEMBERS_URL + "/{id}",
        scope="members.read",
        handler=_member,
        summary="Read a member",
        response_model=MemberShown,
        tag="Members",
    ),
    Endpoint(
        method="PATCH",
        path=MEMBERS_URL + "/{id}",
        scope="members.write",
        handler=_change_role,
        summary="Change a member's role",
        request_model=MemberEdit,
        response_model=MemberShown,
        idempotent=True,
        if_match=True,
        errors=(LastOwner,),
        tag="Members",
    ),
    Endpoint(
        method="DELETE",
        path=MEMBERS_URL + "/{id}",
        scope="members.write",
        handler=_remove_member,
        summary="Remove a member",
        response_model=Deleted,
        if_match=True,
        errors=(LastOwner,),
        tag="Members",
    ),
)
_KEYS = (
    Endpoint(
        method="GET",
        path=KEYS_URL,
        scope="keys.read",
        handler=_keys,
        summary="List API keys, revoked and expired ones included",
        query=PageQuery,
        response_model=FilteredList[KeyShown],
        tag="API keys",
    ),
    Endpoint(
        method="POST",
        path=KEYS_URL,
        scope="keys.write",
        handler=_create_key,
        summary="Create an API key; its clear text is shown once",
        request_model=KeyNew,
        response_model=KeyShown,
        status=201,
        idempotent=True,
        errors=(ProofNeeded, TooManyApiKeys),
        tag="API keys",
    ),
    Endpoint(
        method="GET",
        path=KEYS_URL + "/{id}",
        scope="keys.read",
        handler=_key,
        summary="Read an API key",
        response_model=KeyShown,
        tag="API keys",
    ),
    Endpoint(
        method="DELETE",
        path=KEYS_URL + "/{id}",
        scope="keys.write",
        handler=_revoke_key,
        summary="Revoke an API key with immediate effect",
        response_model=KeyShown,
        if_match=True,
        tag="API keys",
    ),
)
ENDPOINTS = (*_MEMBERS, *_KEYS)
