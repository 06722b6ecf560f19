"""Compresses answers as API Gateway does, from the size on that `.chalice/config.json` states."""

import gzip
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from local.gateway import HttpResponse

CONFIG: Final = Path(__file__).parents[1] / ".chalice" / "config.json"


@cache
def least() -> int:
    """The bytes from which on an answer is compressed."""
    return int(json.loads(CONFIG.read_text("utf-8"))["minimum_compression_size"])


def compressed(reply: HttpResponse, accepted: str) -> HttpResponse:
    """The answer, in gzip if it is long enough and the client's `Accept-Encoding` takes gzip."""
    if len(reply.body) < least() or not takes_gzip(accepted) or "Content-Encoding" in reply.headers:
        return reply
    return replace(
        reply, headers={**reply.headers, "Content-Encoding": "gzip"}, body=gzip.compress(reply.body, mtime=0)
    )


def takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` names gzip, or any coding, and does not refuse it (`q=0`)."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "").rstrip("0").rstrip(".") not in ("q=", "q=0")
    return False
