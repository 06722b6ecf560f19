"""Merchants' templates on paper: the output of wkhtmltopdf, which reaches no address with any template."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer
from typing import Any, cast

import pytest
from pypdf import PdfReader

from chalicelib.domain.errors import RendererUnavailable
from chalicelib.domain.language import Language
from chalicelib.render import pdfkit_renderer
from chalicelib.render.pdfkit_renderer import PdfkitRenderer, installed_binary
from chalicelib.render.renderer import HERE, EmbeddedFile, RenderFailed
from tests.unit.render.hostile import HOSTILE
from tests.unit.render.views import view

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])  # what a template must not reach listens here
SECRET = "planted-secret-7f3a"
DEFAULT = PdfkitRenderer((HERE / "templates" / "html" / "document.html").read_text("utf-8"))


def usable() -> bool:
    """Whether this machine can run the program: it is x86-64 only and needs the X11 client libraries."""
    try:
        PdfkitRenderer("<p>x</p>").render(view(0))
    except RendererUnavailable:
        return False
    return True


needs_program = pytest.mark.skipif(not usable(), reason="wkhtmltopdf does not run on this machine")


@pytest.fixture
def sink() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the first line of each request that reached it."""
    seen: list[str] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline(1000).decode())

    server = TCPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    return file


def text_of(made: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(made)).pages)


@needs_program
def test_a_corpus_of_hostile_templates_reaches_nothing(sink: tuple[str, list[str]], secret: Path) -> None:
    address, seen = sink
    template = "\n".join(html.format(sink=address, file=secret) for html in HOSTILE.values())
    assert SECRET not in text_of(PdfkitRenderer(template).render(view(1)))
    assert seen == []


@needs_program
def test_uncleaned_html_reaches_nothing_either(sink: tuple[str, list[str]], secret: Path) -> None:
    """The second wall alone: the page is printed as it is."""
    address, seen = sink

    def printed(html: str) -> str:
        page = f"<html><body>{html.format(sink=address, file=secret)}<p>end</p></body></html>"
        try:
            return text_of(DEFAULT.print_page(page, view(0)))
        except RenderFailed:
            return ""

    with ThreadPoolExecutor(4) as pool:
        for name, text in zip(HOSTILE, pool.map(printed, HOSTILE.values()), strict=True):
            assert SECRET not in text, name
    assert seen == []


@needs_program
def test_without_its_options_it_would(
    sink: tuple[str, list[str]], secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sink and the secret are real: they are what wkhtmltopdf reaches when nobody forbids it."""
    address, seen = sink
    monkeypatch.setattr(pdfkit_renderer, "_SAFETY", {})
    page = f'<html><body><iframe src="file://{secret}" width="500"></iframe><img src="{address}/x.png"></body></html>'
    assert SECRET in text_of(DEFAULT.print_page(page, view(0)))
    assert set(seen) == {"GET /x.png HTTP/1.1\r\n"}


@needs_program
@pytest.mark.parametrize(
    ("language", "expected"),
    [("fr", "Net à payer"), ("en", "Amount payable"), ("ar", "FA-2026-00042")],
)
def test_the_default_template_prints_in_three_languages(language: Language, expected: str) -> None:
    made = DEFAULT.render(view(20, language))
    text = text_of(made).replace("\u00a0", " ")
    assert expected in text
    assert "002136093000040" in text
    assert f"1 / {len(PdfReader(BytesIO(made)).pages)}" in text
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in PdfReader(BytesIO(made)).pages
        for font in cast(Any, page)["/Resources"]["/Font"].values()
    }
    assert all("Noto" in font for font in fonts), fonts


@needs_program
def test_marks_are_on_every_page_of_any_template() -> None:
    made = PdfkitRenderer("<p>x</p>" * 200).render(view(1, marks=("draft",)))
    pages = PdfReader(BytesIO(made)).pages
    assert len(pages) > 1
    assert all("BROUILLON" in page.extract_text() for page in pages)


@pytest.mark.slow
@needs_program
def test_equal_views_give_equal_bytes() -> None:
    assert DEFAULT.render(view(2)) == DEFAULT.render(view(2))


@pytest.mark.slow
@needs_program
def test_five_hundred_lines_print() -> None:
    made = DEFAULT.render(view(500))
    assert 10 <= len(PdfReader(BytesIO(made)).pages) <= 16


@needs_program
def test_options_hidden_in_the_sellers_name_are_text(secret: Path) -> None:
    seller = replace(view(1).seller, ice="--enable-local-file-access", tax_id="[webpage]", trade_register="--allow")
    made = PdfkitRenderer(f'<iframe src="file://{secret}"></iframe><p>x</p>').render(view(1, seller=seller))
    assert SECRET not in text_of(made)
    assert "ICE --enable-local" in text_of(made).replace("\u00a0", " ")
    assert "file:" not in text_of(made)


@pytest.mark.slow
@needs_program
def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfkit_renderer, "LIMITS", replace(pdfkit_renderer.LIMITS, seconds=1))
    cells = "<table>" + "<tr><td>x" * 300_000 + "</table>"
    with pytest.raises(RenderFailed):
        DEFAULT.print_page(cells, view(0))


@needs_program
def test_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfkit_renderer, "LIMITS", replace(pdfkit_renderer.LIMITS, memory_bytes=120 * 1024**2))
    with pytest.raises(RenderFailed):
        DEFAULT.print_page("<table>" + "<tr><td>x" * 100_000 + "</table>", view(0))


def test_attachments_are_refused() -> None:
    with pytest.raises(ValueError, match="attach"):
        DEFAULT.render(view(1), attachments=[EmbeddedFile(name="x", data=b"")])


def test_without_the_program_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RendererUnavailable):
        PdfkitRenderer("<p>x</p>", binary=tmp_path / "absent").render(view(1))
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\x7fELF not for this machine")
    foreign.chmod(0o755)
    with pytest.raises(RendererUnavailable):
        PdfkitRenderer("<p>x</p>", binary=foreign).render(view(1))
    assert installed_binary().name == "wkhtmltopdf-pack"
