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
class Form:
    """A further form of each table that has rows: the path of its file, the source of its rows, and their text.

    `text` gets the table, the rows as JSON lines, the columns of the table, and whether the piece is the first and the
    last one of the file."""

    path: Callable[[str], str]
    chunks: Chunks
    text: Callable[[str, Sequence[str], Sequence[str], bool, bool], bytes]


@dataclass(frozen=True)
class ZipProgress:
    """The progress of a ZIP: the table, which of its forms (`form`: the further one, from 1), the cursor, and the
    upload. `forms` is the number of further forms. A ZIP that an older release began has none."""

    table: int = 0
    sheet: bool = False
    form: int = 0
    forms: int = 0
    after: str = ""
    columns: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    member: ZipEntry = field(default_factory=ZipEntry)
    sent: Sent | None = None


def advance(
    written: ZipProgress,
    pieces: Pieces,
    tables: Sequence[str],
    chunks: Chunks,
    deadline: Deadline,
    forms: Sequence[Form] = (),
) -> ZipProgress:
    """Write pieces of the tables until the deadline. The ZIP is complete once `table` is their number. Raises Busy, and
    the errors of `chunks` and `forms`."""
    while written.table < len(tables):
        name = tables[written.table]
        here = (written.table, written.sheet, written.form)
        source = (forms[written.form - 1].chunks if written.form else chunks)(name, written.after)
        while (written.table, written.sheet, written.form) == here:
            written = _piece(written, pieces, name, source, forms)
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


def _piece(
    written: ZipProgress, pieces: Pieces, name: str, source: Iterator[tuple[list[str], str]], forms: Sequence[Form]
) -> ZipProgress:
    lines: list[str] = []
    size, after = 0, written.after
    while (full := len(lines) >= ROWS or size >= TEXT) is False and (found := next(source, None)):
        more, after = found
        lines += more
        size += sum(len(line) for line in more)
    member = written.member
    if written.sheet:
        if written.form:
            form = forms[written.form - 1]
            path, text = form.path(name), form.text(name, lines, written.columns, not member.size, not full)
        else:
            path, text = f"data/{name}.csv", _sheet(lines, written.columns, first=not member.size)
        member = pieces.add(path, member, text, over=not full)
        done = replace(written, after=after, member=member)
        return done if full else _next_form(done, len(forms))
    columns = dict.fromkeys(written.columns)
    for line in lines:
        columns |= dict.fromkeys(flat(json.loads(line)))
    text = _json(lines, first=not member.size, over=not full)
    counts = {**written.counts, name: written.counts.get(name, 0) + len(lines)}
    if not member.pieces and not full:  # The end of the last table.
        table = {f"data/{name}.json": text, f"data/{name}.csv": _sheet(lines, tuple(columns), first=True)}
        for form in forms if lines else ():
            own = [line for more, _ in form.chunks(name, "") for line in more]
            table[form.path(name)] = form.text(name, own, tuple(columns), True, True)
        member = pieces.finish(member, table)
        return replace(written, counts=counts, member=member, table=written.table + 1, after="", columns=())
    member = pieces.add(f"data/{name}.json", member, text, over=not full)
    done = replace(written, columns=tuple(columns), counts=counts, after=after, member=member)
    return done if full else replace(done, sheet=True, after="")


def _next_form(done: ZipProgress, forms: int) -> ZipProgress:
    """The beginning of the table's next form, or of the next table."""
    if done.form < forms:
        return replace(done, form=done.form + 1, after="")
    return replace(done, table=done.table + 1, sheet=False, form=0, after="", columns=())


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
