"""Clean attachments. A picture is decoded and encoded again, a PDF is searched, and any other file is refused."""

import re
import warnings
from io import BytesIO
from typing import Final, NamedTuple

from chalicelib.domain.errors import invalid
from chalicelib.render.logo import eight_bits

MAX_BYTES: Final = 512 * 1024
MAX_SIDE: Final = 8_000
"""Pixels. A larger picture is refused before it is decoded."""
KEPT_SIDE: Final = 2_000
"""Pixels. A screenshot stays readable at this size."""
_PICTURES: Final = {b"\x89PNG\r\n\x1a\n": ("PNG", "png", "image/png"), b"\xff\xd8\xff": ("JPEG", "jpg", "image/jpeg")}
_ACTIVE: Final = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|OpenAction|AA|SubmitForm|ImportData|GoToE|GoToR|ObjStm)"
    rb"(?![A-Za-z])"
)
"""PDF names for actions and hidden content. Object streams are refused too, because this check cannot see into them."""
_HIDDEN_NAME: Final = re.compile(rb"/[A-Za-z]*#[0-9A-Fa-f]{2}")


class Checked(NamedTuple):
    """A cleaned attachment: its bytes, extension and media type."""

    content: bytes
    extension: str
    media: str


def check(data: bytes, pointer: str) -> Checked:
    """Return a PNG or JPEG without its metadata, or a PDF without scripts, actions and embedded files.

    Raises InvalidContent at `pointer` with `attachment_too_large`, `attachment_not_readable` or `attachment_active`.
    """
    if len(data) > MAX_BYTES:
        raise invalid(pointer, "attachment_too_large", limit=f"{MAX_BYTES // 1024} kB")
    if data.startswith(b"%PDF-"):
        return _pdf(data, pointer)
    for magic, (form, extension, media) in _PICTURES.items():
        if data.startswith(magic):
            return Checked(_picture(data, form, pointer), extension, media)
    raise invalid(pointer, "attachment_not_readable")


def _pdf(data: bytes, pointer: str) -> Checked:
    if b"%%EOF" not in data[-1024:]:
        raise invalid(pointer, "attachment_not_readable")
    if _ACTIVE.search(data) or _HIDDEN_NAME.search(data) or b"/Encrypt" in data:
        raise invalid(pointer, "attachment_active")
    return Checked(data, "pdf", "application/pdf")


def _picture(data: bytes, form: str, pointer: str) -> bytes:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(BytesIO(data), formats=[form]) as picture:
                if max(picture.size) > MAX_SIDE:
                    raise invalid(pointer, "attachment_not_readable")
                picture.load()
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail((KEPT_SIDE, KEPT_SIDE))
                plain = eight_bits(upright).convert("RGBA" if form == "PNG" else "RGB")
                plain.info.clear()  # metadata such as places, cameras and comments
                out = BytesIO()
                plain.save(out, form, **({"optimize": True} if form == "PNG" else {"quality": 85}))
                return out.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise invalid(pointer, "attachment_not_readable") from error
