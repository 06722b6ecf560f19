"""The operator's tool: what it prints, how it exits, and what it refuses."""

import json
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.journal import Message
from chalicelib.jobs import catalogue
from chalicelib.jobs.outbox import outbox
from chalicelib.store import bookkeeping
from chalicelib.wiring import World
from tests.jobs.worlds import commit, company, current, later, message


@pytest.fixture
def cli(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command; its exit code and the JSON lines that it printed. The outbox knows the task `note`."""

    def note(world: World, owner: str, about: tuple[str, ...]) -> None:
        if "bad" in about:
            raise ValueError("of jane@example.ma")

    jobs = (outbox({"note": note}), *catalogue.JOBS[1:])
    monkeypatch.setattr(catalogue, "JOBS", jobs)

    def ask(*argv: str) -> tuple[int, list[dict[str, Any]]]:
        code = main(argv, lambda: world)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return ask


def test_list_names_every_job(cli: Any) -> None:
    code, lines = cli("jobs", "list")
    assert code == 0
    assert [line["job"] for line in lines] == [job.name for job in catalogue.JOBS]
    assert all(line["off"] is None and line["asks"] is None and not line["goes_on"] for line in lines)


def test_dry_run_says_and_run_does(cli: Any, world: World) -> None:
    owner = company(world)
    sent = message(world, owner, "inv_1")
    commit(world, owner, sent)
    code, lines = cli("jobs", "dry-run", "outbox")
    assert code == 0
    assert lines[0] == {"would": "note", "what": "note about 1", "company": owner, "row": f"outbox#{sent.id}"}
    assert (lines[1]["dry_run"], lines[1]["planned"], lines[1]["applied"]) == (True, 1, 0)
    assert current(world, sent) is not None
    code, (line,) = cli("jobs", "run", "outbox", "--deadline", "30")
    assert (code, line["outcome"], line["applied"]) == (0, "done", 1)
    assert current(world, sent) is None


def test_a_chosen_instant(cli: Any, world: World) -> None:
    owner = company(world)
    commit(world, owner, message(world, owner, "inv_1"))
    assert cli("jobs", "dry-run", "outbox", "--now", "2020-01-01T00:00:00Z")[1][-1]["found"] == 0
    assert cli("jobs", "dry-run", "outbox", "--now", "2099-01-01T00:00:00+01:00")[1][-1]["found"] == 1


def test_a_failure_shows_and_exits_with_1(cli: Any, world: World) -> None:
    owner = company(world)
    commit(world, owner, message(world, owner, "bad"))
    code, lines = cli("jobs", "run", "outbox")
    assert code == 1
    assert (lines[0]["failed"], lines[0]["attempt"], lines[0]["dead"]) == ("ValueError", 1, False)


def test_a_cap_for_one_run(cli: Any, world: World) -> None:
    owner = company(world)
    commit(world, owner, message(world, owner, "a"), message(world, owner, "b"))
    code, lines = cli("jobs", "run", "outbox", "--cap", "1")
    assert (code, lines[-1]["outcome"], lines[-1]["applied"]) == (1, "asks", 0)
    assert cli("jobs", "list")[1][0]["asks"] == 2
    assert cli("jobs", "run", "outbox", "--cap", "2")[0] == 0


def test_off_and_on(cli: Any) -> None:
    assert cli("jobs", "off", "outbox", "--reason", "a trial", "--by", "opr_1")[0] == 0
    assert cli("jobs", "list")[1][0]["off"] == "a trial"
    code, (line,) = cli("jobs", "run", "outbox")
    assert (code, line["outcome"]) == (1, "off")
    assert cli("jobs", "on", "outbox")[0] == 0
    assert cli("jobs", "off", "all", "--reason", "maintenance", "--by", "opr_1")[0] == 0
    assert {line["off"] for line in cli("jobs", "list")[1]} == {"maintenance"}
    assert cli("jobs", "on", "all")[0] == 0
    assert cli("jobs", "run", "outbox")[0] == 0


def test_the_dead_are_listed_and_revived(cli: Any, world: World) -> None:
    owner = company(world)
    sent = message(world, owner, "inv_1")
    commit(world, owner, sent)
    assert cli("jobs", "dead", "outbox") == (0, [])
    claimed = bookkeeping.claim(world.store, sent, later(world, minutes=1))
    assert claimed
    assert bookkeeping.dead_letter(world.store, claimed)
    code, (line,) = cli("jobs", "dead", "outbox")
    assert (code, line["row"], line["revived"]) == (1, f"outbox#{sent.id}", False)
    code, (line,) = cli("jobs", "dead", "outbox", "--revive")
    assert (code, line["revived"]) == (0, True)
    revived = current(world, sent)
    assert isinstance(revived, Message)
    assert (revived.due, revived.attempts) == ("outbox", 0)
    assert cli("jobs", "run", "outbox")[1][-1]["applied"] == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["jobs", "run", "outboks"], "no job 'outboks'; there are outbox, bulk,"),
        (["jobs", "off", "outboks", "--reason", "x", "--by", "y"], "no job 'outboks'"),
        (["jobs", "run", "outbox", "--now", "yesterday"], "is not a time such as"),
        (["jobs", "run", "outbox", "--now", "2026-11-23T08:00:00"], "lacks its offset"),
        (["jobs", "run", "outbox", "--now", "9999-12-31T23:59:59Z"], "not of this century"),
        (["jobs", "run", "outbox", "--now", "2026-02-30T00:00:00Z"], "is not a time such as"),
        (["jobs", "run", "outbox", "--deadline", "-1"], "not between 0 and a day"),
        (["jobs", "run", "outbox", "--deadline", "nan"], "not between 0 and a day"),
        (["jobs", "run", "outbox", "--deadline", "soon"], "not a number of seconds"),
        (["jobs", "run", "outbox", "--cap", "0"], "not a whole number above 0"),
        (["jobs"], "required"),
        (["jobs", "fly"], "invalid choice"),
        (["jobs", "off", "outbox"], "--reason"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    world: World, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    try:
        code = main(argv, lambda: world)
    except SystemExit as stop:
        code = int(str(stop.code))
    captured = capsys.readouterr()
    assert code == 2
    assert words in captured.err.splitlines()[-1]
    assert not captured.out


def test_a_lacking_environment_is_named() -> None:
    command = [sys.executable, "-m", "chalicelib.cli", "jobs", "list"]
    ended = subprocess.run(
        command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 3
    assert ended.stderr.startswith("facture: missing in the environment: FACTURE_TABLE_PREFIX")
    assert ended.stderr.count("\n") == 1
