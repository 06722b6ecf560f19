"""README repeats five figures of docs/bench.md."""

from pathlib import Path

import pytest

from tests.bench import report

PAGE = (report.ROOT / "docs" / "bench.md").read_text("utf-8")
README = (report.ROOT / "README.md").read_text("utf-8")
TABLE = PAGE.partition("writes this page.\n\n")[2].partition(f"\n{report.NOTES}")[0]


def test_readme_repeats_the_headlines_of_the_last_run() -> None:
    block = README.partition(report.BEGIN)[2].partition(report.END)[0].strip()
    assert block == report.headlines(TABLE)
    assert block.count("\n| ") == len(report.HEADLINES) + 1, "one row for each headline, below the head"


def test_writing_the_last_run_again_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(README, "utf-8")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    page, readme = report.write(TABLE)
    assert (page.read_text("utf-8"), readme.read_text("utf-8")) == (PAGE, README)


def test_a_readme_without_its_markers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("no markers", "utf-8")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="no place"):
        report.write(TABLE)
