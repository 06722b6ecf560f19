"""A merchant's own template: tried when it is stored, and frozen with each issued document."""

import time
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from chalicelib.domain.companies.template import EarlierTemplate, digest_of
from chalicelib.render import pdfkit_renderer
from tests.conftest import Shop
from tests.unit.render.test_pdfkit import needs_program

pytestmark = needs_program
FIRST, SECOND = "<p>Premier modèle {{ number }}</p>", "<p>Net à payer : 1,00</p>"


def store(shop: Shop, template: str | None) -> Any:
    return shop.owner.patch("/v1/company", {"template": template}, "*")


def printed(shop: Shop, url: str) -> tuple[str, set[str]]:
    """The text of the page at `url`, and the names of its attachments."""
    got = shop.owner.get(f"{url}/pdf", accept="application/json")
    key = got.json["url"].partition("?")[0].partition(f"pdf/{shop.company}/")[2]
    page = PdfReader(BytesIO(shop.world.files.read(f"pdf/{shop.company}/{key}")))
    text = "\n".join(sheet.extract_text() for sheet in page.pages).replace("\u00a0", " ")
    return text, set(page.attachments)


@pytest.mark.parametrize(
    ("template", "detail"),
    [
        ("<p>\n{{ number | safe }}</p>", "The template cannot be used: the filter safe does not exist (line 2)."),
        ("{% for line in lines %}", "The template cannot be used: its Liquid syntax is wrong (line 1)."),
        (
            "<div>" * 12_000,
            "The template cannot be used: its elements or blocks are nested too deeply.",
        ),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_at_once(shop: Shop, template: str, detail: str) -> None:
    """No page answers 500 later, and nothing is stored."""
    begun = time.monotonic()
    got = shop.owner.patch("/v1/company", {"template": template}, "*", accept_language="en")
    assert time.monotonic() - begun < 15
    assert (got.status, got.json["errors"]) == (
        422,
        [{"pointer": "/template", "code": "template_invalid", "detail": detail}],
    )
    assert shop.owner.get("/v1/company").json["template"] is None


def test_a_page_that_takes_too_long_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfkit_renderer, "TRIAL", replace(pdfkit_renderer.TRIAL, seconds=1))
    begun = time.monotonic()
    got = store(shop, "{% for i in (1..600) %}{% for line in lines %}<table><tr><td>x</table>{% endfor %}{% endfor %}")
    assert time.monotonic() - begun < 10
    assert (got.status, got.json["errors"][0]["code"]) == (422, "template_invalid")
    assert shop.owner.get("/v1/company").json["template"] is None


def test_an_error_in_a_branch_that_only_a_full_page_reaches_is_found(shop: Shop) -> None:
    got = store(shop, "{% if mentions.size > 0 %}\n{{ number | join: 1, 2, 3 }}\n{% endif %}")
    assert (got.status, got.json["errors"][0]["code"]) == (422, "template_invalid")


def test_a_later_template_never_prints_an_earlier_document(shop: Shop) -> None:
    plain = f"/v1/invoices/{shop.issued()['id']}"
    assert store(shop, FIRST).status == 200
    first = f"/v1/invoices/{shop.issued()['id']}"
    note = shop.owner.post(f"{first}/credit", {}).json
    assert store(shop, SECOND).status == 200
    second = f"/v1/invoices/{shop.issued()['id']}"
    assert store(shop, None).status == 200
    last = f"/v1/invoices/{shop.issued()['id']}"
    for url, expected in (
        (first, "Premier modèle FA-"),
        (f"/v1/credit-notes/{note['id']}", "Premier modèle AV-"),
        (second, "Net à payer : 1,00"),
    ):
        text, attached = printed(shop, url)
        assert expected in text
        assert attached == set()
    for url in (plain, last):
        text, attached = printed(shop, url)
        assert "3 600,00 MAD" in text.replace("\u202f", " ")
        assert "factur-x.xml" in attached


def test_a_draft_has_the_present_template(shop: Shop) -> None:
    url = f"/v1/invoices/{shop.draft()['id']}"
    assert store(shop, FIRST).status == 200
    assert "Premier modèle" in printed(shop, url)[0]
    assert store(shop, SECOND).status == 200
    assert "1,00" in printed(shop, url)[0]


def test_only_a_template_that_is_replaced_is_kept_apart(shop: Shop) -> None:
    def kept() -> set[str]:
        return {row.digest for row in shop.world.store.all_of(EarlierTemplate, shop.company)}

    assert store(shop, FIRST).status == 200
    assert store(shop, FIRST).status == 200
    assert shop.owner.patch("/v1/company", {"name": "Autre Nom"}, "*").status == 200
    assert kept() == set()
    assert store(shop, SECOND).status == 200
    assert kept() == {digest_of(FIRST)}
    assert store(shop, FIRST).status == 200
    assert store(shop, None).status == 200
    assert kept() == {digest_of(FIRST), digest_of(SECOND)}


def test_a_document_that_its_template_fails_to_print_has_the_standard_layout(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store(shop, FIRST).status == 200
    draft, invoice = shop.draft(), shop.issued()
    monkeypatch.setattr(pdfkit_renderer, "LIMITS", replace(pdfkit_renderer.LIMITS, memory_bytes=2**26))
    text, attached = printed(shop, f"/v1/invoices/{invoice['id']}")
    assert invoice["number"] in text
    assert "factur-x.xml" in attached
    got = shop.owner.get(f"/v1/invoices/{draft['id']}/pdf")
    assert (got.status, got.json["errors"][0]["code"]) == (422, "template_invalid")
    monkeypatch.undo()
    assert printed(shop, f"/v1/invoices/{invoice['id']}") == (text, attached)
