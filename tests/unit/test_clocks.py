"""The clock and the randomness of a world are those that it is given, and nothing reaches around them."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.clocks import Clock, RunClock
from chalicelib.settings import Settings
from chalicelib.wiring import World
from tests.clocks import MovableClock, clock_at

ROOT = Path(__file__).parents[2]
PRODUCT = ("chalicelib", "infra", "local")
AT = datetime(2031, 5, 6, 7, 8, 9, 123_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SETTINGS = Settings(
    stage="test",
    region="eu-west-3",
    endpoint="http://127.0.0.1:9",
    table_prefix="clock-",
    files_bucket="clock-files",
    issuer="https://issuer.example",
    audience="facture",
    jwks_url="https://issuer.example/jwks",
    wake_queue=None,
    build="test",
)


def test_a_world_takes_its_instant_from_the_clock_it_was_given() -> None:
    world = World(SETTINGS, clock=RunClock(AT))
    assert AT <= world.now() < AT + SECOND
    assert AT <= world.call("cmp_1", "usr_1", "test", key="k").at < AT + SECOND
    world.clock = MovableClock(timedelta(days=3))
    assert timedelta(days=3) <= world.now() - Clock().now() + SECOND < timedelta(days=3) + 2 * SECOND


def test_a_world_uses_the_given_randomness() -> None:
    world = World(SETTINGS, random=lambda size: b"r" * size)
    call = world.call("cmp_1", "usr_1", "test", key="k")
    assert (call.id, call.seed, world.random(3)) == (b"r".hex() * 15, b"r" * 32, b"rrr")


def test_every_clock_is_exact_to_the_millisecond() -> None:
    for clock in (Clock(), RunClock(AT.replace(microsecond=123_456)), MovableClock(timedelta(microseconds=7))):
        assert clock.now().microsecond % 1000 == 0
        assert clock.now().tzinfo is UTC


def test_a_clock_that_was_lent_is_given_back() -> None:
    world = World(SETTINGS)
    own = world.clock
    with clock_at(world, AT):
        assert world.now().year == AT.year
    assert world.clock is own


def test_nobody_patches_a_worlds_clock_or_reaches_into_a_world() -> None:
    """A patched `now` or an entry of `__dict__` would not reach the worlds that are derived from the patched one."""
    found = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for folder in (*PRODUCT, "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if _patches(node)
    ]
    assert found == []


def _patches(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setattr":
        return any(isinstance(each, ast.Constant) and each.value == "now" for each in node.args)
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return ast.unparse(node.value).endswith("world")
    return isinstance(node, ast.Assign) and any(ast.unparse(target).endswith(".now") for target in node.targets)


SYSTEM_TIME = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime"),
}
READS_SYSTEM_TIME = {
    "chalicelib/clocks.py": "the system's clock of a world",
    "chalicelib/outside/sessions.py": "credentials end when AWS says so, whatever the clock of a run",
    "infra/deploy.py": "S3 ages objects by real time, and a deployment counts those that a shorter rule would delete",
}
"""The modules that read the system's time, each with its reason."""


def system_times(tree: ast.AST) -> set[str]:
    """The names by which a module reads the system's time, with or without a call, also imported under another name."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    renamed = {alias.asname: alias.name for node in imports for alias in node.names if alias.asname}
    sources = [node for node in imports if isinstance(node, ast.ImportFrom)]
    found = {f"{node.module}.{alias.name}" for node in sources for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            *_, owner, name = ast.unparse(node).split(".")
            found.add(f"{renamed.get(owner, owner)}.{name}")
    return found & SYSTEM_TIME


def test_no_other_module_reads_the_systems_time() -> None:
    """A step that read it would write another time than its run's."""
    found = {
        str(path.relative_to(ROOT))
        for path in [ROOT / "app.py", *(p for folder in PRODUCT for p in sorted((ROOT / folder).rglob("*.py")))]
        if system_times(ast.parse(path.read_text("utf-8")))
    }
    assert found == READS_SYSTEM_TIME.keys()


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "datetime.datetime.now(UTC)",
        "dt.date.today()",
        "int(time.time())",
        "field(default_factory=datetime.now)",
        "from time import time",
        "from datetime import datetime as moment\nmoment.now()",
        "import time as t\nt.time()",
    ],
)
def test_a_reading_of_the_systems_time_would_be_found(source: str) -> None:
    assert system_times(ast.parse(source)) != set()


def test_a_worlds_clock_is_no_system_time() -> None:
    source = "from datetime import date as day\nfrom time import monotonic\nworld.now() or monotonic() or day(1, 2, 3)"
    assert system_times(ast.parse(source)) == set()


def test_a_year_is_changed_only_together_with_its_day() -> None:
    """On 29 February, another year with the same day is an error."""
    found = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for folder in (*PRODUCT, "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".replace")
        if "year" in (names := {word.arg for word in node.keywords}) and "day" not in names
    ]
    assert found == []


def test_a_derived_world_shares_its_origins_clients_and_has_its_own_clock() -> None:
    world = World(SETTINGS)
    derived = world.at(AT)
    assert derived.files is world.files
    assert derived.at(AT + SECOND).files is world.files
    assert AT <= derived.now() < AT + SECOND
    assert world.now().year != AT.year
    assert derived.wall_now().year == world.now().year
    assert derived.at(AT + timedelta(days=400)).wall_now().year == world.now().year
