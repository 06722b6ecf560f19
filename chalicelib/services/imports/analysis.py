"""Analyses a file: its columns, what a commit would do with each row, and why rows are refused."""

import csv
import io
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from chalicelib.domain.ids import derived_id
from chalicelib.domain.imports.headers import plain, propose
from chalicelib.domain.imports.model import (
    SHOWN_REFUSALS,
    SHOWN_ROWS,
    Counts,
    Import,
    ImportColumn,
    ImportKind,
    ImportMapping,
    Source,
)
from chalicelib.domain.imports.targets import REQUIRED, type_of
from chalicelib.domain.tabular import numbers
from chalicelib.domain.tabular.cells import escaped
from chalicelib.services.imports import storage
from chalicelib.services.imports.context import ImportContext, ImportProgress, ended, load, saved
from chalicelib.services.imports.entering import Refused, shown
from chalicelib.services.imports.kinds import RULES
from chalicelib.services.imports.planning import Planned
from chalicelib.services.imports.sheet import Row, Sheet, Unreadable
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Failure, Workflow
from chalicelib.workflow.failure import StepFailed

ANSWERABLE: Final = frozenset({"encoding_unknown"})
"""The refusals of a file that the user can answer. After any other one the file is deleted."""


@dataclass
class Findings:
    """The findings of an analysis, row by row."""

    outcomes: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    warnings: list[Refused] = field(default_factory=list)

    def add(self, planned: Planned, row: Row) -> None:
        """Note one row."""
        self.outcomes[planned.outcome] += 1
        self.refused += planned.refused
        self.warnings += planned.warnings[: SHOWN_REFUSALS - len(self.warnings)]
        if len(self.rows) < SHOWN_ROWS:
            cells = [shown(cell) for cell in row.cells]
            self.rows.append({"row": row.number, "outcome": planned.outcome, "cells": cells})

    @property
    def counts(self) -> Counts:
        """The rows by outcome."""
        found = self.outcomes
        names = ("new", "changed", "unchanged", "refused")
        return Counts(rows=found.total(), **{name: found[name] for name in names})


def mapping_id(kind: ImportKind, titles: Iterable[str]) -> str:
    """The id of the remembered mapping for these headers."""
    return derived_id(ImportMapping.PREFIX, kind, *map(plain, titles))


def _analyse(
    context: ImportContext, state: ImportProgress, _: Deadline
) -> Generator[ImportProgress, None, ImportProgress]:
    try:
        sheet, columns, source, total = _columns(context)
        findings = Findings()
        for position in _find(context, columns, source, findings):
            yield replace(state, position=position, total=total)
    except Unreadable as unreadable:
        if unreadable.code not in ANSWERABLE:
            storage.delete_all(context.world, context.imported)
        context.change(status="refused", failure=unreadable.code)
        return ended(state, failure=unreadable.code)
    analysis = {
        "rows": findings.rows,
        "refusals": [asdict(each) for each in findings.refused[:SHOWN_REFUSALS]],
        "warnings": [asdict(each) for each in findings.warnings],
    }
    storage.put_analysis(context.world, context.imported, analysis, _file_of(findings.refused, columns))
    counts = findings.counts
    context.change(
        status="analysed",
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        source=source,
        columns=tuple(columns),
        counts=counts,
    )
    done = {"new": counts.new, "changed": counts.changed, "left": counts.refused}
    return ended(state, position=counts.rows, total=counts.rows, **done)


def _columns(context: ImportContext) -> tuple[Sheet, list[ImportColumn], Source | None, int]:
    """The columns: as the user mapped them, as the company mapped the same headers before, or as proposed. The last
    value is the number of rows."""
    sheet, imported = context.sheet(), context.imported
    source, fields = propose(imported.kind, sheet.titles)
    columns = [ImportColumn(header=title, field=name) for title, name in zip(sheet.titles, fields, strict=True)]
    if imported.columns is not None:
        columns = list(imported.columns)
    else:
        id = mapping_id(imported.kind, sheet.titles)
        (known,) = context.world.store.records([ImportMapping.ref(imported.company, id)])
        if isinstance(known, ImportMapping) and len(known.columns) == len(columns):
            columns = [replace(column, header=new.header) for column, new in zip(known.columns, columns, strict=True)]
    signed, rows = _with_signs(imported, columns, sheet.rows)
    return sheet, signed, source or imported.source, rows


def _with_signs(
    imported: Import, columns: Sequence[ImportColumn], rows: Iterable[Row]
) -> tuple[list[ImportColumn], int]:
    """The columns, each column of numbers with its decimal sign, or with the question for it; and the number of rows.
    Reads every row, so that a file beyond the limits is refused here."""
    open_ = [
        number
        for number, column in enumerate(columns)
        if column.field and column.decimal is None and type_of(imported.kind, column.field) == "number"
    ]
    found: dict[int, set[numbers.Style]] = {number: set() for number in open_}
    count = 0
    for row in rows:
        count += 1
        for number in open_:
            cell = row.cells[number] if number < len(row.cells) else None
            if isinstance(cell, str) and (style := numbers.evidence(cell)):
                found[number].add(style)
    return [_with_sign(column, found.get(number)) for number, column in enumerate(columns)], count


def _with_sign(column: ImportColumn, styles: set[numbers.Style] | None) -> ImportColumn:
    style = numbers.column_sign(styles or ())
    if style in ("comma", "point"):
        return replace(column, decimal=style, ask=None)
    return replace(column, ask="decimal" if style else None)


def _find(
    context: ImportContext, columns: Sequence[ImportColumn], source: Source | None, findings: Findings
) -> Iterator[int]:
    """Add the findings of every row. Yield the number of records that are done."""
    mapped = {column.field for column in columns}
    if missing := [name for name in REQUIRED[context.imported.kind] if name not in mapped]:
        findings.refused += [Refused(1, None, name, "", "column_missing", {"field": name}) for name in missing]
        return
    planner = RULES[context.imported.kind].planner(context, "analysis", columns, source)
    for done, (row, planned) in enumerate(planner.plan(context.sheet().rows), 1):
        findings.add(planned, row)
        yield done


def _file_of(refused: Sequence[Refused], columns: Sequence[ImportColumn]) -> bytes:
    """The file of refusals: a line for each, for a French spreadsheet."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(("row", "column", "header", "value", "code"))
    for each in refused:
        header = columns[each.column - 1].header if each.column else ""
        writer.writerow((each.row, each.column or "", escaped(header), escaped(each.value), each.code))
    return out.getvalue().encode()


def _failed(context: ImportContext, state: ImportProgress, failure: Failure) -> ImportProgress:
    code = "given_up" if isinstance(failure, StepFailed) else failure.code
    context.change(status="failed", failure=code)
    return ended(state, failure=code)


WORKFLOW: Final = Workflow(
    name="import analysis",
    context=ImportContext.of,
    load=load,
    row=saved,
    steps={"analyse": _analyse},
    failed=_failed,
)
