"""Notices about the texts of a draft before they are frozen: characters that its pages cannot print, and texts that
look like the number of an identity card."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.legibility import unprintable_texts
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Notice
from chalicelib.domain.glyphs import without_glyph
from chalicelib.domain.morocco.identifiers import looks_like_cin


def text_notices(
    document_type: DocumentType, content: Mapping[str, Any], company: Company, party: Party | None
) -> Iterator[Notice]:
    """Notices for each text of a draft that holds characters without a glyph, or that looks like the number of an
    identity card (law 09-08 art. 12).

    A notice about the other party names no character: the draft outlives the erasure of a person. The notices of the
    party name them.
    """
    for pointer, text in _texts(content):
        if characters := without_glyph(text):
            yield Notice(pointer=pointer, code="characters_unprintable", params={"characters": characters})
        if looks_like_cin(text or ""):
            yield Notice(pointer=pointer, code="cin_suspected", params={})
    if party is not None and any(unprintable_texts(party)):
        yield Notice(pointer=f"/{document_type.person}", code="party_unprintable", params={})
    if any(unprintable_texts(company)):
        yield Notice(pointer="", code="company_unprintable", params={})


def _texts(content: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The texts of a draft by their pointer: those of its lines, and each of its own. Codes and ids are ASCII."""
    for at, line in enumerate(content.get("lines", ())):
        yield f"/lines/{at}/description", line.description
        yield f"/lines/{at}/unit", line.unit
    for name, value in content.items():
        if isinstance(value, str):
            yield f"/{name}", value
