"""The tests themselves: each can fail, accepts one result, and reads no clock while it is imported.

The checks read the syntax trees of all test modules. A name stands for every function of that name in the tests.
"""

import ast
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
Trees = dict[str, ast.Module]
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
EXPECTATIONS = {"raises", "warns", "fail", "run_state_machine_as_test"}
"""Calls that fail by themselves."""
CLOCKS = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime"}
PASSED_ON = {"zip", "enumerate", "product", "sorted", "reversed", "items", "keys", "values", "range"}
"""Calls whose result has elements if their arguments have."""


@cache
def trees() -> Trees:
    """Every module of the tests, by its path."""
    return {str(path.relative_to(TESTS)): ast.parse(path.read_text("utf-8")) for path in sorted(TESTS.rglob("*.py"))}


def name_of(function: ast.expr) -> str:
    """The last part of the name of what is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


@cache
def called(node: ast.AST) -> frozenset[str]:
    """The names that are called when a node runs."""
    return frozenset(name_of(each.func) for each in _running(node))


def _running(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in a node; those of functions inside it run later, if at all."""
    if isinstance(node, ast.Call):
        yield node
    for each in ast.iter_child_nodes(node):
        if not isinstance(each, (*FUNCTIONS, ast.Lambda)):
            yield from _running(each)


@cache
def functions_of(tree: ast.Module) -> tuple[Function, ...]:
    """Every function and method of a module."""
    return tuple(node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def functions(modules: Trees) -> list[tuple[str, Function]]:
    """Every function and method of the modules, with the path of its module."""
    return [(path, node) for path, tree in modules.items() for node in functions_of(tree)]


def collected(modules: Trees) -> Iterator[tuple[str, Function]]:
    """Every test function, with its place."""
    for path, node in functions(modules):
        if node.name.startswith("test_"):
            yield f"{path}:{node.lineno} {node.name}", node


class Sure:
    """Tells whether a function reaches an assertion with any data."""

    def __init__(self, modules: Trees) -> None:
        self.by_name: dict[str, list[Function]] = {}
        self.full: dict[Function, set[str]] = {}
        for _, node in functions(modules):
            self.by_name.setdefault(node.name, []).append(node)
        self.helpers: set[str] = set()
        while found := {name for name in self.by_name.keys() - self.helpers if self._helps(name)}:
            self.helpers |= found

    def _helps(self, name: str) -> bool:
        """Every function of this name asserts, or raises by itself."""
        return all(_raises(node) or self.of(node) for node in self.by_name[name])

    def of(self, function: Function) -> bool:
        """The function reaches an assertion."""
        return self._any(function.body, _filled(function))

    def _any(self, statements: list[ast.stmt], full: frozenset[str]) -> bool:
        """A statement reaches an assertion, and none before it may return."""
        for each in statements:
            if self._reaches(each, full):
                return True
            if self._returns(each, full):
                return False
        return False

    def _returns(self, node: ast.AST, full: frozenset[str]) -> bool:
        """A statement may return before an assertion."""
        if isinstance(node, ast.Return):
            return True
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return False
        blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody", "handlers", "cases")]
        return any(self._block_returns(block, full) for block in blocks)

    def _block_returns(self, block: list[ast.AST], full: frozenset[str]) -> bool:
        for each in block:
            if isinstance(each, ast.stmt) and self._reaches(each, full):
                return False
            if self._returns(each, full):
                return True
        return False

    def _reaches(self, node: ast.stmt, full: frozenset[str]) -> bool:  # noqa: PLR0911 — one case a kind of statement
        match node:
            case ast.Assert():
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return False
            case ast.If():
                return self._calls(node.test) or (self._any(node.body, full) and self._any(node.orelse, full))
            case ast.For() | ast.AsyncFor():
                return self._calls(node.iter) or (_has_elements(node.iter, full) and self._any(node.body, full))
            case ast.While():
                return self._calls(node.test) or self._any(node.orelse, full)
            case ast.With() | ast.AsyncWith():
                return any(self._calls(item.context_expr) for item in node.items) or self._any(node.body, full)
            case ast.Try():
                return self._any(node.body, full) or self._any(node.finalbody, full)
            case _:
                return self._calls(node)

    def _calls(self, node: ast.AST) -> bool:
        return bool(called(node) & (EXPECTATIONS | self.helpers))


@cache
def _raises(function: Function) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(function))


@cache
def _filled(function: Function) -> frozenset[str]:
    """The names to which the function assigns a literal with elements."""
    return frozenset(
        target.id
        for node in ast.walk(function)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and _has_elements(node.value, frozenset())
    )


def _has_elements(node: ast.expr, full: frozenset[str]) -> bool:  # noqa: PLR0911 — one case a kind of expression
    """The expression is a literal with elements, a constant by its name, or made of such."""
    match node:
        case ast.Tuple() | ast.List() | ast.Set():
            return bool(node.elts)
        case ast.Dict():
            return bool(node.keys)
        case ast.Constant():
            return bool(node.value)
        case ast.Name():
            return node.id.isupper() or node.id in full
        case ast.Attribute():
            return node.attr.isupper() or _has_elements(node.value, full)
        case ast.BinOp():
            return _has_elements(node.left, full) or _has_elements(node.right, full)
        case ast.Subscript() | ast.Starred():
            return _has_elements(node.value, full)
        case ast.Call(func=func) if name_of(func) == "get_args":
            return True
        case ast.Call(func=func, args=args) if name_of(func) in PASSED_ON:
            return all(_has_elements(each, full) for each in args or [func])
        case _:
            return False


def cannot_fail(modules: Trees) -> list[str]:
    """Tests that pass without a check of the product."""
    sure = Sure(modules)
    return [place for place, node in collected(modules) if not sure.of(node)]


def accepting_statuses(modules: Trees) -> list[str]:
    """Assertions that accept more than one HTTP status."""
    return [
        f"{path}:{node.lineno}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        for part in ast.walk(node.test)
        if isinstance(part, ast.Compare) and any(isinstance(each, ast.In) for each in part.ops)
        if any(_statuses(each) for each in part.comparators)
    ]


def _statuses(node: ast.expr) -> bool:
    if not isinstance(node, (ast.Tuple, ast.List, ast.Set)) or len(node.elts) < 2:
        return False
    values = [each.value for each in node.elts if isinstance(each, ast.Constant)]
    return len(values) == len(node.elts) and all(isinstance(value, int) and 100 <= value < 600 for value in values)


def clocks_at_import(modules: Trees) -> list[str]:
    """Calls that read a clock while a module is imported, by themselves or through a function of the tests."""
    readers: dict[str, set[str]] = {path: set() for path in modules}
    imported = {path: _imported(tree) for path, tree in modules.items()}

    def read(path: str, names: AbstractSet[str]) -> AbstractSet[str]:
        own = {name for name in names & imported[path].keys() if name in readers.get(imported[path][name], ())}
        return names & (CLOCKS | readers[path]) | own

    while found := [
        (path, node.name)
        for path, node in functions(modules)
        if node.name not in readers[path] and read(path, called(node))
    ]:
        for path, name in found:
            readers[path].add(name)
    return [
        f"{path}:{call.lineno} {name_of(call.func)}"
        for path, tree in modules.items()
        for call in _at_import(tree)
        if read(path, {name_of(call.func)})
    ]


def _imported(tree: ast.Module) -> dict[str, str]:
    """The path of the tests' module from which each name is imported."""
    return {
        alias.asname or alias.name: node.module.removeprefix("tests.").replace(".", "/") + ".py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tests.")
        for alias in node.names
    }


def _at_import(node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a node that run when it is defined: of a function, its decorators and default values."""
    if isinstance(node, ast.Lambda) or (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)):
        return
    if isinstance(node, ast.Call):
        yield node
    inside: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, FUNCTIONS):
        inside = [*node.decorator_list, *node.args.defaults, *(each for each in node.args.kw_defaults if each)]
    for each in inside:
        yield from _at_import(each)


def test_every_test_reaches_an_assertion_with_any_data() -> None:
    assert cannot_fail(trees()) == []


def test_no_assertion_accepts_two_statuses() -> None:
    assert accepting_statuses(trees()) == []


def test_no_module_reads_a_clock_while_it_is_imported() -> None:
    shifted = "clock_shift/sitecustomize.py"  # turns the clock of a whole process, and so before anything else
    assert clocks_at_import({path: tree for path, tree in trees().items() if path != shifted}) == []


def test_a_test_is_named_by_its_rule_and_not_by_a_number() -> None:
    names = [node.name for _, node in collected(trees())]
    assert names
    assert [name for name in names if re.match(r"test_[hml]\d*_", name)] == []


@pytest.mark.parametrize(
    ("body", "fails"),
    [
        ("f()", False),
        ("if x:\n  assert x", False),
        ("if x:\n  assert x\n else:\n  assert y", True),
        ("if x:\n  return\n assert y", False),
        ("for each in y:\n  if x:\n   return\n assert y", False),
        ("if x:\n  assert x\n  return\n assert y", True),
        ("assert x\n if x:\n  return", True),
        ("for each in found():\n  assert each", False),
        ("for each in (1, 2):\n  assert each", True),
        ("rows = [1]\n for each in rows:\n  assert each", True),
        ("while x:\n  assert x", False),
        ("with raises(Error):\n  f()", True),
        ("helper()", True),
        ("if helper():\n  f()", True),
    ],
)
def test_the_check_finds_a_test_that_cannot_fail(body: str, fails: bool) -> None:
    source = f"def helper():\n assert True\ndef test_x(x, y):\n {body}"
    assert (cannot_fail({"a.py": ast.parse(source)}) == []) is fails


def test_the_check_finds_an_assertion_of_two_statuses() -> None:
    source = "assert a.status in (200, 422)\nassert a.status in (200,)\nassert kind in ('a', 'b')\nassert 1 in (1, 2)"
    assert accepting_statuses({"a.py": ast.parse(source)}) == ["a.py:1"]


def test_the_check_finds_a_clock_at_import() -> None:
    source = (
        "import datetime\nA = datetime.now()\ndef read():\n return datetime.now()\nB = [read()]\n"
        "@parametrize(date.today())\ndef test_x(a=read()):\n return time.time()\nC = lambda: read()\n"
    )
    found = clocks_at_import({"a.py": ast.parse(source)})
    assert found == ["a.py:2 now", "a.py:5 read", "a.py:6 today", "a.py:7 read"]
