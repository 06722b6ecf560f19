"""Write a backup's objects: the parts of each delta in order, the cutoff, the logos and the manifest.

The stored objects determine the position. A part is put only if its name does not exist. A resumed or concurrent run
that finds a part adopts it. So no part is written twice or left over.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Final

from chalicelib.domain.backups.backup import Backup, Blob, KeyClass, Part
from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.domain.companies.company import Head, Series
from chalicelib.domain.documents.registry import in_register
from chalicelib.domain.errors import NotFound, TooLarge
from chalicelib.domain.privacy.request import Tombstone
from chalicelib.files import prefixes
from chalicelib.services.backup.create.cutoff import changed, clock_of, cut, in_order, reread, streamed
from chalicelib.services.backup.format import manifest as manifests
from chalicelib.services.backup.format.archive import MOST_OBJECT, After, Objects, lines_in
from chalicelib.services.backup.format.contents import BY_NAME, ORDER, require_assigned
from chalicelib.services.backup.format.lines import BackupLine
from chalicelib.services.backup.format.manifest import Manifest, SeriesHead, Tombstones
from chalicelib.services.backup.format.parts import Fact, Header, PartWriter, Sum, header_of, named, texts
from chalicelib.services.backup.verify import agree
from chalicelib.services.encryption import SCHEMA, ObjectCipher
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

MOST_LAYERS: Final = 5
"""Deltas after which writers are fenced. A reader slower than the writers never converges."""
MEDIA: Final = "application/octet-stream"
MOST_LOGO: Final = 4_000_000
LineChange = tuple[BackupLine, Fact | None]
"""A line, and the fact at its key in earlier deltas."""


class BackupWriter:
    """One run of a backup; `row` is its progress. Every method raises Busy."""

    def __init__(self, world: "World", row: Backup) -> None:
        keys: dict[KeyClass, str] = {"statutory": row.statutory_key, "working": row.working_key}
        prefix = prefixes.backup(row.tier, row.company, row.id)
        self.world, self.row, self.company = world, row, row.company
        self.objects = Objects(world.files, prefix, ObjectCipher(world, row.company, row.id, keys))

    def run(self, deadline: Deadline) -> None:
        """Make parts until the cut is made, and then the manifest; or until the deadline.

        Raises UnassignedKindError, UnnamedChange, verify.Disagreement, BackupDamaged and the errors of
        `ObjectCipher.require`.
        """
        require_assigned()
        while self.row.clock is None:
            self._layer(deadline)
            if deadline.passed:
                break
        if self.row.clock is not None:
            self._end()

    @property
    def _cursor(self) -> After | None:
        group, _, sort = self.row.cursor.partition("/")
        return (group, sort) if group else None

    def _layer(self, deadline: Deadline) -> None:
        """Go on with the current layer; at its end begin the next, or make the cut."""
        layer = len(self.row.layers) - 1
        found = self._again() if layer else self._first()
        while writer := self._filled(found):
            if not self._put(writer) or deadline.passed:
                return
        after = self.row.layers[-1]
        last_rows = cut(self.world, self.company, after, fencing=layer >= MOST_LAYERS)
        clock = last_rows.clock if last_rows else clock_of(self.world.store, self.company)
        self.row = replace(self.row, layers=(*self.row.layers, clock), cursor="")
        if last_rows is not None:
            last = self._known(list(last_rows.lines))
            while writer := self._filled(last):
                if not self._put(writer):
                    return

    def _first(self) -> Iterator[LineChange]:
        """The rows of the first pass."""
        return ((line, None) for line in streamed(self.world.store, self.company, self.row.begun, self._cursor))

    def _again(self) -> Iterator[LineChange]:
        """The present state of rows that changed during the previous delta."""
        before, clock = self.row.layers[-2:]
        keys, cursor = changed(self.world.store, self.company, before, clock), self._cursor
        reached = (ORDER[cursor[0]], cursor[1]) if cursor else (-1, "")
        order = [key for key in in_order(keys) if (ORDER[key[0]], key[1]) > reached]
        for group in dict.fromkeys(name for name, _ in order):
            own = [key for key in order if key[0] == group]
            known = self._facts(group, [sort for _, sort in own])
            for line in reread(self.world.store, self.company, keys, own):
                if not line.gone or known.get(line.sort):
                    yield line, known.get(line.sort)

    def _known(self, lines: list[BackupLine]) -> Iterator[LineChange]:
        """The cutoff's lines with the earlier facts at their keys. A deletion of a row that no delta holds is left
        out."""
        for group in dict.fromkeys(line.group for line in lines):
            own = [line for line in lines if line.group == group]
            known = self._facts(group, [line.sort for line in own])
            yield from ((line, known.get(line.sort)) for line in own if not line.gone or known.get(line.sort))

    def _facts(self, group: str, sorts: list[str]) -> dict[str, Fact | None]:
        return self.objects.facts(self.row.parts, group, len(self.row.layers) - 1, sorts)

    def _filled(self, found: Iterator[LineChange]) -> PartWriter | None:
        """A part with the next lines of one group; None at the end. Remaining lines begin the next part."""
        writer: PartWriter | None = None
        left, self._over = [self._over] if self._over else [], None
        for line, known in chain(left, found):
            if writer is None:
                layer = len(self.row.layers) - 1
                writer = PartWriter(Header(line.group, layer, self.row.layers[-1]))
            elif writer.full or line.group != writer.header.group:
                self._over = (line, known)
                break
            writer.add(line, known)
        return writer

    _over: LineChange | None = None

    def _put(self, writer: PartWriter) -> bool:
        """Store a part. Returns False if the part existed: it is adopted, and reading continues after its end."""
        name = f"{len(self.row.parts):06d}"
        key_class = BY_NAME[writer.header.group].key_class
        content = self.objects.cipher.encrypt(name, key_class, writer.finish())
        if self.world.files.put(self.objects.prefix + name, content, MEDIA):
            self._enter(name, writer, content)
            return True
        self._over = None
        self._take_over(name)
        return False

    def _take_over(self, name: str) -> None:
        content = self.world.files.read(self.objects.prefix + name, MOST_OBJECT)
        plain = self.objects.cipher.decrypt(name, content)
        found = texts(plain, name)
        header = header_of(found, name)
        if header.group not in BY_NAME or not 0 <= header.layer <= len(self.row.layers):
            raise BackupDamaged(reason="header", where=name)
        self.row = replace(self.row, layers=(*self.row.layers[: header.layer], header.clock))
        sorts = [line.sort for line in lines_in(header.group, found, name)] if header.layer else []
        known, writer = self._facts(header.group, sorts), PartWriter(header)
        found = texts(plain, name)
        header_of(found, name)
        for line in lines_in(header.group, found, name):
            writer.count(line, known.get(line.sort))
        self._enter(name, writer, content)

    def _enter(self, name: str, writer: PartWriter, content: bytes) -> None:
        """Record a stored part. The head's part is the last of the cutoff."""
        header, total = writer.header, writer.sum
        part = Part(
            name=name,
            group=header.group,
            layer=header.layer,
            seal=BY_NAME[header.group].key_class,
            first=writer.first,
            last=writer.last,
            lines=writer.lines,
            size=len(content),
            sha256=sha256(content).hexdigest(),
            counts={name: count for name, count in total.counts.items() if count},
            gross=total.gross,
            register=tuple(total.register.values()),
        )
        self.row = replace(
            self.row,
            parts=(*self.row.parts, part),
            cursor=f"{header.group}/{writer.last}",
            logos=named(self.row.logos, writer.logos),
            size=self.row.size + len(content),
            clock=header.clock if header.group == Head.KIND else None,
        )

    def _end(self) -> None:
        """Sum up the parts, store the logos, and fix the manifest on the row."""
        total = Sum()
        for part in self.row.parts:
            total.add(part.counts, part.gross, part.register)
        series = tuple(self._series(total))
        agree(total, series)
        blobs, missing = self._logos()
        (head,) = [line.data or {} for line in self.objects.merged(self.row.parts, Head.KIND)]
        row, counts = self.row, {name: count for name, count in total.counts.items() if count}
        from chalicelib.policy.load import policy_version

        at = self.world.now()
        manifest = Manifest(
            schema=SCHEMA,
            company=row.company,
            backup=row.id,
            tier=row.tier,
            begun=row.begun,
            clock=row.clock or 0,
            cut_at=at,
            chain=head["chain"],
            keys=self.objects.cipher.keys,
            policy_version=policy_version(),
            build=self.world.settings.build,
            previous=row.previous,
            tombstones=self._tombstones(),
            parts=row.parts,
            blobs=blobs,
            missing=missing,
            counts=counts,
            gross=total.gross,
            series=series,
            size=row.size + sum(blob.size for blob in blobs),
        )
        stored = manifests.written(manifest, self.objects.cipher)
        self.row = replace(
            row, cut_at=at, counts=counts, size=manifest.size, manifest=stored, manifest_hash=manifests.hash_of(stored)
        )

    def _series(self, total: Sum) -> Iterator[SeriesHead]:
        """The heads of the series of the register. Other series have numbers, and no entries that prove them."""
        for line in self.objects.merged(self.row.parts, Series.KIND):
            found = line.record(self.company)
            assert isinstance(found, Series)  # noqa: S101 — the group holds no other kind
            if not in_register(found.document):
                continue
            stretch = total.register.get(found.id)
            yield SeriesHead(
                series=found.id,
                first=found.first,
                next=found.next,
                swept=found.swept,
                chain=found.chain,
                entries=stretch.entries if stretch else 0,
            )

    def _logos(self) -> tuple[tuple[Blob, ...], tuple[str, ...]]:
        """Every logo that a row names, once, and the names of missing ones. A logo of an issued document is encrypted
        under the statutory key."""
        blobs: list[Blob] = []
        missing: list[str] = []
        for logo in self.row.logos:
            name = f"logo-{sha256(logo.key.encode()).hexdigest()[:32]}"
            key_class: KeyClass = "statutory" if logo.frozen else "working"
            try:
                content = self.objects.cipher.encrypt(name, key_class, self.world.files.read(logo.key, MOST_LOGO))
            except (NotFound, TooLarge):
                missing.append(logo.key)
                continue
            if not self.world.files.put(self.objects.prefix + name, content, MEDIA):
                content = self.world.files.read(self.objects.prefix + name, MOST_OBJECT)
                self.objects.cipher.decrypt(name, content)
            digest = sha256(content).hexdigest()
            blobs.append(Blob(name=name, key=logo.key, seal=key_class, size=len(content), sha256=digest))
        return tuple(blobs), tuple(missing)

    def _tombstones(self) -> Tombstones:
        clocks = [
            int(row["clock"]["N"]) if "clock" in row else 0
            for row in self.world.store.stream("requests", self.company, f"{Tombstone.KIND}#")
        ]
        return Tombstones(count=len(clocks), clock=max(clocks, default=0))
