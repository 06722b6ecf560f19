"""Conventions that the syntax tree shows.

One expression makes a new record, one generator reads all pages, names say what a function decides, and a docstring
begins with its subject.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import chalicelib

ROOT: Final = Path(next(iter(chalicelib.__path__)))
REPOSITORY: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ("chalicelib", "infra", "local", "tests")
INDIRECT: Final = re.compile(r"(Who|What|Whose|Whom|Whoever|Whatever|Which|Of|Beside)\b")
"""A docstring that begins so has a clause for its subject."""
DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
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
    "services/archive/statutory.py": "a piece has a bound",
    "services/backup/drill.py": "a step has a deadline and goes on where it stopped",
    "services/backup/restoring/steps.py": "a step has a deadline and goes on where it stopped",
    "services/documents/listing.py": "a page of a listing",
    "services/privacy/access/export.py": "a step goes on where it stopped",
    "services/records/editing.py": "a page of a listing, with a bound",
    "store/read.py": "at most 1,000 rows",
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


def test_a_decision_function_says_what_it_decides() -> None:
    found = {(module, name) for module, tree in trees() for name in functions(tree) if name in UNNAMED}
    assert found == set()


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


def test_a_docstring_begins_with_its_subject() -> None:
    files = [file for source in SOURCES for file in sorted((REPOSITORY / source).rglob("*.py"))]
    assert {file.relative_to(REPOSITORY).parts[0] for file in files} == {*SOURCES}
    found = {
        f"{file.relative_to(REPOSITORY)}: {line}"
        for file in files
        for line in indirect(ast.parse(file.read_text("utf-8")))
    }
    assert found == set()


def test_the_checks_find_each_forbidden_form() -> None:
    by_hand = ast.parse(
        "while True:\n    page = store.query(after=after)\n    if (after := page.next) is None:\n        break"
    )
    assert follows_pages(by_hand)
    stamped = ast.parse(
        'Item(created_at=call.at)\nstamps = {"created_at": call.at}\nrow.edited(call.at, created_at=call.at)'
    )
    assert [*stamps_of_a_call(stamped)] == [1, 2]
    texts = "'Of it.'\nA = 1\n'What.'\ndef f():\n 'Whoever.'\nclass C:\n 'Offer.'\n a: int\n 'Whom.'\n f('What')"
    assert [*indirect(ast.parse(texts))] == ["Of it.", "What.", "Whoever.", "Whom."]
    assert [*functions(ast.parse("def f():\n    def decide(snapshot): ..."))] == ["f", "decide"]
