"""Every workflow of the product, and the steps that a test makes the engine begin."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import chalicelib.services
from chalicelib.workflow import engine
from chalicelib.workflow.engine import Workflow

Steps = dict[str, set[str]]
"""The names of steps by the name of their workflow."""


def tables() -> Steps:
    """The steps of every workflow that a module of the services declares."""
    found: Steps = {}
    for module in pkgutil.walk_packages(chalicelib.services.__path__, "chalicelib.services."):
        workflow = getattr(importlib.import_module(module.name), "WORKFLOW", None)
        if isinstance(workflow, Workflow):
            assert workflow.name not in found, f"two workflows named {workflow.name!r}"
            found[workflow.name] = set(workflow.steps)
    return found


@contextmanager
def noted() -> Iterator[Steps]:
    """Note each step that the engine begins."""
    begun: Steps = defaultdict(set)
    step_of = engine._step

    def note(workflow: Workflow[Any, Any, Any], context: Any, state: Any) -> Any:
        begun[workflow.name].add(workflow.step_of(context, state))
        return step_of(workflow, context, state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_step", note)
        yield begun
