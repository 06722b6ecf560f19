"""How long the HTTP function takes to be imported by a fresh interpreter, beside what it cannot do without."""

import os
import subprocess
import sys
from statistics import median

TURNS, GOAL = 9, 1.6
FLOOR, OURS = "import boto3, chalice", "import app"
_TIMED = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"


def measured() -> tuple[float, float]:
    """Milliseconds of `import app` and of the floor: medians of interpreters started turn by turn, bytecode warm."""
    times: dict[str, list[float]] = {OURS: [], FLOOR: []}
    for _ in range(TURNS + 1):
        for statement, taken in times.items():
            taken.append(_import(statement))
    return tuple(1e3 * median(taken[1:]) for taken in times.values())  # type: ignore[return-value]


def _import(statement: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _TIMED.format(statement)]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
