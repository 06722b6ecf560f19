"""Conventions that the syntax tree shows: one expression for a new record, one reader of all pages, telling names."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import chalicelib

ROOT: Final = Path(next(iter(chalicelib.__path__)))
SOURCES: Final = ("chalicelib", "infra", "local")
UNNAMED: Final = frozenset({"decide", "decided", "_decide", "_decided"})
PAGES_BY_HAND: Final[Mapping[str, str]] = {
    "api/access.py": "a page of an answer",
    "api/backups.py": "a page of an answer",
    "api/disclosures.py": "a page of an answer",
    "api/documents.py": "a page of an answer",
    "api/payments.py": "a page of an answer",
    "api/records.py": "a page of an answer",
    "api/rectification.py": "a page of an answer",
    "api/support.py": "a page of an answer",
    "jobs/runner.py": "a run stops between two pages and goes on there",
    "services/backup/drill.py": "a step has a deadline and goes on where it stopped",
    "services/backup/restoring/steps.py": "a step has a deadline and goes on where it stopped",
    "services/documents/listing.py": "a page of a listing",
    "services/privacy/access/export.py": "a step goes on where it stopped",
    "services/records/editing.py": "a page of a listing, with a bound",
    "store/wire.py": "the one generator of all pages",
}
"""Modules that look at where a page ends, each with its reason. `Store.all` reads all pages for the others."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the product by its path."""
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def functions(tree: ast.AST) -> Iterator[str]:
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def follows_pages(tree: ast.AST) -> bool:
    """Whether a module asks for the key after a page."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "next" and getattr(node.value, "id", "") in ("page", "current")
        for node in ast.walk(tree)
    )


def stamps_of_a_call(tree: ast.AST) -> Iterator[int]:
    """The lines on which a record is stamped with the instant of a call, other than by `Call.make`."""
    for node in ast.walk(tree):
        pairs: list[tuple[object, ast.expr]] = []
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") != "edited":
            pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [(getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)]
        for name, value in pairs:
            if name == "created_at" and ast.unparse(value) == "call.at":
                yield value.lineno


def decisions_by_lambda(tree: ast.AST) -> Iterator[int]:
    """The lines on which a lambda is handed to a transaction."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("transact", "commit"):
            yield from (each.lineno for each in node.args if isinstance(each, ast.Lambda))


def sources() -> dict[str, ast.Module]:
    """Every module that is not a test, by its path."""
    top = ROOT.parent
    paths = [top / "app.py", *(path for folder in SOURCES for path in sorted((top / folder).rglob("*.py")))]
    return {path.relative_to(top).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def used(tree: ast.Module) -> Iterator[str]:
    """The names that a module uses. An import or a definition alone is no use."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def unused(modules: Mapping[str, ast.Module]) -> list[tuple[str, str]]:
    """The functions and classes that none of these modules uses."""
    names = {name for tree in modules.values() for name in used(tree)}
    return [
        (module, node.name)
        for module, tree in modules.items()
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name not in names
    ]


def test_the_name_of_a_decision_function_states_its_decision() -> None:
    found = {(module, name) for module, tree in trees() for name in functions(tree) if name in UNNAMED}
    assert found == set()


def test_no_decision_is_a_lambda() -> None:
    """A traceback would show it as `<lambda>`."""
    assert {(module, line) for module, tree in trees() for line in decisions_by_lambda(tree)} == set()


def test_the_decision_functions_of_a_module_have_different_names() -> None:
    names = Counter(
        (module, name) for module, tree in trees() for name in functions(tree) if name.startswith("decide_")
    )
    assert {name: count for name, count in names.items() if count > 1} == {}


def test_a_record_of_a_call_is_made_by_the_call() -> None:
    found = {(module, line) for module, tree in trees() for line in stamps_of_a_call(tree)}
    assert found == set()


def test_all_pages_are_read_by_one_generator() -> None:
    assert {module for module, tree in trees() if follows_pages(tree)} == PAGES_BY_HAND.keys()


def test_no_code_is_for_tests_only() -> None:
    assert unused(sources()) == []


def test_each_forbidden_pattern_is_found() -> None:
    module = ast.parse("from m import g\ndef f(): ...\ndef g(): ...\nclass C: ...\nx = f() or m.C")
    assert unused({"m": module}) == [("m", "g")]
    by_hand = ast.parse(
        "while True:\n    page = store.query(after=after)\n    if (after := page.next) is None:\n        break"
    )
    assert follows_pages(by_hand)
    stamped = ast.parse(
        'Item(created_at=call.at)\nstamps = {"created_at": call.at}\nrow.edited(call.at, created_at=call.at)'
    )
    assert [*stamps_of_a_call(stamped)] == [1, 2]
    assert [*decisions_by_lambda(ast.parse("transact(store, call, [], lambda _: decision)"))] == [1]
    assert [*functions(ast.parse("def f():\n    def decide(snapshot): ..."))] == ["f", "decide"]
