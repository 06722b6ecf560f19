"""Answers are compressed as API Gateway compresses them."""

import gzip

import pytest

from local.compression import compressed, least, takes_gzip
from local.gateway import HttpResponse

LONG = b"x" * 5_000


def answered(body: bytes, **headers: str) -> HttpResponse:
    return HttpResponse(200, {"Content-Type": "application/json", **headers}, body)


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5, br", True),
        ("*", True),
        ("GZIP; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_who_takes_it(accepted: str, takes: bool) -> None:
    reply = compressed(answered(LONG), accepted)
    assert takes_gzip(accepted) is takes
    assert reply.headers.get("Content-Encoding") == ("gzip" if takes else None)
    assert (gzip.decompress(reply.body) if takes else reply.body) == LONG


def test_short_answers_and_compressed_ones_stay() -> None:
    short = answered(b"x" * (least() - 1))
    packed = answered(LONG, **{"Content-Encoding": "br"})
    assert [compressed(each, "gzip") for each in (short, packed)] == [short, packed]
    assert compressed(answered(b"x" * least()), "gzip").headers["Content-Encoding"] == "gzip"
