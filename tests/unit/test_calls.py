"""The idempotency keys of calls: a client's key and the key of a step never meet."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]


def _callers_of(name: str) -> set[str]:
    """The modules in which something of this name is called."""
    found = set()
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func
                said = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
                if said == name:
                    found.add(path.relative_to(ROOT).as_posix())
    return found


def test_the_pipeline_alone_uses_the_keys_that_clients_send() -> None:
    assert _callers_of("client_call") == {"chalicelib/api/serve.py", "chalicelib/wiring.py"}
    assert _callers_of("Call") == {"chalicelib/wiring.py"}
