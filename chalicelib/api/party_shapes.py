"""The response models of the parties of issued documents, and of addresses."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.fields import ResponseModel
from chalicelib.domain.companies.company import Regime
from chalicelib.domain.companies.party import PartyKind


class AddressShown(ResponseModel):
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    street: str | None
    city: str | None
    postal_code: str | None
    country: str


class _FrozenParty(ResponseModel):
    """The members of both parties of an issued document."""

    name: str
    address: AddressShown
    ice: str | None
    tax_id: str | None
    trade_register: str | None
    email: str | None
    phone: str | None
    erased: Annotated[
        Literal[True],
        Field(description="Present on a party that was erased: its identity is omitted.", examples=[True]),
    ] = True


class SellerShown(_FrozenParty):
    """The seller as frozen at issue (CGI art. 145-III, law 104-12 art. 58)."""

    legal_form: str | None
    regime: Regime | None
    business_tax: str | None
    cnss: str | None
    share_capital: str | None
    rib: str | None
    electronic_address: str | None
    logo: str | None
    name_ar: str | None
    bank_name: str | None
    signature_box: bool | None


class BuyerShown(_FrozenParty):
    """The buyer as frozen at issue. Only older documents have an e-mail and a phone."""

    kind: PartyKind | None
    ice_missing_reason: str | None
