"""Catalogue items."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.metadata import MetadataShown
from chalicelib.api.records import RecordNoun, RecordShown
from chalicelib.domain.companies.item import Nature, WithholdingMark
from chalicelib.services.inputs.items import WITHHOLDING, ItemEdit, ItemNew
from chalicelib.services.records.items import ITEMS
from chalicelib.services.representation.records import present_record


class ItemShown(RecordShown):
    """An item that the company sells."""

    object: Literal["item"]
    name: str
    description: str | None
    reference: str | None
    unit: str | None
    unit_price: str
    vat_rate: str
    exemption: str | None
    nature: Nature
    withholding: Annotated[WithholdingMark | None, Field(description=WITHHOLDING, examples=["none"])]
    metadata: MetadataShown


ENDPOINTS = RecordNoun(
    resource=ITEMS,
    show=present_record,
    plural="items",
    name="item",
    tag="Items",
    reads="items.read",
    writes="items.write",
    new=ItemNew,
    edit=ItemEdit,
    shown=ItemShown,
).endpoints()
