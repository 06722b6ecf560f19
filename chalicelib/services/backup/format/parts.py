"""Parts: bounded gzip NDJSON of one group's rows in order of sort keys, and the counts that each part adds.

The first line describes the part: `{"group", "layer", "clock"}`, the clock that its delta covers. A resumed run that
finds a stored part adopts it with its counts.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import msgspec

from chalicelib.domain.backups.backup import Logo, Stretch
from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.services.backup.format.contents import counted_as
from chalicelib.services.backup.format.lines import BackupLine, encoded, gross_of, logo_of

MOST_BYTES: Final = 4_000_000
"""Compressed bytes after which a part ends. They bound the memory, and the work that a killed run loses."""
MOST_TEXT: Final = 64_000_000
"""Bytes of text after which a part ends. Inflating stops at twice as many."""
MOST_LINE: Final = 16_000_000
"""A row has at most 400 KB compressed, and the codec inflates 8 MB of it. JSON escapes may double that."""
LEVEL: Final = 5
GZIP: Final = 31
CHUNK: Final = 262_144


class Header(msgspec.Struct):
    """The first line of a part."""

    group: str
    layer: int
    clock: int


@dataclass(frozen=True, slots=True)
class Fact:
    """The counted values of a row: its name, its gross in dirhams, its position in a series."""

    name: str
    gross: Decimal | None = None
    series: str | None = None
    position: int = 0
    chain: str = ""


def fact_of(line: BackupLine) -> Fact | None:
    """The counted values of a line; None for a deletion."""
    if line.gone or line.data is None:
        return None
    gross, name = gross_of(line), counted_as(line.group, line.kind)
    if gross is None:
        return Fact(name)
    if line.group != "register":
        return Fact(name, Decimal(gross))
    return Fact(name, Decimal(gross), line.data["series"], line.data["position"], line.data["chain"])


@dataclass
class Sum:
    """Counts of rows, sums of gross, and the entries, last number and chain of each series."""

    counts: Counter[str] = field(default_factory=Counter)
    gross: dict[str, Decimal] = field(default_factory=dict)
    register: dict[str, Stretch] = field(default_factory=dict)

    def meet(self, line: BackupLine, known: Fact | None) -> None:
        """Count a line that replaces `known`."""
        self._add(fact_of(line), 1)
        self._add(known, -1)

    def add(self, counts: Mapping[str, int], gross: Mapping[str, Decimal], register: tuple[Stretch, ...]) -> None:
        """Add a part's counts."""
        self.counts.update(counts)
        for name, amount in gross.items():
            self.gross[name] = self.gross.get(name, Decimal(0)) + amount
        for stretch in register:
            self._stretch(stretch)

    def _add(self, fact: Fact | None, sign: int) -> None:
        if fact is None:
            return
        self.counts[fact.name] += sign
        if fact.gross is not None:
            self.gross[fact.name] = self.gross.get(fact.name, Decimal(0)) + sign * fact.gross
        if fact.series is not None:
            # A deletion removes the first numbers of a series, never its last.
            last = fact.position if sign > 0 else 0
            self._stretch(Stretch(series=fact.series, entries=sign, last=last, chain=fact.chain))

    def _stretch(self, new: Stretch) -> None:
        known = self.register.get(new.series, new)
        further = max(known, new, key=lambda stretch: stretch.last)
        entries = new.entries if known is new else known.entries + new.entries
        self.register[new.series] = Stretch(series=new.series, entries=entries, last=further.last, chain=further.chain)


class PartWriter:
    """Fills one part."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.sum = Sum()
        self.first = self.last = ""
        self.lines = self._text = self._size = 0
        self.logos: set[tuple[str, bool]] = set()
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._out: list[bytes] = []
        self._write(msgspec.json.encode(header))

    @property
    def full(self) -> bool:
        """Whether the next line belongs in another part."""
        return self._size >= MOST_BYTES or self._text >= MOST_TEXT

    def add(self, line: BackupLine, known: Fact | None = None) -> None:
        """Write a line; `known` is the fact at its key in earlier deltas."""
        self._write(encoded(line))
        self.count(line, known)

    def count(self, line: BackupLine, known: Fact | None) -> None:
        """Count a line without writing it."""
        self.sum.meet(line, known)
        self.first = self.first or line.sort
        self.last = line.sort
        self.lines += 1
        if logo := logo_of(line):
            self.logos.add((logo.key, logo.frozen))

    def finish(self) -> bytes:
        """The part's content."""
        self._out.append(self._deflate.flush())
        return b"".join(self._out)

    def _write(self, text: bytes) -> None:
        self._text += len(text) + 1
        compressed = self._deflate.compress(text + b"\n")
        if compressed:
            self._out.append(compressed)
            self._size += len(compressed)


def named(logos: tuple[Logo, ...], new: set[tuple[str, bool]]) -> tuple[Logo, ...]:
    """The known logos with those of a part. A logo that is frozen in any row stays frozen."""
    found = {logo.key: logo.frozen for logo in logos}
    for key, frozen in sorted(new):
        found[key] = found.get(key, False) or frozen
    return tuple(Logo(key=key, frozen=frozen) for key, frozen in sorted(found.items()))


def texts(content: bytes, name: str) -> Iterator[bytes]:
    """The inflated lines of a part, piece by piece. Raises BackupDamaged."""
    inflate = zlib.decompressobj(GZIP)
    rest, total, feed = b"", 0, content
    while not inflate.eof:
        try:
            piece = inflate.decompress(feed, CHUNK)
        except zlib.error as error:
            raise BackupDamaged(reason="not_gzip", where=name) from error
        if not piece and not inflate.unconsumed_tail and not inflate.eof:
            raise BackupDamaged(reason="cut_short", where=name)
        feed = inflate.unconsumed_tail
        total += len(piece)
        *whole, rest = (rest + piece).split(b"\n")
        if total > 2 * MOST_TEXT or len(rest) > MOST_LINE:
            raise BackupDamaged(reason="too_large", where=name)
        yield from whole
    if rest or inflate.unused_data:
        raise BackupDamaged(reason="cut_short", where=name)


def header_of(lines: Iterator[bytes], name: str) -> Header:
    """The part's first line. Raises BackupDamaged."""
    try:
        return msgspec.json.decode(next(lines, b""), type=Header)
    except msgspec.MsgspecError as error:
        raise BackupDamaged(reason="no_header", where=name) from error
