"""`make bench`: measures everything, each case on an engine of its own, prints the table and writes it down.

`python -m tests.bench pulls imports` measures these cases only, and writes nothing.
Ends with 1 when sixteen writers fall below the gate. Other goals are shown only: a busy machine misses them.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from local import engine as embedded
from tests.bench import (
    backups,
    bulk,
    calculations,
    imports,
    machine,
    pages,
    pulls,
    ratios,
    report,
    start,
    sweep,
    writers,
)
from tests.bench.report import Row
from tests.histories import company as companies

PREFIX = "bench-"


def stage(endpoint: str, prefix: str = PREFIX) -> World:
    """A world with its tables."""
    world = World(companies.settings(endpoint, prefix))
    create_tables(world.settings)
    return world


CASES: Final[Mapping[str, Callable[[str], list[Row]]]] = {
    "verbs": lambda endpoint: report.ratio_rows(ratios.measured(stage(endpoint))),
    "writers": lambda endpoint: report.writer_rows(*writers.measured(stage(endpoint))),
    "pulls": lambda endpoint: report.pull_rows(pulls.measured(stage(endpoint, pulls.PREFIX))),
    "sweep": lambda endpoint: report.sweep_rows(*sweep.measured(sweep.stage(endpoint))),
    "imports": lambda endpoint: report.import_rows(imports.measured(stage(endpoint, imports.PREFIX))),
    "backups": lambda endpoint: report.backup_rows(backups.measured(stage(endpoint, backups.PREFIX))),
    "bulk": lambda endpoint: report.bulk_rows(bulk.measured(stage(endpoint))),
    "pages": lambda _: report.page_rows(pages.measured(), pages.compared()),
    "start": lambda _: report.start_rows(start.measured()),
    "calculations": lambda _: report.calculation_rows(*calculations.measured()),
}
"""The cases by name, in the order of the table. Each takes the address of an engine of its own."""


def main(names: list[str]) -> int:
    """Measure one thing after another; two at once would measure each other."""
    if unknown := [name for name in names if name not in CASES]:
        sys.stderr.write(f"bench: unknown {', '.join(unknown)}; known are {', '.join(CASES)}\n")
        return 2
    described = machine.described()
    os.environ.update(embedded.ENVIRONMENT)
    rows: list[Row] = []
    for name in names or CASES:
        say(f"{name} …")
        begun = time.monotonic()
        with embedded.running() as engine:
            rows += CASES[name](engine.endpoint)
        say(f"{name}: {time.monotonic() - begun:.0f} s")
    text = report.table(rows, described)
    sys.stdout.write(f"\n{text}\n\n")
    if names:
        return 0
    for path in report.write(text):
        say(f"written to {path.relative_to(report.ROOT)}")
    return 0 if all(row.gate for row in rows) else 1


def say(line: str) -> None:
    """Progress, apart from the table."""
    sys.stderr.write(f"bench: {line}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
