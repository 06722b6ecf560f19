"""A new kind of document is one module: nothing else in the product names the toy, and nothing forgets it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("kinds", "proofs"),
    [
        ("tests.toy.kind", "proofs.py"),
        ("tests.toy.kind", "journey.py"),
        ("tests.toy.numbered_kinds", "numbered_proofs.py"),
    ],
)
def test_a_toy_kind_is_forgotten_nowhere(kinds: str, proofs: str) -> None:
    """Run the proofs in an interpreter that declares toy kinds first, and computes the gateway's routes with them."""
    plugins = ["-p", "no:cacheprovider", "-p", kinds, "-p", "tests.toy.routes"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, f"tests/toy/{proofs}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
