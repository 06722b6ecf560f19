"""The tiers of the tests: marks each test that needs the engine or kills its work, and closes sockets to unit tests.

`make check` runs the unit tests without the mark `engine`, `make test` all tests, `make prove` those of the mark
`proof` with `--every-call`.
"""

from collections.abc import Generator
from types import CodeType
from typing import Any

import pytest

from tests import crash

UNIT = "tests/unit/"
LONGEST = ("tests/e2e/", "tests/infra/", "tests/backup/", "tests/privacy/", "tests/stored/", "tests/toy/", "tests/api/")
"""The folders whose modules take longest, in the order in which they run: short modules at the end leave no processor
idle."""
WHOLE = ("tests/e2e/", "tests/infra/", "tests/backup/", "tests/stored/", "tests/toy/")
"""The folders whose tests use the system as a whole. Their coverage is not counted: a line of the core is covered by a
test that is nearer to it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by what they use, and run the longest first. A unit test may open sockets only to the hosts that
    it names."""
    items.sort(key=lambda item: next((at for at, it in enumerate(LONGEST) if item.nodeid.startswith(it)), len(LONGEST)))
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker("engine")
        elif item.nodeid.startswith(UNIT) and item.get_closest_marker("allow_hosts") is None:
            item.add_marker("disable_socket")
        if proves(getattr(item, "function", None)):
            item.add_marker("proof")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace no test of `WHOLE`, its fixtures included."""
    controller = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if controller is None or not item.nodeid.startswith(WHOLE):
        return (yield)
    controller.pause()
    try:
        return (yield)
    finally:
        controller.resume()


def chose_every_test(config: pytest.Config) -> bool:
    """Whether a run has all tests, so that what none of them did is done by no test."""
    chosen = config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False)
    return not chosen and config.args_source is pytest.Config.ArgsSource.TESTPATHS


def proves(function: Any) -> bool:
    """Whether a test, or a function inside it, kills work by what `tests/crash.py` offers."""
    if not hasattr(function, "__code__"):
        return False
    used = {id(function.__globals__.get(name)) for name in names_in(function.__code__)}
    return not used.isdisjoint(map(id, (crash, crash.prove, crash.Killed)))


def names_in(code: CodeType) -> set[str]:
    """The global names that a function's code and the code inside it use."""
    inside = [each for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*map(names_in, inside))
