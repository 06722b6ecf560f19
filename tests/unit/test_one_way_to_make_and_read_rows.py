"""One function gives a new row the attributes that every row has, and one function reads all pages. Read from the
syntax tree."""

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
SLOT = "it has no call: its slot carries the instant of the call"
OF_A_SLOT: Final[Mapping[str, str]] = {
    "domain/documents/archiving.py archived": SLOT,
    "domain/documents/issuing.py registered": SLOT,
    "services/documents/crediting.py _note": SLOT,
}
"""The functions that make a row of a call without `Call.make`, each with its reason."""
READS: Final = frozenset({"query", "page", "scan"})
"""Functions that read one page."""
NEXT: Final = frozenset({"next", "LastEvaluatedKey"})
"""Where a page states the position of the next one."""
RAW = "reads raw rows, and `Store.all` returns records"
KEEPS_PLACE = "a step of a workflow saves where the next page begins, after a page"
ENOUGH = "the size of its pages is the number of rows that it still needs"
PAGE_LOOPS: Final[Mapping[str, str]] = {
    "store/wire.py stream": RAW,
    "store/erase.py pages": RAW,
    "store/erase.py census": RAW,
    "store/drill.py companies": RAW,
    "services/backup/drill.py _compare": KEEPS_PLACE,
    "services/backup/restoring/attachments.py _copied": KEEPS_PLACE,
    "services/backup/restoring/balances.py balances": KEEPS_PLACE,
    "services/backup/restoring/steps.py search": KEEPS_PLACE,
    "services/exports/export.py _gather": KEEPS_PLACE,
    "services/privacy/access/export.py _rows": KEEPS_PLACE,
    "services/privacy/rectification/rectification.py _counted": KEEPS_PLACE,
    "services/backup/create/cutoff.py _entries": ENOUGH,
    "services/commits.py entries_after": "it checks that no entry is missing, also between two pages",
    "services/records/listing.py _examined": ENOUGH,
    "services/records/texts.py texts": "it reads the keys of an index, not rows",
    "services/records/texts.py changed": ENOUGH,
    "services/documents/listing.py _rows": "the first pages of several tables are read in parallel",
}
"""The functions beside `Store.all` that read page after page, each with its reason."""
PASSES_ON = "its caller gets the page with where the next one begins"
FIRST_PAGES: Final[Mapping[str, str]] = {
    "jobs/job.py find": PASSES_ON,
    "services/documents/listing.py _streams": PASSES_ON,
    "services/exports/export.py _gather": PASSES_ON,
    "services/privacy/rectification/rectification.py _counted": PASSES_ON,
}
"""The functions that read a page without a limit, and do not read where the next one begins, each with its reason."""


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Each node of a module with the name of the innermost function around it."""
    for node in ast.iter_child_nodes(tree):
        name = node.name if isinstance(node, FUNCTIONS) else within
        yield name, node
        yield from functions(node, name)


def modules() -> Iterator[tuple[str, ast.AST]]:
    """Every module of the product, parsed."""
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def below_the_api() -> Iterator[tuple[str, ast.AST]]:
    """The modules that read the store. In `api`, the functions `page` make a page of HTML."""
    return ((module, tree) for module, tree in modules() if not module.startswith("api/"))


def names_every_attribute(node: ast.AST) -> bool:
    """Whether a call or a literal dict states the attributes that every row has."""
    match node:
        case ast.Call(keywords=words):
            return {word.arg for word in words} >= OF_A_NEW_ROW
        case ast.Dict(keys=keys):
            return {key.value for key in keys if isinstance(key, ast.Constant)} >= OF_A_NEW_ROW
    return False


def avoids_the_call(node: ast.AST) -> bool:
    """Whether `new_row` is given the company or the instant of a call, also by a slot. `Call.make` exists for this."""
    match node:
        case ast.Call(func=ast.Name(id="new_row"), args=[company, _, at]):
            return {ast.unparse(company), ast.unparse(at)} & {"call.company", "call.at", "slot.at"} != set()
    return False


def reads_a_page(node: ast.AST) -> bool:
    """Whether a call reads one page of rows."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name.lstrip("_") in READS
    return False


def reads_next(node: ast.AST) -> bool:
    """Whether an expression reads where the next page begins."""
    match node:
        case ast.Attribute(attr=name, ctx=ast.Load()) | ast.Constant(value=str(name)):
            return name in NEXT
    return False


def page_loops(tree: ast.AST) -> set[str]:
    """The functions in which a loop without an end, or of so many rounds, reads pages."""
    return {
        function
        for function, node in functions(tree)
        if isinstance(node, ast.While) or (isinstance(node, ast.For) and ast.unparse(node.iter).startswith("range("))
        if any(reads_a_page(each) for each in ast.walk(node))
    }


def first_pages(tree: ast.AST) -> set[str]:
    """The functions that read a page without a limit and do not read where the next one begins."""
    reading = {
        function
        for function, node in functions(tree)
        if reads_a_page(node) and isinstance(node, ast.Call) and "limit" not in {word.arg for word in node.keywords}
    }
    return reading - {function for function, node in functions(tree) if reads_next(node)}


def test_one_function_gives_a_new_row_its_attributes() -> None:
    found = {
        f"{module} {function}"
        for module, tree in modules()
        for function, node in functions(tree)
        if names_every_attribute(node)
    }
    assert found == BY_HAND.keys()


def test_a_row_of_a_call_is_made_by_the_call() -> None:
    found = {
        f"{module} {function}"
        for module, tree in modules()
        for function, node in functions(tree)
        if avoids_the_call(node)
    }
    assert found == OF_A_SLOT.keys()


def test_one_function_reads_all_pages() -> None:
    found = {f"{module} {function}" for module, tree in modules() for function in page_loops(tree)}
    assert found == PAGE_LOOPS.keys()


def test_nobody_takes_the_first_page_for_all() -> None:
    found = {f"{module} {function}" for module, tree in below_the_api() for function in first_pages(tree)}
    assert found == FIRST_PAGES.keys()


def test_a_row_made_by_hand_would_be_found() -> None:
    by_hand = ast.parse("Mail(company=c, id=i, created_at=at, updated_at=at)", mode="eval").body
    in_a_dict = ast.parse("{'company': c, 'created_at': at, 'updated_at': at, **more}", mode="eval").body
    beside_the_call = ast.parse("Mail(**new_row(call.company, i, call.at))", mode="eval").body
    changed = ast.parse("replace(row, created_at=at, updated_at=at)", mode="eval").body
    assert [names_every_attribute(node) for node in (by_hand, in_a_dict, beside_the_call, changed)] == [
        *(True, True, False, False)
    ]
    assert [avoids_the_call(node) for node in ast.walk(beside_the_call)].count(True) == 1


def test_a_page_read_by_hand_would_be_found() -> None:
    tree = ast.parse("""
def loop(store):
    while page := store.query(table, after=page.next):
        yield page.records
def rounds(store):
    for _ in range(10):
        rows, where = page(store, where)
def first(store):
    return store.query(table, company).records
def one(store):
    return store.query(table, company, limit=1).records
def every(store):
    for row in store.all(table, company):
        yield row
""")
    assert (page_loops(tree), first_pages(tree)) == ({"loop", "rounds"}, {"rounds", "first"})
