"""An answer that is larger than a page: the same JSON, gzipped, as a file that the device downloads.

The file is written as it is read, so that a large company needs no more memory than a small one.
"""

import gzip
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final

from chalicelib.files import prefixes
from chalicelib.files.objects import Link

if TYPE_CHECKING:
    from chalicelib.wiring import World

LINK_SECONDS: Final = 600
IN_MEMORY: Final = 8_000_000
FILE_NAME: Final = "synchronisation.json"


def store(world: "World", company: str, device: str, parts: Iterable[bytes]) -> Link:
    """Store the parts of an answer as one gzipped file, and return a link to it that lives ten minutes. The file is
    deleted after a day. Raises Busy."""
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, compresslevel=6) as packed:
            for part in parts:
                packed.write(part)
        return put(world, company, device, file)


def put(world: "World", company: str, device: str, file: IO[bytes]) -> Link:
    """Store a gzipped answer, and return its link. Raises Busy."""
    key = prefixes.sync(company, device, world.random(16).hex())
    file.seek(0)
    world.files.put_gzipped(key, file, "application/json")
    return world.files.url(key, FILE_NAME, LINK_SECONDS)
