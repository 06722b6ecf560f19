"""The import time of the HTTP function in a fresh interpreter, compared with its indispensable libraries."""

import os
import subprocess
import sys
from statistics import median

TURNS, GOAL = 9, 1.6
FLOOR, OURS = "import boto3, chalice", "import app"
FIRST = (
    "import app; from chalicelib.api import serve; from chalicelib import wiring; "
    "from chalicelib.store import read; from chalicelib.api.routing import endpoint_of; "
    "endpoint_of(next(r for r in app.ROUTES if (r.method, r.path) == ('GET', '/v1/invoices/{id}')))"
)
"""The imports that the first request for an invoice adds: the pipeline, its noun, the store (ADR 0026)."""
_TIMED = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"


def measured() -> tuple[float, float, float]:
    """Milliseconds of `import app`, of that with all that a first request loads, and of the floor: medians of
    interpreters started turn by turn, bytecode warm."""
    times: dict[str, list[float]] = {OURS: [], FIRST: [], FLOOR: []}
    for _ in range(TURNS + 1):
        for statement, taken in times.items():
            taken.append(_import(statement))
    ours, first, floor = (1e3 * median(taken[1:]) for taken in times.values())
    return ours, first, floor


def _import(statement: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _TIMED.format(statement)]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
