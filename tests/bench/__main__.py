"""`make bench`: measures everything on an engine of its own, prints the table and writes it down.

Ends with 1 when sixteen writers fall below the gate. Other goals are shown only: a busy machine misses them.
"""

import os
import sys

from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from local import engine as embedded
from tests.bench import backups, bulk, calculations, machine, pages, ratios, report, start, sweep, writers
from tests.histories import company as companies


def main() -> int:
    """Measure one thing after another; two at once would measure each other."""
    described = machine.described()
    os.environ.update(embedded.ENVIRONMENT)
    rows: list[report.Row] = []
    with embedded.running() as engine:
        world = World(companies.settings(engine.endpoint, "bench-"))
        create_tables(world.settings)
        say("each verb beside raw boto3 …")
        rows += report.ratio_rows(ratios.measured(world))
    with embedded.running() as engine:
        world = World(companies.settings(engine.endpoint, "bench-"))
        create_tables(world.settings)
        say("sixteen writers beside one …")
        alone, crowd = writers.measured(world)
        rows += report.writer_rows(alone, crowd)
        say("bulk issue …")
        done = bulk.measured(world)
    with embedded.running() as engine:
        world = World(companies.settings(engine.endpoint, backups.PREFIX))
        create_tables(world.settings)
        say("a backup of ten thousand invoices …")
        kept = backups.measured(world)
    with embedded.running() as engine:
        say("the sweep of a year, and of a year among ten …")
        rows += report.sweep_rows(*sweep.measured(sweep.stage(engine.endpoint)))
    say("pages, calculations, cold import …")
    rows += report.backup_rows(kept)
    rows += report.other_rows(done, pages.measured(), pages.compared(), start.measured())
    rows += report.calculation_rows(*calculations.measured())
    text = report.table(rows, described)
    sys.stdout.write(f"\n{text}\n\n")
    for path in report.write(text):
        say(f"written to {path.relative_to(report.ROOT)}")
    return 0 if crowd.rate / alone.rate >= writers.GATE else 1


def say(line: str) -> None:
    """Progress, apart from the table."""
    sys.stderr.write(f"bench: {line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
