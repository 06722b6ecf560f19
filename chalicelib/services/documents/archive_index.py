"""The index of archived invoices by the words of their number and of their buyer's name. Nothing else finds them by
number: no series of ours has them. A search reads all keys, and the rows of those that fit."""

from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.domain.documents.archived_invoice import WORDS, ArchivedInvoice
from chalicelib.domain.search import CUT
from chalicelib.store.wire import Store

_END = f"{WORDS[:-1]}$"
"""The sign after "#", so that the range holds words of any script."""


class ArchiveEntry(NamedTuple):
    """An archived invoice by the folded words of its number and of its buyer's name. A long text is cut."""

    id: str
    number: str
    buyer: str

    @property
    def words(self) -> list[str]:
        """All its words, and the sign of a text that was cut."""
        cut = [CUT] if self.buyer.endswith(CUT) else []
        return [*self.number.split(), *self.buyer.split(), *cut]


def archive_entries(store: Store, company: str) -> Iterator[ArchiveEntry]:
    """The entries of all archived invoices of a company, in no order of ids. Raises Busy."""
    low, more = WORDS, True
    while more:
        entries, more = store.entries(ArchivedInvoice.TABLE, "open", company, low, _END)
        for entry in entries:
            text, _, id = entry.key.removeprefix(WORDS).rpartition("#")
            number, _, buyer = text.partition("|")
            yield ArchiveEntry(id, number, buyer)
        low = f"{entries[-1].key}!" if entries else low
