"""README's path from the sign-up to the first issued invoice, run line by line with curl."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.serving import Served

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STRICT = 'set -eo pipefail\ncurl() { command curl -sS --fail-with-body "$@"; }\n'
"""A line that fails ends the run, and so does an answer that is a problem."""


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_a_newcomer_issues_an_invoice_by_the_lines_of_the_page(live: Served) -> None:
    part = README.partition("To sign up a company of your own")[2].partition("Every POST and PATCH")[0]
    blocks = BLOCK.findall(part)
    assert len(blocks) == 3
    lines = "echo\n".join(blocks).replace("127.0.0.1:8000", f"127.0.0.1:{live.port}")
    done = subprocess.run(["bash", "-c", STRICT + lines], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    issued = json.loads(done.stdout.splitlines()[-1])
    assert (issued["status"], issued["number"][-5:], issued["totals"]["gross"]) == ("issued", "00001", "3600.00")
