"""The package: small enough, complete, the same each time, for Lambda's processor, and able to run by itself."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args
from zipfile import ZipFile

import pytest

from chalicelib.settings import AwsService
from infra import zips
from infra.build import MOST_APPLICATION, MOST_UNPACKED, Built, build
from infra.layers import KEPT_MODELS, PYTHON, compiles, pins
from tests.bench.start import FIRST, FLOOR
from tests.unit.render.views import view

AARCH64 = 0xB7
"""ELF's number of the processor."""
NOWHERE = {"PATH": "/usr/bin:/bin"}


def names(zipped: Path) -> list[str]:
    with ZipFile(zipped) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def package(packages: dict[str, Built]) -> Built:
    """The package for production."""
    return packages["prod"]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with this machine's wheels, where Lambda would put it: `task`, and the layers under `opt`."""
    place = tmp_path_factory.mktemp("unpacked")
    built = build("prod", place / "built", wheels="host")
    for zipped, target in [(built.application, "task"), *((path, "opt") for path in built.layers.values())]:
        with ZipFile(zipped) as archive:
            archive.extractall(place / target)
    return place


def alone(unpacked: Path, code: str, *arguments: str) -> str:
    """The output of `code` in an interpreter that sees the package and the standard library, and nothing else."""
    found = f"import sys; sys.path[:0] = [{str(unpacked / 'task')!r}, {str(unpacked / 'opt' / 'python')!r}]\n"
    command = [sys.executable, "-I", "-S", "-c", found + code, *arguments]
    done = subprocess.run(command, cwd=unpacked, check=False, capture_output=True, text=True, timeout=120, env=NOWHERE)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_sizes_are_within_lambdas(package: Built) -> None:
    assert package.application.stat().st_size <= MOST_APPLICATION == 30_000_000
    assert package.unpacked <= MOST_UNPACKED == 250_000_000


def test_the_application_is_ours_and_nothing_of_a_developers_machine(package: Built) -> None:
    carried = names(package.application)
    assert {name.partition("/")[0] for name in carried} <= {"app.py", "chalice", "chalicelib", "__pycache__"}
    assert not [name for name in carried if name.startswith("chalicelib/cli") or "/tests/" in name]
    root = Path(__file__).parents[2]
    wanted = [
        path.relative_to(root).as_posix()
        for path in (root / "chalicelib").rglob("*")
        if path.is_file() and not {"__pycache__", "cli"} & set(path.parts)
    ]
    assert not set(wanted) - set(carried)
    assert any(name.endswith("NotoSansArabic-Regular.ttf") for name in carried)
    assert any(name.endswith(".typ") for name in carried)


def test_every_pin_is_in_one_layer(package: Built) -> None:
    every = [name for path in package.layers.values() for name in names(path)]
    held = [name.split("/")[1].removesuffix(".dist-info") for name in every if name.endswith(".dist-info/METADATA")]
    packed = {name.rpartition("-")[0].lower().replace("_", "-"): name.rpartition("-")[2] for name in held}
    assert len(packed) == len(held)
    assert {name.lower().replace("_", "-").replace(".", "-"): pin.version for name, pin in pins().items()} == packed


def test_compiled_code_is_for_lambdas_processor(package: Built) -> None:
    compiled = 0
    for layer, path in package.layers.items():
        with ZipFile(path) as archive:
            for name in archive.namelist():
                if ".so" in name.rpartition("/")[2]:
                    assert layer == "native", name
                    assert archive.read(name)[:20][18] == AARCH64, name
                    compiled += 1
    assert compiled > 20


def test_botocore_knows_the_services_in_use_and_no_other(package: Built) -> None:
    prefix = "python/botocore/data/"
    known = {
        name[len(prefix) :].partition("/")[0] for name in names(package.layers["libraries"]) if name.startswith(prefix)
    }
    assert {name for name in known if "." not in name} == KEPT_MODELS


def test_bytecode_is_of_the_runtimes_version_or_not_there(package: Built) -> None:
    tag = f".cpython-{PYTHON[0]}{PYTHON[1]}.pyc"
    for path in (package.application, *package.layers.values()):
        found = [name for name in names(path) if name.endswith(".pyc")]
        assert all(name.endswith(tag) for name in found)
        assert bool(found) is compiles("lambda")


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = (build("prod", tmp_path / turn) for turn in ("one", "other"))
    for path in (one.application, one.template, *one.layers.values()):
        assert path.read_bytes() == (other.folder / path.name).read_bytes(), path.name


def test_a_zip_depends_on_content_alone(tmp_path: Path) -> None:
    made = []
    for turn, order in enumerate(("ab", "ba")):
        tree = tmp_path / str(turn)
        tree.mkdir()
        for name in order:
            (tree / name).write_text(name)
            (tree / name).chmod(0o600 + turn)
        made.append(zips.write(tree, tmp_path / f"{turn}.zip").read_bytes())
    assert made[0] == made[1]


HANDLERS = """
import json
from importlib import import_module
for handler in json.loads(sys.argv[1]):
    module, _, name = handler.partition(".")
    assert callable(getattr(import_module(module), name)), handler
import pkgutil, chalicelib
for found in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    import_module(found.name)
seen = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
print(json.dumps(sorted(seen)))
"""


def test_every_handler_and_module_is_imported_from_the_package_alone(
    unpacked: Path, templates: dict[str, dict[str, Any]]
) -> None:
    made = templates["prod"]["Resources"].values()
    handlers = [each["Properties"]["Handler"] for each in made if each["Type"] == "AWS::Serverless::Function"]
    seen = json.loads(alone(unpacked, HANDLERS, json.dumps(handlers)))
    library = str(Path(json.__file__).parents[1])
    elsewhere = [
        path for path in seen if path and not path.startswith((str(unpacked), library)) and not path.startswith("<")
    ]
    assert elsewhere == []


PRINTS = """
import boto3, json, pickle
from chalicelib.domain.errors import RendererUnavailable
from chalicelib.render.pdfkit_renderer import PdfkitRenderer
from chalicelib.render.typst_renderer import TypstRenderer
view = pickle.loads(bytes.fromhex(sys.argv[2]))
for service in json.loads(sys.argv[1]):
    boto3.client(service, region_name="eu-west-3", aws_access_key_id="x", aws_secret_access_key="x")
print(TypstRenderer().render(view)[:4])
try:
    PdfkitRenderer("<p>{{ number }}</p>").render(view)
except RendererUnavailable:
    print("unavailable")
"""


def test_the_package_has_its_fonts_its_clients_and_no_wkhtmltopdf(unpacked: Path) -> None:
    printed = alone(unpacked, PRINTS, json.dumps(get_args(AwsService)), pickle.dumps(view(lines=1)).hex())
    assert printed.split() == ["b'%PDF'", "unavailable"]


def test_a_cold_start_imports_little_of_what_the_libraries_import(unpacked: Path) -> None:
    """Modules that are loaded from the package: counted, because a time depends on the machine (`make bench`)."""
    counted = "{}\nprint(len(sys.modules))"
    ours, first, floor = (int(alone(unpacked, counted.format(each))) for each in ("import app", FIRST, FLOOR))
    assert 3 * ours <= floor
    assert first <= 1.6 * floor, "a first request's own code"
