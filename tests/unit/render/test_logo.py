"""Logos: only our own encoding of a PNG or JPEG is ever kept."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from chalicelib.domain.errors import InvalidContent, TooLarge
from chalicelib.render.logo import MAX_BYTES, PRINT_SIDE, clean_logo, picture_size


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 30), mode: str = "RGB", **options: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (picture("PNG"), "image/png"),
        (picture("PNG", mode="P"), "image/png"),
        (picture("PNG", mode="I;16"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("JPEG", mode="CMYK"), "image/jpeg"),
    ],
)
def test_pictures_are_written_anew(data: bytes, media_type: str) -> None:
    assert picture_size(clean_logo(data)) == (media_type, 60, 30)


def test_a_grey_picture_of_16_bits_keeps_its_greys() -> None:
    out = BytesIO()
    grey = Image.new("I;16", (3, 1))
    for place, value in enumerate((0, 128 * 256, 65535)):
        grey.putpixel((place, 0), value)
    grey.save(out, "PNG")
    with Image.open(BytesIO(clean_logo(out.getvalue()))) as cleaned:
        assert [cleaned.getpixel((place, 0)) for place in range(3)] == [(g, g, g, 255) for g in (0, 128, 255)]


def test_large_pictures_are_scaled_down() -> None:
    assert picture_size(clean_logo(picture(size=(4000, 100))))[1:] == (PRINT_SIDE, 26)


def test_nothing_hidden_survives() -> None:
    data = picture("JPEG", exif=b"Exif\0\0secret", comment=b"secret") + b"<script>secret</script>"
    assert b"secret" in data
    assert b"secret" not in clean_logo(data)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_claiming(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "logo_not_an_image"),
        (b"%PDF-1.7", "logo_not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo_not_an_image"),
        (picture("GIF"), "logo_not_an_image"),
        (picture("BMP"), "logo_not_an_image"),
        (picture()[:-30], "logo_not_an_image"),
        (picture()[:20], "logo_not_an_image"),
        (b"\x89PNG\r\n\x1a\n" + b"A" * 100, "logo_not_an_image"),
        (png_claiming(100, 100), "logo_not_an_image"),
        (png_claiming(30000, 30000), "logo_not_an_image"),
        (png_claiming(5000, 10), "logo_too_many_pixels"),
    ],
)
def test_an_invalid_picture_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InvalidContent) as refusal:
        clean_logo(data)
    assert [fault.code for fault in refusal.value.faults] == [code]


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(TooLarge):
        clean_logo(b"\0" * (MAX_BYTES + 1))
