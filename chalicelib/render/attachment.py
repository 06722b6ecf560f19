"""Clean an uploaded file. A picture is decoded within limits and encoded again; a PDF is checked and kept as it is.

The new picture is upright and holds no metadata: no place, no time, no camera, no colour profile. A PDF is kept byte
for byte, so that a signature and an embedded e-invoice stay valid. It is served as a download only.
"""

import re
import warnings
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.attachments.attachment import JPEG, PDF, RefusalReason, media_of
from chalicelib.render.logo import eight_bits

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS: Final = 50_000_000
"""A larger picture is refused before it is decoded."""
KEPT_SIDE: Final = 2_400
"""Pixels. An A4 page stays readable at this size."""
THUMBNAIL_SIDE: Final = 320
QUALITY: Final = 85
MOST_PAGES: Final = 100
MOST_INFLATED: Final = 50_000_000
"""Bytes of object streams that are inflated to count the pages of a PDF."""
MOST_SCANS: Final = 30
"""Scans of a progressive JPEG. An encoder writes ten. Each scan of 98 bytes may take 50 ms, so a file of 15 MB with
nothing else would take hours."""
_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd8\xff]")
"""A marker of a JPEG. Entropy-coded data holds FF before 00 and before the restart markers alone."""
_END, _SCAN = 0xD9, 0xDA
_OBJECT_STREAM: Final = re.compile(rb"/Type\s*/ObjStm\b.{0,400}?stream\r?\n", re.DOTALL)


class CleanedFile(NamedTuple):
    """The bytes that are kept, their media type and extension, and the thumbnail of a picture (WebP)."""

    content: bytes
    media: str
    extension: str
    thumbnail: bytes | None = None


class Unfit(Exception):
    """The file is refused. `reason` says why."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason)
        self.reason = reason


def clean(data: bytes, content_type: str) -> CleanedFile:
    """Return the copy of a file that is kept. Raises Unfit, also if the first bytes do not show `content_type`."""
    if media_of(data) != content_type:
        raise Unfit("wrong_type")
    if content_type == PDF:
        _check_pdf(data)
        return CleanedFile(data, PDF, "pdf")
    if content_type == JPEG:
        _check_scans(data)
    small = _decoded(data, content_type)
    thumbnail = small.copy()
    thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return CleanedFile(_encoded(small, "JPEG"), JPEG, "jpg", _encoded(thumbnail, "WEBP"))


def _check_scans(data: bytes) -> None:
    """Raise Unfit for a JPEG of more than MOST_SCANS scans. What follows the picture is not read."""
    scans, marker = 0, _MARKER.search(data)
    while marker and (kind := data[marker.start() + 1]) != _END:
        scans += kind == _SCAN
        if scans > MOST_SCANS:
            raise Unfit("not_readable")
        marker = _MARKER.search(data, marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2]))


def _decoded(data: bytes, content_type: str) -> "Image":
    """Return the picture upright, in RGB, at most KEPT_SIDE pixels a side. Raises Unfit."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if content_type == "image/heic":
        from pi_heif import register_heif_opener

        register_heif_opener()
    size = (KEPT_SIDE, KEPT_SIDE)
    broken = (UnidentifiedImageError, OSError, EOFError, RuntimeError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(BytesIO(data), formats=[_FORMATS[content_type]]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Unfit("too_many_pixels")
                picture.draft("RGB", size)  # JPEG only: decodes at a smaller scale
                picture.load()
                plain = eight_bits(picture)
                plain = plain if plain.mode in ("RGB", "L") else plain.convert("RGBA")
                plain.thumbnail(size)
                return _on_white(ImageOps.exif_transpose(plain))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unfit("too_many_pixels") from error
    except (*broken, ValueError, SyntaxError, Warning, zlib.error) as error:
        raise Unfit("not_readable") from error


def _on_white(picture: "Image") -> "Image":
    """Return the picture in RGB without metadata. JPEG has no transparency, so it lies on white."""
    from PIL import Image

    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    plain = picture.convert("RGB")
    plain.info.clear()  # Otherwise the encoders write comments and profiles again.
    return plain


def _encoded(picture: "Image", form: str) -> bytes:
    out = BytesIO()
    picture.save(out, form, quality=QUALITY)
    return out.getvalue()


def _check_pdf(data: bytes) -> None:
    """Raise Unfit for a PDF without an end, with a password, or with more than MOST_PAGES pages."""
    if b"%%EOF" not in data[-1024:] or b"/Encrypt" in data:
        raise Unfit("not_readable")
    if _pages(data) > MOST_PAGES:
        raise Unfit("too_many_pages")


def _pages(data: bytes) -> int:
    """Count the pages that objects describe, those in compressed object streams included. Raises Unfit."""
    pages, left, end = len(_PAGE.findall(data)), MOST_INFLATED, 0
    while found := _OBJECT_STREAM.search(data, end):
        end = data.find(b"endstream", found.end())
        if end < 0:
            raise Unfit("not_readable")
        try:
            inflated = zlib.decompressobj().decompress(data[found.end() : end], left)
        except zlib.error as error:
            raise Unfit("not_readable") from error
        pages += len(_PAGE.findall(inflated))
        left -= len(inflated)
        if left <= 0:
            raise Unfit("not_readable")
    return pages
