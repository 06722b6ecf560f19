"""Reads the compact index of texts: every record of a kind, by its folded words."""

from collections.abc import Callable, Iterator

from chalicelib.domain.entity import Record
from chalicelib.domain.search import CUT, TextEntry
from chalicelib.store.wire import Store


def texts(store: Store, company: str, cls: type[Record], fits: Callable[[str], bool]) -> Iterator[TextEntry]:
    """The records of a kind as the index of texts states them, in no order of ids: those whose key `fits`, and those
    whose text was cut. The others are not taken apart, which is most of the work.

    The read is eventually consistent, which halves its cost: it misses what was written in the last moment. Raises
    Busy.
    """
    low, last = f"{cls.KIND}#", f"{cls.KIND}$"  # "$" follows "#", so the range holds texts in any script
    more = True
    while more:
        entries, more = store.entries(cls.TABLE, "text", company, low, last, consistent=False)
        yield from (TextEntry.of(entry.key) for entry in entries if CUT in entry.key or fits(entry.key))
        low = f"{entries[-1].key}!" if entries else last
