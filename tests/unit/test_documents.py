"""Links between documents, and references from code to documents, lead somewhere."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = [
    ROOT / "Makefile",
    ROOT / "app.py",
    ROOT / "pyproject.toml",
    *(path for folder in ("chalicelib", "infra", "local", "tests") for path in sorted((ROOT / folder).rglob("*.py"))),
    *sorted((ROOT / "infra").glob("*.toml")),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def anchors(document: Path) -> frozenset[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text("utf-8")), flags=re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings)


def broken(document: Path) -> list[str]:
    """The links of a document that lead nowhere."""
    found = []
    for link in LINK.findall(FENCED.sub("", document.read_text("utf-8"))):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(document: Path) -> None:
    assert broken(document) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading: of two\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text("[a](there.md#a-heading-of-two) [b](gone.md) [c](there.md#gone) [d](#gone)\n", "utf-8")
    assert broken(page) == ["gone.md", "there.md#gone", "#gone"]


def test_the_map_names_every_document() -> None:
    linked = set(LINK.findall((ROOT / "docs" / "README.md").read_text("utf-8")))
    there = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert there - linked == set()


def test_code_refers_to_documents_that_exist() -> None:
    records = {path.name[:4] for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    missing = []
    for path in CODE:
        text = path.read_text("utf-8")
        missing += [
            (name(path), number) for number in re.findall(r"(?:ADR |docs/adr/)(\d{4})", text) if number not in records
        ]
        missing += [
            (name(path), page) for page in re.findall(r"\bdocs/[\w/-]+\.md", text) if not (ROOT / page).is_file()
        ]
    assert missing == []
