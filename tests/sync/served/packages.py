"""Installs the reference clients for the tests: packages by their lock file, and copies of the clients as they are.

A folder is named after its content and appears complete, so a process never changes what another one uses.
"""

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import pytest

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "clients"
CLIENTS, DRIVERS = ROOT / "clients", Path(__file__).parent / "node"
PINS = ("package.json", "package-lock.json", ".npmrc")
LEAST_NODE = 20


def node() -> str:
    """The program. Skips the test if the machine has no Node, or an older one."""
    program = shutil.which("node")
    if program is None or shutil.which("npm") is None:
        pytest.skip("this machine has no Node with npm")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if int(said.removeprefix("v").split(".")[0]) < LEAST_NODE:
        pytest.skip(f"this machine has Node {said.strip()}; the libraries need {LEAST_NODE}")
    return program


def installed(client: str, build: Path = BUILD) -> Path:
    """A folder with the clients as they are and the drivers. Node finds the packages in a folder above. Skips the test
    without a package registry."""
    pins = [CLIENTS / client / name for name in PINS]
    packages = build / f"{client}-{digest(pins)}"
    parts = {f"clients/{name}": sources(CLIENTS / name) for name in ("common", client)} | {"driver": sources(DRIVERS)}
    copies = packages / digest([file for files in parts.values() for file in files])

    def copy(folder: Path) -> None:
        for name, files in parts.items():
            (folder / name).mkdir(parents=True)
            for each in files:
                shutil.copy(each, folder / name)

    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of a test run install the same packages
        made(packages, lambda folder: npm_ci(folder, pins))
        made(copies, copy)
    return copies


def sources(folder: Path) -> list[Path]:
    """The files of a client, without its installation."""
    return sorted(each for each in folder.iterdir() if each.is_file() and each.name != "package-lock.json")


def digest(files: list[Path]) -> str:
    """A name for the content of these files."""
    found = sha256()
    for each in files:
        found.update(f"{each.relative_to(ROOT)}\n{each.stat().st_size}\n".encode() + each.read_bytes())
    return found.hexdigest()[:16]


def made(folder: Path, make: Callable[[Path], None]) -> None:
    """Make a folder under another name, and rename it when it is complete. A killed process leaves no half folder."""
    if folder.is_dir():
        return
    begun = Path(mkdtemp(prefix=".begun-", dir=folder.parent))
    try:
        make(begun)
        begun.rename(folder)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def npm_ci(folder: Path, pins: list[Path]) -> None:
    """Install what a lock file states."""
    for each in pins:
        shutil.copy(each, folder)
    run = subprocess.run(["npm", "ci", "--no-progress"], check=False, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        pytest.skip(f"npm installs nothing here: {run.stderr.strip().splitlines()[-1:]}")
