"""The package of each stage, made once for all tests that look at it."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.build import Built, build
from infra.stages import STAGES

Template = dict[str, Any]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """The package of each stage, for Lambda."""
    made: Path = tmp_path_factory.mktemp("packages")
    return {stage: build(stage, made / stage) for stage in STAGES}


@pytest.fixture(scope="session")
def templates(packages: dict[str, Built]) -> dict[str, Template]:
    """The template of each stage, as it would be deployed."""
    return {stage: json.loads(built.template.read_text("utf-8")) for stage, built in packages.items()}


@pytest.fixture(params=tuple(STAGES))
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage in turn."""
    return str(request.param)


@pytest.fixture
def template(templates: dict[str, Template], stage: str) -> Template:
    """The template of the stage."""
    return templates[stage]


@pytest.fixture
def resources(template: Template) -> dict[str, Any]:
    """The resources of the stage's template, by logical name."""
    found: dict[str, Any] = template["Resources"]
    return found
