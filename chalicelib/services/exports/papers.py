"""The files of documents in an export: e-invoices, or pages."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import DocumentBlocked, InvalidContent, NotFound, RendererUnavailable
from chalicelib.domain.exports.model import ISSUED, ExportFormat
from chalicelib.services.documents.einvoicing import of_document
from chalicelib.services.documents.printing import page_of
from chalicelib.store.read import Reader

if TYPE_CHECKING:
    from chalicelib.wiring import World


def papers(
    world: "World", reader: Reader, form: ExportFormat, kind: str, bodies: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, bytes], int]:
    """The files of these documents by name, and the number of documents without one. A text in its place names the
    reason: the other party was erased, or the page cannot be made. Raises Busy."""
    found: dict[str, bytes] = {}
    missing = 0
    for body in bodies:
        id = body["id"]
        try:
            name, content = _paper(world, reader, form, kind, body)
        except (DocumentBlocked, InvalidContent, RendererUnavailable, NotFound) as refusal:
            name, content = f"{id}.txt", refusal.code.encode()
            missing += 1
        found[f"{kind}/{name}"] = content
    return found, missing


def _paper(world: "World", reader: Reader, form: ExportFormat, kind: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    document_type, id = ISSUED[kind], body["id"]
    if form == "ubl":
        return f"{body['number'].replace('/', '-')}-{id}.xml", of_document(reader, document_type, id)
    filename, key = page_of(world, reader, document_type.kind, id)
    return f"{filename.removesuffix('.pdf')}-{id}.pdf", world.files.read(key)
