"""Compile a typst template with data to a PDF/A-3: one compiler a template, one page at a time.

A page's data goes in by `sys.inputs` and is printed as text only, so nothing in it is read as markup. typst's root is
the template's folder, and its only fonts are the bundled ones.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from chalicelib.render.layout import arranged
from chalicelib.render.payload import Clean, Data
from chalicelib.render.renderer import HERE, EmbeddedFile, RenderFailed
from chalicelib.render.text import FONTS, printable, without_marks

if TYPE_CHECKING:
    import typst

TEMPLATES: Final = HERE / "templates" / "typst"
_AGES: Final = 10
"""typst keeps what it has laid out for this many compilations. A document of 500 lines keeps 25 MB, and none is ever
printed twice, so long documents are followed by so many compilations of an empty page (ADR 0072)."""
_FORGOTTEN: Final = 32_000
"""Characters of data after which typst forgets: those of one long document, or of some short ones together. Attached
files do not count, because typst lays nothing out for them."""
_EMPTY: Final = "empty"
"""The template of the empty page."""


class Press:
    """The compilers of one folder of templates. A lock lets one thread use them at a time, because each call changes
    their inputs."""

    def __init__(self, templates: Path = TEMPLATES) -> None:
        self._templates = templates
        self._lock = Lock()
        self._compilers: dict[str, typst.Compiler] = {}
        self._remembered = 0

    def print_page(
        self,
        template: str,
        make: Callable[[Clean], Data],
        dated: date,
        *,
        logo: bytes | None = None,
        attachments: Sequence[EmbeddedFile] = (),
    ) -> bytes:
        """Return a tagged PDF/A-3a with the date `dated`. `make` gives the data of `template` (a name without
        ".typ"), with its texts cleaned by the function that it gets.

        Raises RenderFailed when typst fails, which no content should cause.
        """
        import typst

        with self._lock:
            try:
                return self.compiled(make(printable), dated, template, logo=logo, attachments=attachments)
            except typst.TypstError as error:
                if "could not be displayed" not in str(error):
                    raise RenderFailed(str(error)) from error
            # A combining mark on a base from another font has no glyph, which PDF/A forbids. Print the base only.
            bare = make(lambda text: without_marks(printable(text)))
            try:
                return self.compiled(bare, dated, template, logo=logo, attachments=attachments)
            except typst.TypstError as error:
                raise RenderFailed(str(error)) from error

    def compiled(
        self,
        data: Data,
        dated: date,
        template: str = "document",
        *,
        logo: bytes | None = None,
        attachments: Sequence[EmbeddedFile] = (),
    ) -> bytes:
        """Compile once, without a lock and a second attempt. Raises typst's own errors."""
        given = {
            **arranged(data),
            "logo": _picture(logo) if logo else None,
            "attachments": [_attached(number, attachment) for number, attachment in enumerate(attachments)],
        }
        text = json.dumps(given, ensure_ascii=False)
        files = {_input(number): attachment.data.decode() for number, attachment in enumerate(attachments)}
        pdf = self._compiler(template).compile(
            format="pdf",
            sys_inputs={"document": text, **files},
            pdf_standards="a-3a",
            timestamp=datetime(dated.year, dated.month, dated.day, tzinfo=UTC),
        )
        self._forget(len(text))
        if not isinstance(pdf, bytes):
            raise RenderFailed("typst returned no bytes")
        return pdf

    def _forget(self, printed: int) -> None:
        """Age typst's cache when it holds `_FORGOTTEN` characters of pages."""
        self._remembered += printed
        if self._remembered >= _FORGOTTEN:
            self._remembered = 0
            for _ in range(_AGES):
                self._idle.compile(format="svg")

    def _compiler(self, template: str) -> "typst.Compiler":
        if template not in self._compilers:
            self._compilers[template] = self._opened(self._templates, template)
        return self._compilers[template]

    @cached_property
    def _idle(self) -> "typst.Compiler":
        return self._opened(TEMPLATES, _EMPTY)

    def _opened(self, folder: Path, template: str) -> "typst.Compiler":
        import typst

        return typst.Compiler(folder / f"{template}.typ", root=folder, font_paths=self._fonts, ignore_system_fonts=True)

    @cached_property
    def _fonts(self) -> "typst.Fonts":
        import typst

        return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


def _attached(number: int, attachment: EmbeddedFile) -> dict[str, Any]:
    """The inputs of typst besides the content. The content is an input of its own, which nobody has to parse."""
    return {
        "name": attachment.name,
        "input": _input(number),
        "media_type": attachment.media_type,
        "relationship": attachment.relationship,
        "description": attachment.description,
    }


def _input(number: int) -> str:
    return f"file-{number}"


def _picture(logo: bytes) -> str:
    """Return the logo inside an SVG. typst takes strings only, and decodes base64 only in the data URI of an SVG."""
    from chalicelib.render.logo import picture_size

    media_type, width, height = picture_size(logo)
    source = f"data:{media_type};base64,{b64encode(logo).decode()}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" xlink:href="{source}"/></svg>'
    )
