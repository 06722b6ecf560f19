"""Write a ZIP of any size in bounded steps that can be repeated.

First, each step stores the data of the files in pieces, each as its own object. Then each step sends some pieces, in
order, as one part of a multipart upload.

A piece is deflated separately and ends on a byte boundary, so the pieces of a file are one stream. A file's header
holds its sizes and CRC, so it is stored after the pieces, under a key that sorts before them. The stored bytes depend
only on the place in the ZIP, so a repeated step changes nothing. A step holds one part and one piece in memory and
needs no disk.
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
"""The least bytes of a part. S3 accepts a part below 5 MiB only as the last one."""
LARGEST_PIECE: Final = 64_000_000
IN_ZIP64, IN_ZIP64_SHORT = 0xFFFF_FFFF, 0xFFFF
"""These values of a four-byte or two-byte field say that a ZIP64 field holds the value."""
LARGE, MANY = zipfile.ZIP64_LIMIT, IN_ZIP64_SHORT
"""The size, offset or number of files from which ZIP64 is used. It is half of what four bytes hold, because the first
releases of Python 3.11 write no larger header without ZIP64."""
LOCAL: Final = struct.Struct("<4s5H3L2H")
CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
MODE: Final = 0o644 << 16
UNIX: Final = 3 << 8


@dataclass(frozen=True)
class ZipEntry:
    """The file that is being written: its number, its pieces so far, and its bytes before and after deflating."""

    number: int = 0
    pieces: int = 0
    size: int = 0
    packed: int = 0
    crc: int = 0
    objects: int = 0
    """The objects of the whole ZIP so far. The same number must exist when the ZIP is sent."""


@dataclass(frozen=True)
class Sent:
    """The progress of the upload: its id, the parts' tags, the last sent piece, the sent bytes, and the offset of the
    next header."""

    upload: str = ""
    tags: tuple[str, ...] = ()
    last: str = ""
    size: int = 0
    header: int = 0


class Pieces:
    """The pieces of one ZIP under a prefix. `at` is the time of its files. Every method raises Busy."""

    def __init__(self, files: "Files", prefix: str, at: datetime) -> None:
        self.files, self.prefix, self.at = files, prefix, at

    def add(self, name: str, member: ZipEntry, content: bytes, *, over: bool) -> ZipEntry:
        """Store the next piece of a file, and after the last one (`over`) its header. Return the state after it."""
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
        return ZipEntry(member.number + 1, objects=after.objects + 1)

    def finish(self, member: ZipEntry, contents: Mapping[str, bytes]) -> ZipEntry:
        """Store small complete files in one object, under the number of the next file. Return the state after them."""
        joined = b""
        for name, content in contents.items():
            deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            packed = deflate.compress(content) + deflate.flush()
            small = ZipEntry(size=len(content), packed=len(packed), crc=zlib.crc32(content))
            joined += self._header(name, small) + packed
        self._put(f"{member.number:06d}-{0:06d}", joined)
        return ZipEntry(member.number + 1, objects=member.objects + 1)

    def store_complete(self, number: str, contents: Mapping[str, bytes]) -> None:
        """Store complete files as one piece without deflating, at `number` (six digits or more) among the pieces."""
        self._put(number, b"".join(self._stored(name, content) for name, content in contents.items()))

    def count(self) -> int:
        """Count the pieces and headers."""
        return sum(1 for _ in self._objects())

    def send(self, key: str, sent: Sent, objects: int) -> Sent | None:
        """Send the next part of the upload to `key`. Return None when the ZIP is complete.

        `objects` is the number of pieces and headers. After a crash, the same call sends the same bytes or finds the
        ZIP complete. Raises NotFound when a piece is missing.
        """
        try:
            return self._send(key, sent, objects)
        except UploadOver:  # a killed run completed the upload, or a lifecycle rule aborted it
            return None if self.files.exists(key) else Sent()

    def _objects(self) -> Iterator[str]:
        return (each for each in self.files.list(self.prefix) if each.removeprefix(self.prefix)[:1].isdigit())

    def _stored(self, name: str, content: bytes) -> bytes:
        entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        entry.file_size = entry.compress_size = len(content)
        entry.CRC = zlib.crc32(content)
        return entry.FileHeader(zip64=False) + content

    def _put(self, name: str, content: bytes) -> None:
        self.files.put(self.prefix + name, content, MEDIA, only_if_absent=False)

    def _header(self, name: str, member: ZipEntry) -> bytes:
        entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size, entry.compress_size, entry.CRC = member.size, member.packed, member.crc
        return entry.FileHeader(zip64=max(member.size, member.packed) >= LARGE)

    def _send(self, key: str, sent: Sent, objects: int) -> Sent | None:
        objects_found = list(self._objects())
        if len(objects_found) != objects:
            raise NotFound
        begun = sent if sent.upload else replace(sent, upload=self.files.begin(key, "application/zip"))
        directory = self._directory(begun)
        part, now = bytearray(), begun
        for each in dropwhile(lambda each: each <= begun.last, objects_found):
            content = self.files.read(each, LARGEST_PIECE)
            at = begun.size + len(part)
            while at <= now.header < at + len(content):
                header, packed = _header_at(content, now.header - at)
                directory.append((now.header, header))
                now = replace(now, header=now.header + len(header) + packed)
            part += content
            now = replace(now, last=each)
            if len(part) >= PART:
                self._store_directory(directory)
                return self._part(key, now, bytes(part))
        part += central_directory(directory, begun.size + len(part))
        done = self._part(key, now, bytes(part))
        self.files.end(key, done.upload, done.tags)
        return None

    def _part(self, key: str, sent: Sent, content: bytes) -> Sent:
        tag = self.files.part(key, sent.upload, len(sent.tags) + 1, content)
        return replace(sent, tags=(*sent.tags, tag), size=sent.size + len(content))

    def _store_directory(self, directory: list[tuple[int, bytes]]) -> None:
        self._put("directory", msgspec.json.encode(directory))

    def _directory(self, sent: Sent) -> list[tuple[int, bytes]]:
        """Return the sent headers and their offsets. Drop those of a killed run beyond the sent bytes: they are read
        again."""
        if not sent.size:
            return []
        known = self.files.read(self.prefix + "directory", LARGEST_PIECE)
        found = msgspec.json.decode(known, type=list[tuple[int, bytes]])
        return [(at, header) for at, header in found if at < sent.size]


def _header_at(content: bytes, at: int) -> tuple[bytes, int]:
    """Return the header that begins at a byte, and the number of data bytes after it."""
    *_, packed, _, name, extra = LOCAL.unpack_from(content, at)
    if extra:
        _, _, _, packed = struct.unpack_from("<HHQQ", content, at + LOCAL.size + name)
    return content[at : at + LOCAL.size + name + extra], int(packed)


def central_directory(directory: list[tuple[int, bytes]], at: int) -> bytes:
    """Return a ZIP's central directory, which begins at byte `at`, and its end record (PKWARE's APPNOTE, 4.3.12 to
    4.3.16)."""
    out = b"".join(_directory_entry(offset, header) for offset, header in directory)
    count, size = len(directory), len(out)
    if at >= LARGE or size >= LARGE or count >= MANY:
        far = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, UNIX | 45, 45, 0, 0, count, count, size, at)
        out += far + struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1)
        count, size, at = IN_ZIP64_SHORT, IN_ZIP64, IN_ZIP64
    return out + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, at, 0)


def _directory_entry(offset: int, header: bytes) -> bytes:
    """Return the directory entry of a file: its header and its offset."""
    _, version, flags, method, time, day, crc, packed, size, name, _ = LOCAL.unpack_from(header)
    more = header[LOCAL.size + name :]
    if offset >= LARGE:
        far_offset = struct.pack("<Q", offset)
        more = struct.pack("<HH", 1, len(more[4:]) + len(far_offset)) + more[4:] + far_offset
        offset, version = IN_ZIP64, max(version, 45)
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
