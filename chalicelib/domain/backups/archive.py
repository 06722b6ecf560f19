"""The progress of the statutory archive. It stores each issued document once, where nobody can change or delete it."""

from chalicelib.domain.entity import Record, entity, kept


@entity("archived", table="journal", prefix="cmp", sort="archived")
class Archived(Record):
    """The archive holds every document that the company issued up to the clock `clock`."""

    clock: int = kept("journal.clock")
