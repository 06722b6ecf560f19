"""Declare a PDF/A-3 as Factur-X: its metadata name the embedded invoice `factur-x.xml` and its level.

typst embeds the file and writes the metadata of PDF/A, but it cannot add others. So an incremental update (ISO 32000-1,
7.5.6) is appended: it holds the new metadata alone. The first bytes of the file stay, and equal files stay equal.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

from chalicelib.render.renderer import RenderFailed

FILE: Final = "factur-x.xml"
"""The name that Factur-X gives to the embedded invoice."""
LEVEL: Final = "EN 16931"
_SPACE: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_DESCRIPTION: Final = (
    f'<rdf:Description rdf:about="" xmlns:fx="{_SPACE}"><fx:DocumentType>INVOICE</fx:DocumentType>'
    f"<fx:DocumentFileName>{FILE}</fx:DocumentFileName><fx:Version>1.0</fx:Version>"
    f"<fx:ConformanceLevel>{LEVEL}</fx:ConformanceLevel></rdf:Description>"
)
_PROPERTIES: Final = {
    "DocumentFileName": "The name of the embedded XML document",
    "DocumentType": "The type of the hybrid document in capital letters, e.g. INVOICE",
    "Version": "The version of the standard that the embedded XML document follows",
    "ConformanceLevel": "The conformance level of the embedded XML document",
}
_SCHEMAS: Final = b"<pdfaExtension:schemas><rdf:Bag>"
_END: Final = b"</rdf:RDF>"
_LONGEST_TRAILER: Final = 1_024
_TRAILER: Final = re.compile(rb"trailer\s*<<(.*)>>\s*startxref\s+(\d+)\s+%%EOF\s*\Z", re.DOTALL)
_TABLE: Final = re.compile(rb"xref\s+0 (\d+)\s*\n")
_STREAM: Final = re.compile(rb"\d+ 0 obj\s*<<[^>]*/Type/Metadata[^>]*>>\s*stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_ID: Final = re.compile(rb"(/ID\s*\[\([^)]*\)\()([^)]*)(\)\])")
"""The second identifier of a file changes with an update, the first one stays."""


def _extension() -> str:
    """Return the description of the four properties, which PDF/A demands of metadata that it does not know."""
    properties = "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{said}</pdfaProperty:description></rdf:li>"
        for name, said in _PROPERTIES.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{_SPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )


def declared(pdf: bytes) -> bytes:
    """Return the PDF/A-3 with the metadata of Factur-X. Raises RenderFailed for a file that typst writes otherwise than
    expected: with another kind of cross-reference table, or without metadata of PDF/A."""
    trailer = _TRAILER.search(pdf, max(0, len(pdf) - _LONGEST_TRAILER))
    if trailer is None:
        raise RenderFailed("the PDF has no trailer with a table")
    entries, table = trailer[1], int(trailer[2])
    catalog = _object(pdf, table, _reference(rb"/Root", entries))
    number = _reference(rb"/Metadata", catalog)
    found = _STREAM.match(_object(pdf, table, number))
    said = found[1] if found else b""
    if said.count(_SCHEMAS) != 1 or said.count(_END) != 1:
        raise RenderFailed("the PDF has no metadata of PDF/A")
    metadata = said.replace(_SCHEMAS, _SCHEMAS + _extension().encode()).replace(_END, _DESCRIPTION.encode() + _END)
    head = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    update = b"%d 0 obj\n<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n%b\nendstream\nendobj\n" % (
        number,
        len(metadata),
        metadata,
    )
    return (
        head
        + update
        + b"xref\n%d 1\n%010d 00000 n\r\ntrailer\n<<%b/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            number,
            len(head),
            _ID.sub(lambda id: id[1] + b64encode(sha256(id[2] + update).digest()[:16]) + id[3], entries),
            table,
            len(head) + len(update),
        )
    )


def _reference(name: bytes, dictionary: bytes) -> int:
    """The number of the object that an entry of a dictionary refers to."""
    if found := re.search(name + rb" (\d+) 0 R", dictionary):
        return int(found[1])
    raise RenderFailed(f"the PDF has no {name.decode()}")


def _object(pdf: bytes, table: int, number: int) -> bytes:
    """The bytes of an object, found by the table at the place `table`. An entry of the table has 20 bytes."""
    head = _TABLE.match(pdf, table)
    if head is None or number >= int(head[1]):
        raise RenderFailed("the PDF's table begins otherwise")
    start = int(pdf[head.end() + 20 * number :][:10])
    return pdf[start : pdf.index(b"endobj", start)]
