"""A ZIP made in bounded steps: any reader opens it, a killed step is repeated, and memory does not grow with it."""

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from chalicelib.domain.companies.party import Customer
from chalicelib.domain.errors import NotFound
from chalicelib.files import prefixes, zips
from chalicelib.files.objects import Files, UploadOver
from chalicelib.files.zips import Pieces, Sent, ZipEntry
from chalicelib.services.backup import download
from chalicelib.services.exports import tables
from chalicelib.services.exports.tables import ZipProgress
from chalicelib.workflow import deadline
from chalicelib.workflow.deadline import NEVER, Deadline
from tests.backup.restoring import Kept, ended, step, unsaved
from tests.privacy.worlds import Turned, carried

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = "exports/cmp_x/job_x.zip"


class Memory(Files):
    """Files in memory that count what was put; of an upload only the lengths, where nobody reads it."""

    def __init__(self, *, whole: bool = True) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: dict[int, bytes] = {}
        self.whole, self.most, self.open = whole, 0, False

    def put(self, key: str, content: Any, content_type: str, *, only_if_absent: bool = True) -> bool:
        assert content_type
        assert not only_if_absent
        self.objects[key], self.most = content, max(self.most, len(content))
        return True

    def read(self, key: str, limit: int = 0, **version: str) -> bytes:
        assert not version
        if key not in self.objects:
            raise NotFound
        assert limit >= len(self.objects[key])
        return self.objects[key]

    def exists(self, key: str) -> bool:
        return key in self.objects

    def list(self, prefix: str) -> Iterator[str]:
        return iter(sorted(key for key in self.objects if key.startswith(prefix)))

    def begin(self, key: str, content_type: str) -> str:
        assert (key, content_type) == (KEY, "application/zip")
        self.open = True
        self.parts.clear()
        return "upload"

    def part(self, key: str, upload: str, number: int, content: bytes) -> str:
        if not self.open:
            raise UploadOver
        self.parts[number] = content if self.whole else b""
        self.most = max(self.most, len(content))
        return f"{key}{upload}{number}"

    def end(self, key: str, upload: str, tags: Any) -> None:
        if not self.open:
            raise UploadOver
        assert tags == tuple(f"{key}{upload}{number}" for number in sorted(self.parts))
        self.objects[key], self.open = b"".join(self.parts[number] for number in sorted(self.parts)), False


def kept(value: Any, kind: Any) -> Any:
    """As a job's row keeps it."""
    return msgspec.json.decode(msgspec.json.encode(value), type=kind)


def sent(files: Memory, pieces: Pieces, objects: int, *, twice: bool = False) -> zipfile.ZipFile:
    at: Sent | None = Sent()
    for _ in range(500):
        if at is None:
            break
        if twice:
            pieces.send(KEY, at, objects)  # a run that was killed before it could say so
        at = pieces.send(KEY, kept(at, Sent), objects)
    assert at is None
    found = zipfile.ZipFile(io.BytesIO(files.objects[KEY]))
    assert found.testzip() is None
    return found


def rows(count: int) -> tables.Chunks:
    def chunks(name: str, after: str) -> Iterator[tuple[list[str], str]]:
        for number in range(int(after or 0), count, 10):
            own = range(number, min(number + 10, count))
            lines = [json.dumps({"id": f"{name}_{i}", "text": f"=é{i * 7919 % 10007}" * 20}) for i in own]
            yield lines, str(own.stop)

    return chunks


NOW = Deadline.within(0.0)
"""A deadline that has passed: one piece."""


def written(pieces: Pieces, names: list[str], chunks: tables.Chunks, *, deadline: Deadline = NOW) -> ZipProgress:
    now = ZipProgress()
    while now.table < len(names):
        now = kept(tables.advance(now, pieces, names, chunks, deadline), ZipProgress)
    return now


@pytest.mark.parametrize("large", [zips.LARGE, 100], ids=["zip32", "zip64"])
@pytest.mark.parametrize("count", [0, 1, 30, 95])
def test_tables_in_pieces_are_whole_in_any_reader(monkeypatch: pytest.MonkeyPatch, large: int, count: int) -> None:
    monkeypatch.setattr(zips, "LARGE", large)
    monkeypatch.setattr(zips, "PART", 700)
    monkeypatch.setattr(tables, "ROWS", 30)
    files = Memory()
    pieces = Pieces(files, "p/", AT)
    made = written(pieces, ["a", "b"], rows(count))
    assert made.counts == {"a": count, "b": count}
    bundle = sent(files, pieces, made.member.objects, twice=True)
    assert bundle.namelist() == ["data/a.json", "data/a.csv", "data/b.json", "data/b.csv"]
    assert [entry.date_time[:3] for entry in bundle.infolist()] == [(2026, 11, 23)] * 4
    for name in ("a", "b"):
        found = json.loads(bundle.read(f"data/{name}.json"))
        table = list(csv.DictReader(io.StringIO(bundle.read(f"data/{name}.csv").decode("utf-8-sig"))))
        assert [row["id"] for row in found] == [row["id"] for row in table] == [f"{name}_{i}" for i in range(count)]
        assert all(row["text"].startswith("'=é") for row in table)


def test_pieces_are_the_same_however_often_and_in_how_long_steps_they_are_put() -> None:
    found = []
    for until in (NOW, NEVER):
        files = Memory()
        written(Pieces(files, "p/", AT), ["a"], rows(2_345), deadline=until)
        found.append(files.objects)
    assert found[0] == found[1]
    assert len(found[0]) > 7


def test_memory_is_the_same_for_a_thousand_rows_and_for_ten_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS", 100)
    monkeypatch.setattr(zips, "PART", 5_000)
    peaks, most = [], []
    for count in (1_000, 10_000):
        files = Memory(whole=False)
        pieces = Pieces(files, "p/", AT)
        now = ZipProgress()
        tracemalloc.start()
        while now.table < 1:
            now = tables.advance(now, pieces, ["a"], rows(count), NOW)
        made = tracemalloc.get_traced_memory()[1] - sum(map(len, files.objects.values()))
        tracemalloc.stop()
        at: Sent | None = Sent()
        while at is not None:
            at = pieces.send(KEY, at, now.member.objects)
        peaks.append(made)
        most.append(files.most)
    assert most[1] <= most[0] * 1.3, "the largest thing that is ever sent"
    assert peaks[1] <= peaks[0] * 1.5


def test_an_aborted_upload_begins_again_and_a_lost_piece_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "PART", 700)
    monkeypatch.setattr(tables, "ROWS", 30)
    files = Memory()
    pieces = Pieces(files, "p/", AT)
    made = written(pieces, ["a"], rows(95))
    begun = pieces.send(KEY, Sent(), made.member.objects)
    assert begun is not None
    files.open = False
    assert pieces.send(KEY, begun, made.member.objects) == Sent()
    assert len(sent(files, pieces, made.member.objects).read("data/a.json")) > 10_000
    assert pieces.send(KEY, begun, made.member.objects) is None, "ended by a run that could not say so"
    del files.objects[KEY]
    del files.objects["p/000000-000002"]
    with pytest.raises(NotFound):
        sent(files, pieces, made.member.objects)


def test_a_directory_of_very_many_files_is_written_as_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MANY", 3)
    files = Memory()
    pieces, member = Pieces(files, "p/", AT), ZipEntry()
    for number in range(5):
        member = pieces.add(f"{number}.txt", member, b"x" * number, over=True)
    bundle = sent(files, pieces, member.objects)
    assert [len(bundle.read(f"{number}.txt")) for number in range(5)] == list(range(5))


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


def test_a_download_that_is_killed_after_every_step_is_the_same_file(
    shop: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On S3: each part of the job is done twice, as after a run that was killed before it kept its place."""
    backup = shop.taken()
    whole = shop.job("download", backup=backup)
    ended(shop.world, whole, download.WORKFLOW)
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
    monkeypatch.setattr(tables, "ROWS", 1)
    job = shop.job("download", backup=backup)
    steps = 0
    while job.status not in ("completed", "failed"):
        unsaved(shop.world, job, download.WORKFLOW)
        job, steps = step(shop.world, job, download.WORKFLOW), steps + 1
    assert steps > 30
    files = shop.world.files
    one, two = (zipfile.ZipFile(io.BytesIO(files.read(prefixes.export(shop.id, each.id)))) for each in (whole, job))
    assert {name: one.read(name) for name in one.namelist()} == {name: two.read(name) for name in two.namelist()}
    for each in (whole, job):
        assert list(files.list(prefixes.export_parts(shop.id, each.id))) == [], "no piece is left"


def test_a_person_erased_during_the_download_is_not_in_it(shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = shop.taken()
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
    job = shop.job("download", backup=backup)
    own = prefixes.export_parts(shop.id, job.id)
    while len(list(shop.world.files.list(own))) < 12:
        job = step(shop.world, job, download.WORKFLOW)
    shop.confirmed(shop.customer)
    carried(shop.world)
    outcome = ended(shop.world, job, download.WORKFLOW)
    bundle = zipfile.ZipFile(io.BytesIO(shop.world.files.read(outcome["key"])))
    everything = b"".join(bundle.read(name) for name in bundle.namelist())
    assert shop.customer.encode() not in everything
    assert shop.other.encode() in everything
    assert isinstance(shop.there(Customer.ref(shop.id, shop.other)), Customer)


def test_a_table_of_three_gigabytes_has_a_zip64_header() -> None:
    pieces = Pieces(Memory(), "p/", AT)
    header = pieces._header("data/invoices.json", ZipEntry(size=3_000_000_000, packed=300_000_000, crc=1))
    assert header.endswith(
        b"\x01\x00\x10\x00" + (3_000_000_000).to_bytes(8, "little") + (300_000_000).to_bytes(8, "little")
    )
