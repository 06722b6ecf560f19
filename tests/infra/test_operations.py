"""The runbook knows every alarm, job and figure that there is, and none that there is not."""

import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.figures import BUSINESS, BY_JOB, FAULTS, FIGURES, RUNS
from chalicelib.jobs.catalogue import JOBS
from chalicelib.observability import NAMESPACE
from infra.cost import FUNCTIONS
from infra.stages import STAGES, title
from infra.watch import watch

RUNBOOK = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
OWNERS = {title(name) for name in FUNCTIONS}
EVERY = "…"


def rows(heading: str) -> dict[str, str]:
    """The first and the last cell of each row of the tables below a heading, by the name in the first."""
    section = RUNBOOK.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \|.*?\|? ?([^|]*) \|$", section, flags=re.M))


def alarms(stage: str) -> dict[str, Any]:
    """The alarms of a stage, by name."""
    made = watch(stage, {name: title(name) for name in FUNCTIONS})
    return {name: part["Properties"] for name, part in made.items() if part["Type"] == "AWS::CloudWatch::Alarm"}


def row_of(alarm: str, known: dict[str, str]) -> str | None:
    """The row that explains an alarm: its own, or the one of its kind."""
    if alarm in known:
        return alarm
    kinds = [row for row in known if row.startswith(EVERY) and alarm.endswith(row.removeprefix(EVERY))]
    # The longest ending: `…DeadlineBreached` rather than a shorter one that it may end in as well.
    kind = max(kinds, key=len, default=None)
    return kind if kind and alarm.removesuffix(kind.removeprefix(EVERY)) in OWNERS else None


@pytest.mark.parametrize("stage", STAGES)
def test_each_alarm_has_its_row_and_each_row_its_alarm(stage: str) -> None:
    known = {name: text for name, text in rows("Alarms").items() if not name.islower()}
    explained = {alarm: row_of(alarm, known) for alarm in alarms(stage)}
    assert [alarm for alarm, row in explained.items() if row is None] == []
    assert known.keys() - set(explained.values()) == set()


def test_each_job_is_missed_by_somebody() -> None:
    missed = {name for name in rows("Alarms") if name.islower()}
    assert missed == {job.name for job in JOBS}


def test_the_figures_are_those_of_the_catalogue() -> None:
    assert rows("Figures") == dict(FIGURES)
    for group in (BUSINESS, RUNS, FAULTS):
        assert "".join(f"| `{name}` | {meaning} |\n" for name, meaning in group.items()) in RUNBOOK


@pytest.mark.parametrize("stage", STAGES)
def test_an_alarm_watches_a_figure_as_it_is_published(stage: str) -> None:
    watched = [alarm for alarm in alarms(stage).values() if alarm["Namespace"] == NAMESPACE]
    assert {alarm["MetricName"] for alarm in watched} >= {"Dead", "Asked", "DrillFailed", "RequestDeadlineBreached"}
    for alarm in watched:
        labels = {part["Name"]: part["Value"] for part in alarm["Dimensions"]}
        expected = {"service", "stage", "job"} if alarm["MetricName"] in BY_JOB else {"service", "stage"}
        assert alarm["MetricName"] in FIGURES
        assert labels.keys() == expected
        assert labels["stage"] == stage
        assert labels.get("job", "outbox") in {job.name for job in JOBS}


def test_what_the_runbook_tells_to_type_exists(capsys: pytest.CaptureFixture[str]) -> None:
    from chalicelib.cli.main import main

    typed = {(noun, verb) for noun, verb in re.findall(r"`(jobs|privacy|backups|disclosures) ([a-z-]+)", RUNBOOK)}
    assert len(typed) > 10
    for noun, verb in sorted(typed):
        with pytest.raises(SystemExit) as ended:
            main([noun, verb, "--help"])
        assert ended.value.code == 0, f"{noun} {verb}"
    assert capsys.readouterr().out
