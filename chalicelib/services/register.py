"""The register: every number of a series, its document and state; and the proof that nothing was changed since."""

from dataclasses import dataclass
from datetime import date
from itertools import islice

from chalicelib.domain.call import Answer
from chalicelib.domain.company import Company, Series
from chalicelib.domain.document import Balance, CreditNote, Invoice, Issued, RegisterEntry
from chalicelib.domain.errors import NotFound
from chalicelib.domain.issuing import document_hash
from chalicelib.domain.money import amount_text
from chalicelib.domain.numbering import current, genesis, link, series_name
from chalicelib.domain.paying import status
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

BATCH = 10
"""Documents read at once: a transaction reads 4 MB at most, a document is 380 KB at most."""
VERIFIED_AT_ONCE = 600
KINDS: dict[str, type[Issued]] = {"invoice": Invoice, "credit_note": CreditNote}


def series(reader: Reader) -> Answer:
    """Every series of the company with its next number."""
    found = [row for row in reader.all("ledger", "series#") if isinstance(row, Series)]
    data = [
        {
            "id": row.id,
            "object": "series",
            "document": row.document,
            "first": row.first,
            "next": row.next,
            "last_date": row.last_date.isoformat() if row.last_date else None,
            "hash": row.chain,
        }
        for row in found
    ]
    return Answer({"object": "list", "data": data, "has_more": False, "url": "/v1/series"})


def entries(reader: Reader, name: str | None, year: int, *, limit: int, starting_after: int) -> Answer:
    """The numbers of a series in order, each with its document's state and hash; without a name, the invoices' series
    of the year. Raises NotFound."""
    if not (name := name or _named(reader, year)):
        return Answer({"object": "list", "data": [], "has_more": False, "url": "/v1/register"})
    reader.get(Series, name)
    found = _entries(reader, name, starting_after, limit + 1)
    states = _states(reader, found[:limit])
    data = [
        {
            "object": "register_entry",
            "series": entry.series,
            "position": entry.position,
            "number": entry.number,
            "document": entry.document,
            "kind": entry.document_kind,
            "status": states[entry.document],
            "issue_date": entry.issue_date.isoformat(),
            "gross": amount_text(entry.gross),
            "hash": entry.hash,
            "chain": entry.chain,
        }
        for entry in found[:limit]
    ]
    return Answer(
        {"object": "list", "data": data, "has_more": len(found) > limit, "url": f"/v1/register?series={name}"}
    )


def _named(reader: Reader, year: int) -> str | None:
    """The invoices' series of the year: the one that the pattern in force names, else the last that was used."""
    name = series_name(current(reader.get(Company, ""), "invoice"), date(year, 12, 31))
    if reader.many(Series, [name])[0]:
        return name
    found = [row for row in reader.all("ledger", "series#") if isinstance(row, Series) and row.document == "invoice"]
    used = [(row.last_date, row.id) for row in found if row.last_date and row.last_date.year == year]
    return max(used)[1] if used else None


def _entries(reader: Reader, name: str, after: int, limit: int) -> list[RegisterEntry]:
    prefix = f"register#{name}#"
    start = f"{prefix}{after:09d}" if after else None
    rows = reader.page("ledger", SORT.startswith(prefix), after=start, limit=limit).records
    return [row for row in rows if isinstance(row, RegisterEntry)]


def _documents(reader: Reader, found: list[RegisterEntry]) -> dict[str, Issued | None]:
    documents: dict[str, Issued | None] = {}
    left = iter(found)
    while batch := list(islice(left, BATCH)):
        # An entry of an unknown kind was tampered with: there is no such document.
        kinds = [KINDS.get(entry.document_kind, Invoice) for entry in batch]
        rows = reader.of([kind.ref(reader.company, e.document) for kind, e in zip(kinds, batch, strict=True)])
        documents |= {e.document: row if isinstance(row, Issued) else None for e, row in zip(batch, rows, strict=True)}
    return documents


def _states(reader: Reader, found: list[RegisterEntry]) -> dict[str, str]:
    documents = _documents(reader, found)
    invoices = [entry.document for entry in found if entry.document_kind == "invoice"]
    balances = dict(zip(invoices, reader.many(Balance, invoices), strict=True))
    return {
        id: status(document, balances[id]) if isinstance(document, Invoice) else "issued" if document else "missing"
        for id, document in documents.items()
    }


@dataclass
class _Walk:
    """A walk along a series: what the chain should be next, and the first thing that was not as it should be."""

    position: int
    chain: str
    checked: int = 0
    fault: tuple[int, str] | None = None

    def meet(self, entry: RegisterEntry, document: Issued | None) -> None:
        """Check one entry against its document and the one before it."""
        self.chain = link(self.chain, document_hash(document)) if document else self.chain
        wrong = (
            "gap"
            if entry.position != self.position
            else "document_missing"
            if document is None
            else "document_changed"
            if document.hash != document_hash(document)
            else "entry_changed"
            if not _agree(entry, document)
            else "chain_broken"
            if not self.chain == entry.chain == document.chain
            else None
        )
        if wrong:
            self.fault = (entry.position, wrong)
            return
        self.position += 1
        self.checked += 1


def _agree(entry: RegisterEntry, document: Issued) -> bool:
    """Whether the entry says of its document what the document says of itself."""
    said = (entry.series, entry.position, entry.number, entry.document_kind, entry.issue_date, entry.gross, entry.hash)
    return said == (
        document.series,
        document.position,
        document.number,
        document.KIND,
        document.issue_date,
        document.totals.gross,
        document.hash,
    )


def verify(reader: Reader, name: str | None, year: int, *, after: int = 0) -> Answer:
    """Recompute the chain of a series from the documents themselves, at most 600 numbers at a time: `next` says where
    to go on (the entry before it is trusted as already verified). Of numbers that left at their term the series
    keeps the last one's chain, and the walk begins there. Raises NotFound."""
    if not (name := name or _named(reader, year)):
        raise NotFound
    head = reader.get(Series, name)
    walk = _Walk(position=max(after + 1, head.first, head.swept + 1), chain=_anchor(reader, head, after))
    ended = False
    while walk.fault is None and walk.checked < VERIFIED_AT_ONCE and not ended:
        found = _entries(reader, name, walk.position - 1, VERIFIED_AT_ONCE - walk.checked)
        documents = _documents(reader, found)
        for entry in found:
            if walk.fault is None:
                walk.meet(entry, documents[entry.document])
        ended = not found
    head = reader.get(Series, name)  # again: documents may have been issued meanwhile, each together with its entry
    complete = walk.position == head.next
    if walk.fault is None:
        if walk.position > head.next or (complete and walk.chain != head.chain):
            walk.fault = (walk.position - 1, "head_mismatch")
        elif ended and not complete and not _entries(reader, name, walk.position - 1, 1):
            walk.fault = (walk.position, "gap")
    return Answer(
        {
            "object": "verification",
            "series": name,
            "verified": walk.fault is None,
            "checked": walk.checked,
            "complete": complete,
            "next": None if complete or walk.fault else walk.position - 1,
            "fault": {"position": walk.fault[0], "code": walk.fault[1]} if walk.fault else None,
            "hash": walk.chain,
        }
    )


def _anchor(reader: Reader, head: Series, after: int) -> str:
    if after <= head.swept and head.anchor:
        return head.anchor
    if after < head.first:
        return genesis(reader.company, head.id)
    entry = reader.many(RegisterEntry, [""], series=head.id, position=after)[0]  # type: ignore[arg-type]
    if entry is None:
        raise NotFound
    return entry.chain
