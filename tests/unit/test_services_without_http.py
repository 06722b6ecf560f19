"""Below `api`, nothing speaks HTTP: no status, address, header, answer or body. Read from the syntax tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import chalicelib

ROOT: Final = Path(next(iter(chalicelib.__path__)))
SPEAKS_HTTP: Final = "api"
ADDRESS = re.compile(r"/v1\b|/openapi\.json|/docs\b")
HEADER = re.compile(
    r"(?<![\w-])("
    r"If-Match|If-None-Match|ETag|Location|Idempotency-Key|Retry-After|Authorization|Cache-Control|Set-Cookie|Vary"
    r"|Content-(?:Type|Length|Disposition|Encoding|Language)|Accept(?:-[A-Z][a-z]+)+|X-(?!Ray\b)[A-Z][\w-]+"
    r")(?![\w-])"
)
STATUS_IN_PROSE = re.compile(
    r"\(([2-5]\d\d)\)|\b(?:answers?|answered|status|responds?|returns?|HTTP|an?)(?: with)?(?: an?)?(?: HTTP)? "
    r"([2-5]\d\d)\b(?! [KM]B| %)",
    re.IGNORECASE,
)
NAMES: Final = frozenset(
    {"Answer", "HTTPStatus", "if_match", "etag", "headers", "status_code", "http_method", "location", "Response"}
)
"""Forbidden names of variables, attributes, parameters and imports."""
MODULES: Final = frozenset({"http", "http.client", "chalice", "urllib.request", "requests", "httpx"})
STEP = "the reply of a job's own step, which only that job reads"
STORED = "what is stored with an idempotency key keeps its name"
S3 = "S3's own protocol"
MAIL = "a header of a mail"
AWS = "the status of an answer by AWS"
PLACE = "the place where a processor stores data"
EXCEPTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("domain/call.py", "location"): STORED,
    ("domain/call.py", "status 200"): STORED,
    ("domain/call.py", "Reply()"): "the reply of a call that nobody waits for",
    ("domain/journal.py", "location"): STORED,
    ("services/bulk_issue.py", "Reply()"): STEP,
    ("services/imports/commit.py", "Reply()"): STEP,
    ("services/replies.py", "Reply()"): STEP,
    ("services/representation/documents.py", "/v1"): "the address of a frozen logo, as the API shows it",
    ("store/transaction.py", "Reply()"): STORED,
    ("store/transaction.py", "location"): STORED,
    ("files/objects.py", "Content-Disposition"): S3,
    ("files/objects.py", "ETag"): S3,
    ("files/objects.py", "HTTPStatus"): S3,
    ("files/objects.py", "X-Amz-Date"): S3,
    ("files/objects.py", "http"): S3,
    ("files/objects.py", "status 403"): S3,
    ("files/uploads.py", "Content-Length"): S3,
    ("files/uploads.py", "Content-Type"): S3,
    ("files/uploads.py", "If-None-Match"): S3,
    ("files/uploads.py", "headers"): S3,
    ("outside/mail.py", "Content-Language"): MAIL,
    ("outside/mail.py", "X-Entity-Ref-ID"): MAIL,
    ("outside/mail.py", "headers"): MAIL,
    ("outside/sessions.py", "status 500"): AWS,
    ("policy/data_map.py", "location"): PLACE,
    ("policy/page.py", "location"): PLACE,
    ("policy/publish.py", "location"): PLACE,
}
"""By module and finding, each with its reason."""
REPRESENTATION: Final = "services/representation/"
"""The one package below `api` that makes objects as the API shows them (ADR 0063)."""
SHOWS: Final[Mapping[str, str]] = {
    "cli/backups.py": "the operator reads a backup in the API's form",
    "cli/disclosures.py": "the operator reads a disclosure in the API's form",
    "cli/privacy.py": "the operator reads a privacy request in the API's form",
    "cli/support.py": "the operator reads a thread in the API's form",
    "services/backup/download.py": "the ZIP of a backup has the API's objects",
    "services/exports/rows.py": "an export has the API's objects",
    "services/mail/writing.py": "a mail attaches a signed receipt as the API shows it",
    "services/privacy/access/contents.py": "an access export has the API's objects",
    "services/sync/rows.py": "a device's rows have the content of the API's objects",
    "services/privacy/receipts.py": "a receipt has the measures as their request shows them",
}
"""The modules below `api` that may import the representation, each with its reason."""
OBJECTS: Final[Mapping[str, str]] = {
    "services/privacy/receipts.py": "the signed content, which is stored and verified byte for byte",
    "policy/data_map.py": "the data map is a published text of the policy, and no record",
}
"""The other modules below `api` that make an object with `object`, each with its reason."""


def findings(tree: ast.AST) -> Iterator[str]:
    """Every trace of HTTP in a module, its docstrings included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ADDRESS.findall(node.value)
            yield from HEADER.findall(node.value)
            yield from (f"status {first or second}" for first, second in STATUS_IN_PROSE.findall(node.value))
        yield from (name for name in _names(node) if name in NAMES)
        yield from (module for module in _modules(node) if module in MODULES)
        if (status := _status(node)) is not None:
            yield f"status {status}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reply":
            yield "Reply()"


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            yield name
        case ast.ImportFrom(names=names):
            yield from (alias.name for alias in names)


def _modules(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module)):
            yield module


def _status(node: ast.AST) -> int | None:
    """A number that is given to a status, or compared with one."""
    pair: tuple[ast.expr, ast.expr | None]
    match node:
        case ast.keyword(arg="status", value=value):
            pair = (ast.Name("status"), value)
        case ast.AnnAssign(target=target, value=value) | ast.Assign(targets=[target], value=value):
            pair = (target, value)
        case ast.Compare(left=left, comparators=[value]):
            pair = (left, value)
        case _:
            return None
    match pair:
        case (ast.Name(id="status") | ast.Attribute(attr="status"), ast.Constant(value=int(status))):
            return status
    return None


def makes_an_object(node: ast.AST) -> bool:
    """Whether a node makes a JSON object as the API shows it: a literal, or an assignment of its `object`."""
    match node:
        case ast.Dict(keys=keys):
            return any(isinstance(key, ast.Constant) and key.value == "object" for key in keys)
        case ast.Call(func=ast.Name(id="dict"), keywords=words):
            return any(word.arg == "object" for word in words)
        case ast.Subscript(slice=ast.Constant(value="object"), ctx=ast.Store()):
            return True
    return False


def modules() -> list[str]:
    """Every module outside `api`."""
    paths = (path.relative_to(ROOT) for path in sorted(ROOT.rglob("*.py")))
    return [path.as_posix() for path in paths if path.parts[0] != SPEAKS_HTTP]


def found_in(module: str) -> set[tuple[str, str]]:
    return {(module, finding) for finding in findings(tree_of(module))}


def tree_of(module: str) -> ast.AST:
    return ast.parse((ROOT / module).read_text("utf-8"))


def others() -> Iterator[tuple[str, ast.AST]]:
    """Every module outside `api` and the representation, parsed."""
    return ((module, tree_of(module)) for module in modules() if not module.startswith(REPRESENTATION))


def test_the_objects_of_the_api_are_made_in_one_package() -> None:
    found = {module for module, tree in others() for node in ast.walk(tree) if makes_an_object(node)}
    assert found == OBJECTS.keys()


def test_only_named_modules_use_the_representation() -> None:
    package = f"{chalicelib.__name__}.{REPRESENTATION.strip('/').replace('/', '.')}"
    parent, _, name = package.rpartition(".")
    found = {
        module
        for module, tree in others()
        for node in ast.walk(tree)
        if any(each == package or each.startswith(f"{package}.") for each in _modules(node))
        or (isinstance(node, ast.ImportFrom) and node.module == parent and name in _names(node))
    }
    assert found == SHOWS.keys()


def test_nothing_below_the_api_speaks_http() -> None:
    found = {each for module in modules() for each in found_in(module)}
    assert found - EXCEPTIONS.keys() == set()
    assert EXCEPTIONS.keys() - found == set(), "an exception that nothing needs"


def test_each_trace_of_http_would_be_found() -> None:
    source = '''
from http import HTTPStatus
def answer(call, value, etag):
    """Send `If-Match`."""
    if value.status == 404:
        return Reply(), Answer({}, status=201, location=f"/v1/invoices/{value.id}")
'''
    assert {*findings(ast.parse(source))} == {
        *("http", "HTTPStatus", "etag", "If-Match", "status 404", "Answer", "Reply()", "status 201", "location", "/v1"),
    }


def test_each_status_in_prose_would_be_found() -> None:
    said = "It answers 503. They are conflicts (409). Send a 404. Status 200. It returns 201, or an HTTP 429."
    assert {*findings(ast.Constant(said))} == {f"status {status}" for status in (503, 409, 404, 200, 201, 429)}
    other = "A 512 KB logo, the CGI art. 145-III, a 200 % rise, 200 rows, at most (300 KB) or 101."
    assert {*findings(ast.Constant(other))} == set()


def test_each_object_would_be_found() -> None:
    for source in ('{"id": 1, "object": kind, **rest}', 'dict(object="job")', 'made["object"] = "job"'):
        assert any(makes_an_object(node) for node in ast.walk(ast.parse(source)))
    for source in ('made["object"]', '{"objects": 1}', "shown.object"):
        assert not any(makes_an_object(node) for node in ast.walk(ast.parse(source)))
