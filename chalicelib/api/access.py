"""Members and API keys."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from chalicelib.api.answers import Answer, address, answer, deleted, listed, shown
from chalicelib.api.document_shapes import Deleted
from chalicelib.api.endpoint import Endpoint, RequestContext, Scope, require_fresh
from chalicelib.api.fields import Email, Instant, Model, Text
from chalicelib.api.paging import FilteredList, ListOf, PageQuery
from chalicelib.api.records import RecordShown
from chalicelib.api.roles import GRANTABLE
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.member import ApiKey, Member, Role
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AlreadyExists, LastOwner, ProofNeeded, TooManyApiKeys
from chalicelib.domain.language import Language
from chalicelib.services.companies import access, invitations
from chalicelib.services.companies.access import KEYS, MadeKey
from chalicelib.services.companies.invitations import InvitationInput, Invited
from chalicelib.services.inputs.records import unsent
from chalicelib.services.records.listing import listing
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.members import present_member
from chalicelib.services.representation.records import present_record

MEMBERS_URL = address("members")
KEYS_URL = address("api-keys")


def _email_required(schema: dict[str, Any]) -> None:
    """State `email` as required. Only a request of earlier releases lacks it."""
    schema["required"] = ["email", "role"]


class MemberNew(Model):
    """A person to invite. They become a member when they accept the invitation that is mailed to them."""

    model_config = ConfigDict(json_schema_extra=_email_required)

    email: Annotated[
        Email, Field(description="The address that the invitation is sent to.", examples=["samira@atlas.example"])
    ] = unsent()
    role: Annotated[Role, Field(description="What they may do once they have joined.", examples=["clerk"])]
    language: (
        Annotated[Language, Field(description="The language of the mail. Without it, the company's.", examples=["fr"])]
        | None
    ) = None
    user: SkipJsonSchema[Annotated[str, Text(128)] | None] = None
    """The subject of a token, which earlier releases took. A request of then still gets its first answer."""


class MemberEdit(Model):
    """A new role."""

    role: Role


class MemberShown(RecordShown):
    """A person's membership, or their open invitation. `invited` is true if they had a company before; without a
    `Company` header, the earlier one is used."""

    object: Literal["member"]
    user: Annotated[
        str | None,
        Field(description="The subject of their access tokens. Null until they join.", examples=["8f14e45f-ceea"]),
    ]
    email: str | None
    role: Role
    invited: bool
    status: Annotated[
        Literal["invited", "active"],
        Field(description="An invited person has no power until they accept.", examples=["active"]),
    ]
    invitation_ends_at: Annotated[
        str | None,
        Field(
            description="The instant from which the invitation cannot be accepted. Null for a member.",
            examples=["2026-12-08T09:00:00Z"],
        ),
    ]


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
    members = access.roster(context.open)
    invited = invitations.open_invitations(context.world.store, context.company, members, context.at)
    everybody: list[Record] = sorted((*members, *invited), key=lambda each: each.id, reverse=True)
    return Answer(listed(MEMBERS_URL, map(present_member, everybody)))


def _member(context: RequestContext) -> Answer:
    id = context.path["id"]
    return Answer(present_member(invitations.find(context.open, id, context.at) or access.member(context.open, id)))


def _invite(context: RequestContext) -> Answer:
    call, sent = context.presenting(_invited), context.body
    person = InvitationInput(sent.email, sent.role, sent.language, sent.user)
    return answer(invitations.invite(context.world, context.open, call, person))


def _invited(invited: Invited, _: Head) -> Answer:
    body = present_member(invited.invitation)
    return Answer(body, 201, address("members", body["id"])) if invited.new else Answer(body)


def _change_role(context: RequestContext) -> Answer:
    id, role = context.path["id"], context.body.role
    call = context.presenting(shown(present_member))
    if invitations.find(context.open, id, context.at):
        return answer(invitations.change_role(context.world.store, call, id, role))
    return answer(access.change_role(context.open, call, id, role))


def _remove_member(context: RequestContext) -> Answer:
    id, call = context.path["id"], context.presenting(shown(_removed))
    if invitations.find(context.open, id, context.at):
        return answer(invitations.withdraw(context.world.store, call, id))
    return answer(access.remove_member(context.open, call, id))


def _removed(gone: Record, _: Head) -> Body:
    return {**deleted(gone), "object": Member.KIND}


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
        summary="List all members and open invitations",
        response_model=ListOf[MemberShown],
        tag="Members",
    ),
    Endpoint(
        method="POST",
        path=MEMBERS_URL,
        scope="members.write",
        handler=_invite,
        summary="Invite a member by e-mail",
        request_model=MemberNew,
        response_model=MemberShown,
        status=201,
        also=(200,),
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
        summary="Remove a member, or withdraw an invitation",
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
