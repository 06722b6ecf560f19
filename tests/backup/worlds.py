"""Companies to back up, and backups of them."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.backups.backup import Backup, Tier
from chalicelib.domain.companies.company import Head
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.services.backup.create import backup_run
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.wiring import World
from tests.conftest import Shop
from tests.rows import delete_row

MOST = 400
"""Advances after which a backup of a test has no more excuse."""


class Company(Protocol):
    """A company somewhere."""

    @property
    def world(self) -> World:
        """The world of the company."""

    @property
    def company(self) -> str:
        """Its id."""


@dataclass(frozen=True)
class Plain:
    """A company without the application in front of it."""

    world: World
    company: str


@dataclass(frozen=True)
class Books:
    """A company behind the application, whose backup is on."""

    shop: Shop

    @property
    def world(self) -> World:
        """The world of the company."""
        return self.shop.world

    @property
    def company(self) -> str:
        """Its id."""
        return self.shop.company

    def opened(self, backup: Backup) -> Archive:
        """The backup's archive."""
        return opened(self, backup)


def turned_on(shop: Shop) -> Books:
    """The company with its backup switch on."""
    switched = shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*")
    assert switched.status == 200, switched.text
    return Books(shop)


def begun(books: Company, tier: Tier = "daily") -> Backup:
    """A backup that runs; its job is done by hand here."""
    world = books.world
    call = world.call(books.company, "usr_test", "backup", key=world.random(8).hex())
    made = backup_run.begin(world, call, tier)
    delete_row(world.store, JobRow.ref(books.company, made.job))
    return made.backup


def ended(books: Company, backup: Backup) -> Backup:
    """The backup after as many advances as it takes."""
    for _ in range(MOST):
        if backup.status != "running":
            return backup
        backup = backup_run.advance(books.world, backup)
    raise AssertionError("the backup never ends")


def taken(books: Company, tier: Tier = "daily") -> Backup:
    """A backup that has ended."""
    return ended(books, begun(books, tier))


def opened(books: Company, backup: Backup) -> Archive:
    """The backup's archive."""
    return open_archive(books.world, books.company, backup.id)


def stored(books: Company, backup: Backup) -> Backup | None:
    """The backup's row as it is now."""
    (row,) = books.world.store.records([Backup.ref(books.company, backup.id)])
    return row if isinstance(row, Backup) else None


def objects(books: Company, backup: Backup) -> list[str]:
    """The names of everything that lies under the backup's prefix."""
    prefix = prefixes.backup(backup.tier, books.company, backup.id)
    return [key.removeprefix(prefix) for key in books.world.files.list(prefix)]


def clock(books: Company) -> int:
    """The number of the company's commits."""
    (head,) = books.world.store.records([Head.ref(books.company)])
    assert isinstance(head, Head)
    return head.clock
