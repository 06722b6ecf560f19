"""Customers and suppliers as a client enters them."""

from typing import Annotated

from pydantic import Field

from chalicelib.domain.companies.party import Billing, PartyKind
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.deadlines import UNBOUND
from chalicelib.domain.morocco.withholding import Withholder
from chalicelib.services.inputs.fields import Email, Id, Text, multi_line
from chalicelib.services.inputs.records import AddressIn, Edit, MetadataIn, Name, unsent

TERMS_DAYS = (
    "Days from issue. Under law 69-21 at most 120 by agreement, or those of the sector's decree (Code de commerce art. "
    "78-2)."
)
BILLING = "One invoice for each sale, or one for the dealings of a month, whose terms run from the next month."
TERMS_LAW = "Whether law 69-21 binds the sales to this customer; null: as the company says."
TermsDays = Annotated[int, Field(ge=0, le=UNBOUND, description=TERMS_DAYS, examples=[60])]


class PartyEdit(Edit):
    """Omitted members stay unchanged; null clears a member that may be empty. A business needs its ICE, or the reason
    for a missing ICE. A text that looks like a national identity card number gets a notice (law 09-08 art. 12)."""

    name: Name = unsent()
    kind: PartyKind = unsent()
    ice: Annotated[str, Text(40)] | None = None
    ice_missing_reason: Annotated[str, Text(200)] | None = None
    tax_id: Annotated[str, Text(40)] | None = None
    trade_register: Annotated[str, Text(60)] | None = None
    address: AddressIn | None = None
    email: Email | None = None
    phone: Annotated[str, Text(40)] | None = None
    language: Language = unsent()
    payment_terms_days: TermsDays | None = None
    withholder: Withholder = unsent()
    notes: Annotated[str, multi_line(2_000)] | None = None
    metadata: MetadataIn | None = None


class CustomerEdit(PartyEdit):
    """Omitted members stay unchanged; null clears a member that may be empty. A business needs its ICE, or the reason
    for a missing ICE. A text that looks like a national identity card number gets a notice (law 09-08 art. 12)."""

    billing: Annotated[Billing, Field(description=BILLING, examples=["monthly"])] = unsent()
    terms_law: Annotated[bool | None, Field(description=TERMS_LAW, examples=[True])] = None


class CustomerNew(CustomerEdit):
    """A new customer. A client that works offline may choose its id."""

    id: Annotated[str, Id("cus")] | None = None
    name: Name
    kind: PartyKind


class SupplierNew(PartyEdit):
    """A new supplier. A client that works offline may choose its id."""

    name: Name
    kind: PartyKind
    id: Annotated[str, Id("sup")] | None = None
