"""Nothing of an account is left after its deletion but what the policy names: a canary in every attribute and file.

A scan of all bytes (tables, every version of every object, unfinished uploads; packed ones unpacked) compares both
ways: what is found must be named by the policy, and what it names must be found.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest

from chalicelib.domain.companies.company import Head, Numbered
from chalicelib.domain.entity import Record, entity, kept
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy import inventory
from chalicelib.policy.load import current
from chalicelib.policy.rules import all_entities
from chalicelib.policy.terms import Start
from chalicelib.wiring import World
from tests.mailbox import mails
from tests.privacy import canaries
from tests.privacy.canaries import Garden, Spot, found, standing, unpacked, unsown, versions
from tests.privacy.test_deletion import receipt
from tests.privacy.worlds import Books, Turned
from tests.rows import put_row

LASTING = ("block", "keep")


@contextmanager
def captured(world: World) -> Iterator[StringIO]:
    """All that is logged meanwhile, as it is written down and, beside it, every other logger's plain lines."""
    written = StringIO()
    ours, others = logging.StreamHandler(written), logging.StreamHandler(written)
    ours.setFormatter(world.telemetry.logger.registered_formatter)
    others.setLevel(logging.INFO)
    attached = [(logging.getLogger("facture"), ours), (logging.getLogger(), others)]
    for logger, handler in attached:
        logger.addHandler(handler)
    try:
        yield written
    finally:
        for logger, handler in attached:
            logger.removeHandler(handler)


@pytest.fixture
def logs(alone: Turned) -> Iterator[StringIO]:
    """All that is logged meanwhile."""
    with captured(alone) as written:
        yield written


def sown(world: Turned) -> tuple[Books, Garden]:
    """A company with its own books, and a row of every kind and an object of every prefix full of canaries."""
    books = Books(world)
    garden = Garden(world, books.id)
    for row in garden.rows():
        put_row(world.store, row)
    (head,) = world.store.records([Head.ref(books.id)])
    assert isinstance(head, Head)
    numbered = Numbered(document=garden.text(Spot("journal", "head", "numbered.document")))
    put_row(world.store, replace(head, numbered=(numbered,)))
    files_of(world, books.id, garden)
    return books, garden


def files_of(world: Turned, company: str, garden: Garden) -> None:
    """Objects full of canaries under every prefix: two versions each, one of them below a delete marker; and an upload
    that is not finished."""
    for prefix, told in current().prefixes.items():
        files = world.bucket(told.bucket)
        client, bucket = files.client, files.bucket
        for _ in range(2):
            key = f"{prefix}{company}/{garden.text(Spot('files', prefix, 'key'))}.pdf"
            for path in ("old", "new"):
                content = garden.text(Spot("files", prefix, path)).encode()
                client.put_object(Bucket=bucket, Key=key, Body=content, Metadata={"who": content.decode()})
        client.delete_object(Bucket=bucket, Key=key)  # the last one: its versions stay below a marker
        unfinished = f"{prefix}{company}/{garden.text(Spot('files', prefix, 'unfinished'))}"
        upload = client.create_multipart_upload(Bucket=bucket, Key=unfinished)["UploadId"]
        client.upload_part(Bucket=bucket, Key=unfinished, UploadId=upload, PartNumber=1, Body=b"part")


def everything_due(world: World) -> None:
    """Run every job there is."""
    for job in JOBS:
        run(world, job, now=world.now(), left=within(120))


def named_by_the_policy(garden: Garden) -> set[Spot]:
    """The spots that outlive an account, read from the policy's rules and not from the erasure's plan."""
    policy, stays = current(), set()
    for stored in inventory.build_inventory():
        rules = {a.path: policy.rules[a.governed_by] for a in stored.attributes}
        if policy.tables[stored.table].erased or not any(rule.on_erasure in LASTING for rule in rules.values()):
            continue
        for path, rule in rules.items():
            if rule.on_erasure in LASTING or rule.start is Start.ROW:
                stays.add(Spot(stored.table, stored.kind, path))
    parts = ("key", "old", "new", "unfinished")
    stays |= {Spot("files", prefix, path) for prefix in blocked_prefixes() for path in parts}
    return stays & set(garden.planted.values())


def blocked_prefixes() -> list[str]:
    """The prefixes of objects that outlive an account."""
    policy = current()
    return [path for path, prefix in policy.prefixes.items() if policy.rules[prefix.rule].on_erasure in LASTING]


def test_a_deleted_account_leaves_exactly_the_rows_that_the_policy_names(alone: Turned, logs: StringIO) -> None:
    books, garden = sown(alone)
    assert unsown(garden) == []
    before = found(alone, garden.planted)
    assert [garden.planted[text] for text in garden.planted if text not in before] == [], "the scan must see each"
    id = books.confirmed()
    for days in (0.1, 24, 29.5, 30.1, 30.2, 31, 39):  # the sign-in accounts end last
        alone.offset = timedelta(days=days)
        everything_due(alone)
    left = standing(alone, garden.planted)
    assert {garden.planted[text] for text in left} == named_by_the_policy(garden)
    for text, places in left.items():
        spot = garden.planted[text]
        assert all(place.startswith(f"{spot.place}/{spot.kind}") for place in places), (
            "nowhere but where it was planted"
        )
    lasting = tuple(f"files/{path}" for path in blocked_prefixes())
    assert not [place for place, _ in versions(alone) if books.id in place and not place.startswith(lasting)]
    _receipt_names(books, id, {(spot.place, spot.kind) for spot in named_by_the_policy(garden)})
    _nothing_told(alone, garden, logs)


def _receipt_names(books: Books, id: str, kinds: set[tuple[str, str]]) -> None:
    lines = receipt(books, id)["content"]["stores"]
    held = [line for line in lines if line["kept"] != 0]
    told = {(line["place"], kind) for line in held for kind in line["kinds"]}
    told |= {("files", line["place"]) for line in held if line["store"] == "files"}
    assert kinds <= told, "the receipt tells of all that is kept"
    assert all(line["until"] for line in held)


def _nothing_told(world: Turned, garden: Garden, logs: StringIO) -> None:
    assert "job run" in logs.getvalue(), "what is not captured proves nothing"
    sent = "".join(mail.subject + mail.text for mail in mails(world))
    for text, spot in garden.planted.items():
        told = spot == Spot("requests", "disclosure", "id")  # opaque: the operator must inform a hidden recipient
        assert told or text not in logs.getvalue(), f"{spot} was logged"
        assert text not in sent, f"{spot} was mailed"


def test_an_attribute_without_a_canary_has_a_reason(alone: Turned) -> None:
    garden = Garden(alone, "cmp_x")
    rows = list(garden.rows())
    assert {(row.TABLE, row.KIND) for row in rows} | canaries.BY_HAND == set(all_entities())
    assert set(canaries.EXCUSED) <= set(garden.excused), "an excuse for what is not there"
    assert set(garden.excused.values()) == {
        "the key under which all of this is planted",
        "a yes or a no",
        "one of a few words of ours",
        *(reason for reason, _ in canaries.EXCUSED.values()),
    }


def test_a_planted_attribute_without_a_canary_is_found(alone: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    @entity("planted", table="workspace", prefix="pla")
    class Planted(Record):
        nickname: str = kept("party.identity")

    try:
        monkeypatch.setattr(canaries, "all_entities", lambda: all_entities() | {("workspace", "planted"): Planted})
        garden = Garden(alone, "cmp_x")
        rows = list(garden.rows())
        assert any(isinstance(row, Planted) for row in rows), "it has its canary by itself"
        for text in [text for text, spot in garden.planted.items() if spot.path == "nickname"]:
            del garden.planted[text]
        assert unsown(garden) == ["workspace/planted.nickname"]
    finally:
        from chalicelib.domain.entity import ENTITIES

        del ENTITIES["workspace", "planted"]


@pytest.mark.parametrize("packed", ["plain", "zlib", "gzip", "base64", "zip", "pdf", "json within zlib"])
def test_the_scan_sees_through(packed: str) -> None:
    import base64
    import gzip
    import io
    import zipfile
    import zlib

    text = b"a canary in here"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.json", text)
    forms: dict[str, bytes] = {
        "plain": text,
        "zlib": zlib.compress(text),
        "gzip": gzip.compress(text),
        "base64": base64.b64encode(text),
        "zip": archive.getvalue(),
        "pdf": b"%PDF\n1 0 obj\nstream\n" + zlib.compress(text) + b"\nendstream",
        "json within zlib": zlib.compress(b'"' + base64.b64encode(text) + b'"'),
    }
    assert any(text in part for part in unpacked(forms[packed]))
