"""A ZIP of any size, made in bounded steps: its members' data in pieces, each an object of its own, and then the pieces
one after the other as one object, by multipart upload.

A piece is deflated by itself and ends on a byte, so that the pieces of a member are one stream; its header, which says
sizes and CRC, is put after them and sorts before. What is put depends on the place alone: a repeated step changes
nothing. No step holds more than a part of the upload and one piece, and none needs a disk.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import dropwhile
from typing import TYPE_CHECKING, Final

import msgspec

from chalicelib.domain.errors import NotFound
from chalicelib.files.objects import UploadOver

if TYPE_CHECKING:
    from chalicelib.files.objects import Files

MEDIA: Final = "application/octet-stream"
LEVEL: Final = 6
PART: Final = 8_000_000
"""Bytes after which a part of the upload is sent: S3 takes none below 5 MiB but the last."""
MOST_PIECE: Final = 64_000_000
ELSEWHERE, ELSEWHERE_SHORT = 0xFFFF_FFFF, 0xFFFF
"""In a field of four, or two, bytes: ZIP64's fields say it."""
LARGE, MANY = zipfile.ZIP64_LIMIT, ELSEWHERE_SHORT
"""From which size, offset or number of files on. Half of what four bytes hold: beyond that, the first releases of
Python 3.11 write no header without ZIP64's fields."""
LOCAL: Final = struct.Struct("<4s5H3L2H")
CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
MODE: Final = 0o644 << 16
UNIX: Final = 3 << 8


@dataclass(frozen=True)
class Member:
    """A file of the ZIP that is being written: its number, its pieces so far, bytes before and after deflating."""

    number: int = 0
    pieces: int = 0
    size: int = 0
    packed: int = 0
    crc: int = 0
    objects: int = 0
    """Put so far of the whole ZIP: as many must be there when it is sent."""


@dataclass(frozen=True)
class Sent:
    """How far the upload is: its id, the parts' tags, the last piece in them, their bytes, and where the next header
    is."""

    upload: str = ""
    tags: tuple[str, ...] = ()
    last: str = ""
    size: int = 0
    header: int = 0


class Pieces:
    """The pieces of one ZIP under a prefix. `at` is the time that its members bear. Every method raises Busy."""

    def __init__(self, files: "Files", prefix: str, at: datetime) -> None:
        self.files, self.prefix, self.at = files, prefix, at

    def add(self, name: str, member: Member, content: bytes, *, over: bool) -> Member:
        """Put the next piece of a file; the last one (`over`) with its header. The next file after that."""
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = deflate.compress(content) + deflate.flush(zlib.Z_FINISH if over else zlib.Z_SYNC_FLUSH)
        after = replace(
            member,
            pieces=member.pieces + 1,
            size=member.size + len(content),
            packed=member.packed + len(packed),
            crc=zlib.crc32(content, member.crc),
            objects=member.objects + 1,
        )
        self._put(f"{member.number:06d}-{after.pieces:06d}", packed)
        if not over:
            return after
        self._put(f"{member.number:06d}-{0:06d}", self._header(name, after))
        return Member(member.number + 1, objects=after.objects + 1)

    def finish(self, member: Member, contents: Mapping[str, bytes]) -> Member:
        """Put small files, each whole, in one object in the place of the next member. The next file after them."""
        made = b""
        for name, content in contents.items():
            deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            packed = deflate.compress(content) + deflate.flush()
            own = Member(size=len(content), packed=len(packed), crc=zlib.crc32(content))
            made += self._header(name, own) + packed
        self._put(f"{member.number:06d}-{0:06d}", made)
        return Member(member.number + 1, objects=member.objects + 1)

    def whole(self, place: str, contents: Mapping[str, bytes]) -> None:
        """Put complete files as one piece, undeflated: at its place (six digits and more) among the others."""
        self._put(place, b"".join(self._stored(name, content) for name, content in contents.items()))

    def count(self) -> int:
        """How many pieces and headers there are."""
        return sum(1 for _ in self._own())

    def send(self, key: str, sent: Sent, objects: int) -> Sent | None:
        """Send the next part of the upload to `key`, which is of so many pieces and headers; None once the ZIP is
        there. Repeated after a crash, it sends the same, or finds it there. Raises NotFound where a piece is gone."""
        try:
            return self._send(key, sent, objects)
        except UploadOver:  # the upload was ended by a run that could not say so, or given up by the bucket's rules
            return None if self.files.exists(key) else Sent()

    def _own(self) -> Iterator[str]:
        return (each for each in self.files.list(self.prefix) if each.removeprefix(self.prefix)[:1].isdigit())

    def _stored(self, name: str, content: bytes) -> bytes:
        entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        entry.file_size = entry.compress_size = len(content)
        entry.CRC = zlib.crc32(content)
        return entry.FileHeader(zip64=False) + content

    def _put(self, name: str, content: bytes) -> None:
        self.files.put(self.prefix + name, content, MEDIA, only_if_absent=False)

    def _header(self, name: str, member: Member) -> bytes:
        entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size, entry.compress_size, entry.CRC = member.size, member.packed, member.crc
        return entry.FileHeader(zip64=max(member.size, member.packed) >= LARGE)

    def _send(self, key: str, sent: Sent, objects: int) -> Sent | None:
        own = list(self._own())
        if len(own) != objects:
            raise NotFound
        begun = sent if sent.upload else replace(sent, upload=self.files.begin(key, "application/zip"))
        directory = self._directory(begun)
        part, now = bytearray(), begun
        for each in dropwhile(lambda each: each <= begun.last, own):
            content = self.files.read(each, MOST_PIECE)
            at = begun.size + len(part)
            while at <= now.header < at + len(content):
                header, packed = _found(content, now.header - at)
                directory.append((now.header, header))
                now = replace(now, header=now.header + len(header) + packed)
            part += content
            now = replace(now, last=each)
            if len(part) >= PART:
                self._keep(directory)
                return self._part(key, now, bytes(part))
        part += ended(directory, begun.size + len(part))
        done = self._part(key, now, bytes(part))
        self.files.end(key, done.upload, done.tags)
        return None

    def _part(self, key: str, sent: Sent, content: bytes) -> Sent:
        tag = self.files.part(key, sent.upload, len(sent.tags) + 1, content)
        return replace(sent, tags=(*sent.tags, tag), size=sent.size + len(content))

    def _keep(self, directory: list[tuple[int, bytes]]) -> None:
        self._put("directory", msgspec.json.encode(directory))

    def _directory(self, sent: Sent) -> list[tuple[int, bytes]]:
        """The headers that were sent, and where each lies; one that a lost run had seen is met again."""
        if not sent.size:
            return []
        known = self.files.read(self.prefix + "directory", MOST_PIECE)
        found = msgspec.json.decode(known, type=list[tuple[int, bytes]])
        return [(at, header) for at, header in found if at < sent.size]


def _found(content: bytes, at: int) -> tuple[bytes, int]:
    """The header that begins at a byte, and how many bytes of data follow it."""
    *_, packed, _, name, extra = LOCAL.unpack_from(content, at)
    if extra:
        _, _, _, packed = struct.unpack_from("<HHQQ", content, at + LOCAL.size + name)
    return content[at : at + LOCAL.size + name + extra], int(packed)


def ended(directory: list[tuple[int, bytes]], at: int) -> bytes:
    """A ZIP's central directory, which begins at the byte `at`, and its end. PKWARE's APPNOTE, 4.3.12 to 4.3.16."""
    out = b"".join(_listed(offset, header) for offset, header in directory)
    count, size = len(directory), len(out)
    if at >= LARGE or size >= LARGE or count >= MANY:
        far = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, UNIX | 45, 45, 0, 0, count, count, size, at)
        out += far + struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1)
        count, size, at = ELSEWHERE_SHORT, ELSEWHERE, ELSEWHERE
    return out + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, at, 0)


def _listed(offset: int, header: bytes) -> bytes:
    """The directory's entry of a file: its header again, and where that lies."""
    _, version, flags, method, time, day, crc, packed, size, name, _ = LOCAL.unpack_from(header)
    more = header[LOCAL.size + name :]
    if offset >= LARGE:
        told = struct.pack("<Q", offset)
        more = struct.pack("<HH", 1, len(more[4:]) + len(told)) + more[4:] + told
        offset, version = ELSEWHERE, max(version, 45)
    return (
        CENTRAL.pack(
            b"PK\1\2",
            UNIX | version,
            version,
            flags,
            method,
            time,
            day,
            crc,
            packed,
            size,
            name,
            len(more),
            0,
            0,
            0,
            MODE,
            offset,
        )
        + header[LOCAL.size : LOCAL.size + name]
        + more
    )
