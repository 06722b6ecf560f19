"""The runbook knows every alarm, job and figure that there is, and none that there is not."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.figures import BUSINESS, FAULTS, FIGURES, RUNS
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import Job
from chalicelib.observability import NAMESPACE, Telemetry
from chalicelib.settings import Settings
from infra.cost_inputs import FUNCTIONS
from infra.gateway import gateway
from infra.stages import STAGES, title
from infra.watch import watch
from local.schedules import parse_schedule

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


def published(figure: str, job: str | None, stage: str) -> tuple[str, str, dict[str, str]]:
    """The namespace, the name and the dimensions under which CloudWatch keeps a figure of ours, from the line that the
    function writes."""
    needed = ("TABLE_PREFIX", "BUCKET_FILES", "ISSUER", "AUDIENCE", "JWKS_URL")
    settings = Settings.from_env({"FACTURE_STAGE": stage, **{f"FACTURE_{name}": "x" for name in needed}})
    stream = io.StringIO()
    Telemetry(settings, masks=lambda: (), stream=stream, service="facture-alarms").figures({figure: 1}, job=job)
    line = json.loads(stream.getvalue())
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    ((metric,), (labels,)) = (directive["Metrics"], directive["Dimensions"])
    assert metric["Unit"] == ("Seconds" if figure.endswith("Seconds") else "Count")
    return directive["Namespace"], metric["Name"], {label: line[label] for label in labels}


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
    ours = [alarm for alarm in alarms(stage).values() if alarm["Namespace"] == NAMESPACE]
    assert {metric["MetricName"] for metric in ours} >= {
        "Run",
        "Dead",
        "Asked",
        "DeadlineBreached",
        "OldestSeconds",
        "DrillFailed",
        "RequestDeadlineBreached",
    }
    for metric in ours:
        labels = {part["Name"]: part["Value"] for part in metric["Dimensions"]}
        assert labels.get("job", "outbox") in {job.name for job in JOBS}
        assert (NAMESPACE, metric["MetricName"], labels) == published(metric["MetricName"], labels.get("job"), stage)


def test_missing_data_is_a_breach_only_for_alarms_on_silence() -> None:
    assert alarms("prod")
    for name, alarm in alarms("prod").items():
        silence = name.endswith("Silent")
        assert alarm["TreatMissingData"] == ("breaching" if silence else "notBreaching"), name
        assert alarm["ComparisonOperator"] == ("LessThanThreshold" if silence else "GreaterThanThreshold"), name


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_silence_is_noticed_within_hours(job: Job) -> None:
    """One whose period is a day notices on the fourth: CloudWatch looks a few periods beyond its own."""
    alarm = alarms("prod")[f"{title(job.name)}Silent"]
    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 3_600, 1)
    schedule = parse_schedule(job.schedule)
    between = max(1, schedule // 3_600) if isinstance(schedule, int) else 24
    assert between < alarm["EvaluationPeriods"] <= between + 2


def test_every_command_of_the_runbook_exists(capsys: pytest.CaptureFixture[str]) -> None:
    from chalicelib.cli.main import main

    typed = {(noun, verb) for noun, verb in re.findall(r"`(jobs|privacy|backups|disclosures) ([a-z-]+)", RUNBOOK)}
    assert len(typed) > 10
    for noun, verb in sorted(typed):
        with pytest.raises(SystemExit) as ended:
            main([noun, verb, "--help"])
        assert ended.value.code == 0, f"{noun} {verb}"
    assert capsys.readouterr().out


def test_the_runbook_closes_the_gateway_by_the_stages_limits() -> None:
    """The runbook's command names an output, a stage and a setting of the stack."""
    assert "OutputKey=='RestAPIId'" in RUNBOOK
    assert "--stage-name api " in RUNBOOK
    (settings,) = gateway(STAGES["prod"], 90)["RestAPI"]["Properties"]["MethodSettings"]
    path = f"{settings['ResourcePath']}/{settings['HttpMethod']}"
    for name in ("rateLimit", "burstLimit"):
        assert f"path={path}/throttling/{name},value=0" in RUNBOOK
        assert settings[f"Throttling{name[0].upper()}{name[1:]}"] > 0
