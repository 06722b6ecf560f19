"""Check a company's logo, decode it and encode it again, so that a document never prints the uploaded bytes."""

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

from chalicelib.domain.errors import TooLarge, invalid

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 512 * 1024
MAX_SIDE = 4096
"""Pixels. A larger picture is refused before it is decoded."""
PRINT_SIDE = 1024
"""Pixels. A larger logo is scaled down to this size, which is 45 mm at 600 dpi."""

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}


def clean_logo(data: bytes) -> bytes:
    """Return the logo encoded again, PNG as PNG and JPEG as JPEG, without metadata, at most 1,024 pixels a side.

    Raises TooLarge above 512 KB. Raises InvalidContent at `/logo` with `logo_not_an_image`, or with
    `logo_too_many_pixels` above 4,096 pixels a side.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(limit=MAX_BYTES)
    image_format = _FORMATS.get(_media_type(data))
    if image_format is None:
        raise invalid("/logo", "logo_not_an_image")
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(BytesIO(data), formats=[image_format]) as picture:
                if max(picture.size) > MAX_SIDE:
                    raise invalid("/logo", "logo_too_many_pixels", limit=MAX_SIDE)
                picture.load()
                return _encode(picture, image_format)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise invalid("/logo", "logo_not_an_image") from error


def picture_size(data: bytes) -> tuple[str, int, int]:
    """Return the media type, width and height in pixels of a cleaned logo."""
    from PIL import Image

    with Image.open(BytesIO(data), formats=list(_FORMATS.values())) as picture:
        return f"image/{str(picture.format).lower()}", *picture.size


def _media_type(data: bytes) -> str:
    import puremagic

    try:
        return puremagic.from_string(data, mime=True)
    except (puremagic.PureError, ValueError):
        return ""


def eight_bits(picture: "Image") -> "Image":
    """Return a grey picture of 16 bits with 8. A plain conversion cuts the values above 255: all of it would be
    white."""
    if not picture.mode.startswith("I"):
        return picture
    return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def _encode(picture: "Image", image_format: str) -> bytes:
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((PRINT_SIDE, PRINT_SIDE))
    # Palettes, 16-bit and CMYK all become one form, which every renderer reads.
    plain = eight_bits(upright).convert("RGBA" if image_format == "PNG" else "RGB")
    plain.info.clear()  # comments and profiles, which the encoders would otherwise write again
    out = BytesIO()
    if image_format == "PNG":
        plain.save(out, "PNG", optimize=True)
    else:
        plain.save(out, "JPEG", quality=90, optimize=True)
    return out.getvalue()
