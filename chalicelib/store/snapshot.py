"""The snapshot on which a transaction decides: rows of one company, all read at one moment."""

from collections.abc import Sequence
from typing import Any, TypeVar

from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound
from chalicelib.store import codec

R = TypeVar("R", bound=Record)


class Unread(Exception):
    """`decide` asked for rows that the snapshot lacks; `transact` reads again with them."""

    def __init__(self, refs: Sequence[Ref]) -> None:
        super().__init__()
        self.refs = refs


class Snapshot:
    """The rows that were read, all at one moment."""

    def __init__(self, company: str, head: Head | None, rows: dict[Ref, codec.Row | None]) -> None:
        self.company = company
        self._head = head
        self._rows = rows

    @property
    def head(self) -> Head:
        """The company's head. Raises NotFound where the company does not exist."""
        if self._head is None:
            raise NotFound
        return self._head

    @property
    def known(self) -> Head | None:
        """The company's head; None where the company does not exist."""
        return self._head

    @property
    def clock(self) -> int:
        """The number of the company's commits."""
        return self._head.clock if self._head else 0

    @property
    def founded(self) -> bool:
        """Whether the company exists."""
        return self._head is not None

    def find(self, cls: type[R], *ids: str, **parts: Any) -> list[R | None]:
        """The records of this class with these ids, None for a missing one."""
        refs = [cls.ref(self.company, id, **parts) for id in ids]
        if missing := [ref for ref in refs if ref not in self._rows]:
            raise Unread(missing)
        rows = [self._rows[ref] for ref in refs]
        return [codec.from_row(cls.TABLE, row) if row else None for row in rows]  # type: ignore[misc]

    def get(self, cls: type[R], id: str = "", **parts: Any) -> R | None:
        """The record of this class and id, or None."""
        return self.find(cls, id, **parts)[0]

    def at(self, refs: Sequence[Ref]) -> list[Record | None]:
        """The records at these addresses of the company, None for a missing one."""
        self.need(*refs)
        rows = [self._rows[ref] for ref in refs]
        return [codec.from_row(ref.table, row) if row else None for ref, row in zip(refs, rows, strict=True)]

    def need(self, *refs: Ref) -> None:
        """Request several rows at once, so that they need one more round trip instead of one each."""
        if missing := [ref for ref in refs if ref not in self._rows]:
            raise Unread(missing)
