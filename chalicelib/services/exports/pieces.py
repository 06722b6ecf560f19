"""The gathered rows of an export, in objects that two runs share.

The first run that writes a piece decides it, and a second run reads it. So the cursor and the rows of a piece always
belong together, although the company writes meanwhile.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.exports.tables import METADATA
from chalicelib.files.zips import LARGEST_PIECE, MEDIA
from chalicelib.services.exports.rows import RowsPage

if TYPE_CHECKING:
    from chalicelib.files.objects import Files


class Piece(msgspec.Struct, frozen=True):
    """One page of the rows of a kind: the next cursor, the names of their metadata, and the numbers of rows and of
    lines of documents."""

    next: str | None
    pairs: tuple[str, ...]
    rows: int
    lines: int
    bodies: tuple[dict[str, Any], ...]


class Gathered:
    """The pieces of one export under a prefix. Every method raises Busy."""

    def __init__(self, files: "Files", prefix: str) -> None:
        self.files, self.prefix = files, prefix

    def put(self, place: int, number: int, found: RowsPage) -> Piece:
        """Store a page of the kind at a place. Return what is stored: an earlier run may have been first."""
        piece = Piece(found.next, _pairs(found.bodies), len(found.bodies), _lines(found.bodies), tuple(found.bodies))
        if self.files.put(self._key(place, number), msgspec.json.encode(piece), MEDIA):
            return piece
        return self.read(place, number)

    def read(self, place: int, number: int) -> Piece:
        """A piece. Raises NotFound."""
        return msgspec.json.decode(self.files.read(self._key(place, number), LARGEST_PIECE), type=Piece)

    def bodies(self, place: int, pieces: int) -> Iterator[dict[str, Any]]:
        """The rows of all pieces of a kind, in order. Raises NotFound."""
        return (body for number in range(pieces) for body in self.read(place, number).bodies)

    def _key(self, place: int, number: int) -> str:
        return f"{self.prefix}rows/{place:02d}-{number:06d}"


def _pairs(bodies: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for body in bodies for name in body.get(METADATA) or ()))


def _lines(bodies: Sequence[dict[str, Any]]) -> int:
    return sum(len(body.get("lines", ())) for body in bodies)


OBJECTS: Final = "file/"
"""The prefix of the objects of the finished file, under that of the export."""
