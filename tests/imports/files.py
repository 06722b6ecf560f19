"""Files of tests, and their way through an import over HTTP."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.request import Request, urlopen

import pytest

from chalicelib.domain.imports.model import ImportKind
from chalicelib.domain.imports.targets import ARCHIVE
from chalicelib.jobs.runner import run_scheduled
from chalicelib.services.imports import commit, kinds
from tests.client import Client, Got
from tests.conftest import Shop

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def announced(client: Client, kind: str, content: bytes, content_type: str = CSV, **changes: Any) -> Got:
    """The answer to the announcement of a file."""
    about = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    return client.post(
        "/v1/imports", {"kind": kind, "name": "liste.csv", "content_type": content_type, **about, **changes}
    )


def upload(made: Mapping[str, Any], content: bytes) -> None:
    """Upload the file as the answer says."""
    request = made["upload"]
    with urlopen(Request(request["url"], content, request["headers"], method="PUT")) as answered:
        assert answered.status == 200


def run(shop: Shop) -> None:
    """Run the job on imports until nothing is due."""
    while run_scheduled(shop.world, "imports").applied:
        continue


def analysed(
    shop: Shop, kind: str, content: bytes, content_type: str = CSV, columns: Sequence[Mapping[str, Any]] = (), **of: Any
) -> dict[str, Any]:
    """The import of a file after its analysis, with these decisions about its columns."""
    made = announced(shop.owner, kind, content, content_type)
    assert made.status == 201, made.text
    upload(made.json, content)
    url = f"/v1/imports/{made.json['id']}"
    queued = shop.owner.post(f"{url}/complete")
    assert queued.status == 202, queued.text
    run(shop)
    if columns or of:
        changed = shop.owner.patch(url, {"mapping": {"columns": list(columns), **of}}, "*")
        assert changed.status == 202, changed.text
        run(shop)
    return read(shop, made.json["id"])


def read(shop: Shop, id: str) -> dict[str, Any]:
    """An import as the API shows it."""
    got = shop.owner.get(f"/v1/imports/{id}")
    assert got.status == 200, got.text
    body: dict[str, Any] = got.json
    return body


def committed(shop: Shop, id: str, rows: str = "all") -> dict[str, Any]:
    """The import after its commit."""
    queued = shop.owner.post(f"/v1/imports/{id}/commit", {"rows": rows})
    assert queued.status == 202, queued.text
    run(shop)
    return read(shop, id)


def undone(shop: Shop, id: str) -> dict[str, Any]:
    """The import after its undo."""
    queued = shop.owner.post(f"/v1/imports/{id}/undo")
    assert queued.status == 202, queued.text
    run(shop)
    return read(shop, id)


def counts(shown: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """The numbers of new, changed, same and refused rows."""
    found = shown["counts"]
    return found["new"], found["changed"], found["same"], found["refused"]


def reasons(shown: Mapping[str, Any]) -> list[tuple[int, int | None, str, str]]:
    """The refusals: row, column, value and code."""
    return [(each["row"], each["column"], each["value"], each["code"]) for each in shown["refusals"]]


def every(shop: Shop, plural: str) -> list[dict[str, Any]]:
    """The company's records of a kind, oldest first."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = shop.owner.get(f"/v1/{plural}", query=query).json
        found += page["data"]
        if not page["has_more"]:
            return found[::-1]
        query["starting_after"] = page["data"][-1]["id"]


def workbook(rows: Sequence[Sequence[Any]], **parts: bytes) -> bytes:
    """A small workbook: texts inline, numbers as they are. `parts` replace or add members (their names as in Office,
    with `__` for a slash)."""
    lines = [
        f'<row r="{number}">' + "".join(_cell(number, place, value) for place, value in enumerate(row)) + "</row>"
        for number, row in enumerate(rows, 1)
    ]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    sheet = f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    book = (
        f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets>'
        "</workbook>"
    )
    links = (
        f'<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{office}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    )
    root = (
        f'<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    )
    content = (
        f'<Types xmlns="{types}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'
    )
    members: dict[str, bytes] = {
        "[Content_Types].xml": content.encode(),
        "_rels/.rels": root.encode(),
        "xl/workbook.xml": book.encode(),
        "xl/_rels/workbook.xml.rels": links.encode(),
        "xl/worksheets/sheet1.xml": sheet.encode(),
    }
    members |= {name.replace("__", "/"): part for name, part in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in members.items():
            packed.writestr(name, part)
    return out.getvalue()


def _cell(row: int, place: int, value: Any) -> str:
    name = (chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)) + str(row)
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{name}"><v>{value}</v></c>'


def small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a transaction write three customers, or two archived invoices, at most."""
    rules = kinds.RULES["customers"]
    assert isinstance(rules, kinds.RecordRules)
    few: dict[ImportKind, kinds.ImportRules] = {
        "customers": replace(rules, together=3),
        ARCHIVE: kinds.ArchiveRules(together=2),
    }
    monkeypatch.setattr(kinds, "RULES", {**kinds.RULES, **few})
    monkeypatch.setattr(commit, "RULES", kinds.RULES)
