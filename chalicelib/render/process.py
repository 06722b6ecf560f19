"""Run programs on untrusted input: each in its own process, under hard limits, in an empty environment."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chalicelib.render.renderer import HERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits. `seconds` limits the wall clock and the processor, `file_bytes` each written file."""

    memory_bytes: int
    seconds: int
    file_bytes: int


class LimitReached(Exception):
    """The program was stopped or died for lack of time or memory."""


def run(
    command: Sequence[str], given: bytes, limits: Limits, *, folder: Path, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run `command` in `folder` with `given` on its standard input, and return its result with any exit code.

    Raises LimitReached when time runs out or a signal ends it.
    """
    bounds = [str(limits.memory_bytes), str(limits.seconds), str(limits.file_bytes)]
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(HERE / "limited.py"), *bounds, *command],
            input=given,
            capture_output=True,
            cwd=folder,
            env={"HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", **(environment or {})},
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LimitReached(f"not done within {limits.seconds} s") from error
    if done.returncode < 0:
        raise LimitReached(f"ended by signal {-done.returncode}")
    return done
