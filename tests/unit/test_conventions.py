"""Conventions that the syntax tree shows: decisions have telling names, and no code is for tests only."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import chalicelib

ROOT: Final = Path(next(iter(chalicelib.__path__)))
SOURCES: Final = ("chalicelib", "infra", "local")
UNNAMED: Final = frozenset({"decide", "decided", "_decide", "_decided"})


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the product by its path."""
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def functions(tree: ast.AST) -> Iterator[str]:
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


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


def test_no_code_is_for_tests_only() -> None:
    assert unused(sources()) == []


def test_each_forbidden_pattern_is_found() -> None:
    module = ast.parse("from m import g\ndef f(): ...\ndef g(): ...\nclass C: ...\nx = f() or m.C")
    assert unused({"m": module}) == [("m", "g")]
    assert [*decisions_by_lambda(ast.parse("transact(store, call, [], lambda _: decision)"))] == [1]
    assert [*functions(ast.parse("def f():\n    def decide(snapshot): ..."))] == ["f", "decide"]
