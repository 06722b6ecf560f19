"""File names in every script survive the header, and nothing escapes it."""

from urllib.parse import unquote

import pytest

from chalicelib.files import prefixes
from chalicelib.files.objects import disposition
from chalicelib.policy.load import current


def parts(filename: str) -> tuple[str, str]:
    """The plain and the true name of a header."""
    header = disposition(filename)
    assert header.isascii()
    assert header.startswith('attachment; filename="')
    plain, _, true = header.removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")
    return plain, unquote(true)


@pytest.mark.parametrize(
    ("filename", "plain"),
    [
        ("facture-FA-2026-00042.pdf", "facture-FA-2026-00042.pdf"),
        ("Avoir n° 3 été.pdf", "Avoir n 3 ete.pdf"),
        ("فاتورة-42.pdf", "-42.pdf"),
        ("فاتورة.pdf", "document.pdf"),
        ("فاتورة", "document"),
        ("100%25.pdf", "100_25.pdf"),
    ],
)
def test_both_names(filename: str, plain: str) -> None:
    assert parts(filename) == (plain, filename)


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ('a"; filename="b.exe', "a; filename=b.exe"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
        ("../../etc/passwd", "etcpasswd"),
        ("fac\u202efdp.exe", "facfdp.exe"),
        ("\x00", "document"),
        ("", "document"),
        (" . ", "document"),
    ],
)
def test_deceptive_characters_are_removed(filename: str, kept: str) -> None:
    plain, true = parts(filename)
    assert true == kept
    assert '"' not in plain
    assert "\\" not in plain


def test_every_key_lies_under_a_prefix_of_the_policy() -> None:
    known = {path for path, prefix in current().prefixes.items() if prefix.bucket == "files"}
    written = {value for value in vars(prefixes).values() if isinstance(value, str) and value.endswith("/")}
    assert (written - {prefixes.ARCHIVE}) | set(prefixes.BACKUPS.values()) == known
    assert prefixes.pdf("cmp_1", "ab").startswith(prefixes.of_company(prefixes.PDF, "cmp_1"))
    assert prefixes.logo("cmp_1", "ab", "png") == "logos/cmp_1/ab.png"
