"""Reads of a company. They go through a `Reader`, which exists only for an open company."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pynamodb.expressions.condition import Condition

from chalicelib.domain.companies.company import Company, Head, require_open
from chalicelib.domain.companies.member import ApiKey, Member, proven_address
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound
from chalicelib.store.wire import MAX_TRANSACTION, SORT, IndexEntry, RowPage, Store, start_after

R = TypeVar("R", bound=Record)
KNOWN_MAKERS = 10_000
"""The number of keys whose maker a process remembers."""
MOST_MEMBERSHIPS = 1_000
PARTY_ROWS = 50
"""Rows of a party that are read at once."""


@dataclass(frozen=True)
class Admission:
    """A company's head and the row that grants access (a membership, an API key), read at one moment. `maker` is the
    membership of the person who made the key."""

    head: Head | None
    entity: Record | None
    maker: Record | None = None


def admit(store: Store, company: str, ref: Ref, maker: Ref | None = None) -> Admission:
    """Read all of them in one round trip."""
    head, found, *maker_rows = store.records([Head.ref(company), ref, *([maker] if maker else [])])
    return Admission(head if isinstance(head, Head) else None, found, *maker_rows)


_MAKERS: dict[tuple[str, str], str] = {}
"""The sign-ins of the members who made API keys, by company and key, the first one known first. They never change."""


def known_maker(company: str, key: str) -> str | None:
    """The sign-in of the member who made an API key, if this process has seen it. The admission reads the membership
    itself with the key, so it detects a maker who left."""
    return _MAKERS.get((company, key))


def maker_of(store: Store, key: ApiKey) -> Member | None:
    """The membership of the member who made an API key, read from all members and remembered; None if they left."""
    for row in store.all_of(Member, key.company):
        if row.id == key.created_by:
            if len(_MAKERS) >= KNOWN_MAKERS:
                _MAKERS.pop(next(iter(_MAKERS)), None)
            _MAKERS[key.company, key.id] = row.user
            return row
    return None


def companies_of(store: Store, user: str) -> list[Member]:
    """A person's memberships, by the index on users (eventually consistent; at most 1,000)."""
    return _members(store, "user", user)


def members_with(store: Store, email_key: str) -> list[Member]:
    """The memberships whose e-mail has this keyed digest (eventually consistent; at most 1,000)."""
    return _members(store, "email", email_key)


def proven_members_with(store: Store, email_key: str) -> list[Member]:
    """The memberships of `members_with` whose holder has proven the address."""
    found = members_with(store, email_key)
    refs = [Company.ref(row.company) for row in found if row.proven is None]
    # The function that mails may read single rows, and no batch.
    read = [row for at in range(0, len(refs), MAX_TRANSACTION) for row in store.records(refs[at:][:MAX_TRANSACTION])]
    profiles = {row.company: row for row in read if isinstance(row, Company)}
    return [row for row in found if proven_address(row, profiles.get(row.company))]


def _members(store: Store, index: str, value: str) -> list[Member]:
    rows = islice(store.all("identity", value, index=index), MOST_MEMBERSHIPS)
    return [row for row in rows if isinstance(row, Member)]


def index_entries(
    store: Store, cls: type[Record], index: str, company: str, prefix: str, limit: int | None = None
) -> Iterator[IndexEntry]:
    """The entries of a local index whose key begins with `prefix`, in the order of keys: the keys of rows, and no row.
    A page has `limit` entries, or 1 MB. Raises Busy."""
    low, more = prefix, True
    while more:
        entries, more = store.entries(cls.TABLE, index, company, low, f"{prefix}~", limit=limit)
        yield from entries
        low = f"{entries[-1].key}!" if entries else low


def rows_of_party(store: Store, cls: type[R], company: str, party: str, after: str | None = None) -> Iterator[R]:
    """The rows of this class that name the party, by id, after the id `after`. Raises Busy."""
    prefix, more = f"{cls.KIND}#{party}#", True
    low = f"{prefix}{after}!" if after else prefix
    while more:
        entries, more = store.entries(cls.TABLE, "customer", company, low, f"{prefix}~", limit=PARTY_ROWS)
        refs = [Ref(cls.TABLE, company, entry.sort) for entry in entries]
        rows = store.batch(refs)
        yield from (row for ref in refs if isinstance(row := rows.get(ref), cls))
        low = f"{entries[-1].key}!" if entries else low


@dataclass(frozen=True)
class Reader:
    """Reads one open company. Every key has the company as its partition, so other companies cannot be read."""

    store: Store
    company: str
    head: Head

    def get(self, cls: type[R], id: str, **parts: str) -> R:
        """The record of this class and id. Raises NotFound."""
        (found,) = self.many(cls, [id], **parts)
        if found is None:
            raise NotFound
        return found

    def many(self, cls: type[R], ids: Sequence[str], **parts: str) -> list[R | None]:
        """The records of this class with these ids (at most 100), None for a missing one, read at one moment."""
        found = self.store.records([cls.ref(self.company, id, **parts) for id in ids])
        return [record if isinstance(record, cls) else None for record in found]

    def of(self, refs: Iterable[Ref]) -> list[Record | None]:
        """The records at these addresses of this company, read at one moment."""
        own = [ref._replace(company=self.company) for ref in refs]
        return self.store.records(own)

    def batch(self, refs: Iterable[Ref]) -> dict[Ref, Record]:
        """The records at these addresses of this company that exist: cheaper than `of`, but not as of one moment."""
        return self.store.batch([ref._replace(company=self.company) for ref in refs])

    def entries(
        self, table: str, index: str, low: str, high: str, *, descending: bool = False, limit: int | None = None
    ) -> tuple[tuple[IndexEntry, ...], bool]:
        """The entries of a local index of this company, as `Store.entries` has them."""
        return self.store.entries(table, index, self.company, low, high, descending=descending, limit=limit)

    def page(
        self,
        table: str,
        where: Condition,
        *,
        after: str | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> RowPage:
        """One page of this company's rows in `table` by sort key."""
        start = start_after(self.company, after) if after else None
        return self.store.query(table, self.company, where, after=start, descending=descending, limit=limit)

    def all(self, table: str, prefix: str) -> Iterator[Record]:
        """Every row of `table` whose sort key begins with `prefix`, in order, a page at a time."""
        return self.store.all(table, self.company, SORT.startswith(prefix))


def open_company(store: Store, company: str, head: Head | None = None) -> Reader:
    """A reader of the company. `head` saves a round trip if the caller has just read it. Raises NotFound,
    CompanyBlocked, CompanyRestoring."""
    found = head or store.records([Head.ref(company)])[0]
    if not isinstance(found, Head):
        raise NotFound
    require_open(found)
    return Reader(store, company, found)
