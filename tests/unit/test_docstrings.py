"""Each docstring begins with its subject, and not with a clause (Who, What, Of …)."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ("chalicelib", "infra", "local", "tests")
INDIRECT: Final = re.compile(r"(Who|What|Whose|Whom|Whoever|Whatever|Which|Of|Beside)\b")
DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def indirect(tree: ast.AST) -> Iterator[str]:
    """The first lines of docstrings, and of the strings below attributes and constants, that begin with a clause."""
    for node in ast.walk(tree):
        if not isinstance(node, DOCUMENTED):
            continue
        for before, each in pairwise([None, *node.body]):
            text = getattr(getattr(each, "value", None), "value", None) if isinstance(each, ast.Expr) else None
            documents = before is None or isinstance(before, (ast.Assign, ast.AnnAssign))
            if documents and isinstance(text, str) and INDIRECT.match(text.strip()):
                yield text.strip().partition("\n")[0]


def test_a_docstring_begins_with_its_subject() -> None:
    files = [file for source in SOURCES for file in sorted((REPOSITORY / source).rglob("*.py"))]
    assert {file.relative_to(REPOSITORY).parts[0] for file in files} == {*SOURCES}
    found = {
        f"{file.relative_to(REPOSITORY)}: {line}"
        for file in files
        for line in indirect(ast.parse(file.read_text("utf-8")))
    }
    assert found == set()


def test_an_indirect_docstring_would_be_found() -> None:
    source = '"""Whose tests these are."""\nA = 1\n"""Of a constant."""\ndef f():\n    """What it does."""'
    assert sorted(indirect(ast.parse(source))) == ["Of a constant.", "What it does.", "Whose tests these are."]
    assert [*indirect(ast.parse('"""The subject."""'))] == []
