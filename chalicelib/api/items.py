"""Catalogue items."""

from typing import Annotated, Literal

from chalicelib.api.fields import Id, Rate, Text, UnitPrice
from chalicelib.api.metadata import MetadataIn, MetadataShown
from chalicelib.api.records import Edit, Name, RecordNoun, RecordShown, unsent
from chalicelib.domain.companies.item import Nature
from chalicelib.services.records.items import ITEMS
from chalicelib.services.representation.records import present_record


class ItemEdit(Edit):
    """Omitted members stay unchanged; null clears a member that may be empty. `unit_price` is in dirhams before TVA.
    `vat_rate` is in percent and in force today; an exempt item (rate "0") names its article."""

    name: Name = unsent()
    description: Annotated[str, Text(2_000, lines=True)] | None = None
    reference: Annotated[str, Text(60)] | None = None
    unit: Annotated[str, Text(30)] | None = None
    unit_price: UnitPrice = unsent()
    vat_rate: Rate = unsent()
    exemption: Annotated[str, Text(80)] | None = None
    nature: Nature = unsent()
    metadata: MetadataIn | None = None


class ItemNew(ItemEdit):
    """A new item. A client that works offline may choose its id."""

    id: Annotated[str, Id("itm")] | None = None
    name: Name
    unit_price: UnitPrice
    vat_rate: Rate


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
