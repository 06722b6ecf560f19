"""Every operation that mails has a limit. The operations are derived from the code: from the functions they reach."""

import ast
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from types import FunctionType
from typing import Any

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.serve import verb
from chalicelib.services.mail.limits import MAILING

ROOT = Path(__file__).parents[3]
MAIL = "chalicelib.services.mail"
WAYS = {f"{MAIL}.writing:write", f"{MAIL}.writing:TASK", f"{MAIL}.notifications:notice", f"{MAIL}.notifications:NOTICE"}
WAYS |= {f"{MAIL}.notifications:notice_outside", f"{MAIL}.writing:send_now", "chalicelib.outside.mail:Mailer"}
"""What a function names that mails: a mail or a notice of a commit, their tasks of the outbox, or the sender."""


def _bindings(tree: ast.AST) -> dict[str, str]:
    """The names that imports bind anywhere in a module: `a.b:c` for a name of a module."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chalicelib"):
            found |= {alias.asname or alias.name: f"{node.module}:{alias.name}" for alias in node.names}
    return found


def _named(node: ast.AST, module: str, bound: dict[str, str]) -> Iterator[str]:
    """Every name that the code of `node` uses, as `module:name`."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield bound.get(each.id, f"{module}:{each.id}")
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in bound:
            yield f"{bound[each.value.id].replace(':', '.')}:{each.attr}"


@cache
def uses() -> dict[str, frozenset[str]]:
    """The names that each function, class and constant of the product uses."""
    found: dict[str, frozenset[str]] = {}
    for path in (ROOT / "chalicelib").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        tree = ast.parse(path.read_text("utf-8"))
        bound = _bindings(tree)
        for node in tree.body:
            names: list[str] = []
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names = [node.name]
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [each.id for each in targets if isinstance(each, ast.Name)]
            for name in names:
                found[f"{module}:{name}"] = frozenset(_named(node, module, bound))
    return found


def mails(start: str) -> bool:
    """Whether a function reaches, through what it names, something that mails."""
    seen, left = set[str](), [start]
    while left:
        if (name := left.pop()) in WAYS:
            return True
        if name not in seen:
            seen.add(name)
            left += uses().get(name, ())
    return False


def _functions(handler: Any) -> Iterator[str]:
    """The functions that a handler is made of: those of a partial, and what a closure holds."""
    if isinstance(handler, partial):
        for part in (handler.func, *handler.args, *handler.keywords.values()):
            yield from _functions(part)
    elif isinstance(handler, FunctionType):
        yield f"{handler.__module__}:{handler.__qualname__.partition('.')[0]}"
        for cell in handler.__closure__ or ():
            yield from _functions(cell.cell_contents)


def test_every_operation_that_mails_has_its_limit() -> None:
    found = {verb(endpoint) for endpoint in ENDPOINTS if any(map(mails, _functions(endpoint.handler)))}
    assert found == set(MAILING)


def test_the_derivation_finds_each_way_to_mail() -> None:
    assert set(uses()) >= {way for way in WAYS if not way.endswith(":Mailer")} | {"chalicelib.outside.mail:Mailer"}
    assert mails("chalicelib.api.access:_remove_member")
    assert not mails("chalicelib.api.access:_members")
