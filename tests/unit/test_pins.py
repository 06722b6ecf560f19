"""The pins: each package has one version and the hashes of its files, and no file names a package index."""

import json
import re

import pytest

from infra.layers import pins
from tests.bench.report import ROOT

FILES = ("requirements.txt", "requirements-dev.txt", "requirements-checks.txt")


def lines(file: str) -> list[str]:
    """The requirements of a file, each with the lines that go on with it."""
    text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("file", FILES)
def test_each_package_has_a_version_and_hashes(file: str) -> None:
    found = lines(file)
    assert len(found) > 20
    assert [line for line in found if not re.match(r"[a-zA-Z0-9._-]+==[^\s;]+.*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("file", FILES)
def test_no_file_names_a_package_index(file: str) -> None:
    assert re.findall(r"\w+://|--(?:extra-)?index-url|--find-links", (ROOT / file).read_text("utf-8")) == []


def test_the_layers_take_every_pin() -> None:
    named = {re.match(r"[a-zA-Z0-9._-]+", line)[0] for line in lines("requirements.txt")}  # type: ignore[index]
    assert set(pins()) == named
    assert all(pin.hashes for pin in pins().values())


@pytest.mark.parametrize("client", ["watermelondb", "rxdb"])
def test_the_packages_of_a_client_are_pinned_with_hashes_and_name_no_registry(client: str) -> None:
    folder = ROOT / "clients" / client
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 5
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
    wanted = json.loads((folder / "package.json").read_text("utf-8"))
    versions = {**wanted["dependencies"], **wanted.get("devDependencies", {})}
    assert {name: packages[f"node_modules/{name}"]["version"] for name in versions} == versions
