"""Reads the compact index of texts: every record of a kind, by its folded words."""

from collections.abc import Iterator

from chalicelib.domain.entity import Record
from chalicelib.domain.search import TextEntry
from chalicelib.store.wire import Store


def texts(store: Store, company: str, cls: type[Record]) -> Iterator[TextEntry]:
    """Every record of a kind as the index of texts states it, in no order of ids.

    The read is eventually consistent, which halves its cost: it misses what was written in the last moment. Raises
    Busy.
    """
    low, last = f"{cls.KIND}#", f"{cls.KIND}$"  # "$" follows "#", so the range holds texts in any script
    more = True
    while more:
        entries, more = store.entries(cls.TABLE, "text", company, low, last, consistent=False)
        yield from (TextEntry.of(entry.key) for entry in entries)
        low = f"{entries[-1].key}!" if entries else last
