"""New rows get the attributes that every row has from one function. Read from the syntax tree."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import chalicelib

ROOT: Final = Path(next(iter(chalicelib.__path__)))
OF_A_NEW_ROW: Final = frozenset({"company", "created_at", "updated_at"})
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BY_HAND: Final[Mapping[str, str]] = {
    "domain/entity.py new_row": "the one function",
    "domain/documents/issuing.py _stamps": "an issued document keeps the time at which its draft was made",
    "services/documents/drafting.py preview": "a draft that is not stored has no times of its own",
}
"""The functions that write these attributes themselves, each with its reason."""


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Each node of a module with the name of the innermost function around it."""
    for node in ast.iter_child_nodes(tree):
        name = node.name if isinstance(node, FUNCTIONS) else within
        yield name, node
        yield from functions(node, name)


def modules() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def names_every_attribute(node: ast.AST) -> bool:
    """Whether a call or a literal dict states the attributes that every row has."""
    match node:
        case ast.Call(keywords=words):
            return {word.arg for word in words} >= OF_A_NEW_ROW
        case ast.Dict(keys=keys):
            return {key.value for key in keys if isinstance(key, ast.Constant)} >= OF_A_NEW_ROW
    return False


def avoids_the_call(node: ast.AST) -> bool:
    """Whether `new_row` is given the company or the instant of a call, for which `Call.make` exists."""
    match node:
        case ast.Call(func=ast.Name(id="new_row"), args=[company, _, at]):
            return {ast.unparse(company), ast.unparse(at)} & {"call.company", "call.at"} != set()
    return False


def test_one_function_gives_a_new_row_its_attributes() -> None:
    found = {
        f"{module} {function}"
        for module, tree in modules()
        for function, node in functions(tree)
        if names_every_attribute(node)
    }
    assert found == BY_HAND.keys()


def test_a_row_of_a_call_is_made_by_the_call() -> None:
    found = [
        f"{module} {function}"
        for module, tree in modules()
        for function, node in functions(tree)
        if avoids_the_call(node)
    ]
    assert found == []


def test_a_row_made_by_hand_would_be_found() -> None:
    by_hand = ast.parse("Mail(company=c, id=i, created_at=at, updated_at=at)", mode="eval").body
    in_a_dict = ast.parse("{'company': c, 'created_at': at, 'updated_at': at, **more}", mode="eval").body
    beside_the_call = ast.parse("Mail(**new_row(call.company, i, call.at))", mode="eval").body
    changed = ast.parse("replace(row, created_at=at, updated_at=at)", mode="eval").body
    assert [names_every_attribute(node) for node in (by_hand, in_a_dict, beside_the_call, changed)] == [
        *(True, True, False, False)
    ]
    assert [avoids_the_call(node) for node in ast.walk(beside_the_call)].count(True) == 1
