"""An export as a workflow: gather the rows in pieces, write the file in pieces, send it, publish it.

The rows are as of the run. If a person is erased meanwhile, everything begins again, so that no file names them.
"""

import tempfile
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Final

import msgspec

from chalicelib.domain.clock import instant, today
from chalicelib.domain.exports.tables import MOST_PAIRS
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.files.zips import Pieces, Sent
from chalicelib.services.exports import workbook
from chalicelib.services.exports.context import (
    ExportContext,
    ExportProgress,
    digest,
    encoded_inputs,
    extension_of,
    filename_of,
)
from chalicelib.services.exports.papers import papers
from chalicelib.services.exports.removal import schedule_removal
from chalicelib.services.exports.rows import page
from chalicelib.services.exports.sheets import EXTENSIONS, MEDIA, encoded
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import StepFailed


class ExportTooLarge(StepFailed):
    """A workbook would have more rows than one step can write."""

    code = "export_too_large"


Result = ExportProgress | Generator[ExportProgress, None, ExportProgress]
Step = Callable[[ExportContext, ExportProgress, Deadline], Result]


def _current(step: Step) -> Step:
    """The step, unless a person was erased since the export began: then everything begins again."""

    def checked(context: ExportContext, state: ExportProgress, deadline: Deadline) -> Result:
        since = digest(context.reader.head)
        if state.since == since:
            return step(context, state, deadline)
        _clear(context)
        context.world.files.delete(context.key)
        schedule_removal(context.world, context.job, extension_of(context.request))
        return ExportProgress(since=since)

    return checked


def _gather(context: ExportContext, state: ExportProgress, deadline: Deadline) -> ExportProgress:
    """Store the next pages of rows."""
    kinds, day = context.request.kinds, today(context.job.created_at)
    while state.place < len(kinds):
        state = _gathered(
            context, state, lambda place, after: page(context.reader, context.request, kinds[place], after, day)
        )
        if deadline.passed:
            return state
    if context.request.format == "xlsx" and state.rows + state.lines > workbook.MOST_ROWS:
        raise ExportTooLarge
    return replace(state, step=_WRITERS.get(context.request.format, "write"))


_WRITERS: Final = {"xlsx": "workbook", "ubl": "papers", "pdf": "papers"}
"""The step that writes the file, of the formats that have one of their own."""


def _gathered(context: ExportContext, state: ExportProgress, read: Callable[[int, str], Any]) -> ExportProgress:
    """The state after one more page."""
    place = state.place
    pieces = (*state.pieces, 0) if place == len(state.pieces) else state.pieces
    pairs = (*state.pairs, ()) if place == len(state.pairs) else state.pairs
    piece = context.gathered.put(place, pieces[place], read(place, state.after))
    known = tuple(dict.fromkeys((*pairs[place], *piece.pairs)))[:MOST_PAIRS]
    return replace(
        state,
        place=place + (piece.next is None),
        after=piece.next or "",
        pieces=(*pieces[:place], pieces[place] + 1),
        pairs=(*pairs[:place], known),
        rows=state.rows + piece.rows,
        lines=state.lines + piece.lines,
    )


def _write(context: ExportContext, state: ExportProgress, deadline: Deadline) -> ExportProgress:
    """Write the next pieces of the tables."""
    tables, sink, extension = context.tables(state), context.sink(), EXTENSIONS[context.request.format]
    while state.table < len(tables):
        table = tables[state.table]
        found = context.gathered.read(table.place, state.piece)
        over = state.piece + 1 == state.pieces[table.place]
        content = encoded(context.request, table, found.bodies, first=not state.piece)
        member = sink.add(f"{table.name}.{extension}", state.member, content, over=over)
        own = found.rows if table.name == context.request.kinds[table.place] else 0
        at = (state.table + 1, 0) if over else (state.table, state.piece + 1)
        state = replace(state, member=member, table=at[0], piece=at[1], written=state.written + own)
        if deadline.passed:
            break
    return state if state.table < len(tables) else replace(state, step="send", sent=Sent())


def _workbook(
    context: ExportContext, state: ExportProgress, _: Deadline
) -> Generator[ExportProgress, None, ExportProgress]:
    """Write the workbook, and store it. A killed run begins it again."""
    gathered, tables = context.gathered, context.tables(state)
    with tempfile.TemporaryFile() as file:
        for written in workbook.write(
            context.request, tables, lambda place: gathered.bodies(place, state.pieces[place]), file
        ):
            yield replace(state, written=written)
        file.seek(0)
        context.world.files.put(context.key, file, MEDIA["xlsx"], only_if_absent=False)
    return replace(state, step="publish", written=state.rows)


def _papers(context: ExportContext, state: ExportProgress, deadline: Deadline) -> ExportProgress:
    """Add the files of the next documents."""
    request, sink = context.request, context.sink()
    assert isinstance(sink, Pieces)  # noqa: S101 — papers are in a ZIP
    while state.table < len(request.kinds):
        found = context.gathered.read(state.table, state.piece)
        files, lost = papers(context.world, context.reader, request.format, request.kinds[state.table], found.bodies)
        member = sink.finish(state.member, files)
        over = state.piece + 1 == state.pieces[state.table]
        state = replace(
            state,
            member=member,
            table=state.table + over,
            piece=0 if over else state.piece + 1,
            written=state.written + found.rows,
            missing=state.missing + lost,
        )
        if deadline.passed:
            break
    return state if state.table < len(request.kinds) else replace(state, step="send", sent=Sent())


def _send(context: ExportContext, state: ExportProgress, deadline: Deadline) -> ExportProgress:
    """Send the next parts of the file. Raises NotFound for a lost piece."""
    sink, sent = context.sink(), state.sent
    while sent is not None:
        sent = sink.send(context.key, sent, state.member.objects)
        if deadline.passed:
            break
    return replace(state, sent=sent, step="send" if sent else "publish")


def _publish(context: ExportContext, state: ExportProgress, _: Deadline) -> ExportProgress:
    """Delete the pieces. The file is ready, until its term ends."""
    _clear(context)
    ends = schedule_removal(context.world, context.job, extension_of(context.request))
    return replace(_without_names(state), step=DONE, ends=instant(ends))


def _without_names(state: ExportProgress) -> ExportProgress:
    """The state of an export that is over. The job's row outlives the persons whose metadata it would name."""
    return replace(state, pairs=())


def _clear(context: ExportContext) -> None:
    files = context.world.files
    for key in list(files.list(prefixes.export_parts(context.job.company, context.job.id))):
        files.delete(key)


def _failed(context: ExportContext, state: ExportProgress, failure: Failure) -> ExportProgress:
    _clear(context)
    return replace(_without_names(state), step=DONE, failure=failure.code)


def _row(context: ExportContext, state: ExportProgress) -> JobRow:
    over = state.step == DONE
    return context.job.progressed(
        over=over,
        failed=state.failure is not None,
        inputs=encoded_inputs(replace(context.inputs, progress=state)),
        outcomes=msgspec.json.encode([_outcome(context, state)] if over else []),
        done=state.written,
        total=state.rows,
    )


def _outcome(context: ExportContext, state: ExportProgress) -> dict[str, Any]:
    if state.failure:
        return {"outcome": "failed", "code": state.failure}
    counts = {"rows": state.rows, "missing": state.missing}
    filename = filename_of(context.job, context.request)
    return {"outcome": "complete", "filename": filename, "counts": counts, "expires_at": state.ends}


WORKFLOW: Final[Workflow[JobRow, ExportContext, ExportProgress]] = Workflow(
    name="export",
    context=ExportContext.of,
    load=lambda context: context.inputs.progress,
    row=_row,
    steps={
        "gather": _current(_gather),
        "write": _current(_write),
        "workbook": _current(_workbook),
        "papers": _current(_papers),
        "send": _current(_send),
        "publish": _current(_publish),
    },
    failed=_failed,
)
