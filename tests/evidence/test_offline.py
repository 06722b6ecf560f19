"""The auditor's tool repeats the proof from one file, without the service."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.clock import today
from chalicelib.files.anchors import key_of
from tests.conftest import Shop
from tests.evidence.tamperings import TAMPERINGS
from tests.evidence.test_anchors import night, no_anchor_before
from tests.evidence.test_full import books
from tests.evidence.worlds import Stranger, rewritten

__all__ = ["books", "no_anchor_before"]
pytestmark = pytest.mark.usefixtures("embedded_s3")
WHY = ("--reason", "an audit", "--by", "opr_1")


def exported(shop: Shop, to: Path) -> Path:
    """The company's export."""
    words = ["register", "export", "--company", shop.company, "--to", str(to), *WHY]
    assert main(words, lambda: shop.world) == 0
    return to


def verified(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the output of the auditor's command."""

    def no_world() -> Any:
        raise AssertionError("the auditor has no service")

    capsys.readouterr()
    code = main(["register", "verify", *words], no_world)
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, shown


def test_an_export_verifies_in_a_process_without_the_service(books: Shop, tmp_path: Path) -> None:
    file = exported(books, tmp_path / "export.jsonl")
    command = [sys.executable, "-m", "chalicelib.cli", "register", "verify", "--export", str(file)]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["verified"], shown["rows"], shown["withheld"]) == (True, len(Stranger(books).items("ledger")), 0)


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_named_offline(
    books: Shop, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper, code, _ = TAMPERINGS[name]
    tamper(Stranger(books))
    exit_code, shown = verified(capsys, "--export", str(exported(books, tmp_path / "export.jsonl")))
    assert (exit_code, shown["verified"], shown["faults"][0]["code"]) == (1, False, code)


def test_the_anchor_that_the_auditor_holds_contradicts_a_rewritten_journal(
    books: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = today(night(books))
    anchor = tmp_path / "anchor.json"
    anchor.write_bytes(books.world.archive.first(key_of(day), 10**6))
    stranger = Stranger(books)
    TAMPERINGS["buyer_changed"][0](stranger)
    rewritten(stranger)
    file = exported(books, tmp_path / "export.jsonl")
    header, *rest = file.read_text().splitlines()
    file.write_text("\n".join([json.dumps({**json.loads(header), "anchor": None}), *rest]) + "\n")
    assert verified(capsys, "--export", str(file))[0] == 0, "the file agrees with itself"
    code, shown = verified(capsys, "--export", str(file), "--anchor", str(anchor))
    assert (code, shown["faults"][0]["code"]) == (1, "anchor_mismatch")


def test_rows_of_an_erased_person_are_in_the_export_as_digests(
    books: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = books.owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": books.customer})
    assert books.owner.post(f"/v1/privacy/requests/{made.json['id']}/confirm", {}).status == 200
    file = exported(books, tmp_path / "export.jsonl")
    assert "Client Exemple" not in file.read_text()
    code, shown = verified(capsys, "--export", str(file))
    assert (code, shown["verified"]) == (0, True)
    assert shown["withheld"] > 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: lines[1:], "no header"),
        (lambda lines: lines[:-1], "the end is missing"),
        (lambda lines: [*lines[:3], lines[3][:-9], *lines[4:]], "line 4"),
        (lambda lines: [*lines, lines[1]], "follows the end"),
        (lambda lines: [lines[0].replace('"evidence":"1"', '"evidence":"2"'), *lines[1:]], "form 2"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any, message: str
) -> None:
    file = exported(shop, tmp_path / "export.jsonl")
    file.write_text("\n".join(damage(file.read_text().splitlines())) + "\n")
    assert main(["register", "verify", "--export", str(file)]) == 1
    assert message in capsys.readouterr().err
