"""The company: sign-up, profile, logo."""

from base64 import b64decode
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, address, answer, listed, shown
from chalicelib.api.document_shapes import NoticeShown
from chalicelib.api.endpoint import SIGNED_IN, Endpoint, RequestContext
from chalicelib.api.fields import Amount, Day, Email, Model, MonthDay, ResponseModel, Text, multi_line
from chalicelib.api.numbering_models import NumberingsIn, NumberingsShown
from chalicelib.api.paging import ListOf
from chalicelib.api.parties import TermsDays
from chalicelib.api.records import AddressIn, AddressShown, Edit, Name, RecordShown, unsent
from chalicelib.domain.companies.company import (
    Activity,
    BusinessTaxMissing,
    Mode,
    Regime,
    VatBasis,
    VatBasisPeriod,
)
from chalicelib.domain.companies.member import Role
from chalicelib.domain.errors import (
    AgeRefused,
    AlreadyExists,
    NumberingSettled,
    invalid,
)
from chalicelib.domain.ids import derived_id
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.withholding import PersonType
from chalicelib.services.codes import email_key
from chalicelib.services.companies import companies
from chalicelib.services.companies.companies import FirstOwner
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.records import present_company

URL = address("company")
MAX_LOGO_TEXT = 700_000
"""Characters of base64: slightly more than a picture of 512 KB, so that the picture's own limit refuses it."""
MAX_TEMPLATE = 65_536


VAT_BASIS = "The event at which TVA is due, by date: the payment (receipts, the default) or the invoice (CGI art. 95)."
ACTIVITY = "The main activity. Fuel and medicines owe no stamp duty (LF 2019)."
KEEPS_BOOKS = "Whether the company keeps accounts. A liberal profession that keeps none owes no stamp duty (LF 2019)."
SECTOR_DAYS = "The payment terms that a decree allows to the sector, 180 days at most (Code de commerce art. 78-2)."
SECTOR_DECREE = "The decree that names the sector."
PAYMENT_TERMS_LAW = "Whether law 69-21 binds the company's sales; null: it does under the standard regime."
BUSINESS_TAX_MISSING = "The reason for a missing number of the taxe professionnelle. It is printed nowhere."
IDENTITIES_BIND_FROM = "The day from which documents without the identities of CGI art. 145 are refused."


class VatBasisIn(Model):
    """The basis of TVA from a day on."""

    since: Annotated[Day, Field(alias="from", description="The first day.", examples=["2027-01-01"])]
    basis: Annotated[VatBasis, Field(description="Due at the payment or at the invoice.", examples=["receipts"])]


class VatBasisShown(ResponseModel):
    """The basis of TVA from a day on."""

    since: Annotated[str, Field(alias="from", description="The first day.", examples=["2027-01-01"])]
    basis: Annotated[VatBasis, Field(description="Due at the payment or at the invoice.", examples=["receipts"])]


class Particulars(Edit):
    """A company's identity, contact and bank account, without its name."""

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
    email: Email | None = None
    phone: Annotated[str, Text(40)] | None = None


class _Profile(Particulars):
    language: Language = unsent()
    payment_terms_days: TermsDays = unsent()
    tax_certificate_until: Day | None = None
    financial_year_end: MonthDay = unsent()
    vat_basis: Annotated[tuple[VatBasisIn, ...], Field(max_length=20, strict=False, description=VAT_BASIS)] = unsent()
    activity: Annotated[Activity | None, Field(description=ACTIVITY, examples=["services"])] = None
    keeps_books: Annotated[bool | None, Field(description=KEEPS_BOOKS, examples=[True])] = None
    sector_terms_days: Annotated[
        Annotated[int, Field(ge=1, le=180)] | None, Field(description=SECTOR_DAYS, examples=[180])
    ] = None
    sector_decree: Annotated[
        Annotated[str, Text(200)] | None, Field(description=SECTOR_DECREE, examples=["Décret n° 2-25-001"])
    ] = None
    payment_terms_law: Annotated[bool | None, Field(description=PAYMENT_TERMS_LAW, examples=[True])] = None
    business_tax_missing: Annotated[
        BusinessTaxMissing | None, Field(description=BUSINESS_TAX_MISSING, examples=["new"])
    ] = None

    def content(self) -> dict[str, Any]:
        """The members that were sent, with domain values for the bases of TVA."""
        sent = super().content()
        if "vat_basis" in sent:
            sent["vat_basis"] = tuple(VatBasisPeriod(since=part.since, basis=part.basis) for part in self.vat_basis)
        return sent


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
    cleared here. `template` is the merchant's own HTML, at most 64 KB."""

    name: Name = unsent()
    logo: None = unsent()
    template: Annotated[str, multi_line(MAX_TEMPLATE)] | None = None
    series: NumberingsIn = unsent()


class LogoIn(Model):
    """A PNG or JPEG in base64, at most 512 KB and 4,096 pixels a side."""

    logo: Annotated[str, Field(max_length=MAX_LOGO_TEXT, json_schema_extra={"contentEncoding": "base64"})]


class CompanyShown(RecordShown):
    """A company's profile. `logo` is the picture's SHA-256. `notices` are warnings that do not block the change."""

    object: Literal["company"]
    name: str
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
    email: str | None
    phone: str | None
    language: Language
    payment_terms_days: int
    tax_certificate_until: str | None
    financial_year_end: str
    vat_basis: Annotated[list[VatBasisShown], Field(description=VAT_BASIS)]
    activity: Annotated[Activity | None, Field(description=ACTIVITY, examples=["services"])]
    keeps_books: Annotated[bool | None, Field(description=KEEPS_BOOKS, examples=[True])]
    sector_terms_days: Annotated[int | None, Field(description=SECTOR_DAYS, examples=[180])]
    sector_decree: Annotated[str | None, Field(description=SECTOR_DECREE, examples=["Décret n° 2-25-001"])]
    payment_terms_law: Annotated[bool | None, Field(description=PAYMENT_TERMS_LAW, examples=[True])]
    business_tax_missing: Annotated[
        BusinessTaxMissing | None, Field(description=BUSINESS_TAX_MISSING, examples=["new"])
    ]
    identities_bind_from: Annotated[str | None, Field(description=IDENTITIES_BIND_FROM, examples=["2026-11-30"])]
    logo: str | None
    template: str | None
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
    call = replace(call, company=derived_id("cmp", context.actor.subject, call.key))
    sent: dict[str, Any] = context.body.content()
    of_age, mode = sent.pop("of_age"), sent.pop("mode", "live")
    key = email_key(context.world.settings, context.actor.email)
    owner = FirstOwner(user=context.actor.subject, email=context.actor.email, of_age=of_age, email_key=key)
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
    call = context.presenting(shown(present_company), version=present_company)
    return answer(companies.edit(context.world.store, call, context.body.content()))


def _set_logo(context: RequestContext) -> Answer:
    try:
        picture = b64decode(context.body.logo, validate=True)
    except ValueError as error:  # binascii.Error is a ValueError. Text beyond ASCII raises a plain ValueError.
        raise invalid("/logo", "bad_base64") from error
    call = context.presenting(shown(present_company), version=present_company)
    return answer(companies.set_logo(context.world, context.open, call, picture))


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
        errors=(NumberingSettled,),
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
        tag="Company",
    ),
)
