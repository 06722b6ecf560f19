"""The idempotency keys of calls: a client's key and the key of a step never meet."""

import ast
from datetime import UTC, datetime
from pathlib import Path

from chalicelib.domain.backups.backup import StatutoryKey, WorkingKey
from chalicelib.domain.call import Call
from chalicelib.domain.entity import ENTITIES

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


def test_new_records_of_one_call_never_share_an_id() -> None:
    call = Call(
        company="cmp_1",
        actor="a",
        verb="v",
        key="k",
        request="",
        id="0" * 30,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        seed=b"s",
    )
    made = [call.new_id(cls) for cls in ENTITIES.values()]
    assert len(set(made)) == len(made)
    assert call.new_id(WorkingKey) != call.new_id(StatutoryKey), "the deletion of an account destroys the first alone"
