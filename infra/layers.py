"""Build the two layers: the pins of `requirements.txt` as wheels for Lambda's Python on arm64.

Compiled packages are one layer and the others the second, so a change in one leaves the other unchanged. Unused parts
are left out (docs/adr/0050).
"""

import fcntl
import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from chalicelib.settings import AwsService
from infra import zips

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (3, 13)
"""Lambda's Python. It runs on Amazon Linux 2023, whose C library current wheels need."""
RUNTIME = f"python{PYTHON[0]}.{PYTHON[1]}"
GLIBC = 34
PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(17, GLIBC + 1)), "manylinux2014_aarch64")
CACHE = ROOT / "build" / "layers"

Wheels = Literal["lambda", "host"]
"""Wheels for Lambda from the package index, or those of this environment, to run the package on this machine."""
Layer = Literal["native", "libraries"]
LAYERS: tuple[Layer, ...] = get_args(Layer)

KEPT_MODELS = frozenset({*get_args(AwsService), "sts", "xray"})
"""The services whose models botocore keeps. The models of all other services take 20 MB."""
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;]+)[^\n]*\n((?: +--hash=[^\n]+\n)+)", re.MULTILINE)
_HASH = re.compile(r"--hash=\S+")


class PackageError(Exception):
    """The package could not be built. The message is one line for a person."""


class Pin(NamedTuple):
    """The version of a package and the hashes of its files (`--hash=…`)."""

    version: str
    hashes: tuple[str, ...]


def pins() -> dict[str, Pin]:
    """Return the pin of each package in the layers."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    return {name: Pin(version, tuple(_HASH.findall(lines))) for name, version, lines in _PIN.findall(text)}


def compiles(wheels: Wheels) -> bool:
    """Whether this interpreter writes the bytecode that Lambda will run.

    Lambda's file system is read-only, so missing bytecode is compiled again at each cold start.
    """
    return wheels == "host" or sys.version_info[:2] == PYTHON


def layers(wheels: Wheels = "lambda") -> dict[Layer, Path]:
    """Return the zip file of each layer, built once for the same pins. Raises PackageError."""
    directory = CACHE / _key(wheels)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of a test run build the same layers
        if not (directory / "done").exists():
            shutil.rmtree(directory, ignore_errors=True)
            _make(directory, wheels)
            (directory / "done").touch()
    return {name: directory / f"{name}.zip" for name in LAYERS}


def _make(directory: Path, wheels: Wheels) -> None:
    for name in LAYERS:
        (directory / name / "python").mkdir(parents=True)
    (_fetch if wheels == "lambda" else _copy)(directory)
    for name in LAYERS:
        trim(directory / name / "python")
        if compiles(wheels):
            compile_tree(directory / name / "python", "/opt/python")
        zips.write(directory / name, directory / f"{name}.zip", 6 if wheels == "lambda" else 1)
        shutil.rmtree(directory / name)


def _key(wheels: Wheels) -> str:
    """Return a folder name that depends on the pins, the interpreter and the build code."""
    made_by = [Path(__file__).read_text("utf-8"), Path(zips.__file__).read_text("utf-8"), sys.version]
    parts = json.dumps([*made_by, sorted(pins().items()), sorted(KEPT_MODELS)])
    return f"{wheels}-{sha256(parts.encode()).hexdigest()[:16]}"


def _fetch(into: Path) -> None:
    """Install the pinned wheels for Lambda, on any machine."""
    every = into / "every"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--only-binary=:all:", "--target", str(every)]
    command += ["--implementation", "cp", "--python-version", ".".join(map(str, PYTHON))]
    command += [part for platform in PLATFORMS for part in ("--platform", platform)]
    pinned = into / "pinned.txt"
    lines = [f"{name}=={pin.version} {' '.join(pin.hashes)}\n" for name, pin in pins().items()]
    pinned.write_text("".join(lines), "utf-8")
    command += ["--require-hashes", "--requirement", str(pinned)]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        errors = [line for line in done.stderr.decode(errors="replace").splitlines() if line.startswith("ERROR")]
        raise PackageError(f"the wheels for {RUNTIME} on arm64 could not be installed: {' '.join(errors)[:300]}")
    for info in every.glob("*.dist-info"):
        native = "Root-Is-Purelib: false" in (info / "WHEEL").read_text("utf-8")
        target = into / ("native" if native else "libraries") / "python"
        records = (info / "RECORD").read_text("utf-8").splitlines()
        for file in (every / record.partition(",")[0].strip('"') for record in records):
            if file.is_relative_to(every) and ".." not in file.parts and file.is_file():
                _place(file, target / file.relative_to(every))
    shutil.rmtree(every)
    pinned.unlink()


def _copy(into: Path) -> None:
    """Copy the same packages from this environment. `requirements-dev.txt` pins the same versions."""
    for name in pins():
        found = distribution(name)
        native = "Root-Is-Purelib: false" in (found.read_text("WHEEL") or "")
        target = into / ("native" if native else "libraries") / "python"
        for file in found.files or ():
            if (
                ".." not in file.parts
                and "__pycache__" not in file.parts
                and (source := Path(str(file.locate()))).is_file()
            ):
                _place(source, target / file, copy=True)


def _place(source: Path, target: Path, *, copy: bool = False) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target) if copy else source.rename(target)


def trim(tree: Path) -> None:
    """Remove the models of unused services, and programs."""
    models = tree / "botocore" / "data"
    for service in models.iterdir() if models.is_dir() else ():
        if service.is_dir() and service.name not in KEPT_MODELS:
            shutil.rmtree(service)
    shutil.rmtree(tree / "bin", ignore_errors=True)


def compile_tree(tree: Path, place: str) -> None:
    """Add bytecode for the path `place`, where Lambda mounts the tree. Python never checks it against its source."""
    command = [sys.executable, "-I", "-m", "compileall", "-q", "-s", str(tree), "-p", place]
    command += ["--invalidation-mode", "unchecked-hash", str(tree)]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        raise PackageError(f"bytecode could not be made: {done.stdout.decode(errors='replace')[:300]}")
