"""The rehearsal changes in a template only the paths that it lists, and the page gives the same list."""

import copy
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.layers import ROOT
from infra.markdown import table
from tests.infra.conftest import Template
from tests.infra.translate import DIFFERENCES, STAND_INS, UNPROVEN, Deviation, Difference, changed, translated

ENDPOINT = "http://127.0.0.1:1"
PAGE = (ROOT / "docs" / "rehearsal.md").read_text("utf-8")


def test_the_page_lists_every_difference_and_no_other() -> None:
    parts: list[tuple[Sequence[Deviation], tuple[str, str, str]]] = [
        (DIFFERENCES, ("difference", "what is changed", "why")),
        (STAND_INS, ("stand-in", "what is done", "why")),
        (UNPROVEN, ("not shown", "what", "shown by")),
    ]
    tables = [table(head, ((row.name, row.what, row.why) for row in rows)) for rows, head in parts]
    for written in tables:
        assert written in PAGE, written
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert len(rows) == sum(written.count("\n") for written in tables)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_a_difference_changes_only_its_stated_part(template: Template, difference: Difference) -> None:
    made = copy.deepcopy(template)
    difference.apply(made, ENDPOINT)
    paths = list(changed(template["Resources"], made["Resources"]))
    assert paths
    for pattern in difference.where:
        assert any(fnmatchcase(path, pattern) for path in paths), f"nothing is changed at {pattern}"
    for path in paths:
        assert any(fnmatchcase(path, pattern) for pattern in difference.where), path


def test_nothing_else_is_changed(template: Template) -> None:
    before, where = copy.deepcopy(template), [pattern for each in DIFFERENCES for pattern in each.where]
    made = translated(template, ENDPOINT)
    assert template == before
    assert list(changed(template | {"Resources": {}}, made | {"Resources": {}})) == []
    for path in changed(template["Resources"], made["Resources"]):
        assert any(fnmatchcase(path, pattern) for pattern in where), path


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2}}, ["a/b", "a/c"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["a/1/b"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
    ],
)
def test_changes_are_found(before: Any, after: Any, paths: list[str]) -> None:
    assert list(changed(before, after)) == paths
