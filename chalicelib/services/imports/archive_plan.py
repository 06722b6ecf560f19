"""Plans what a commit does with each invoice of a file of earlier invoices: archive it, nothing, or refuse it.

An archived invoice is frozen, so a file never changes one. It is counted once: a document that the archive or the
register has under another name is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Address, Company, Head
from chalicelib.domain.companies.duplicates import compared
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.archived_invoice import ArchivedInvoice, ArchivedInvoiceBalance, archived_id
from chalicelib.domain.documents.archiving import (
    ArchiveSlot,
    EarlierInvoice,
    archived,
    doubts,
    says_the_same,
    series_of,
)
from chalicelib.domain.documents.balance import fresh
from chalicelib.domain.documents.model import Buyer
from chalicelib.domain.documents.number_search import folded_place_of
from chalicelib.domain.documents.numbering import history
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import Fault, InvalidContent, invalid
from chalicelib.domain.imports.model import Import, ImportColumn, Source
from chalicelib.domain.morocco.vat import check_rate
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.domain.text import clean, words
from chalicelib.services.documents.archive_index import ArchiveEntry
from chalicelib.services.imports.archive_groups import Group, Grouping
from chalicelib.services.imports.entering import Refused, checked
from chalicelib.services.imports.matching import Matches, SeveralMatch
from chalicelib.services.imports.planning import Planned
from chalicelib.services.imports.sheet import Row
from chalicelib.services.inputs.archived_invoices import ArchivedInvoiceIn, BuyerIn

TOGETHER: Final = 50
"""Invoices whose stored rows are read together."""
_SAME: Final = (
    "number",
    "issue_date",
    "operation_date",
    "due_date",
    "language",
    "status",
    "paid",
    "balance",
    "payment_mode",
    "notes",
    "buyer_reference",
    "order_reference",
)
"""The values that an invoice has as they are entered."""


@dataclass(frozen=True)
class Archive:
    """The company's rows that a plan needs. `term_over` is the last day whose documents are past their statutory term.
    `entries` finds all archived invoices, and `read` reads rows."""

    company: Company
    head: Head
    customers: Matches
    term_over: date
    entries: Callable[[], Iterable[ArchiveEntry]]
    read: Callable[[Sequence[Ref]], Mapping[Ref, Record]]

    @cached_property
    def by_number(self) -> Mapping[str, list[str]]:
        """The ids of the archived invoices by the words of their number."""
        found: dict[str, list[str]] = {}
        for entry in self.entries():
            found.setdefault(entry.number, []).append(entry.id)
        return found

    def copies(self, document: ArchivedInvoice) -> list[Ref]:
        """Where the same document may lie under another name: in another series, or in the register."""
        company, key = document.company, " ".join(words(document.number))
        others = [id for id in self.by_number.get(key, ()) if id != document.id]
        places = {folded_place_of(each, document.number) for each in history(self.company)} - {None}
        return [
            *(ArchivedInvoice.ref(company, id) for id in others),
            *(RegisterEntry.ref(company, series=place[0], position=place[1]) for place in places if place),
        ]


@dataclass(frozen=True)
class Made:
    """The document of the rows of an invoice, and warnings about it."""

    group: Group
    document: ArchivedInvoice
    warnings: tuple[Refused, ...] = ()


class ArchivePlanner:
    """Plans the invoices of one import in their order. An invoice whose number came before is refused."""

    def __init__(
        self, imported: Import, call: Call, columns: Sequence[ImportColumn], archive: Archive, source: Source | None
    ) -> None:
        self.call = call
        self.archive = archive
        self.source = source if source != "facture" else None  # Our own exports state the series.
        self.grouping = Grouping(imported.kind, columns)
        self._taken: dict[str, int] = {}
        self._seen: dict[tuple[str, date, Decimal], int] = {}

    def plan(self, rows: Iterable[Row], after: int = 0) -> Iterator[tuple[Row, Planned]]:
        """The first row of each invoice with its plan, which has the number of its last row. The invoices up to the
        row `after` are done: only their numbers are noted."""
        pending: list[tuple[Row, Made | Planned]] = []
        for group in self.grouping.groups(rows):
            if group.last <= after:
                id = archived_id(series_of(group.stated("series") or self.source), clean(group.stated("number") or ""))
                self._taken.setdefault(id, group.first.number)
                continue
            pending.append((group.first, self._made(group)))
            if len(pending) == TOGETHER:
                yield from self._compared(pending)
                pending = []
        yield from self._compared(pending)

    def _made(self, group: Group) -> Made | Planned:
        """The document of an invoice, or the reasons why there is none."""
        if refused := self.grouping.refused(group):
            return Planned(group.last, "refused", refused=refused)
        content, lines = self.grouping.content(group)
        model, faults = checked(ArchivedInvoiceIn, content)
        if not isinstance(model, ArchivedInvoiceIn):
            return Planned(group.last, "refused", refused=self.grouping.located(group, lines, faults))
        try:
            return self._document(group, model)
        except InvalidContent as refusal:
            return Planned(group.last, "refused", refused=self.grouping.located(group, lines, refusal.faults))

    def _document(self, group: Group, model: ArchivedInvoiceIn) -> Made:
        """The document that a client entered. Raises InvalidContent."""
        self._require_ours(model)
        customer, warnings = self._customer(group, model)
        earlier = _earlier(model, self.source, customer)
        first = self._taken.setdefault(earlier.id, group.first.number)
        if first != group.first.number:
            raise invalid("/number", "number_repeated", first=first)
        salt, specimen = self.call.random("document", earlier.id)[:16], self.archive.head.mode == "test"
        document = archived(self.archive.company, earlier, customer, ArchiveSlot(self.call.at, salt, specimen))
        first = self._seen.setdefault(_facts(document), group.first.number)
        if first != group.first.number:
            raise invalid("/number", "number_repeated", first=first)
        cells = tuple(each for _, entered in group.rows for each in entered.warnings)
        doubtful = self.grouping.located(group, (), tuple(doubts(earlier, document)))
        return Made(group, document, (*cells, *warnings, *doubtful, *self._about_rates(group, document)))

    def _require_ours(self, model: ArchivedInvoiceIn) -> None:
        """Refuse another seller's invoice, one past its statutory term, and one of an erased person."""
        ours, stated = self.archive.company.ice, model.seller.ice if model.seller else None
        if stated is not None and compared({"ice": stated}) != compared({"ice": ours}):
            raise invalid("/seller/ice", "seller_is_another")
        if model.issue_date <= self.archive.term_over:
            raise invalid("/issue_date", "statutory_term_over", through=self.archive.term_over.isoformat())
        if model.customer and is_erased(self.archive.head, model.customer):
            raise invalid("/customer", "erased_person")

    def _customer(self, group: Group, model: ArchivedInvoiceIn) -> tuple[Customer | None, tuple[Refused, ...]]:
        """The customer by id, else by ICE, else by name, and a warning if there is none."""
        sought = {"id": model.customer, "ice": model.buyer.ice, "name": model.buyer.name}
        code = "customer_kept_as_text"
        try:
            found = self.archive.customers.find({name: text for name, text in sought.items() if text})
        except SeveralMatch:
            found, code = None, "several_customers"
        if isinstance(found, Customer):
            return found, ()
        if not model.buyer.name:
            raise invalid("/buyer/name", "missing")
        return None, (self.grouping.refusal(group.first, "buyer.name", code),)

    def _about_rates(self, group: Group, document: ArchivedInvoice) -> Iterator[Refused]:
        """Warnings about rates of TVA that were not in force. The invoice was issued with them, so they stay."""
        for share in document.totals.vat:
            for finding in check_rate(share.rate, share.exemption, document.operation_date):
                if finding.code == "vat_rate_not_in_force":
                    yield self.grouping.refusal(group.first, "line.vat_rate", finding.code, **dict(finding.params))

    def _compared(self, pending: Sequence[tuple[Row, Made | Planned]]) -> Iterator[tuple[Row, Planned]]:
        """The plans of these invoices, after one read of what the company has of them."""
        copies = {made.document.id: self.archive.copies(made.document) for _, made in pending if isinstance(made, Made)}
        own = [made.document.key for _, made in pending if isinstance(made, Made)]
        found = self.archive.read([*own, *(ref for refs in copies.values() for ref in refs)])
        for row, made in pending:
            if isinstance(made, Planned):
                yield row, made
                continue
            same = [found[ref] for ref in copies[made.document.id] if ref in found]
            yield row, replace(self._planned(made, found.get(made.document.key), same), warnings=made.warnings)

    def _planned(self, made: Made, known: Record | None, copies: Sequence[Record]) -> Planned:
        document, group = made.document, made.group
        if isinstance(known, ArchivedInvoice):
            if says_the_same(known, document):
                return Planned(group.last, "unchanged", document)
            return self._refuse(group, "archived_otherwise")
        for copy in copies:
            if isinstance(copy, ArchivedInvoice) and _facts(copy) == _facts(document):
                return self._refuse(group, "archived_already", series=copy.series)
            entry = copy if isinstance(copy, RegisterEntry) else None
            if entry and (_folded(entry.number), entry.issue_date, entry.gross) == _facts(document):
                return self._refuse(group, "in_register_already")
        return Planned(group.last, "new", document, more=(fresh(document, ArchivedInvoiceBalance),))

    def _refuse(self, group: Group, code: str, **params: Any) -> Planned:
        fault = Fault("/number", code, params)
        return Planned(group.last, "refused", refused=self.grouping.located(group, (), (fault,)))


def _facts(document: ArchivedInvoice) -> tuple[str, date, Decimal]:
    """The key that tells one invoice of the company from another, whatever its series and the writing of its number."""
    return _folded(document.number), document.issue_date, document.totals.gross


def _folded(number: str) -> str:
    """A number by its words, because programs write it with other signs and letters; without words, as it is."""
    return " ".join(words(number)) or number


def _earlier(model: ArchivedInvoiceIn, source: Source | None, customer: Customer | None) -> EarlierInvoice:
    """The invoice of a model."""
    metadata = {name: text for name, text in (model.metadata or {}).items() if text is not None}
    return EarlierInvoice(
        **{name: getattr(model, name) for name in _SAME},
        series=series_of(model.series or source),
        buyer=_buyer(model.buyer, customer),
        lines=[line.line() for line in model.lines],
        sums=model.totals.sums(),
        metadata=metadata or None,
    )


def _buyer(stated: BuyerIn, customer: Customer | None) -> Buyer:
    """The buyer as the file states them. Their kind, and the name that a file leaves out, are those of the customer."""
    kind = customer.kind if customer else "business" if stated.ice else "consumer"
    return Buyer(
        name=stated.name or (customer.name if customer else ""),
        kind=stated.kind or kind,
        ice=stated.ice,
        tax_id=stated.tax_id,
        address=Address(**stated.address.model_dump(exclude_unset=True)) if stated.address else Address(),
    )
