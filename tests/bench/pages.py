"""Rendering alone, warm: the default typst template, and pdfkit with its own."""

import time
from statistics import median

from chalicelib.domain.errors import RendererUnavailable
from chalicelib.render.pdfkit_renderer import PdfkitRenderer
from chalicelib.render.renderer import HERE, Renderer
from chalicelib.render.typst_renderer import TypstRenderer
from tests.unit.render import views

GOALS = {20: 15.0, 500: 400.0}
"""Milliseconds of typst for so many lines."""
Printed = tuple[int, float, float | None]
TURNS = {20: 15, 500: 5}


def measured() -> list[Printed]:
    """Lines, milliseconds of typst, milliseconds of pdfkit (None where its program is not installed)."""
    typst = TypstRenderer()
    pdfkit = PdfkitRenderer((HERE / "templates" / "html" / "document.html").read_text())
    typst.render(views.view(2))
    return [(lines, _time(typst, lines), _time_if_there(pdfkit, lines)) for lines in GOALS]


def _time(renderer: Renderer, lines: int, *, turns: int | None = None) -> float:
    """The median; each turn prints another number, so that nothing can be remembered."""
    times = []
    for turn in range(turns or TURNS[lines]):
        view = views.view(lines, number=f"FA-2026-{turn:05}")
        begun = time.perf_counter()
        renderer.render(view)
        times.append(1e3 * (time.perf_counter() - begun))
    return median(times)


def _time_if_there(renderer: Renderer, lines: int) -> float | None:
    try:
        return _time(renderer, lines, turns=3)
    except RendererUnavailable:
        return None
