"""Build the package of a stage: `python -m infra.build --stage dev`.

Chalice packages the application, and the rest of the stack is merged in. `build/<stage>/` holds the template, the
application and the layers.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from infra import zips
from infra.functions import APPLICATION
from infra.layers import ROOT, RUNTIME, PackageError, Wheels, compile_tree, compiles, layers
from infra.stack import complete
from infra.stages import NAMES

MOST_APPLICATION = 30_000_000
"""The largest size of the application's zip file, in bytes."""
MOST_UNPACKED = 250_000_000
"""The largest unpacked size of the application and its layers, in bytes. Lambda's limit is 250 MiB."""
NOT_CARRIED = ("__pycache__", "cli")
"""Not packaged. The operator's tool runs on an operator's machine only."""


@dataclass(frozen=True)
class Built:
    """A package: its folder, its template and the files that the template refers to."""

    folder: Path
    template: Path
    application: Path
    layers: dict[str, Path]

    @property
    def unpacked(self) -> int:
        """The size that Lambda counts, in bytes."""
        return sum(zips.unpacked(path) for path in (self.application, *self.layers.values()))


def build(stage: str, out: Path | None = None, *, wheels: Wheels = "lambda") -> Built:
    """Build the package of `stage` in `out` (default `build/<stage>`). The same sources, pins and interpreter give the
    same bytes.

    A package with `wheels` of the host runs on this machine instead of on Lambda. Raises PackageError.
    """
    folder = out or ROOT / "build" / stage
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    packed = {}
    for name, path in layers(wheels).items():
        packed[str(name)] = Path(shutil.copy(path, folder / path.name))
    with tempfile.TemporaryDirectory(prefix="facture-") as scratch:
        packaged, application = _packaged(stage, Path(scratch), folder / APPLICATION, wheels)
    template = folder / "template.json"
    named = sha256(application.read_bytes()).hexdigest()[:12]
    template.write_text(json.dumps(complete(packaged, stage, named), indent=1, ensure_ascii=False) + "\n", "utf-8")
    built = Built(folder, template, application, packed)
    _check_size(built)
    return built


def _packaged(stage: str, scratch: Path, target: Path, wheels: Wheels) -> tuple[dict[str, Any], Path]:
    """Return Chalice's template and the packaged application, without the layers' libraries and with its bytecode."""
    source, out, tree = scratch / "source", scratch / "out", scratch / "tree"
    ignored = shutil.ignore_patterns(*NOT_CARRIED)
    shutil.copytree(ROOT / ".chalice", source / ".chalice", ignore=shutil.ignore_patterns("deployments"))
    shutil.copy(ROOT / "app.py", source)
    shutil.copytree(ROOT / "chalicelib", source / "chalicelib", ignore=ignored)
    (source / "requirements.txt").touch()  # the layers hold the libraries
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "package", "--stage", stage, str(out)]
    # Chalice requires a region and does not use it. No other variable of this machine may reach the template.
    environment = {"PATH": os.environ.get("PATH", ""), "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(scratch)}
    done = subprocess.run(command, check=False, cwd=source, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise PackageError(f"chalice package failed: {done.stderr.strip()[-1000:]}")
    with ZipFile(out / "deployment.zip") as archive:
        archive.extractall(tree)
    for stale in list(tree.rglob("__pycache__")):  # written by this machine's Chalice
        shutil.rmtree(stale)
    if compiles(wheels):
        compile_tree(tree, "/var/task")
    return json.loads((out / "sam.json").read_text("utf-8")), zips.write(tree, target)


def _check_size(built: Built) -> None:
    if (size := built.application.stat().st_size) > MOST_APPLICATION:
        raise PackageError(f"{built.application.name} has {size:,} bytes, more than {MOST_APPLICATION:,}")
    if built.unpacked > MOST_UNPACKED:
        raise PackageError(f"the package has {built.unpacked:,} bytes unpacked, more than {MOST_UNPACKED:,}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.build", description=__doc__)
    parser.add_argument("--stage", choices=NAMES, required=True)
    chosen = parser.parse_args()
    try:
        built = build(chosen.stage)
    except PackageError as error:
        sys.exit(f"facture: {error}")
    for path in (built.template, built.application, *built.layers.values()):
        print(f"{path.stat().st_size:>12,}  {path.relative_to(ROOT)}")
    print(f"{built.unpacked:>12,}  unpacked")
    if not compiles("lambda"):
        print(
            f"facture: without bytecode, because this is not {RUNTIME}: a cold start takes twice as long",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
