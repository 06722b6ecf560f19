"""Items: goods and services that a company sells, ready for use on a line."""

from decimal import Decimal
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.metadata import Metadata
from chalicelib.domain.search import text_key
from chalicelib.domain.text import words

Nature = Literal["goods", "services", "fees", "works", "capital_goods"]
"""The nature of a sale: TVA and withholding depend on it."""
WithholdingMark = Literal["none"]
"""States that no RAS is withheld on a sale, whatever its nature is: the decree's list of services leaves it out."""


@entity("item", table="workspace", prefix="itm")
class Item(Record):
    """A catalogue item; `unit_price` is in dirhams before TVA, `vat_rate` in percent."""

    name: str = kept("item.content")
    description: str | None = kept("item.content", default=None)
    reference: str | None = kept("item.content", default=None)
    unit: str | None = kept("item.content", default=None)
    unit_price: Decimal = kept("item.content")
    vat_rate: Decimal = kept("item.content")
    exemption: str | None = kept("item.content", default=None)
    nature: Nature = kept("item.content", default="goods")
    withholding: WithholdingMark | None = kept("item.content", default=None)
    metadata: Metadata | None = kept("item.content", default=None)
    """Pairs of texts for the client's own use."""

    @property
    def searched(self) -> list[list[str]]:
        """The words by which a search finds it: name and reference."""
        return [words(self.name), words(self.reference or "")]

    def index_keys(self) -> dict[str, str]:
        """Found by its words."""
        return text_key(self.PREFIX, self.searched)
