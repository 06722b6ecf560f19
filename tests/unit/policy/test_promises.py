"""The clauses: each kept one names tests that exist; some promises are about what is stored, and are tested here."""

import ast
import re
from pathlib import Path

import pytest

from chalicelib.policy import inventory
from chalicelib.policy.load import current
from tests.unit.policy.planting import changed

ROOT = Path(__file__).parents[3]


def missing(test: str) -> str | None:
    """Why a test's node id names nothing that can fail, or None if it names a test with an assertion."""
    path, _, name = test.partition("::")
    if not (ROOT / path).is_file():
        return f"{path} does not exist"
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    defined = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    last = name.rpartition("::")[2]
    if not last.startswith("test_") or last not in defined:
        return f"{path} has no test {name!r}"
    return None if asserts(last, defined) else f"{path}: {name} asserts nothing"


def asserts(name: str, defined: dict[str, ast.FunctionDef], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a function asserts something, by itself or through a function of its module."""
    if name not in defined or name in seen:
        return False
    nodes = list(ast.walk(defined[name]))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    raises = any(isinstance(node, ast.Attribute) and node.attr == "raises" for node in nodes)
    own = raises or any(isinstance(node, ast.Assert) for node in nodes)
    return own or any(asserts(other, defined, seen | {name}) for other in called)


def test_every_test_that_a_clause_names_exists() -> None:
    named = {test for clause in current().clauses.values() for test in clause.tests}
    assert named
    assert [fault for test in sorted(named) if (fault := missing(test))] == []


def test_a_kept_clause_names_tests() -> None:
    untested = {clause.name for clause in current().clauses.values() if not clause.tests}
    assert untested == {clause.name for clause in current().clauses.values() if clause.state == "promised"}


def test_no_clause_is_only_promised() -> None:
    assert [clause.name for clause in current().clauses.values() if clause.state != "kept"] == []


@pytest.mark.parametrize(
    "planted", ["tests/unit/policy/test_nothing.py::test_x", "tests/unit/policy/test_load.py::test_x"]
)
def test_a_clause_with_a_test_that_does_not_exist_is_found(planted: str) -> None:
    first = 'tests = ["'
    broken = changed(first, first + planted + '", "')
    assert any(missing(test) for clause in broken.clauses.values() for test in clause.tests)


def test_a_named_test_that_was_emptied_is_found() -> None:
    source = (
        "def test_x():\n    prepare()\ndef prepare():\n    pass\ndef test_y():\n    check()\ndef check():\n    assert 1"
    )
    defined = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert (asserts("test_x", defined), asserts("test_y", defined)) == (False, True)


def test_contact_information_may_always_be_left_out() -> None:
    """ "Contact information, if provided": no attribute of contact data is demanded."""
    contact = [
        (f"{stored.entity}.{attribute.path}", attribute)
        for stored in inventory.build_inventory()
        for attribute in stored.attributes
        if current().rules[attribute.rule].data_class == "contact"
    ]
    assert contact
    assert [name for name, attribute in contact if not attribute.optional] == []


FORBIDDEN = ("birth", "naissance", "cin", "cnie", "national_id", "identity_card", "passport", "age")


def test_no_attribute_holds_an_identity_card_or_a_birth_date() -> None:
    """Law 09-08 art. 12: identity card numbers need the CNDP's authorisation. And nobody's age is stored."""
    held = [
        f"{stored.entity}.{attribute.path}"
        for stored in inventory.build_inventory()
        for attribute in stored.attributes
        if any(word in (last := attribute.path.rpartition(".")[2]).split("_") or word == last for word in FORBIDDEN)
    ]
    assert held == []


NETWORK = {"aiohttp", "ftplib", "http.client", "httpx", "requests", "smtplib", "socket", "urllib.request", "urllib3"}
NAMESPACES = ("http://www.w3.org/",)


def test_the_service_sends_data_to_its_named_hosting_provider_alone() -> None:
    """ "Necessary for operating the application": the code has no client of any network but AWS's own, and no other
    address. An advertising provider gets nothing from the service."""
    opened, addresses = set(), set()
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                opened |= {alias.name for alias in node.names} & NETWORK
            elif isinstance(node, ast.ImportFrom):
                opened |= {node.module or ""} & NETWORK
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "://" in node.value:
                addresses |= set(re.findall(r"https?://[a-z][^\s\"'<>]+", node.value))
    assert opened == set()
    assert {url for url in addresses if not url.startswith(NAMESPACES)} == set()
    assert {
        each.provider.partition(" ")[0] for name, each in current().processors.items() if name != "advertising"
    } == {"Amazon"}
