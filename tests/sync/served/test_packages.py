"""The installation of the clients, as several processes of a test run begin it at the same time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sync.served.packages import ROOT, made, node

PROCESSES = 4
SCRIPT = """
import sys
from pathlib import Path
from tests.sync.served.packages import installed
print(installed("watermelondb", Path(sys.argv[1])))
"""


@pytest.mark.slow
def test_several_processes_install_in_an_empty_folder_at_the_same_time(tmp_path: Path) -> None:
    program, build = node(), tmp_path / "build"
    command = [sys.executable, "-c", SCRIPT, str(build)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    ended = [(*each.communicate(timeout=300), each.returncode) for each in running]
    if "npm installs nothing" in ended[0][1]:
        pytest.skip("npm installs nothing here")
    assert [(errors, code) for _, errors, code in ended] == [("", 0)] * PROCESSES
    (folder,) = {said.strip() for said, _, _ in ended}
    script = "import('./clients/watermelondb/index.js').then(({ createSync }) => console.log(createSync.name))"
    found = subprocess.run([program, "-e", script], cwd=folder, capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr) == ("createSync\n", "")
    assert list(build.rglob(".begun-*")) == []


def test_an_installation_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        made(tmp_path / "packages", fail)
    assert list(tmp_path.iterdir()) == []
