"""How far the statutory archive has come: issued documents, each stored once where nobody can alter or delete it."""

from chalicelib.domain.entity import Record, entity, kept


@entity("archived", room="journal", prefix="cmp", sort="archived")
class Archived(Record):
    """Every document that the company issued up to its clock `clock` lies in the archive."""

    clock: int = kept("journal.clock")
