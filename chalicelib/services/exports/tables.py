"""Tables of a plain ZIP, each as JSON and as CSV that opens in a spreadsheet, written in bounded pieces.

The size of a piece depends on its first row alone, and not on time. A piece repeated after a crash, or written by two
runs at once, has the same bytes.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from chalicelib.files.zips import Pieces, Sent, ZipEntry
from chalicelib.services.exports.page import flat, safe
from chalicelib.workflow.deadline import Deadline

ROWS: Final = 1_000
TEXT: Final = 8_000_000
"""The limits of a piece, in rows or in bytes of JSON."""
Chunks = Callable[[str, str], Iterator[tuple[list[str], str]]]
"""The rows of a table (by name) after a cursor ("": from the beginning), as chunks of JSON lines, each with its
cursor."""


@dataclass(frozen=True)
class ZipProgress:
    """The progress of a ZIP: the table, which of its two forms, the cursor, and the upload."""

    table: int = 0
    sheet: bool = False
    after: str = ""
    columns: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    member: ZipEntry = field(default_factory=ZipEntry)
    sent: Sent | None = None


def advance(
    written: ZipProgress, pieces: Pieces, tables: Sequence[str], chunks: Chunks, deadline: Deadline
) -> ZipProgress:
    """Write pieces of the tables until the deadline. The ZIP is complete once `table` is their number. Raises Busy, and
    the errors of `chunks`."""
    while written.table < len(tables):
        name = tables[written.table]
        source = chunks(name, written.after)
        here = (written.table, written.sheet)
        while (written.table, written.sheet) == here:
            written = _piece(written, pieces, name, source)
            if deadline.passed:
                return written
    return written


def send(written: ZipProgress, pieces: Pieces, key: str, deadline: Deadline) -> ZipProgress | None:
    """Send parts of the ZIP to `key` until the deadline; None once it is complete. Raises NotFound for a lost piece."""
    sent = written.sent
    while sent is not None:
        sent = pieces.send(key, sent, written.member.objects)
        if deadline.passed:
            break
    return None if sent is None else replace(written, sent=sent)


def _piece(written: ZipProgress, pieces: Pieces, name: str, source: Iterator[tuple[list[str], str]]) -> ZipProgress:
    lines: list[str] = []
    size, after = 0, written.after
    while (full := len(lines) >= ROWS or size >= TEXT) is False and (found := next(source, None)):
        more, after = found
        lines += more
        size += sum(len(line) for line in more)
    member = written.member
    if written.sheet:
        text = _sheet(lines, written.columns, first=not member.size)
        member = pieces.add(f"data/{name}.csv", member, text, over=not full)
        done = replace(written, after=after, member=member)
        return done if full else replace(done, table=written.table + 1, sheet=False, after="", columns=())
    columns = dict.fromkeys(written.columns)
    for line in lines:
        columns |= dict.fromkeys(flat(json.loads(line)))
    text = _json(lines, first=not member.size, over=not full)
    counts = {**written.counts, name: written.counts.get(name, 0) + len(lines)}
    if not member.pieces and not full:  # The end of the last table.
        table = {f"data/{name}.json": text, f"data/{name}.csv": _sheet(lines, tuple(columns), first=True)}
        member = pieces.finish(member, table)
        return replace(written, counts=counts, member=member, table=written.table + 1, after="", columns=())
    member = pieces.add(f"data/{name}.json", member, text, over=not full)
    done = replace(written, columns=tuple(columns), counts=counts, after=after, member=member)
    return done if full else replace(done, sheet=True, after="")


def _json(lines: Sequence[str], *, first: bool, over: bool) -> bytes:
    text = ",\n".join(lines)
    before = ("[\n" if first else ",\n") if lines else ""
    end = ("[]\n" if first and not lines else "\n]\n") if over else ""
    return f"{before}{text}{end}".encode()


def _sheet(lines: Sequence[str], columns: Sequence[str], *, first: bool) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(columns), restval="")
    if first:
        out.write("\ufeff")  # The byte order mark tells a spreadsheet that the file is UTF-8.
        writer.writerow({column: safe(column) for column in columns})
    writer.writerows({name: safe(cell) for name, cell in flat(json.loads(line)).items()} for line in lines)
    return out.getvalue().encode()
