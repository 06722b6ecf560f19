"""An uploaded file is decoded within limits and encoded again, or refused with a reason."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from chalicelib.domain.attachments.attachment import media_of
from chalicelib.render import attachment
from chalicelib.render.attachment import Unfit, clean
from tests.attaching import HEIC, PDF, PLACE, picture

PAGE = b"<</Type /Page /Parent 2 0 R>>\n"


def _image(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content)) as kept:
        kept.load()
        return kept


def _saved(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def _refused(data: bytes, content_type: str) -> str:
    with pytest.raises(Unfit) as refusal:
        clean(data, content_type)
    return refusal.value.reason


def _png_of(width: int, height: int) -> bytes:
    """The beginning of a PNG that states this size."""
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(head)) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (picture(), "image/jpeg"),
        (picture("PNG", xmp=None), "image/png"),
        (picture("WEBP"), "image/webp"),
        (HEIC, "image/heic"),
        (PDF, "application/pdf"),
        (b"\0\0\0\x18ftypmp42", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"PK\x03\x04", None),
        (b" %PDF-1.7", None),
        (b"", None),
    ],
)
def test_the_first_bytes_show_the_media_type(data: bytes, media: str | None) -> None:
    assert media_of(data) == media


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(orientation: int) -> None:
    sent = Image.new("RGB", (60, 40), "white")
    sent.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    kept = _image(clean(_saved(sent, "JPEG", exif=exif, quality=95), "image/jpeg").content)
    upright = {1: "left top", 2: "right top", 3: "right bottom", 4: "left bottom"}
    upright |= {5: "left top", 6: "right top", 7: "right bottom", 8: "left bottom"}
    across, down = upright[orientation].split()
    spot = (5 if across == "left" else kept.width - 6, 5 if down == "top" else kept.height - 6)
    found = kept.getpixel(spot)
    assert isinstance(found, tuple)
    assert (found[0] > 200, found[1] < 80) == (True, True)
    assert kept.size == ((60, 40) if orientation < 5 else (40, 60))


def test_nothing_but_the_picture_is_kept() -> None:
    profile = b"\0" * 128 + PLACE
    done = clean(picture(icc_profile=profile, comment=PLACE), "image/jpeg")
    for content in (done.content, done.thumbnail or b""):
        assert PLACE not in content
        assert not {"exif", "xmp", "icc_profile", "comment"} & _image(content).info.keys()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_one_form(mode: str) -> None:
    sent = Image.new("L", (40, 30), 128).convert(mode) if mode != "I;16" else Image.new("I;16", (40, 30), 32_768)
    data = _saved(sent, "JPEG" if mode == "CMYK" else "PNG") if mode != "PA" else _saved(sent.convert("RGBA"))
    kept = _image(clean(data, "image/jpeg" if mode == "CMYK" else "image/png").content)
    assert (kept.mode, kept.size) == ("RGB", (40, 30))
    if mode not in ("1", "CMYK"):
        assert kept.getpixel((20, 15)) == (128, 128, 128)


def test_what_is_transparent_lies_on_white() -> None:
    data = _saved(Image.new("RGBA", (40, 30), (0, 0, 0, 0)))
    assert _image(clean(data, "image/png").content).getpixel((20, 15)) == (255, 255, 255)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    for side in (7_072, 12_000, 20_000):
        assert _refused(_saved(Image.new("1", (side, side))), "image/png") == "too_many_pixels"
    assert _refused(_png_of(50_000, 50_000), "image/png") == "not_readable"
    assert _image(clean(_saved(Image.new("1", (7_071, 7_071))), "image/png").content).size == (2_400, 2_400)


def test_a_warning_of_the_decoder_refuses_the_picture() -> None:
    whole = _saved(Image.effect_noise((300, 300), 50), "JPEG")
    assert _refused(whole[: len(whole) // 2], "image/jpeg") == "not_readable"
    assert _refused(HEIC[:300], "image/heic") == "not_readable"


def _stream(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return b"<</Type /ObjStm /Filter /FlateDecode>>stream\n" + packed + b"\nendstream\n"


def test_pages_are_counted_in_object_streams_too() -> None:
    body = PAGE * 40 + _stream(PAGE * 40) + _stream(PAGE * 20)
    assert clean(PDF.replace(b"trailer", body + b"trailer"), "application/pdf").thumbnail is None
    assert _refused(PDF.replace(b"trailer", body + PAGE + b"trailer"), "application/pdf") == "too_many_pages"
    assert _refused(PDF.replace(b"trailer", _stream(PAGE * 101) + b"trailer"), "application/pdf") == "too_many_pages"
    pages_tree = b"<</Type /Pages /Kids []>>" * 200
    assert clean(PDF.replace(b"trailer", pages_tree + b"trailer"), "application/pdf").extension == "pdf"


def test_a_bomb_in_an_object_stream_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment, "MOST_INFLATED", 10_000)
    bomb = PDF.replace(b"trailer", _stream(b" " * 20_000) + b"trailer")
    assert _refused(bomb, "application/pdf") == "not_readable"
    broken = PDF.replace(b"trailer", b"<</Type /ObjStm>>stream\nno zlib\nendstream trailer")
    assert _refused(broken, "application/pdf") == "not_readable"


def test_many_object_streams_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 unfinished streams before 9 MB took 41 seconds: each was read to the end of the file."""
    head = b"<</Type /ObjStm>>stream\n" + zlib.compress(b"")
    assert _refused(PDF.replace(b"trailer", head * 100_000 + b"trailer"), "application/pdf") == "not_readable"
    read: list[int] = []
    real = zlib.decompressobj

    class Counted:
        def decompress(self, data: bytes, most: int) -> bytes:
            read.append(len(data))
            return real().decompress(data, most)

    monkeypatch.setattr(zlib, "decompressobj", Counted)
    whole = PDF.replace(b"trailer", (head + b"\nendstream\n") * 1_000 + b"trailer")
    assert clean(whole, "application/pdf").content == whole
    assert sum(read) < len(whole)


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each scan of a few bytes decodes the whole picture again."""
    whole = _saved(Image.effect_noise((64, 64), 50), "JPEG", progressive=True)
    first, second = [at for at in range(len(whole)) if whole[at : at + 2] == b"\xff\xda"][1:3]
    many = whole[:second] + whole[first:second] * 40 + whole[second:]
    assert _image(clean(whole, "image/jpeg").content).size == (64, 64)
    monkeypatch.setattr(attachment, "_decoded", lambda *_: pytest.fail("it was decoded"))
    assert _refused(many, "image/jpeg") == "not_readable"


def test_what_lies_behind_a_picture_is_neither_read_nor_kept() -> None:
    """A motion photo has a film behind it, in which each pair of bytes occurs."""
    whole = _saved(Image.effect_noise((64, 64), 50), "JPEG")
    for behind in (b"\xff\xda" * 100, b"PK\x03\x04 a.exe", b"<script>alert(1)</script>"):
        done = clean(whole + behind, "image/jpeg")
        assert behind not in done.content + (done.thumbnail or b"")


def test_a_page_hidden_in_a_picture_is_not_kept() -> None:
    html = b"<html><script>alert(1)</script></html>"
    done = clean(_saved(Image.new("RGB", (40, 30)), "JPEG", comment=html), "image/jpeg")
    assert html not in done.content
    assert done.content.startswith(b"\xff\xd8\xff")


def test_the_place_in_an_embedded_thumbnail_is_not_kept() -> None:
    """The thumbnail lies in the EXIF data, with metadata of its own."""
    small = _saved(Image.new("RGB", (16, 16), "red"), "JPEG", comment=PLACE)
    exif = Image.Exif()
    exif[0x9286] = PLACE + small
    exif.get_ifd(0x8825)[2] = (33.0, 34.0, 23.0)
    sent = _saved(Image.new("RGB", (60, 40)), "JPEG", exif=exif)
    assert PLACE in sent
    assert Image.open(BytesIO(sent)).getexif().get_ifd(0x8825)
    done = clean(sent, "image/jpeg")
    for content in (done.content, done.thumbnail or b""):
        assert PLACE not in content
        assert dict(_image(content).getexif()) == {}


@pytest.mark.parametrize(("form", "media"), [("PNG", "image/png"), ("WEBP", "image/webp")])
def test_the_first_picture_of_an_animation_is_kept(form: str, media: str) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "lime")]
    sent = _saved(frames[0], form, save_all=True, append_images=frames[1:], duration=50)
    kept = _image(clean(sent, media).content)
    assert (getattr(kept, "n_frames", 1), kept.size) == (1, (40, 30))
    found = kept.getpixel((20, 15))
    assert isinstance(found, tuple)
    assert (found[0] > 200, found[2] < 60) == (True, True)


def test_a_heic_of_too_many_pixels_is_refused() -> None:
    size = struct.pack(">2I", 64, 64)
    assert HEIC.count(size) >= 1
    assert _refused(HEIC.replace(size, struct.pack(">2I", 50_000, 50_000)), "image/heic") in (
        "too_many_pixels",
        "not_readable",
    )
