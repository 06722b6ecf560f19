"""The document type: one frozen record a kind answers every question that the product asks of a kind.

No field has a default: a kind that leaves a question open is a TypeError when its module is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from chalicelib.domain.companies.party import Customer, Party, Supplier
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.model import REFERENCES, DraftDocument, Issued, Registered
from chalicelib.domain.documents.view import FactKind, TotalKind
from chalicelib.domain.entity import Record
from chalicelib.domain.language import Language

DRAFT: Final = "draft"
"""The stored state of a document that has no number yet."""
Counterparty = Literal["customer", "supplier"]
Payable = Literal["none", "we_receive", "we_pay"]
Translated = Mapping[Language, str]
ENTERED_VALUES: Final[frozenset[Any]] = frozenset({str, date, Decimal, bool})
"""The types of an attribute that a client enters into the drafts of one kind: text, a day, an amount in dirhams, yes or
no. Each may also be None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentWords:
    """The words of one kind in the three languages."""

    title: Translated
    """The page's title ("Facture")."""
    heading: Translated
    """The heading of a list or a table of such documents ("Factures")."""
    drafts_heading: Translated | None
    """The heading of a table of drafts; None for a kind without drafts."""
    addressee: Translated
    """The label above the other party's name ("Facturé à")."""
    closing: Translated | None
    """The sentence that states the amount `{words}`; None for a document without prices."""
    original: Translated | None
    """The label of its number on a document that corrects it ("Facture d'origine"); None where nothing corrects it."""
    reduction: Translated | None
    """The description of a line that credits an amount over the document `{number}`; None where nothing corrects it."""
    set_off: Translated | None
    """The sentence about the payment in the e-invoice of a document that corrects it; None where nothing does."""
    file_name: str
    """The beginning of a page's file name. It is the same in every language."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """A verb that moves a document from one of the stored states `sources` to `target`."""

    verb: str
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueFigure:
    """The published figure that counts the documents of a kind which took a number."""

    name: str
    counts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentScopes:
    """The scopes that a caller needs to read, to write drafts, and to issue or correct."""

    read: str
    write: str
    issue: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentType:
    """The answers of one kind of document. What is stored (kind, prefix, groups) never changes its text."""

    kind: str
    """The stored kind of its rows, and the `object` of its JSON."""
    prefix: str
    """The prefix of its ids."""
    plural: str
    """The name of its table in an export."""
    path: str
    """The name of its collection, as one word of lower-case letters and hyphens."""
    words: DocumentWords

    draft: type[DraftDocument] | None
    """The class of its drafts; None for a kind that is issued at once."""
    issued: type[Issued]
    """The class of its frozen documents."""
    balance: type[Balance] | None
    """The class of the row that holds what is paid and credited; None for a kind without payments."""

    counterparty: Counterparty
    """The other party. A supplier's document has the supplier as its seller and us as its buyer."""
    person: str
    """The attribute that holds the other party's id. Erasure and access find a person's documents by it."""
    free_text: tuple[str, ...]
    """Attributes that may name anybody: each text that a client enters. They are null in the JSON of a frozen document
    whose other party was erased."""

    numbered_by: Literal["us", "other_party", "earlier_software"]
    """The giver of its numbers. The earlier software gave them before an import."""
    series: str | None
    """The default pattern of its numbers, begun anew each year; None where we do not number it."""
    dated_in_order: bool
    """Whether no document may be dated before the last one of its kind. Nothing reads it: this holds for exactly the
    documents that we number, and the registry refuses another answer."""
    fiscal: bool
    """Whether the law makes us keep it (CGI art. 211)."""
    registered: bool
    """Whether it has an entry in the register and a place in its series' hash chain."""
    priced: bool
    """Whether it states amounts. The JSON of other kinds has null for its totals and its amount in words."""
    statutory_date: str | None
    """The attribute from which its statutory term counts; None where it has no such term. A registered document's term
    counts from `issue_date`, because its register entry has no other date."""
    retention: str
    """The policy's rule for its content once it is frozen."""

    states: tuple[str, ...]
    """The stored states, the first one first."""
    transitions: tuple[Transition, ...]
    derived_states: tuple[str, ...]
    """States that follow from its balance, its dates or its children. They are never stored."""
    payable: Payable
    """The direction of its payments. Nothing reads `we_pay` yet, so it is refused."""
    converts_to: tuple[str, ...]
    """The kinds that a document may be converted to. Nothing reads it yet, so it must be empty."""
    corrects: tuple[str, ...]
    """The kinds that it corrects: a credit note corrects an invoice. The attributes `<kind>`, `<kind>_number` and
    `<kind>_date` name the corrected document, and `credited_lines` its lines."""
    code: str | None
    """UNTDID 1001, the type code of its e-invoice; None for a kind that has no e-invoice."""
    credit_code: str | None
    """UNTDID 1001 of the credit note that corrects it; None where nothing does. It is the `code` of that kind."""

    facts: tuple[FactKind, ...]
    """The facts that its page shows beside the number, in their order."""
    totals: tuple[TotalKind, ...]
    """The totals that its page shows, in their order."""
    shown: tuple[str, ...]
    """The attributes that its JSON has beyond those that all documents share."""

    backup_group: str
    """The group of its rows in a backup, and the name by which a restore chooses them."""
    draft_group: str | None
    """The group of its drafts; None for a kind without drafts."""
    figure: IssueFigure
    scopes: DocumentScopes
    on_devices: bool
    """Whether the change feed shows it to devices."""
    mailed: bool
    """Whether it may be sent by e-mail. Nothing reads it yet, so it must be False."""
    linked: bool
    """Whether it may have public links. Nothing reads it yet, so it must be False."""
    exported: bool
    """Whether the export of a whole account includes it. The export of one person always does (law 09-08 art. 7)."""
    imported: bool
    """Whether a file brings its frozen documents, by the import of the kind `plural`. It has no drafts. Its table
    in an export has one row for each line, and such an import reads it."""
    attachments: bool
    """Whether files may be attached to its drafts and its issued documents."""

    def person_of(self, document: Record) -> str | None:
        """The id of the other party of a document, or of a draft, of this kind."""
        found: str | None = getattr(document, self.person)
        return found

    def dated(self, document: Record) -> date | None:
        """The day from which the statutory term of a document of this kind counts; None where it has none."""
        found: date | None = getattr(document, self.statutory_date) if self.statutory_date else None
        return found

    @property
    def entered(self) -> tuple[str, ...]:
        """The attributes that only the drafts of this kind have. A client enters them, and the issue copies them."""
        return own_attributes(self.draft, DraftDocument, self.person) if self.draft else ()

    @property
    def erased_texts(self) -> tuple[str, ...]:
        """The attributes that are blanked with an erased person: the free texts of this kind, and the references."""
        return (*self.free_text, *REFERENCES)

    @property
    def required(self) -> tuple[str, ...]:
        """The entered attributes that a frozen document must have. A draft may lack them until its issue."""
        return tuple(name for name in self.entered if NoneType not in attribute_types(self.issued, name))

    @property
    def frozen(self) -> tuple[str, ...]:
        """The attributes that only the frozen documents of this kind have."""
        return own_attributes(self.issued, Registered if self.registered else Issued, self.person)

    @property
    def freezing(self) -> Transition:
        """The transition that ends a draft. Raises LookupError for a kind without drafts."""
        if found := [move for move in self.transitions if DRAFT in move.sources]:
            return found[0]
        raise LookupError(f"{self.kind} has no drafts")

    @property
    def frozen_state(self) -> str:
        """The stored state of a document that was just frozen."""
        return next(state for state in self.states if state != DRAFT)

    @property
    def party(self) -> Literal["buyer", "seller"]:
        """The attribute that holds the other party's identity as it was frozen."""
        return "buyer" if self.counterparty == "customer" else "seller"


def attribute_types(cls: type[Record], name: str) -> frozenset[Any]:
    """The types of an attribute: of `str | None`, both."""
    hint = get_type_hints(cls)[name]
    return frozenset(get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,))


def own_attributes(cls: type[Record], base: type[Record], person: str) -> tuple[str, ...]:
    """The attributes of a class beyond those of its base and the one that names the other party."""
    shared = {each.name for each in fields(base)} | {person}
    return tuple(each.name for each in fields(cls) if each.name not in shared)


PARTIES: Final[Mapping[Counterparty, type[Party]]] = {"customer": Customer, "supplier": Supplier}
"""The class of the other party's own record."""
