"""The company: sign-up, profile, logo."""

from base64 import b64decode
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, listed, shown, signed
from chalicelib.api.document_shapes import FileShown, NoticeShown
from chalicelib.api.endpoint import SIGNED_IN, Endpoint, RequestContext
from chalicelib.api.fields import Amount, Day, Email, MonthDay, ResponseModel, Text, multi_line
from chalicelib.api.law_settings import LawSettingsEdit, LawSettingsShown
from chalicelib.api.logo_models import LogoIn, LogoQuery
from chalicelib.api.numbering_models import NumberingsIn, NumberingsShown
from chalicelib.api.paging import ListOf
from chalicelib.api.party_shapes import AddressShown
from chalicelib.api.records import RecordShown
from chalicelib.domain.companies.company import (
    Mode,
    Regime,
)
from chalicelib.domain.companies.member import Role
from chalicelib.domain.companies.template import MOST_CHARACTERS
from chalicelib.domain.errors import (
    AgeRefused,
    AlreadyExists,
    CloudStorageOff,
    NotFound,
    NumberingSettled,
    RendererUnavailable,
    invalid,
)
from chalicelib.domain.ids import derived_id
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.withholding import PersonType
from chalicelib.services.codes import email_key
from chalicelib.services.companies import companies
from chalicelib.services.companies.companies import FirstOwner
from chalicelib.services.inputs.parties import TermsDays
from chalicelib.services.inputs.records import AddressIn, Edit, Name, unsent
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.records import present_company

URL = address("company")
_DECLARED = "The e-mail address that the company has declared for electronic invoices (CGI art. 145-X, BT-34)."
ElectronicAddress = Annotated[
    Email, Field(description=f"{_DECLARED} Without one, documents state `email`.", examples=["factures@atlas.example"])
]
ElectronicAddressShown = Annotated[str | None, Field(description=_DECLARED, examples=["factures@atlas.example"])]
_TEMPLATE = (
    "The merchant's own page, in Liquid over HTML; null for the standard layout. A document keeps that of its issue."
)
_EXAMPLE = "<h1>{{ title }} {{ number }}</h1>"
Template = Annotated[str, multi_line(MOST_CHARACTERS), Field(description=_TEMPLATE, examples=[_EXAMPLE])]


class Particulars(Edit):
    """A company's identity, contact and bank account, without its name."""

    name_ar: (
        Annotated[
            str,
            Text(200),
            Field(description="The name in Arabic, printed beside the name.", examples=["أطلس للتجارة"]),
        ]
        | None
    ) = None
    legal_form: Annotated[str, Text(60)] | None = None
    regime: Regime = unsent()
    person: PersonType = unsent()
    address: AddressIn | None = None
    ice: Annotated[str, Text(40)] | None = None
    tax_id: Annotated[str, Text(40)] | None = None
    trade_register: Annotated[str, Text(60)] | None = None
    business_tax: Annotated[str, Text(40)] | None = None
    cnss: Annotated[str, Text(40)] | None = None
    share_capital: Amount | None = None
    rib: Annotated[str, Text(60)] | None = None
    bank_name: (
        Annotated[
            str,
            Text(100),
            Field(description="The bank of the account `rib`, printed above it.", examples=["Banque Populaire"]),
        ]
        | None
    ) = None
    email: Email | None = None
    phone: Annotated[str, Text(40)] | None = None
    electronic_address: ElectronicAddress | None = None


class _Profile(LawSettingsEdit, Particulars):
    language: Language = unsent()
    payment_terms_days: TermsDays = unsent()
    tax_certificate_until: Day | None = None
    financial_year_end: MonthDay = unsent()
    signature_box: Annotated[
        bool,
        Field(description="Whether documents have an empty box for a stamp and a signature.", examples=[True]),
    ] = unsent()


class SignUp(_Profile):
    """The sign-up of a company. `of_age` says that its owner is 13 or older (no birth date is asked for).
    `policy_version` is the version of the privacy policy that the owner accepts. The documents of a `test` company are
    specimens."""

    name: Name
    policy_version: Annotated[str, Text(20)]
    of_age: bool
    mode: Mode = "live"


class CompanyEdit(_Profile):
    """Omitted members stay unchanged; null clears a member that may be empty. `logo` is set by its own endpoint and
    cleared here. `template` is the merchant's own HTML, at most 64 KB. It is tried with a specimen before it is
    stored."""

    name: Name = unsent()
    logo: None = unsent()
    template: Template | None = None
    series: NumberingsIn = unsent()


class CompanyShown(LawSettingsShown, RecordShown):
    """A company's profile. `logo` is the picture's SHA-256. `notices` are warnings that do not block the change."""

    object: Literal["company"]
    name: str
    name_ar: str | None = Field(description="The name in Arabic, printed beside the name.", examples=["أطلس للتجارة"])
    legal_form: str | None
    regime: Regime
    person: PersonType
    address: AddressShown
    ice: str | None
    tax_id: str | None
    trade_register: str | None
    business_tax: str | None
    cnss: str | None
    share_capital: str | None
    rib: str | None
    bank_name: str | None = Field(
        description="The bank of the account `rib`, printed above it.", examples=["Banque Populaire"]
    )
    email: str | None
    phone: str | None
    electronic_address: ElectronicAddressShown
    language: Language
    payment_terms_days: int
    tax_certificate_until: str | None
    financial_year_end: str
    signature_box: bool = Field(
        description="Whether documents have an empty box for a stamp and a signature.", examples=[True]
    )
    logo: str | None
    template: Annotated[str | None, Field(description=_TEMPLATE, examples=[_EXAMPLE])]
    policy_version: str
    mode: Mode
    series: NumberingsShown
    notices: list[NoticeShown]


class MembershipShown(ResponseModel):
    """One of a person's companies. The name of a blocked or closed company is hidden."""

    id: str
    object: Literal["company"]
    name: str | None
    mode: Mode
    state: Literal["active", "blocked", "closed"]
    role: Role


def _sign_up(context: RequestContext) -> Answer:
    """The company's id is derived from the person and the key, so that a repeated sign-up finds its first result."""
    call = context.presenting(lambda company, head: Answer(present_company(company, head), 201, URL))
    call = replace(call, company=derived_id("cmp", context.actor.subject, context.idempotency_key or call.key))
    sent: dict[str, Any] = context.body.content()
    of_age, mode = sent.pop("of_age"), sent.pop("mode", "live")
    key = email_key(context.world.settings, context.actor.email)
    owner = FirstOwner(user=context.actor.subject, email=context.actor.email, of_age=of_age, email_key=key)
    companies.limit_sign_ups(context.world, call.company, context.actor.subject, context.source)
    return answer(companies.sign_up(context.world.store, call, owner, mode, sent))


def _mine(context: RequestContext) -> Answer:
    return Answer(
        listed(address("companies"), map(_membership, companies.mine(context.world.store, context.actor.subject)))
    )


def _membership(known: companies.MemberCompany) -> Body:
    return {
        "id": known.head.company,
        "object": "company",
        "name": known.name,
        "mode": known.head.mode,
        "state": known.head.state,
        "role": known.role,
    }


def _profile(context: RequestContext) -> Answer:
    return Answer(present_company(companies.profile(context.open), context.open.head))


def _edit(context: RequestContext) -> Answer:
    call = context.presenting(shown(present_company))
    return answer(companies.edit(context.world, call, context.body.content()))


def _logo(context: RequestContext) -> Answer:
    link = companies.logo_link(context.world, context.open, context.query.sha256)
    return signed(link, accept=context.accept)


def _set_logo(context: RequestContext) -> Answer:
    try:
        picture = b64decode(context.body.logo, validate=True)
    except ValueError as error:  # binascii.Error is a ValueError. Text beyond ASCII raises a plain ValueError.
        raise invalid("/logo", "bad_base64") from error
    call = context.presenting(shown(present_company))
    return answer(companies.set_logo(context.world, call, picture))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/companies",
        scope=SIGNED_IN,
        handler=_sign_up,
        summary="Sign up a company",
        request_model=SignUp,
        response_model=CompanyShown,
        status=201,
        idempotent=True,
        errors=(AgeRefused, AlreadyExists),
        tag="Company",
    ),
    Endpoint(
        method="GET",
        path="/v1/companies",
        scope=SIGNED_IN,
        handler=_mine,
        summary="List your companies",
        response_model=ListOf[MembershipShown],
        tag="Company",
    ),
    Endpoint(
        method="GET",
        path=URL,
        scope="company.read",
        handler=_profile,
        summary="Read the company's profile",
        response_model=CompanyShown,
        tag="Company",
    ),
    Endpoint(
        method="PATCH",
        path=URL,
        scope="company.write",
        handler=_edit,
        summary="Edit the company's profile and its numbering",
        request_model=CompanyEdit,
        response_model=CompanyShown,
        idempotent=True,
        if_match=True,
        errors=(NumberingSettled, RendererUnavailable, CloudStorageOff),
        tag="Company",
    ),
    Endpoint(
        method="GET",
        path=URL + "/logo",
        scope="company.read",
        handler=_logo,
        summary=f"The company's logo: a redirect to an address valid for {LINK_LIFE}",
        query=LogoQuery,
        response_model=FileShown,
        status=303,
        errors=(NotFound,),
        tag="Company",
    ),
    Endpoint(
        method="PUT",
        path=URL + "/logo",
        scope="company.write",
        handler=_set_logo,
        summary="Set the company's logo",
        request_model=LogoIn,
        response_model=CompanyShown,
        if_match=True,
        errors=(CloudStorageOff,),
        tag="Company",
    ),
)
