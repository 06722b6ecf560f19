"""Write one file of any size in bounded steps that can be repeated: pieces first, then their upload in order.

It has the methods of `Pieces`, for a file that is no ZIP.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import dropwhile
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound
from chalicelib.files.objects import UploadOver
from chalicelib.files.zips import LARGEST_PIECE, MEDIA, PART, Sent, ZipEntry

if TYPE_CHECKING:
    from chalicelib.files.objects import Files


class Joined:
    """The pieces of one file of a media type under a prefix. Every method raises Busy."""

    def __init__(self, files: "Files", prefix: str, media: str) -> None:
        self.files, self.prefix, self.media = files, prefix, media

    def add(self, name: str, member: ZipEntry, content: bytes, *, over: bool) -> ZipEntry:  # noqa: ARG002 — as Pieces
        """Store the next piece. Return the state after it."""
        after = replace(member, pieces=member.pieces + 1, size=member.size + len(content), objects=member.objects + 1)
        self.files.put(f"{self.prefix}{after.pieces:06d}", content, MEDIA, only_if_absent=False)
        return after

    def send(self, key: str, sent: Sent, objects: int) -> Sent | None:
        """Send the next part of the upload to `key`, as `Pieces.send` does. Raises NotFound when a piece is missing."""
        try:
            return self._send(key, sent, objects)
        except UploadOver:  # a killed run completed the upload, or a lifecycle rule aborted it
            return None if self.files.exists(key) else Sent()

    def _send(self, key: str, sent: Sent, objects: int) -> Sent | None:
        found = list(self.files.list(self.prefix))
        if len(found) != objects:
            raise NotFound
        now = sent if sent.upload else replace(sent, upload=self.files.begin(key, self.media))
        part = bytearray()
        pieces: Iterator[str] = dropwhile(lambda each: each <= sent.last, found)
        for each in pieces:
            part += self.files.read(each, LARGEST_PIECE)
            now = replace(now, last=each)
            if len(part) >= PART and each != found[-1]:
                return self._part(key, now, bytes(part))
        done = self._part(key, now, bytes(part))
        self.files.end(key, done.upload, done.tags)
        return None

    def _part(self, key: str, sent: Sent, content: bytes) -> Sent:
        tag = self.files.part(key, sent.upload, len(sent.tags) + 1, content)
        return replace(sent, tags=(*sent.tags, tag), size=sent.size + len(content))
