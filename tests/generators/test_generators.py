"""Clients that generators make of the OpenAPI document, with the generators' defaults, issue an invoice; linters find
nothing."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import signed_up
from tests.e2e.serving import Served
from tests.sync.served.packages import BUILD, PINS, ROOT, digest, made, node, npm_ci

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
TSC = "--strict --noEmitOnError --module nodenext --target es2022 --lib es2022,dom"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real application, started as `make serve` starts it."""
    with Served.running(tmp_path_factory.mktemp("live")) as service:
        yield service


@pytest.fixture
def folder(live: Served, tmp_path: Path) -> Path:
    """A folder with the document as a client fetches it."""
    (tmp_path / "openapi.json").write_bytes(live.request("GET", "/openapi.json").body)
    return tmp_path


@pytest.fixture(scope="module")
def packages() -> Path:
    """The installed generators and linters. Skips without Node or a package registry."""
    node()
    pins = [HERE / "node" / name for name in PINS]
    found = BUILD / f"generators-{digest(pins)}"
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made(found, lambda folder: npm_ci(folder, pins))
    return found


@pytest.fixture
def tools(folder: Path, packages: Path) -> Path:
    """The folder of the document, with the packages."""
    (folder / "node_modules").symlink_to(packages / "node_modules")
    shutil.copy(packages / "package.json", folder)
    return folder


def run(folder: Path, *command: str, **settings: str) -> str:
    """The output of a command. Fails with its error output."""
    ran = subprocess.run(
        command, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{command[0]}: {ran.stdout[-3000:]}{ran.stderr[-3000:]}"
    return ran.stdout


def address(live: Served) -> str:
    """The service's address."""
    return f"http://127.0.0.1:{live.port}"


def tool(folder: Path, name: str) -> str:
    """An installed program."""
    return str(folder / "node_modules" / ".bin" / name)


def issued(said: str) -> None:
    """Require the printed invoice."""
    status, number, payable, seller, listed = json.loads(said)
    assert (status, payable, listed) == ("issued", "3600.00", 1)
    assert number.startswith("FA-")
    assert seller


def test_a_client_of_openapi_typescript_issues_an_invoice(live: Served, tools: Path) -> None:
    person = signed_up(live, "typescript")
    run(tools, tool(tools, "openapi-typescript"), "openapi.json", "-o", "api.d.ts")
    shutil.copy(HERE / "node" / "issue.ts", tools)
    run(tools, tool(tools, "tsc"), *TSC.split(), "issue.ts")
    issued(run(tools, node(), "issue.js", address(live), person.token))


def test_a_wrong_use_of_the_typescript_client_is_found(tools: Path) -> None:
    run(tools, tool(tools, "openapi-typescript"), "openapi.json", "-o", "api.d.ts")
    right = (HERE / "node" / "issue.ts").read_text("utf-8")
    for part, wrong in (
        ('kind: "business"', 'kind: "firm"'),
        ("totals.payable", "totals.paid"),
        ("limit: 1", "top: 1"),
    ):
        assert part in right
        (tools / "wrong.ts").write_text(right.replace(part, wrong), "utf-8")
        with pytest.raises(AssertionError, match="error TS"):
            run(tools, tool(tools, "tsc"), *TSC.split(), "wrong.ts")


def test_a_client_of_openapi_python_client_issues_an_invoice(live: Served, folder: Path) -> None:
    person = signed_up(live, "python")
    programs = str(Path(sys.executable).parent)
    generator = f"{programs}/openapi-python-client"
    search = {"PATH": f"{programs}:{os.environ['PATH']}"}  # the generator formats with ruff
    run(folder, generator, "generate", "--path", "openapi.json", "--output-path", "client", **search)
    shutil.copy(HERE / "issue.py.txt", folder / "client" / "issue.py")
    cache = ROOT / ".mypy_cache" / "generators"
    checked = ("--strict", "--config-file=", f"--cache-dir={cache}", "my_facture_pro_client", "issue.py")
    run(folder / "client", sys.executable, "-m", "mypy", *checked)
    issued(run(folder / "client", sys.executable, "issue.py", address(live), person.token))


def test_spectral_finds_nothing(tools: Path) -> None:
    assert _spectral(tools, "openapi.json") == []


def test_redocly_finds_nothing(tools: Path) -> None:
    assert _redocly(tools, "openapi.json") == []


def test_the_linters_find_a_planted_fault(tools: Path) -> None:
    document = json.loads((tools / "openapi.json").read_text("utf-8"))
    del document["info"]["contact"], document["info"]["license"]
    (tools / "planted.json").write_text(json.dumps(document), "utf-8")
    assert _spectral(tools, "planted.json") == ["info-contact"]
    assert _redocly(tools, "planted.json") == ["info-license"]


def _spectral(folder: Path, name: str) -> list[str]:
    (folder / ".spectral.json").write_text('{"extends": "spectral:oas"}', "utf-8")
    command = (tool(folder, "spectral"), "lint", name, "-r", ".spectral.json", "-f", "json", "-o", "found.json")
    subprocess.run(command, cwd=folder, check=False, capture_output=True)
    found: list[dict[str, Any]] = json.loads((folder / "found.json").read_text("utf-8"))
    return [each["code"] for each in found]


def _redocly(folder: Path, name: str) -> list[str]:
    command = (tool(folder, "redocly"), "lint", name, "--format=json")
    said = subprocess.run(
        command,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
    ).stdout
    return [each["ruleId"] for each in json.loads(said)["problems"]]
