"""Print our own template with typst: PDF/A-3, right-to-left pages, and equal bytes for equal views."""

from collections.abc import Sequence
from functools import cached_property, partial
from importlib.metadata import version as installed
from pathlib import Path

from chalicelib.domain.documents.account_view import ReceiptView, StatementView
from chalicelib.domain.documents.view import DocumentView
from chalicelib.render import facturx
from chalicelib.render.account_payload import account_payload
from chalicelib.render.payload import payload
from chalicelib.render.press import TEMPLATES, Press
from chalicelib.render.renderer import HERE, EmbeddedFile, files_digest


class TypstRenderer:
    """A renderer of document views. Threads may share it."""

    name = "typst"

    def __init__(self, templates: Path = TEMPLATES) -> None:
        """`templates` is a folder with a `document.typ`."""
        self._templates = templates
        self.press = Press(templates)

    @cached_property
    def version(self) -> str:
        """typst's version, and a digest of this package's code and fonts and of the template's folder."""
        return f"{installed('typst')}-{files_digest(HERE, self._templates)}"

    def render(
        self, view: DocumentView, *, logo: bytes | None = None, attachments: Sequence[EmbeddedFile] = ()
    ) -> bytes:
        """Return a tagged PDF/A-3a with the view's date. `logo` is a PNG or JPEG from `clean_logo`.

        Raises RenderFailed when typst fails, which no content of a view should cause.
        """
        make = partial(payload, view)
        pdf = self.press.print_page("document", make, view.dated, logo=logo, attachments=attachments)
        return facturx.declared(pdf) if any(each.name == facturx.FILE for each in attachments) else pdf

    def render_account(self, view: ReceiptView | StatementView, *, logo: bytes | None = None) -> bytes:
        """Return the page of a receipt or a statement, as `render` does."""
        return self.press.print_page(view.kind, partial(account_payload, view), view.dated, logo=logo)
