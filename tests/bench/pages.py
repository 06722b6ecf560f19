"""Rendering alone, warm: the default typst template with the e-invoices, typst alone on the same page, and pdfkit with
its own template."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import NamedTuple

import typst

from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.errors import RendererUnavailable
from chalicelib.render.layout import arranged
from chalicelib.render.payload import payload
from chalicelib.render.pdfkit_renderer import PdfkitRenderer
from chalicelib.render.press import TEMPLATES
from chalicelib.render.renderer import HERE
from chalicelib.render.text import FONTS
from chalicelib.render.typst_renderer import TypstRenderer
from chalicelib.services.documents.einvoicing import attached
from chalicelib.services.documents.view import issued_view
from tests.unit import samples
from tests.unit.render import views

GOALS = {20: 15.0, 500: 400.0}
"""Milliseconds of typst for so many lines, without e-invoices."""
MOST_RATIO = 1.5
"""A page of 20 lines with its e-invoices ÷ typst alone on the same page."""
TURNS = {20: 15, 500: 5}
RATIO_TURNS = 40


class Printed(NamedTuple):
    """Milliseconds for a page of so many lines: typst, and pdfkit (None where its program is not installed)."""

    lines: int
    typst: float
    pdfkit: float | None


class Compared(NamedTuple):
    """Milliseconds for a page of 20 lines: with its e-invoices as the product prints it, and typst alone."""

    ours: float
    alone: float

    @property
    def ratio(self) -> float:
        """Ours ÷ typst alone."""
        return self.ours / self.alone


def measured() -> list[Printed]:
    """Pages of the lines of `GOALS`."""
    press = TypstRenderer()
    pdfkit = PdfkitRenderer((HERE / "templates" / "html" / "document.html").read_text())
    press.render(views.view(2))

    def ours(lines: int, turn: int) -> None:
        press.render(views.view(lines, number=_number(turn)))

    def theirs(lines: int, turn: int) -> None:
        pdfkit.render(views.view(lines, number=_number(turn)))

    return [Printed(lines, _time(ours, lines, TURNS[lines]), _if_there(theirs, lines)) for lines in GOALS]


def compared() -> Compared:
    """Print turn by turn. Both sides print the same page, each time under a number of its own, so that typst remembers
    nothing of the other side's page. Typst alone gets the finished data, attaches nothing and forgets nothing."""
    renderer, ours, alone = TypstRenderer(), [], []
    compiler = _compiler()
    document = _document()
    for turn in range(RATIO_TURNS):
        mine = replace(document, number=_number(2 * turn))
        ours.append(_seconds(partial(_print, renderer, mine)))
        other = issued_view(replace(document, number=_number(2 * turn + 1)), "fr")
        data = json.dumps({**arranged(payload(other)), "logo": None, "attachments": []}, ensure_ascii=False)
        alone.append(_seconds(partial(_compile, compiler, data)))
    return Compared(1e3 * median(ours), 1e3 * median(alone))


def _document() -> Invoice:
    """An invoice with 20 lines like those of the sample pages."""
    texts = [views.line(position, "fr").description for position in range(1, 21)]
    return samples.issued(*(samples.line(description=text) for text in texts))


def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    return typst.Compiler(TEMPLATES / "document.typ", root=TEMPLATES, font_paths=fonts, ignore_system_fonts=True)


def _print(renderer: TypstRenderer, document: Invoice) -> None:
    view = issued_view(document, "fr")
    renderer.render(view, attachments=attached(document, view))


def _compile(compiler: typst.Compiler, data: str) -> None:
    day = datetime(2026, 11, 23, tzinfo=UTC)
    compiler.compile(format="pdf", sys_inputs={"document": data}, pdf_standards="a-3a", timestamp=day)


def _number(turn: int) -> str:
    """Each turn prints another number, so that nothing can be remembered."""
    return f"FA-2026-{turn:05}"


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _time(work: Callable[[int, int], None], lines: int, turns: int) -> float:
    """The median in milliseconds."""
    return 1e3 * median(_seconds(partial(work, lines, turn)) for turn in range(turns))


def _if_there(work: Callable[[int, int], None], lines: int) -> float | None:
    try:
        return _time(work, lines, 3)
    except RendererUnavailable:
        return None
