"""Canaries: a value that stands nowhere else, in every attribute of every kind of row and in every prefix of files.

What is planted is derived from the entities, so that a new attribute has its canary without anybody's doing; what
cannot hold one is excused by its type, or by name with the reason.
"""

import base64
import binascii
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from string import Formatter
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from chalicelib.domain.entity import Record
from chalicelib.domain.ids import new_id
from chalicelib.files.objects import Files
from chalicelib.policy.load import current
from chalicelib.policy.rules import all_entities, rules_of
from chalicelib.wiring import World

FIRST_DAY, FIRST_HOUR = date(2250, 1, 1), datetime(2150, 1, 1, tzinfo=UTC)
"""Dates and instants are canaries too: no other row is of these centuries, and each garden has days of its own."""


class Spot(NamedTuple):
    """The position of a canary: a row's attribute (its dotted path), or a prefix of files."""

    place: str
    kind: str
    path: str


EXCUSED: Mapping[Spot, tuple[str, str]] = {
    Spot("workspace", "company", "id"): ("a company's id, under which all the rest lies", "{company}"),
    Spot("workspace", "support_message", "attachments.key"): ("a file's key", "uploads/{company}/thr_1/file.pdf"),
    Spot("journal", "term", "id"): ("a company's id, under which all the rest lies", "{company}"),
    Spot("journal", "term", "ends"): ("a month and a day, which the erasure's plan reads", "06-30"),
    Spot("journal", "term", "period"): ("a period, which the erasure's plan reads", "P10Y"),
}
"""Attributes that hold what they must for the product to work, and what that is."""
BY_HAND = {("journal", "head")}
"""The one row that each commit writes anew: its attributes are checked by `test_canaries` itself."""


def excuse(hint: Any, path: str) -> str | None:
    """Why an attribute of this type holds no canary; None where it must."""
    if path == "company":
        return "the key under which all of this is planted"
    kinds = {part for part in _parts(hint) if part is not NoneType}
    if kinds and kinds <= {bool}:
        return "a yes or a no"
    return "one of a few words of ours" if get_origin(hint) is Literal or _words(hint) else None


def _words(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType) and all(
        get_origin(part) is Literal or part is NoneType for part in get_args(hint)
    )


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


@dataclass
class Garden:
    """Canaries of one company; `planted` says where each text stands, `excused` what holds none and why."""

    world: World
    company: str
    planted: dict[str, Spot] = field(default_factory=dict)
    excused: dict[Spot, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seed = self.world.random(4).hex()
        drawn = int.from_bytes(self.world.random(4), "big")
        self.digits = f"7{drawn:010d}"
        self.apart = timedelta(days=drawn % 2_000_000, microseconds=drawn % 1_000_000)

    def rows(self) -> Iterator[Record]:
        """A row of every kind there is, a canary in each attribute that may hold one."""
        for (table, kind), made in all_entities().items():
            if (table, kind) not in BY_HAND:
                yield self._value(made, Spot(table, kind, ""))

    def text(self, spot: Spot) -> str:
        """A new canary for a spot."""
        return self._noted(f"Serin{self.seed}n{len(self.planted):05d}z", spot)

    def _noted(self, text: str, spot: Spot) -> str:
        self.planted[text] = spot
        return text

    def _value(self, cls: Any, at: Spot) -> Any:
        hints = get_type_hints(cls)
        values = {}
        for each in fields(cls):
            spot = at._replace(path=f"{at.path}.{each.name}".removeprefix("."))
            values[each.name] = self._grown(hints[each.name], spot)
        return cls(**values)

    def _grown(self, hint: Any, spot: Spot) -> Any:
        if spot in EXCUSED:
            self.excused[spot], value = EXCUSED[spot]
            text = value.format(company=self.company)
            return (text,) if get_origin(hint) is tuple else text
        if reason := excuse(hint, spot.path):
            self.excused[spot] = reason
            return self.company if spot.path == "company" else _word(hint)
        (hint,) = (part for part in _parts(hint) if part is not NoneType)
        if get_origin(hint) is tuple:
            return (self._grown(get_args(hint)[0], spot),)
        if get_origin(hint) is dict:
            return {self.text(spot): self._grown(get_args(hint)[1], spot)}
        return self._value(hint, spot) if is_dataclass(hint) else self._leaf(hint, spot)

    def _leaf(self, kind: Any, spot: Spot) -> Any:
        number = len(self.planted)
        if kind is str:
            return self.text(spot)
        if kind is bytes:
            return self.text(spot).encode()
        if kind in (int, Decimal):
            return kind(self._noted(f"{self.digits}{number:05d}", spot))
        if kind is date:
            day = FIRST_DAY + timedelta(days=number + self.apart.days)
            return date.fromisoformat(self._noted(day.isoformat(), spot))
        if kind is datetime:
            instant = FIRST_HOUR + timedelta(hours=number, microseconds=self.apart.microseconds)
            self._noted(instant.isoformat().replace("+00:00", "Z"), spot)
            return instant
        raise AssertionError(f"{spot}: no canary for a {kind}: teach `canaries` one, or excuse it")


def _word(hint: Any) -> Any:
    (hint, *_) = (part for part in _parts(hint) if part is not NoneType)
    return True if hint is bool else get_args(hint)[0]


def unsown(garden: Garden) -> list[str]:
    """Attributes of the inventory that hold no canary and are not excused."""
    told = {*garden.planted.values(), *garden.excused}
    missing = []
    for (table, kind), made in all_entities().items():
        for attribute in rules_of(made):
            spot = Spot(table, kind, attribute.path)
            within = f"{attribute.path}."
            if spot not in told and not any(
                (other.place, other.kind) == (table, kind) and other.path.startswith(within) for other in told
            ):
                missing.append(f"{table}/{kind}.{attribute.path}")
    return [name for name in missing if tuple(name.partition(".")[0].split("/")) not in BY_HAND]


def unpacked(content: bytes, depth: int = 4) -> Iterator[bytes]:
    """Bytes, and all that may be packed within them: deflated streams (of PDF, gzip, zlib), archives, base64."""
    yield content
    if not depth:
        return
    for inner in (*_inflated(content), *_archived(content), *_decoded(content)):
        yield from unpacked(inner, depth - 1)


def _inflated(content: bytes) -> Iterator[bytes]:
    starts = {match.end() for match in re.finditer(rb"stream\r?\n", content)} | {0}
    for start in sorted(starts):
        for wbits in (zlib.MAX_WBITS, zlib.MAX_WBITS | 16):
            try:
                yield zlib.decompressobj(wbits).decompress(content[start:])
            except zlib.error:
                continue


def _archived(content: bytes) -> Iterator[bytes]:
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode() + b"\n" + archive.read(name)
        return
    for match in re.finditer(rb"PK\x03\x04.{22}(..)(..)", content, re.DOTALL):  # an unfinished archive has no directory
        start = match.end() + sum(int.from_bytes(length, "little") for length in match.groups())
        try:
            yield zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[start:])
        except zlib.error:
            continue


def _decoded(content: bytes) -> Iterator[bytes]:
    for run in re.findall(rb"[A-Za-z0-9+/_-]{16,}={0,2}", content):
        try:
            yield base64.b64decode(run + b"=" * (-len(run) % 4), altchars=b"-_" if re.search(rb"[-_]", run) else None)
        except (binascii.Error, ValueError):
            continue


def scanned(world: World) -> Iterator[tuple[str, bytes]]:
    """Every byte that is stored: each row of each table and each version of each object, with where it lies."""
    client = world.store.connection.client
    for table, name in world.store.names.items():
        for page in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            for row in page["Items"]:
                place = f"{table}/{row['_kind']['S']}"
                yield from ((place, part) for value in row.values() for part in _bytes(value))
    yield from versions(world)


def buckets(world: World) -> list[Files]:
    """Every bucket that the policy knows."""
    return [world.bucket(name) for name in sorted({prefix.bucket for prefix in current().prefixes.values()})]


def keys(world: World) -> Iterator[str]:
    """The key of each version, of each delete marker and of each unfinished upload."""
    for files in buckets(world):
        for operation in ("list_object_versions", "list_multipart_uploads"):
            for page in files.client.get_paginator(operation).paginate(Bucket=files.bucket):
                for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()), *page.get("Uploads", ())):
                    yield each["Key"]


def versions(world: World) -> Iterator[tuple[str, bytes]]:
    """Each version and each delete marker of each object (its key, type and content), and each unfinished upload."""
    for files in buckets(world):
        client, bucket = files.client, files.bucket
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for each in page.get("Versions", ()):
                got = client.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
                yield f"files/{each['Key']}", f"{each['Key']} {got['Metadata']}".encode()
                yield f"files/{each['Key']}", got["Body"].read()
            for each in page.get("DeleteMarkers", ()):
                yield f"files/{each['Key']}", each["Key"].encode()
        for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
            yield f"files/{upload['Key']}", upload["Key"].encode()


def _bytes(value: Mapping[str, Any]) -> Iterator[bytes]:
    """The bytes of all strings in one attribute value of DynamoDB."""
    ((kind, held),) = value.items()
    if kind == "M":
        for name, part in held.items():
            yield name.encode()
            yield from _bytes(part)
    elif kind == "L":
        for part in held:
            yield from _bytes(part)
    else:
        yield bytes(held) if kind == "B" else str(held).encode()


LOOKS = re.compile(rb"Serin[0-9a-f]{8}n\d{5}z|(?<!\d)7\d{15}(?!\d)|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z)?")
"""The pattern of a canary. A match is then looked up among the known ones."""


def found(world: World, texts: Mapping[str, Spot]) -> dict[str, set[str]]:
    """The positions at which each of these texts is still stored, by text."""
    standing: dict[str, set[str]] = {}
    for place, content in scanned(world):
        for part in unpacked(content):
            for text in {match.decode() for match in LOOKS.findall(part)} & texts.keys():
                standing.setdefault(text, set()).add(place)
    return standing


NAMING = ("journal/journal_entry", "requests/")
"""Where a row that is gone may still be named, by its id or key and without its content: the journal says which row
changed (the rule `journal.change`), a proof says what it is the proof of (`request.proof`)."""


def standing(world: World, texts: Mapping[str, Spot]) -> dict[str, set[str]]:
    """As `found`, without the ids of rows that are gone where such an id may be named."""
    still = found(world, texts)
    return {text: places for text, places in still.items() if not _only_named(texts[text], places)}


def _only_named(spot: Spot, places: set[str]) -> bool:
    own = f"{spot.place}/{spot.kind}"
    return spot.path in _key(spot) and own not in places and all(place.startswith(NAMING) for place in places)


def _key(spot: Spot) -> set[str]:
    """The attributes that make a row's key. A member's holds a sign-in, which may be named nowhere."""
    made = all_entities().get((spot.place, spot.kind))
    if made is None or spot.place == "identity":
        return {"id"}
    return {"id", *(name for _, name, _, _ in Formatter().parse(made.SORT) if name)}


def fresh(world: World, prefix: str) -> str:
    """An id of now."""
    return new_id(prefix, world.now(), world.random(10))
