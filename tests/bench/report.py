"""Writes the measurements to docs/bench.md, and the headline figures between the markers of README.md."""

from pathlib import Path
from typing import NamedTuple

from tests.bench import backups, calculations, evidence, imports, pages, pulls, restores, start, sweep, writers
from tests.bench.backups import Measured
from tests.bench.bulk import DOCUMENTS, Bulk
from tests.bench.ratios import Ratio
from tests.bench.sweep import Sweep
from tests.bench.writers import Crowd

ROOT = Path(__file__).resolve().parent.parent.parent
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
GOAL_RATIO = 1.5
GOAL_WAVES = {"read": 1, "list of 20": 2, "create": 2, "issue": 3}
HEADLINES = (
    "read ÷ raw boto3",
    "issue ÷ raw boto3",
    "16 writers ÷ one",
    "restore of ",
    "PDF of 20 lines, warm",
)
"""The beginnings of the rows that README repeats."""
NOTES = """
Each ratio compares medians that are measured in alternation, in one run.
An operation runs through the whole pipeline in one process, without a socket and without authentication.
Its baseline is a plain boto3 client that sends the same calls to a twin company.
[ADR 0008](adr/0008-measure-against-a-twin-company.md) says why.
Round trips count the calls that wait for one another.
Units are the capacity units that the engine reports.
The engine counts each item of a transactional read as at most 4 KB.
The sixteen writers are sixteen processes. They share the cores with the engine and issue on one series without a pause.
The first pull runs in a process of its own.
The raw query beside a pull reads the changed rows only.
The pull reads the journal before them: two round trips beside one.
"Attempts" is the number of times that one issue is tried.
Rendering excludes storage. Its text differs in each turn.
"""


class Row(NamedTuple):
    """A line of the table; `kept` is None where there is no goal. A False `gate` fails the whole run."""

    what: str
    measured: str
    goal: str = ""
    kept: bool | None = None
    gate: bool = True


def ratio_rows(ratios: list[Ratio]) -> list[Row]:
    """Two lines a verb: time, and what it costs at DynamoDB."""
    rows = []
    for r in ratios:
        with_auth = f"{r.guarded:.1f} ms with authentication"
        low, high = r.spread
        rows += [
            Row(
                f"{r.verb} ÷ raw boto3",
                f"**{r.ratio:.2f}** ({low:.2f} – {high:.2f}); {r.ours:.1f} ms; {with_auth}",
                f"≤ {GOAL_RATIO}",
                r.ratio <= GOAL_RATIO,
            ),
            Row(
                f"{r.verb}: round trips, units",
                f"{r.waves}; {r.read:g} read, {r.write:g} written",
                f"≤ {GOAL_WAVES[r.verb]}",
                r.waves <= GOAL_WAVES[r.verb],
            ),
        ]
    return rows


def writer_rows(alone: Crowd, crowd: Crowd) -> list[Row]:
    """The single writer and the sixteen."""
    share = crowd.rate / alone.rate
    return [
        Row("one writer", f"{alone.rate:.0f} invoices/s; median {alone.median:.0f} ms"),
        Row(
            f"{crowd.writers} writers ÷ one",
            f"**{share:.2f}** ({crowd.rate:.0f} invoices/s)",
            f"≥ {writers.GOAL} (gate {writers.GATE})",
            share >= writers.GOAL,
            share >= writers.GATE,
        ),
        Row(
            f"{crowd.writers} writers: attempts, waiting",
            f"{crowd.attempts:.1f} on average, {crowd.worst} at worst; median {crowd.median:.0f} ms, 99 % within "
            f"{crowd.p99:.0f} ms, longest {crowd.longest:.0f} ms; {crowd.gave_up} gave up",
        ),
    ]


def import_rows(found: list[imports.Taken]) -> list[Row]:
    """The time and the memory of each import."""
    rows = []
    for taken in found:
        name = f"import of {imports.ROWS:,} {taken.file}"
        rows += [
            Row(
                name,
                f"**{taken.seconds:.0f} s** ({taken.analysis:.0f} s analysis, {taken.commit:.0f} s commit); undo "
                f"{taken.undo:.0f} s",
                f"≤ {imports.GOAL_SECONDS} s",
                taken.seconds <= imports.GOAL_SECONDS,
            ),
            Row(
                f"{name}: peak memory",
                f"**{taken.peak:.0f} MB**",
                f"≤ {imports.GOAL_MEMORY} MB",
                taken.peak <= imports.GOAL_MEMORY,
            ),
        ]
    return rows


def bulk_rows(bulk: Bulk) -> list[Row]:
    """Bulk issue."""
    spent = f"{bulk.calls} calls, {bulk.read:g} units read, {bulk.write:g} written"
    return [Row(f"bulk issue of {DOCUMENTS:,}", f"{bulk.seconds:.1f} s; {spent}")]


def page_rows(printed: list[pages.Printed], compared: pages.Compared) -> list[Row]:
    """Pages."""
    beside = {lines: f"{other:.0f} ms" if other else "not installed" for lines, _, other in printed}
    return [
        *(
            Row(
                f"PDF of {lines} lines, warm",
                f"**{typst:.0f} ms** (pdfkit {beside[lines]})",
                f"≤ {pages.GOALS[lines]:.0f} ms",
                typst <= pages.GOALS[lines],
            )
            for lines, typst, _ in printed
        ),
        Row(
            "PDF of 20 lines with its e-invoices ÷ typst alone",
            f"**{compared.ratio:.2f}** ({compared.ours:.0f} ms ÷ {compared.alone:.0f} ms)",
            f"≤ {pages.MOST_RATIO}",
            compared.ratio <= pages.MOST_RATIO,
        ),
    ]


def start_rows(started: tuple[float, float, float]) -> list[Row]:
    """Cold import."""
    ours, first, floor = started
    return [
        Row(
            "cold import ÷ `import boto3, chalice`",
            f"**{ours / floor:.2f}** ({ours:.0f} ms ÷ {floor:.0f} ms)",
            f"≤ {start.GOAL}",
            ours / floor <= start.GOAL,
        ),
        Row("the same with a first request's own code", f"{first / floor:.2f} ({first:.0f} ms)"),
    ]


def calculation_rows(totals: float, view: float) -> list[Row]:
    """The pure calculations, in milliseconds."""
    return [
        Row(
            f"totals of {calculations.TOTALS_LINES:,} lines",
            f"**{totals:.1f} ms**",
            f"≤ {calculations.TOTALS_GOAL:g} ms",
            totals <= calculations.TOTALS_GOAL,
        ),
        Row(
            f"view of {calculations.VIEW_LINES} lines",
            f"**{view:.1f} ms**",
            f"≤ {calculations.VIEW_GOAL:g} ms",
            view <= calculations.VIEW_GOAL,
        ),
    ]


def pull_rows(measured: pulls.Measured) -> list[Row]:
    """The first pull of a device, a pull of few changes, and a push."""
    first, few, push = measured.first, measured.few, measured.push
    among = f"pull of {pulls.CHANGES} changes among {pulls.ROWS:,} rows"
    return [
        Row(
            f"first pull of {first.documents:,} documents",
            f"**{first.seconds:.0f} s** in {first.pages} pages, {first.own:.0f} s of it its own work; "
            f"{first.size / 1e6:.1f} MB",
            f"≤ {pulls.GOAL_SECONDS:g} s",
            first.seconds <= pulls.GOAL_SECONDS,
        ),
        Row(
            "first pull: own work of a late page ÷ an early one; peak memory",
            f"**{first.growth:.2f}**; **{first.peak:.0f} MB**",
            f"≤ {pulls.GOAL_GROWTH}; ≤ {pulls.GOAL_MEMORY} MB",
            first.growth <= pulls.GOAL_GROWTH and first.peak <= pulls.GOAL_MEMORY,
        ),
        Row(
            f"{among} ÷ one raw query of the same rows",
            f"**{few.ours / few.query:.2f}** ({few.ours:.1f} ms ÷ {few.query:.1f} ms); "
            f"{few.ours / few.same_calls:.2f} × the same calls; {few.waves} round trips, {few.read:g} units read",
            f"≤ {pulls.GOAL:g}",
            few.ours / few.query <= pulls.GOAL,
        ),
        Row(
            f"push of {pulls.PUSHED:,} items ÷ the same calls by raw boto3",
            f"**{push.ours / push.same_calls:.2f}**; {push.ours / 1e3:.1f} s; {push.waves} round trips, "
            f"{push.read:g} units read, {push.write:g} written",
            f"≤ {GOAL_RATIO}",
            push.ours / push.same_calls <= GOAL_RATIO,
        ),
    ]


def backup_rows(kept: Measured) -> list[Row]:
    """A backup's time and memory."""
    took, floor = kept.backup, kept.raw
    return [
        Row(
            f"backup of {backups.MANY:,} invoices ÷ raw query, gzip, SHA-256",
            f"**{kept.ratio:.2f}** (own time {took.own:.1f} s ÷ {floor.own:.1f} s; with the engine {took.wall:.0f} s ÷ "
            f"{floor.wall:.0f} s); {took.size / 1e6:.1f} MB",
            f"≤ {backups.GOAL:g}",
            kept.ratio <= backups.GOAL,
        ),
        Row(
            f"backup: peak memory at {backups.FEW:,} and {backups.MANY:,}",
            f"{kept.small:.0f} MB; **{kept.large:.0f} MB**",
            f"≤ {backups.MEMORY_GOAL} MB, flat",
            kept.large <= backups.MEMORY_GOAL,
        ),
        Row(
            f"restore of {backups.MANY:,} invoices ({kept.restored.rows:,} rows) into a new company",
            f"**{kept.restored.seconds:.0f} s**, {kept.restored.own:.0f} s of it its own work",
            f"≤ {restores.GOAL_SECONDS:g} s",
            kept.restored.seconds <= restores.GOAL_SECONDS,
        ),
        *evidence_rows(kept.passes),
    ]


def evidence_rows(passes: evidence.Passes) -> list[Row]:
    """The full and the daily pass."""
    ratio = passes.read / passes.changed
    return [
        Row(
            f"full pass over {backups.MANY:,} invoices ({passes.rows:,} rows)",
            f"**{passes.seconds:.0f} s**, {passes.own:.0f} s of it its own work",
        ),
        Row(
            f"daily pass after {evidence.CHANGES} commits among {backups.MANY:,} invoices: rows read ÷ changed",
            f"**{ratio:.3f}** ({passes.read:,} ÷ {passes.changed:,}); {passes.daily:.1f} s",
            f"≤ {evidence.GOAL:g}",
            ratio <= evidence.GOAL,
        ),
    ]


def sweep_rows(once: Sweep, tenfold: Sweep) -> list[Row]:
    """The cost of ten times the data for the sweep of statutory records."""
    ratio = tenfold.units / once.units
    return [
        Row(
            f"sweep of {sweep.DUE} invoices among {sweep.DUE * (1 + len(sweep.LATER))} ÷ of {sweep.DUE} alone",
            f"**{ratio:.2f}** ({tenfold.units:g} units in {tenfold.calls} calls ÷ {once.units:g} in {once.calls}; "
            f"{1 + sweep.OTHERS} companies ÷ one)",
            f"≤ {sweep.GOAL}",
            ratio <= sweep.GOAL,
        )
    ]


def table(rows: list[Row], machine: str) -> str:
    """Markdown."""
    marks = {True: "✓", False: "✗", None: ""}
    lines = ["| | measured | goal | |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.goal} | {marks[row.kept]} |" for row in rows]
    return "\n".join([f"{machine}.", "", *lines])


def headlines(text: str) -> str:
    """The machine, the head of the table and the rows that `HEADLINES` names, out of a whole table."""
    lines = text.strip().splitlines()
    rows = [line for start in HEADLINES for line in lines if line.startswith(f"| {start}")]
    return "\n".join([*lines[:4], *rows])


def write(text: str) -> list[Path]:
    """Write the whole table to docs/bench.md and its headlines to README.md; the files that were written."""
    page, readme = ROOT / "docs" / "bench.md", ROOT / "README.md"
    page.write_text(f"# Measurements\n\n`make bench` writes this page.\n\n{text}\n{NOTES}", "utf-8")
    before, begin, rest = readme.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("README.md has no place for the measurements")
    readme.write_text(f"{before}{BEGIN}\n{headlines(text)}\n{END}{after}", "utf-8")
    return [page, readme]
