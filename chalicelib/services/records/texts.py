"""Reads the compact index of words: every record of a kind, by its folded words."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from pynamodb.expressions.operand import Path

from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.search import CUT, KEY, TextEntry, expanded
from chalicelib.store.wire import SORT, Store

WORDS: Final = Path(KEY)
ENTRY: Final = SORT.startswith(JournalEntry.SORT.partition("{")[0])
LATE: Final = timedelta(seconds=20)
"""Older commits are in the index by now. DynamoDB needs less than a second as a rule, and a commit may follow its
call by ten seconds."""
ENTRIES_AT_ONCE: Final = 10
MOST_ENTRIES: Final = 100
"""Commits that a search reads again at most."""
MOST_RECORDS: Final = 200
"""Changed records that a search reads at most. A consistent read of the index costs less than more of them."""


def texts(store: Store, company: str, cls: type[Record], fits: Callable[[str], bool]) -> Iterator[TextEntry]:
    """The records of a kind by their words, in no order of ids: those whose expanded key `fits`, and those whose text
    was cut. The others are not taken apart, which is most of the work.

    The read of the index is eventually consistent, which halves its cost. The records that the latest commits changed
    are read themselves, so nothing is missed. After a push of many records, the index is read consistently instead.
    Raises Busy.
    """
    latest = changed(store, company, cls)
    if many := len(latest) > MOST_RECORDS:
        latest = set()
    for ref, record in store.batch(sorted(latest)).items():
        (key,) = expanded(record.index_keys().values())
        if CUT in key or fits(key):
            yield TextEntry.of(ref.sort, key)
    low, high = f"{cls.PREFIX}#", f"{cls.PREFIX}$"  # "$" follows "#", so the range holds texts in any script
    after = None
    while True:
        page = store.query(
            cls.TABLE, company, WORDS.between(low, high), index="words", after=after, limit=None, consistent=many
        )
        for entry, key in zip(page.entries, expanded(entry.key for entry in page.entries), strict=True):
            if (CUT in key or fits(key)) and Ref(cls.TABLE, company, entry.sort) not in latest:
                yield TextEntry.of(entry.sort, key)
        if (after := page.next) is None:
            return


def changed(store: Store, company: str, cls: type[Record]) -> set[Ref]:
    """The addresses of the records that the latest commits changed: those of the last seconds before the last one."""
    found: set[Ref] = set()
    after, read, newest = None, 0, None
    while read < MOST_ENTRIES:
        page = store.query(JournalEntry.TABLE, company, ENTRY, after=after, descending=True, limit=ENTRIES_AT_ONCE)
        for entry in page.records:
            if not isinstance(entry, JournalEntry):
                continue
            newest = newest or entry.created_at
            if entry.created_at < newest - LATE:
                return found
            own = (each for each in entry.changes if (each.room, each.kind) == (cls.TABLE, cls.KIND))
            found |= {cls.ref(company, each.id) for each in own}
        if (after := page.next) is None:
            return found
        read += ENTRIES_AT_ONCE
    return found
