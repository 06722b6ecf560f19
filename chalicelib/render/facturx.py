"""Declare a PDF/A-3 as Factur-X: its metadata name the embedded invoice `factur-x.xml` and its level.

typst embeds the file and writes the metadata of PDF/A. It cannot add others, so pypdf appends an incremental update:
the first bytes of the file stay, and equal files stay equal.
"""

from io import BytesIO
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
_SCHEMAS: Final = "<pdfaExtension:schemas><rdf:Bag>"
_END: Final = "</rdf:RDF>"


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
    """Return the PDF/A-3 with the metadata of Factur-X. Raises RenderFailed for a file without metadata of PDF/A."""
    from pypdf import PdfWriter
    from pypdf.generic import StreamObject

    writer = PdfWriter(BytesIO(pdf), incremental=True)
    metadata = writer.root_object.get("/Metadata")
    stream = metadata.get_object() if metadata is not None else None
    said = stream.get_data().decode() if isinstance(stream, StreamObject) else ""
    if not isinstance(stream, StreamObject) or said.count(_SCHEMAS) != 1 or said.count(_END) != 1:
        raise RenderFailed("the PDF has no metadata of PDF/A")
    stream.set_data(said.replace(_SCHEMAS, _SCHEMAS + _extension()).replace(_END, _DESCRIPTION + _END).encode())
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
