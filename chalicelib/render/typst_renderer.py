"""Print our own template with typst: PDF/A-3, right-to-left pages, and equal bytes for equal views.

The view is JSON in `sys.inputs` and is printed as text only, so nothing in it is read as markup. typst's root is the
template's folder, and its only fonts are the bundled ones.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.domain.documents.view import DocumentView
from chalicelib.render import facturx
from chalicelib.render.payload import payload
from chalicelib.render.renderer import HERE, EmbeddedFile, RenderFailed, files_digest
from chalicelib.render.text import FONTS, printable, without_marks

if TYPE_CHECKING:
    import typst

TEMPLATE = HERE / "templates" / "typst"


class TypstRenderer:
    """A renderer with one shared compiler. A lock lets one thread use it at a time, because each call changes its
    inputs."""

    name = "typst"

    def __init__(self, template: Path = TEMPLATE) -> None:
        """`template` is a folder with a `document.typ`."""
        self._template = template
        self._lock = Lock()

    @cached_property
    def version(self) -> str:
        """typst's version, and a digest of this package's code and fonts and of the template's folder."""
        return f"{installed('typst')}-{files_digest(HERE, self._template)}"

    @cached_property
    def _compiler(self) -> "typst.Compiler":
        import typst

        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
        return typst.Compiler(
            self._template / "document.typ", root=self._template, font_paths=fonts, ignore_system_fonts=True
        )

    def render(
        self, view: DocumentView, *, logo: bytes | None = None, attachments: Sequence[EmbeddedFile] = ()
    ) -> bytes:
        """Return a tagged PDF/A-3a with the view's date. `logo` is a PNG or JPEG from `clean_logo`.

        Raises RenderFailed when typst fails, which no content of a view should cause.
        """
        import typst

        with self._lock:
            try:
                return self._compile(view, payload(view), logo, attachments)
            except typst.TypstError as error:
                if "could not be displayed" not in str(error):
                    raise RenderFailed(str(error)) from error
            # A combining mark on a base from another font has no glyph, which PDF/A forbids. Print the base only.
            bare = payload(view, lambda text: without_marks(printable(text)))
            try:
                return self._compile(view, bare, logo, attachments)
            except typst.TypstError as error:
                raise RenderFailed(str(error)) from error

    def _compile(
        self, view: DocumentView, data: dict[str, Any], logo: bytes | None, attachments: Sequence[EmbeddedFile]
    ) -> bytes:
        data["logo"] = _picture(logo) if logo else None
        data["attachments"] = [
            {
                "name": attachment.name,
                "data": attachment.data.decode(),
                "media_type": attachment.media_type,
                "relationship": attachment.relationship,
                "description": attachment.description,
            }
            for attachment in attachments
        ]
        pdf = self._compiler.compile(
            format="pdf",
            sys_inputs={"document": json.dumps(data, ensure_ascii=False)},
            pdf_standards="a-3a",
            timestamp=datetime(view.dated.year, view.dated.month, view.dated.day, tzinfo=UTC),
        )
        if not isinstance(pdf, bytes):
            raise RenderFailed("typst returned no bytes")
        return facturx.declared(pdf) if any(each.name == facturx.FILE for each in attachments) else pdf


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
