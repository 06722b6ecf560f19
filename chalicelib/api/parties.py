"""Customers and suppliers."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, answer, deleted, shown
from chalicelib.api.document_shapes import NoticeShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Email, Id, Model, Text, multi_line
from chalicelib.api.metadata import MetadataIn, MetadataShown
from chalicelib.api.records import (
    AddressIn,
    AddressShown,
    Edit,
    Name,
    RecordNoun,
    RecordQuery,
    RecordShown,
    unsent,
)
from chalicelib.domain.companies.party import Billing, PartyKind
from chalicelib.domain.errors import CloudStorageOff, InUse
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.deadlines import UNBOUND
from chalicelib.domain.morocco.withholding import Withholder
from chalicelib.services.parties import deletion
from chalicelib.services.records.parties import CUSTOMERS, SUPPLIERS
from chalicelib.services.representation.records import present_party

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


class PartyQuery(RecordQuery):
    """Filters of a list of parties."""

    kind: PartyKind | None = None


class _PartyShown(RecordShown):
    name: str
    kind: PartyKind
    ice: str | None
    ice_missing_reason: str | None
    tax_id: str | None
    trade_register: str | None
    address: AddressShown
    email: str | None
    phone: str | None
    language: Language
    payment_terms_days: int | None
    withholder: Withholder
    notes: str | None
    metadata: MetadataShown
    notices: list[NoticeShown]


class CustomerShown(_PartyShown):
    """A customer. `notices` are warnings that do not block the change."""

    object: Literal["customer"]
    billing: Annotated[Billing, Field(description=BILLING, examples=["each"])]
    terms_law: Annotated[bool | None, Field(description=TERMS_LAW, examples=[None])]


class SupplierShown(_PartyShown):
    """A supplier. `notices` are warnings that do not block the change."""

    object: Literal["supplier"]


class Deletion(Model):
    """`force`: delete the record although drafts name it or money is owed."""

    force: Literal["true", "false"] = "false"


@dataclass(frozen=True)
class PartyNoun(RecordNoun):
    """Customers or suppliers. Before a deletion, the documents that depend on the record are counted."""

    def _deleting(self) -> Endpoint:
        return replace(super()._deleting(), query=Deletion, errors=(CloudStorageOff, InUse))

    def _delete(self, context: RequestContext) -> Answer:
        call, force = context.presenting(shown(deleted)), context.query.force == "true"
        return answer(deletion.delete(context.open, call, self.resource, context.path["id"], force=force))


_CUSTOMERS = PartyNoun(
    resource=CUSTOMERS,
    show=present_party,
    plural="customers",
    name="customer",
    tag="Customers",
    reads="parties.read",
    writes="parties.write",
    new=CustomerNew,
    edit=CustomerEdit,
    shown=CustomerShown,
    query=PartyQuery,
    filters=("kind",),
)
_SUPPLIERS = PartyNoun(
    resource=SUPPLIERS,
    show=present_party,
    plural="suppliers",
    name="supplier",
    tag="Suppliers",
    reads="parties.read",
    writes="parties.write",
    new=SupplierNew,
    edit=PartyEdit,
    shown=SupplierShown,
    query=PartyQuery,
    filters=("kind",),
)
ENDPOINTS = (*_CUSTOMERS.endpoints(), *_SUPPLIERS.endpoints())
