"""Texts of a company or a party that pages cannot print."""

from collections.abc import Iterator

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Party
from chalicelib.domain.glyphs import without_glyph

PRINTED = ("name", "name_ar", "legal_form", "trade_register", "bank_name")
"""Texts of an identity that pages print, beside the address."""


def unprintable_texts(record: Company | Party) -> Iterator[tuple[str, str]]:
    """The pointer of each printed text with characters without a glyph, and these characters."""
    texts = {f"/{name}": getattr(record, name, None) for name in PRINTED}
    texts |= {f"/address/{name}": getattr(record.address, name) for name in ("street", "city", "postal_code")}
    for pointer, text in texts.items():
        if characters := without_glyph(text):
            yield pointer, characters
