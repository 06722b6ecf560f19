"""A new kind of document is one module: nothing else in the product names the toy, and nothing forgets it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_toy_kind_is_forgotten_nowhere() -> None:
    """Run `proofs.py` in an interpreter that declares the toy kind first."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.toy.kind"]
    done = subprocess.run([*command, "tests/toy/proofs.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
