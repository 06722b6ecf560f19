"""Accepting an invitation to a company."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.access import MemberShown
from chalicelib.api.answers import Answer, address, answer
from chalicelib.api.endpoint import SIGNED_IN, Endpoint, RequestContext
from chalicelib.api.fields import Model, Text
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.member import Member
from chalicelib.domain.errors import (
    AgeRefused,
    AlreadyExists,
    CompanyBlocked,
    CompanyRestoring,
    InvitationNotFound,
)
from chalicelib.services.codes import email_key
from chalicelib.services.companies import joining
from chalicelib.services.companies.joining import Invitee, Joining
from chalicelib.services.representation.members import present_member


class InvitationAccept(Model):
    """The answers of an invited person, who is signed in with the address that the invitation was sent to."""

    code: Annotated[
        str,
        Text(100),
        Field(
            description="The code of the mail. Case, spaces and hyphens do not count.",
            examples=["605DE6ZWR07WRH08AYDEA0RSNYMFRGGZDFMZTWQ2LKNNWG23TPOA"],
        ),
    ]
    of_age: Annotated[bool, Field(description="They are 13 or older. No birth date is asked for.", examples=[True])]
    policy_version: Annotated[
        str,
        Text(20),
        Field(description="The version of the privacy policy that they accept.", examples=["2026-04-02"]),
    ]
    join: Annotated[Literal[True], Field(description="They agree to join the company.", examples=[True])]


class JoinedShown(MemberShown):
    """The new membership and its company, whose id goes into the header `Company`."""

    company: Annotated[
        str,
        Field(description="The company to name in the header `Company`.", examples=["cmp_605DE6ZWR07WRH08AYDEA0RSNY"]),
    ]


def _joined(member: Member, _: Head) -> Answer:
    return Answer({**present_member(member), "company": member.company}, 201, address("members", member.id))


def _accept(context: RequestContext) -> Answer:
    sent, actor = context.body, context.actor
    person = Invitee(actor.subject, actor.email, email_key(context.world.settings, actor.email))
    answers = Joining(sent.code, sent.of_age, sent.policy_version)
    return answer(joining.accept(context.world, context.presenting(_joined), person, answers))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=address("invitations", "accept"),
        scope=SIGNED_IN,
        handler=_accept,
        summary="Accept an invitation and become a member",
        request_model=InvitationAccept,
        response_model=JoinedShown,
        status=201,
        idempotent=True,
        errors=(InvitationNotFound, AgeRefused, AlreadyExists, CompanyBlocked, CompanyRestoring),
        tag="Members",
    ),
)
