"""Decision records have one form, and their index lists each of them."""

import re
from pathlib import Path

import pytest

ADR = Path(__file__).parents[2] / "docs" / "adr"
RECORDS = sorted(ADR.glob("[0-9]*.md"))
HEAD = re.compile(
    r"# ADR (?P<number>\d{4}): (?P<title>\S.*)\n"
    r"\n"
    r"- Date: \d{4}-\d{2}-\d{2}\n"
    r"- Status: (?:accepted|replaced by ADR \d{4})\n"
    r"\n"
    r"## Context\n"
)
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives"]


def head(record: Path) -> re.Match[str]:
    found = HEAD.match(record.read_text("utf-8"))
    assert found, f"{record.name} begins otherwise than a record"
    return found


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_a_record_has_the_form(record: Path) -> None:
    assert head(record)["number"] == record.name[:4]
    parts = re.split(r"^## (.+)\n", record.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert parts[::2] == SECTIONS
    assert all(text.strip() for text in parts[1::2])


def test_no_number_is_given_twice() -> None:
    numbers = [record.name[:4] for record in RECORDS]
    assert sorted(set(numbers)) == numbers
    assert len(numbers) > 40


def test_the_index_lists_each_record_under_its_title() -> None:
    index = (ADR / "README.md").read_text("utf-8")
    listed = set(re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", index, flags=re.MULTILINE))
    assert listed == {(record.name[:4], head(record)["title"], record.name) for record in RECORDS}
