"""The clauses: each kept one names tests that exist; some promises are about what is stored, and are tested here."""

import ast
from pathlib import Path

import pytest

from chalicelib.policy import inventory
from chalicelib.policy.load import current
from tests.unit.policy.planting import changed

ROOT = Path(__file__).parents[3]


def missing(test: str) -> str | None:
    """Why a test's node id names nothing, or None if it names a test."""
    path, _, name = test.partition("::")
    if not (ROOT / path).is_file():
        return f"{path} does not exist"
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    last = name.rpartition("::")[2]
    return None if last.startswith("test_") and last in defined else f"{path} has no test {name!r}"


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
