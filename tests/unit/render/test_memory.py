"""The memory of a process that prints long documents, in a process of its own."""

import subprocess
import sys

import pytest

from tests.bench.report import ROOT

_PRINT = """
from pathlib import Path
from chalicelib.render.typst_renderer import TypstRenderer
from tests.unit.render import views

renderer = TypstRenderer()
for number in range(24):
    renderer.render(views.view(500, number=f"FA-2026-{number:05}"))
status = Path("/proc/self/status").read_text().splitlines()
print(next(line for line in status if line.startswith("VmHWM")).split()[1])
"""
"""VmHWM is the peak of this program alone. `ru_maxrss` begins with the memory of the process that started it."""
MOST = 200
"""Megabytes. A function of the outbox has 1,769 MB, and typst kept 594 MB of these 24 documents."""


@pytest.mark.slow
def test_long_documents_do_not_fill_the_memory() -> None:
    done = subprocess.run([sys.executable, "-c", _PRINT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) / 1024 <= MOST
