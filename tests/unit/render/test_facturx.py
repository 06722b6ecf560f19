"""Factur-X: the same values in CII, accepted by the official rules, and a page that another program recognises."""

from io import BytesIO
from typing import Any, cast

import pytest
from defusedxml.ElementTree import fromstring
from pypdf import PdfReader

from chalicelib.domain.language import Language
from chalicelib.render import facturx
from chalicelib.render.renderer import EmbeddedFile, RenderFailed
from chalicelib.render.typst_renderer import TypstRenderer
from chalicelib.services.documents.einvoicing import attachments, e_invoice
from chalicelib.services.documents.view import issued_view
from tests.unit.render.en16931 import refusals
from tests.unit.render.test_ubl import DOCUMENTS
from tests.unit.render.views import view

RENDERER = TypstRenderer()
LANGUAGES: tuple[Language, ...] = ("fr", "ar", "en")
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


def cii(name: str) -> bytes:
    return attachments(DOCUMENTS[name]())[1].data


def page(name: str, language: Language) -> bytes:
    document = DOCUMENTS[name]()
    return RENDERER.render(issued_view(document, language), attachments=attachments(document))


def understood(xml: bytes) -> dict[str, Any]:
    """Another program's reading of an e-invoice in either syntax, by the standard's terms."""
    from facturx import parse_ubl_cii_xml  # type: ignore[import-untyped]

    found = parse_ubl_cii_xml(xml)
    found["BG-4"].pop("tax_identifier", None)  # it does not read the scheme IF of UBL
    return cast(dict[str, Any], found)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_official_rules_find_nothing(name: str) -> None:
    assert refusals(cii(name)) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_both_syntaxes_say_the_same(name: str) -> None:
    found = understood(cii(name))
    assert found == understood(e_invoice(DOCUMENTS[name]()))
    assert found["BT-1"] == DOCUMENTS[name]().number
    assert len(found["BG-25"]) == len(DOCUMENTS[name]().lines)


def test_the_rules_refuse_a_broken_file() -> None:
    xml = cii("plain")
    assert any("BR-CO-13" in said for said in refusals(xml.replace(b"TaxBasisTotalAmount>3", b"TaxBasisTotalAmount>4")))
    assert refusals(xml.replace(b"ram:LineOne", b"ram:Line"))


def test_the_tax_number_of_the_seller_is_no_vat_identifier() -> None:
    (seller,) = fromstring(cii("plain")).iter(f"{RAM}SellerTradeParty")
    number = seller.find(f"{RAM}SpecifiedTaxRegistration/{RAM}ID")
    assert number is not None
    assert (number.get("schemeID"), number.text) == ("FC", "12345678")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["complete", "credited"])
def test_an_independent_reader_finds_the_invoice_in_the_page(name: str, language: Language) -> None:
    from facturx import get_facturx_xml_from_pdf

    made = page(name, language)
    assert get_facturx_xml_from_pdf(made, check_xsd=True) == (facturx.FILE, cii(name))
    reader = PdfReader(BytesIO(made))
    root = cast(Any, reader.trailer["/Root"])
    files = {str(file.get_object()["/F"]): file.get_object()["/AFRelationship"] for file in root["/AF"]}
    assert files == dict.fromkeys((facturx.FILE, f"{DOCUMENTS[name]().number}.xml"), "/Alternative")
    assert root["/OutputIntents"][0].get_object()["/S"] == "/GTS_PDFA1"


def test_the_metadata_state_pdfa_and_factur_x() -> None:
    root = cast(Any, PdfReader(BytesIO(page("plain", "fr"))).trailer["/Root"])
    said = fromstring(root["/Metadata"].get_data())
    rdf, fx = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", f"{{{facturx._SPACE}}}"
    found = {e.tag.removeprefix(fx): e.text for d in said.iter(f"{rdf}Description") for e in d if e.tag.startswith(fx)}
    assert found == {
        "DocumentType": "INVOICE",
        "DocumentFileName": "factur-x.xml",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }
    pdfa = "{http://www.aiim.org/pdfa/ns/id/}"
    assert {e.tag.removeprefix(pdfa): e.text for e in said.iter() if e.tag.startswith(pdfa)} == {
        "part": "3",
        "conformance": "A",
    }
    described = "{http://www.aiim.org/pdfa/ns/property#}name"
    assert {e.text for e in said.iter(described)} >= found.keys()


def test_equal_documents_give_equal_pages_and_the_first_bytes_are_typsts() -> None:
    made = page("plain", "fr")
    assert made == page("plain", "fr") == facturx.declared(made[: made.index(b"%%EOF") + 5])
    assert made.startswith(b"%PDF-1.7")


def test_the_update_is_one_object_and_a_new_second_identifier() -> None:
    made = page("plain", "fr")
    first = made[: made.index(b"%%EOF") + 5]
    before, after = PdfReader(BytesIO(first), strict=True), PdfReader(BytesIO(made), strict=True)
    assert len(after.pages) == len(before.pages)
    assert after.trailer["/Size"] == before.trailer["/Size"]
    old, new = (cast(Any, each.trailer["/ID"]) for each in (before, after))
    assert (new[0] == old[0], new[1] == old[1]) == (True, False)
    assert made[len(first) :].count(b" 0 obj") == 1


@pytest.mark.parametrize("broken", [b"", b"%PDF-1.7", b"trailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF"])
def test_another_file_is_refused(broken: bytes) -> None:
    with pytest.raises(RenderFailed, match="the PDF"):
        facturx.declared(broken)


def test_a_page_without_the_file_is_not_declared() -> None:
    alone = EmbeddedFile(name="x.xml", data=b"<x/>")
    assert b"factur-x" not in RENDERER.render(view(1), attachments=[alone])


def test_a_file_without_metadata_of_pdfa_is_refused() -> None:
    import typst

    with pytest.raises(RenderFailed, match="metadata"):
        facturx.declared(typst.compile(b"= x", format="pdf"))
