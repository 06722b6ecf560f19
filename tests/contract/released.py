"""The document of the last release, as a file. `python -m tests.contract.released` writes it anew at a release."""

import gzip
import json
from pathlib import Path
from typing import Any

from chalicelib.api import openapi
from chalicelib.api.catalogue import ENDPOINTS

FILE = Path(__file__).with_name("released.json.gz")


def current() -> dict[str, Any]:
    """The document of this code."""
    return openapi.document(ENDPOINTS, version="released")


def released() -> dict[str, Any]:
    """The document of the last release."""
    found: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return found


def write() -> None:
    """Replace the file by the document of this code."""
    text = json.dumps(current(), ensure_ascii=False, separators=(",", ":"))
    FILE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    write()
