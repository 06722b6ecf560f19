"""The interface of renderers, and the key under which their output is stored.

`inputs_hash` is that key. Everything that can change the bytes is part of it. So an unchanged document is rendered
once, and a changed template, font, label or library makes a new file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from chalicelib.domain.documents.view import DocumentView

HERE = Path(__file__).parent


class RenderFailed(RuntimeError):
    """A renderer failed on a document. The fault is ours, unlike a refused template or logo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFile:
    """A UTF-8 text file inside the PDF (PDF/A-3), such as the e-invoice. `relationship` is PDF's term."""

    name: str
    data: bytes
    media_type: str = "text/xml"
    relationship: Literal["source", "data", "alternative", "supplement"] = "alternative"
    description: str = ""


class Renderer(Protocol):
    """Render a view to a PDF. `version` changes whenever equal views would give other bytes."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def render(
        self, view: DocumentView, *, logo: bytes | None = None, attachments: Sequence[EmbeddedFile] = ()
    ) -> bytes:
        """Return the PDF. `logo` is the output of `clean_logo`.

        Raises RenderFailed, RendererUnavailable, or InvalidContent for a refused template.
        """
        ...


class View(Protocol):
    """The content of a page."""

    def canonical(self) -> bytes:
        """The content as bytes: equal views, equal bytes."""
        ...


def inputs_hash(
    view: View, renderer: Renderer, *, logo: bytes | None = None, attachments: Sequence[EmbeddedFile] = ()
) -> str:
    """Return the SHA-256 (hex) of everything that decides the bytes: the view, the renderer with its templates, fonts
    and labels, the logo and the attachments."""
    parts = [renderer.name.encode(), renderer.version.encode(), view.canonical(), logo or b""]
    for attachment in attachments:
        texts = (attachment.name, attachment.media_type, attachment.relationship, attachment.description)
        parts += [*(text.encode() for text in texts), attachment.data]
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


@lru_cache
def files_digest(*folders: Path) -> str:
    """Return the SHA-256 (hex, shortened) of the files below `folders` and their relative names. A process reads them
    once."""
    digest = sha256()
    for folder in folders:
        for file in sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix != ".pyc"):
            digest.update(f"{file.relative_to(folder).as_posix()}\0{sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:20]
