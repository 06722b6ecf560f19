"""Customers and suppliers."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, answer, deleted, shown
from chalicelib.api.document_shapes import NoticeShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model
from chalicelib.api.metadata import MetadataShown
from chalicelib.api.party_shapes import AddressShown
from chalicelib.api.records import RecordNoun, RecordQuery, RecordShown
from chalicelib.domain.companies.party import Billing, PartyKind
from chalicelib.domain.errors import CloudStorageOff, InUse
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.withholding import Withholder
from chalicelib.services.inputs.parties import BILLING, TERMS_LAW, CustomerEdit, CustomerNew, PartyEdit, SupplierNew
from chalicelib.services.parties import deletion
from chalicelib.services.records.parties import CUSTOMERS, SUPPLIERS
from chalicelib.services.representation.records import present_party


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
    """Somebody to whom the company sells. `notices` are warnings that do not block the change."""

    object: Literal["customer"]
    billing: Annotated[Billing, Field(description=BILLING, examples=["each"])]
    terms_law: Annotated[bool | None, Field(description=TERMS_LAW, examples=[None])]


class SupplierShown(_PartyShown):
    """Somebody from whom the company buys. `notices` are warnings that do not block the change."""

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
