"""Items as a client enters them."""

from typing import Annotated

from pydantic import Field

from chalicelib.domain.companies.item import Nature, WithholdingMark
from chalicelib.services.inputs.fields import Id, Rate, Text, UnitPrice
from chalicelib.services.inputs.records import Edit, MetadataIn, Name, unsent

WITHHOLDING = (
    "`none`: no RAS is expected on its sale, because the decree does not list the service. Null: its nature decides. "
    "A client copies it to the lines that it sells, as it does with price and nature."
)


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
    withholding: Annotated[WithholdingMark | None, Field(description=WITHHOLDING, examples=["none"])] = None
    metadata: MetadataIn | None = None


class ItemNew(ItemEdit):
    """A new item. A client that works offline may choose its id."""

    id: Annotated[str, Id("itm")] | None = None
    name: Name
    unit_price: UnitPrice
    vat_rate: Rate
