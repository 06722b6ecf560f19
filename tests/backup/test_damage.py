"""A restore finds every change to a stored backup before it writes anything."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

import chalicelib
from chalicelib.domain.backups.backup import Part
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupUnknownKey
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound, Refusal, TooLarge
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.services.backup.format import manifest as manifests
from chalicelib.services.backup.format import parts as parted
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.services.backup.operations import NAME
from chalicelib.services.backup.restoring import restore
from chalicelib.services.backup.restoring.batches import RestoreProgress
from chalicelib.services.backup.restoring.context import RestoreContext, RestoreInput, input_of
from chalicelib.services.backup.verify import check
from chalicelib.workflow.deadline import NEVER
from tests.backup.worlds import Plain, opened, taken
from tests.crash import watched

FLIPS, SEALED_FLIPS = 1_000, 300
SEED = 20_261_123
DETECTED = (BackupDamaged, BackupUnknownKey)
"""A manifest whose row is lost may name another key after a flip, and nobody has that key."""
Into = Literal["same", "new"]
INTO: tuple[Into, ...] = ("same", "new")


class Kept:
    """A backup whose rows, keys and objects are in memory, to be changed at will."""

    def __init__(self, books: Plain, patch: pytest.MonkeyPatch) -> None:
        self.books, self.backup = books, taken(books)
        self.prefix = prefixes.backup(self.backup.tier, books.company, self.backup.id)
        files, store, vault = books.world.files, books.world.store, books.world.vault
        self.objects = {key.removeprefix(self.prefix): files.read(key) for key in files.list(self.prefix)}
        self.changed: dict[str, bytes | None] = {}
        self.rowless = False
        records, unwrapped = store.records, vault.unwrapped
        known: dict[Any, Any] = {}

        def remembered(refs: Sequence[Ref]) -> list[Record | None]:
            if self.rowless and refs[0] == self.backup.key:
                return [None]
            if (key := tuple(refs)) not in known:
                known[key] = records(refs)
            found: list[Record | None] = known[key]
            return found

        def plain_key(*names: Any) -> bytes:
            if names not in known:
                known[names] = unwrapped(*names)
            key: bytes = known[names]
            return key

        patch.setattr(store, "records", remembered)
        patch.setattr(vault, "unwrapped", plain_key)
        patch.setattr(files, "read", self._read)
        self.refused: Refusal | None = None

    def _read(self, key: str, limit: int = 0) -> bytes:
        content = {**self.objects, **self.changed}.get(key.removeprefix(self.prefix))
        if content is None:
            raise NotFound
        if limit and len(content) > limit:
            raise TooLarge(limit=limit)
        return content

    def _verified(self, job: JobRow) -> JobRow:
        """The row after the first step, which is not saved."""
        context = RestoreContext.of(self.books.world, job)
        try:
            after = restore.WORKFLOW.steps["verify"](context, RestoreProgress(), NEVER)
        except Refusal as refusal:
            self.refused = refusal
            after = restore.WORKFLOW.failed(context, RestoreProgress(), refusal)
        assert isinstance(after, RestoreProgress)
        return restore.WORKFLOW.row(context, after)

    def fault(self, changed: Mapping[str, bytes | None], into: Into = "same") -> Refusal | None:
        """The error of a restore, before its first write, after these objects were replaced (None: removed)."""
        world, self.changed, self.refused = self.books.world, dict(changed), None
        asked = RestoreInput(self.backup.id, into=into, operator=True, owner="sub-owner" if into == "new" else None)
        at = world.now()
        job = JobRow(
            company=self.books.company,
            id="job_damage",
            created_at=at,
            updated_at=at,
            due=NAME,
            due_at=at,
            task="restore",
            actor="opr_1",
            inputs=asked.encoded(),
            outcomes=b"[]",
            expires_at=0,
        )
        try:
            with watched([world.store.connection.client, world.files.client]) as calls:
                after = self._verified(job)
            assert calls.writes == []
        finally:
            self.changed = {}
        refused: Refusal | None = self.refused  # set while it ran
        over = (after.status, after.due, msgspec.json.decode(after.outcomes))
        if refused is None:
            assert (over[0], input_of(after).progress.step) == ("running", "begin")
        else:
            assert over == ("failed", None, [{"outcome": "failed", "code": refused.code, "kinds": {}}])
        return refused

    @property
    def payloads(self) -> list[str]:
        """Every object but the manifest."""
        return sorted(set(self.objects) - {manifests.NAME})


@pytest.fixture
def kept(plain: Callable[[int], Plain], monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Small parts: many objects of a few hundred bytes."""
    monkeypatch.setattr(parted, "MOST_TEXT", 6_000)
    made = Kept(plain(8), monkeypatch)
    assert len(made.payloads) > 8
    assert made.fault({}) is None
    return made


def flipped(content: bytes, at: int, bit: int) -> bytes:
    return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


@pytest.mark.parametrize("rowless", [False, True], ids=["with its row", "its row lost"])
def test_every_byte_of_a_manifest_flipped(kept: Kept, rowless: bool) -> None:
    """Without the row, which knows the manifest's hash, its HMAC stands alone."""
    kept.rowless = rowless
    stored, draw = kept.objects[manifests.NAME], random.Random(SEED)
    missed = []
    for at in range(len(stored)):
        fault = kept.fault({manifests.NAME: flipped(stored, at, draw.randrange(8))})
        if not isinstance(fault, DETECTED):
            missed.append(at)
    assert (len(stored) > 3_000, missed) == (True, [])


def test_a_thousand_flips_across_the_payloads(kept: Kept) -> None:
    draw, missed = random.Random(SEED), []
    weights = [len(kept.objects[name]) for name in kept.payloads]
    for turn in range(FLIPS):
        (name,) = draw.choices(kept.payloads, weights)
        content = kept.objects[name]
        at, bit = draw.randrange(len(content)), draw.randrange(8)
        fault = kept.fault({name: flipped(content, at, bit)}, INTO[turn % 2])
        if not isinstance(fault, BackupDamaged) or fault.params != {"reason": "hash", "where": name}:
            missed.append((name, at, bit))
    assert missed == []


def test_the_encryption_tag_finds_the_same_damage_as_the_hash(kept: Kept) -> None:
    """Each byte is authenticated too, its mark and its nonce included: the hash is not the only net."""
    archive, draw = open_archive(kept.books.world, kept.books.company, kept.backup.id), random.Random(SEED)
    for _ in range(SEALED_FLIPS):
        name = draw.choice(kept.payloads)
        content = flipped(kept.objects[name], draw.randrange(len(kept.objects[name])), draw.randrange(8))
        with pytest.raises(BackupDamaged):
            archive.objects.cipher.decrypt(name, content)


def test_truncated_lengthened_emptied(kept: Kept) -> None:
    draw = random.Random(SEED)
    assert kept.objects
    for name, content in kept.objects.items():
        cuts = {0, 1, len(content) - 1, *(draw.randrange(len(content)) for _ in range(20))}
        for changed in [*(content[:at] for at in cuts), content + b"\x00", content + content, b"\n" + content]:
            assert isinstance(kept.fault({name: changed}), BackupDamaged), (name, len(changed))


def test_a_missing_object(kept: Kept) -> None:
    assert kept.objects
    for name in kept.objects:
        for into in INTO:
            fault = kept.fault({name: None}, into)
            assert isinstance(fault, BackupDamaged)
            assert fault.params == {"reason": "missing", "where": name}


def test_objects_in_each_other_s_place(kept: Kept) -> None:
    """Also where nobody looked at hashes: an object opens under its own name only."""
    archive = open_archive(kept.books.world, kept.books.company, kept.backup.id)
    assert len(kept.payloads) > 1
    for one, other in permutations(kept.payloads, 2):
        assert isinstance(kept.fault({one: kept.objects[other], other: kept.objects[one]}), BackupDamaged)
        with pytest.raises(BackupDamaged) as refused:
            archive.objects.cipher.decrypt(one, kept.objects[other])
        assert refused.value.params["reason"] == "seal_broken"


@dataclass(frozen=True)
class Foreign:
    """Another backup: of another company, or of the same company on another day."""

    objects: dict[str, bytes]


@pytest.fixture(params=["another company's", "the same company's, another day's"])
def foreign(request: pytest.FixtureRequest, kept: Kept, plain: Callable[[int], Plain]) -> Foreign:
    books = kept.books if "same" in request.param else plain(8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(books.world.files, "read", type(books.world.files).read.__get__(books.world.files))
        patch.setattr(books.world.store, "records", type(books.world.store).records.__get__(books.world.store))
        other = taken(books)
        prefix = prefixes.backup(other.tier, books.company, other.id)
        files = books.world.files
        return Foreign({key.removeprefix(prefix): files.read(key) for key in files.list(prefix)})


def test_an_object_of_elsewhere(kept: Kept, foreign: Foreign) -> None:
    archive = open_archive(kept.books.world, kept.books.company, kept.backup.id)
    common = [name for name in kept.payloads if name in foreign.objects]
    assert len(common) > 8
    for name in common:
        assert isinstance(kept.fault({name: foreign.objects[name]}), BackupDamaged)
        with pytest.raises(BackupDamaged):
            archive.objects.cipher.decrypt(name, foreign.objects[name])


def test_a_whole_backup_of_elsewhere(kept: Kept, foreign: Foreign) -> None:
    """Put in this one's place, manifest and all: refused also where this one's row is lost."""
    for kept.rowless in (False, True):
        assert isinstance(kept.fault({**dict.fromkeys(kept.payloads), **foreign.objects}), DETECTED)


def forged(kept: Kept, group: str, content: bytes, **stated: Any) -> BackupDamaged:
    """The error for a part that is encrypted with the right key and has the right hash, but another content."""
    archive = open_archive(kept.books.world, kept.books.company, kept.backup.id)
    part = next(part for part in archive.manifest.parts if part.group == group)
    sealed = archive.objects.cipher.encrypt(part.name, part.seal, content)
    known = {name: getattr(part, name) for name in Part.__dataclass_fields__}
    kept.changed = {part.name: sealed}
    with pytest.raises(BackupDamaged) as refused:
        list(
            archive.objects.lines(Part(**known | {"size": len(sealed), "sha256": sha256(sealed).hexdigest()} | stated))
        )
    kept.changed = {}
    return refused.value


def content_of(kept: Kept, group: str) -> list[bytes]:
    """The lines of a group's first part, its header first."""
    archive = open_archive(kept.books.world, kept.books.company, kept.backup.id)
    part = next(part for part in archive.manifest.parts if part.group == group)
    plain = archive.objects.cipher.decrypt(part.name, kept.objects[part.name])
    return list(parted.texts(plain, part.name))


def gzipped(*lines: bytes) -> bytes:
    import zlib

    deflate = zlib.compressobj(9, zlib.DEFLATED, parted.GZIP)
    return deflate.compress(b"".join(line + b"\n" for line in lines)) + deflate.flush()


def test_the_content_of_a_part_is_checked_too(kept: Kept) -> None:
    header, first, *rest = content_of(kept, "register")
    last = rest[-1]

    def reason(*lines: bytes, **stated: Any) -> str:
        return str(forged(kept, "register", gzipped(*lines), **stated).params["reason"])

    assert reason(first) == "no_header"
    assert reason(header.replace(b"register", b"payments"), first) == "header"
    assert reason(header, *rest) == "order"
    assert reason(header, first, *rest[::-1]) == "order"
    assert reason(header, first, first, *rest) == "order"
    assert len(rest) > 1
    assert reason(header, first, last) == "lines"
    assert reason(header, first.replace(b"register_entry", b"payment"), *rest) == "line"
    assert reason(header, b"{}", *rest) == "line"
    assert reason(header, first[:-1], *rest) == "line"


def test_no_zip_is_ever_taken_in() -> None:
    """A restore reads only a backup's own objects. The only ZIP that the code reads is the workbook of an import,
    within its limits."""
    sources = Path(chalicelib.__file__).parent
    words = ("ZipFile(", "is_zipfile", "unpack_archive", "tarfile", "extractall")
    found = {
        f"{path.relative_to(sources)}: {line.strip()}"
        for path in sources.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if any(word in line for word in words) and '"w"' not in line
    }
    assert {each.partition(":")[0] for each in found} == {"services/imports/workbook.py"}


def test_a_bomb_is_not_inflated(kept: Kept) -> None:
    header, *_ = content_of(kept, "register")
    long, many = b"0" * (parted.MOST_LINE + parted.CHUNK), [b"0" * 10_000] * 20
    assert forged(kept, "register", gzipped(header, long)).params["reason"] == "too_large"
    assert forged(kept, "register", gzipped(header, *many)).params["reason"] == "too_large"
    assert forged(kept, "register", b"no gzip").params["reason"] == "not_gzip"
    assert forged(kept, "register", gzipped(header)[:-9]).params["reason"] == "cut_short"
    assert forged(kept, "register", gzipped(header) + b"more").params["reason"] == "cut_short"


def test_a_manifest_that_does_not_add_up(kept: Kept) -> None:
    """Signed rightly and still wrong: what a defect of ours would look like."""
    archive = open_archive(kept.books.world, kept.books.company, kept.backup.id)
    known = archive.manifest
    from dataclasses import replace

    without_customers = tuple(part for part in known.parts if part.group != "customers")
    wrong = [
        ("totals", replace(known, counts=known.counts | {"invoices": 4})),
        ("totals", replace(known, gross={**known.gross, "invoices": known.gross["invoices"] + 1})),
        ("totals", replace(known, parts=without_customers)),
        ("entries_missing", replace(known, series=tuple(replace(head, next=head.next + 1) for head in known.series))),
        ("series_head", replace(known, series=tuple(replace(head, chain="00" * 32) for head in known.series))),
    ]
    for reason, made in wrong:
        archive.manifest = made
        with pytest.raises(BackupDamaged) as refused:
            check(archive, None, NEVER)
        assert refused.value.params["reason"] == reason
    archive.manifest = known
    check(opened(kept.books, kept.backup), None, NEVER)
