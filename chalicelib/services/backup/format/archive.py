"""Read a backup. Nothing of an object is parsed before its size and hash match the manifest."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from chalicelib.domain.backups.backup import Backup, Blob, KeyClass, Part, Tier
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupKeyDestroyed
from chalicelib.domain.errors import NotFound, TooLarge
from chalicelib.files import prefixes
from chalicelib.services.backup.format import manifest as manifests
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.backup.format.lines import BackupLine, decoded
from chalicelib.services.backup.format.manifest import Manifest
from chalicelib.services.backup.format.parts import Fact, fact_of, header_of, texts
from chalicelib.services.encryption import ObjectCipher

if TYPE_CHECKING:
    from chalicelib.files.objects import Files
    from chalicelib.wiring import World

MOST_OBJECT: Final = 40_000_000
"""Bytes of one object that are read into memory."""
After = tuple[str, str]
"""A group's name and a sort key in it."""


class Objects:
    """The encrypted objects of one backup under a prefix."""

    def __init__(self, files: "Files", prefix: str, cipher: ObjectCipher) -> None:
        self.files, self.prefix, self.cipher = files, prefix, cipher

    def stored(self, stated: Part | Blob) -> bytes:
        """A stored object. Raises BackupDamaged unless it has the stated size and hash, Busy."""
        try:
            found = self.files.read(self.prefix + stated.name, min(stated.size, MOST_OBJECT))
        except NotFound as error:
            raise BackupDamaged(reason="missing", where=stated.name) from error
        except TooLarge as error:
            raise BackupDamaged(reason="size", where=stated.name) from error
        if len(found) != stated.size:
            raise BackupDamaged(reason="size", where=stated.name)
        if sha256(found).hexdigest() != stated.sha256:
            raise BackupDamaged(reason="hash", where=stated.name)
        return found

    def lines(self, part: Part) -> Iterator[BackupLine]:
        """The lines of a part, in order. Raises BackupDamaged."""
        found = texts(self.cipher.decrypt(part.name, self.stored(part)), part.name)
        header = header_of(found, part.name)
        if (header.group, header.layer) != (part.group, part.layer):
            raise BackupDamaged(reason="header", where=part.name)
        count, last = 0, ""
        for line in lines_in(part.group, found, part.name):
            if line.sort <= last or (not count and line.sort != part.first):
                raise BackupDamaged(reason="order", where=part.name)
            count, last = count + 1, line.sort
            yield line
        if (count, last) != (part.lines, part.last):
            raise BackupDamaged(reason="lines", where=part.name)

    def merged(self, parts: Sequence[Part], group: str, after: str = "") -> Iterator[BackupLine]:
        """The rows of a group at the cutoff, each from the last delta that holds it. One part per delta is in
        memory."""
        own = [part for part in parts if part.group == group and part.last > after]
        layers = [self._layer(own, layer) for layer in sorted({part.layer for part in own})]
        for _, same in groupby(heapq.merge(*layers, key=lambda found: found[:2]), key=lambda found: found[0]):
            *_, (sort, _, line) = same
            if not line.gone and sort > after:
                yield line

    def facts(self, parts: Sequence[Part], group: str, layer: int, sorts: Sequence[str]) -> dict[str, Fact | None]:
        """The facts at these sort keys (in order) in deltas before `layer`. Only parts that may hold a key are read."""
        found: dict[str, Fact | None] = {}
        own = [part for part in parts if part.group == group and part.layer < layer]
        for part in sorted(own, key=lambda part: part.layer):
            if sought := set(sorts[bisect_left(sorts, part.first) : bisect_right(sorts, part.last)]):
                found |= {line.sort: fact_of(line) for line in self.lines(part) if line.sort in sought}
        return found

    def _layer(self, parts: Sequence[Part], layer: int) -> Iterator[tuple[str, int, BackupLine]]:
        for part in parts:
            if part.layer == layer:
                for line in self.lines(part):
                    yield line.sort, layer, line


def lines_in(group: str, found: Iterator[bytes], name: str) -> Iterator[BackupLine]:
    """The lines after a part's header. Raises BackupDamaged."""
    for text in found:
        try:
            line = decoded(group, text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BackupDamaged(reason="line", where=name) from error
        yield line


class Archive:
    """A complete backup with a verified manifest."""

    def __init__(self, manifest: Manifest, objects: Objects, digest: str) -> None:
        self.manifest, self.objects, self.digest = manifest, objects, digest

    def rows(self, groups: Collection[str] | None = None, *, after: After | None = None) -> Iterator[BackupLine]:
        """The rows at the cutoff, by group in the order of `contents.GROUPS`, then by sort key. `groups` selects
        groups. `after` is a cursor; parts before it are not read.

        Raises BackupDamaged, BackupKeyDestroyed (for rows under the working key), Busy.
        """
        reached = after is None
        for group in GROUPS:
            here = after is not None and group.name == after[0]
            if (reached or here) and (groups is None or group.name in groups):
                yield from self.objects.merged(self.manifest.parts, group.name, after[1] if here and after else "")
            reached = reached or here

    def blob(self, key: str) -> bytes:
        """A file of the backup, by its original key. Raises NotFound, BackupDamaged, BackupKeyDestroyed."""
        blob = next((blob for blob in self.manifest.blobs if blob.key == key), None)
        if blob is None:
            raise NotFound
        return self.objects.cipher.decrypt(blob.name, self.objects.stored(blob))

    def readable(self, key_class: KeyClass) -> bool:
        """Whether objects under this key can still be decrypted. Raises BackupUnknownKey."""
        try:
            self.objects.cipher.require(key_class)
        except BackupKeyDestroyed:
            return False
        return True


def open_archive(world: "World", company: str, backup: str, *, tier: Tier | None = None) -> Archive:
    """A company's backup. `tier` locates one whose row was lost; without it, all tiers are searched.

    Raises NotFound, BackupUnknownKey, BackupKeyDestroyed, BackupDamaged (its `reason` and `where`), Busy.
    """
    (row,) = world.store.records([Backup.ref(company, backup)])
    known = row if isinstance(row, Backup) else None
    if known is not None and known.status != "complete":
        raise NotFound
    tiers = (known.tier,) if known else (tier,) if tier else tuple(prefixes.BACKUPS)
    prefix, stored = _manifest(world, company, backup, tiers, known)
    digest = manifests.hash_of(stored)
    if known is not None and known.manifest_hash != digest:
        raise BackupDamaged(reason="hash", where=manifests.NAME)
    claims = manifests.claims(stored)
    if (claims.company, claims.backup) != (company, backup):
        raise BackupDamaged(reason="another_backup", where=manifests.NAME)
    cipher = ObjectCipher(world, company, backup, claims.keys)
    return Archive(manifests.read(stored, cipher), Objects(world.files, prefix, cipher), digest)


def _manifest(
    world: "World", company: str, backup: str, tiers: Sequence[Tier], known: Backup | None
) -> tuple[str, bytes]:
    for tier in tiers:
        prefix = prefixes.backup(tier, company, backup)
        try:
            return prefix, world.files.read(prefix + manifests.NAME, manifests.LIMIT)
        except NotFound:
            continue
        except TooLarge as error:
            raise BackupDamaged(reason="size", where=manifests.NAME) from error
    if known is not None:
        raise BackupDamaged(reason="missing", where=manifests.NAME)
    raise NotFound
