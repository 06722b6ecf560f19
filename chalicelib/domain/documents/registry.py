"""The registry of document types. One frozen record a kind answers every question that the product asks of a kind.

Each table that lists kinds is derived from it: the change feed, the backup groups, the retention sweep, the plans of
erasure and access, printing, labels, figures, numbering. So a new kind is one module, its words and a rule of the
policy. No field has a default: a kind that leaves a question open is a TypeError when its module is imported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Final, Literal

from chalicelib.domain.companies.party import Customer, Party, Supplier
from chalicelib.domain.documents.balance import Balance, status
from chalicelib.domain.documents.model import DraftDocument, Issued, Language, Registered
from chalicelib.domain.documents.view import FactKind, TotalKind
from chalicelib.domain.entity import Record

DRAFT: Final = "draft"
"""The stored state of a document that has no number yet."""
Counterparty = Literal["customer", "supplier"]
Payable = Literal["none", "we_receive", "we_pay"]
Translated = Mapping[Language, str]


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
    """Attributes that may be None and may name anybody: they are blanked with an erased person."""

    numbered_by: Literal["us", "other_party"]
    series: str | None
    """The default pattern of its numbers, begun anew each year; None where the other party numbers it."""
    dated_in_order: bool
    """Whether no document may be dated before the last one of its kind."""
    fiscal: bool
    """Whether the law makes us keep it (CGI art. 211)."""
    registered: bool
    """Whether it has an entry in the register and a place in its series' hash chain."""
    priced: bool
    """Whether it states amounts."""
    statutory_date: str | None
    """The attribute from which its statutory term counts; None where it has no such term."""
    retention: str
    """The policy's rule for its content once it is frozen."""

    states: tuple[str, ...]
    """The stored states, the first one first."""
    transitions: tuple[Transition, ...]
    derived_states: tuple[str, ...]
    """States that follow from its balance, its dates or its children. They are never stored."""
    payable: Payable
    converts_to: tuple[str, ...]
    """The kinds that a document may be converted to."""
    corrects: tuple[str, ...]
    """The kinds that it corrects: a credit note corrects an invoice."""
    code: str | None
    """UNTDID 1001, the type code of its e-invoice; None for a kind that has no e-invoice."""
    credit_code: str | None
    """UNTDID 1001 of the credit note that corrects it; None where nothing does."""

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
    linked: bool
    """Whether it may have public links."""
    exported: bool
    """Whether an export of the company's business data includes it."""
    imported: bool
    attachments: bool

    def person_of(self, document: Record) -> str | None:
        """The id of the other party of a document, or of a draft, of this kind."""
        found: str | None = getattr(document, self.person)
        return found

    def dated(self, document: Record) -> date | None:
        """The day from which the statutory term of a document of this kind counts; None where it has none."""
        found: date | None = getattr(document, self.statutory_date) if self.statutory_date else None
        return found

    @property
    def frozen_state(self) -> str:
        """The stored state of a document that was just frozen."""
        return next(state for state in self.states if state != DRAFT)

    @property
    def party(self) -> Literal["buyer", "seller"]:
        """The attribute that holds the other party's identity as it was frozen."""
        return "buyer" if self.counterparty == "customer" else "seller"


PARTIES: Final[Mapping[Counterparty, type[Party]]] = {"customer": Customer, "supplier": Supplier}
"""The class of the other party's own record."""


class LateDeclarationError(RuntimeError):
    """A kind was declared after a table was derived from the registry: that table would silently lack it."""


class UnknownDocumentTypeError(LookupError):
    """No document type has this kind."""


@dataclass
class _Registry:
    """The declared kinds in their order, and whether anybody has read them."""

    types: dict[str, DocumentType] = field(default_factory=dict)
    read: bool = False


_REGISTRY: Final = _Registry()


def declare(made: DocumentType) -> DocumentType:
    """Add a kind to the registry. Raises ValueError for answers that contradict each other or another kind's, and
    LateDeclarationError once the registry was read."""
    if _REGISTRY.read:
        raise LateDeclarationError(f"declare {made.kind!r} before the first use of the registry")
    if wrong := contradictions(made, _REGISTRY.types.values()):
        raise ValueError(f"{made.kind}: {'; '.join(wrong)}")
    _REGISTRY.types[made.kind] = made
    return made


def document_types() -> tuple[DocumentType, ...]:
    """Every kind, in the order of declaration. No kind may be declared afterwards."""
    _REGISTRY.read = True
    return tuple(_REGISTRY.types.values())


def find(kind: str) -> DocumentType | None:
    """The type of this stored kind; None for a kind that is no document."""
    return next((each for each in document_types() if each.kind == kind), None)


def by_kind(kind: str) -> DocumentType:
    """The type of this stored kind. Raises UnknownDocumentTypeError."""
    if (found := find(kind)) is None:
        raise UnknownDocumentTypeError(kind)
    return found


def by_id(id: str) -> DocumentType | None:
    """The type whose prefix an id has; None for an id of something else."""
    return next((each for each in document_types() if id.startswith(f"{each.prefix}_")), None)


def types_about(subject: str) -> tuple[DocumentType, ...]:
    """The types whose other party may have the id `subject`: a customer's, a supplier's, or none for anybody else."""
    return tuple(each for each in document_types() if subject.startswith(f"{PARTIES[each.counterparty].PREFIX}_"))


def person_of(document: Issued) -> str:
    """The id of the other party of a frozen document."""
    return by_kind(document.KIND).person_of(document) or ""


def state_of(document: Issued, balance: Balance | None) -> str:
    """The state of a frozen document as its JSON shows it: by its balance where it is payable."""
    made = by_kind(document.KIND)
    found = status(document, balance) if made.balance is not None else made.frozen_state
    return found if found in made.derived_states else made.frozen_state


def contradictions(made: DocumentType, others: Iterable[DocumentType] = ()) -> list[str]:
    """The answers of a kind that cannot be true together, or that another kind has given."""
    issued, draft = made.issued, made.draft
    rules = {
        "its issued class has another kind or prefix": (made.kind, made.prefix) == (issued.KIND, issued.PREFIX),
        "its draft class has another kind or prefix": draft is None
        or (made.kind, made.prefix) == (draft.KIND, draft.PREFIX),
        "drafts need a class, a group and a heading": len(
            {each is None for each in (draft, made.draft_group, made.words.drafts_heading)}
        )
        == 1,
        "a payable document needs a balance, and no other has one": (made.balance is None) == (made.payable == "none"),
        "its balance does not follow it in the order of sort keys": made.balance is None
        or made.balance.SORT.startswith(f"{made.kind}#{{id}}#"),
        "a registered document is fiscal, dated in order and of a class with a chain": not made.registered
        or (made.fiscal and made.dated_in_order and issubclass(issued, Registered)),
        "exactly the documents that we number have a series": (made.series is None) == (made.numbered_by != "us"),
        "only documents that we number are dated in order": made.numbered_by == "us" or not made.dated_in_order,
        "a fiscal document lies in the ledger": issued.ROOM == "ledger" or not made.fiscal,
        "exactly the fiscal documents have a statutory date": (made.statutory_date is None) != made.fiscal,
        "exactly the priced documents have totals and a closing sentence": made.priced
        == bool(made.totals)
        == (made.words.closing is not None),
        "it has a state draft, or no draft": (DRAFT in made.states) == (draft is not None),
        "a transition names a state that it does not have": {
            state for move in made.transitions for state in (*move.sources, move.target)
        }
        <= set(made.states),
        **_missing(made),
        **_taken(made, others),
    }
    return [wrong for wrong, holds in rules.items() if not holds]


def _missing(made: DocumentType) -> dict[str, bool]:
    """Whether the attributes that it names exist."""
    has = {each.name for each in fields(made.issued)}
    named = {made.person, *made.free_text, *made.shown, *([made.statutory_date] if made.statutory_date else ())}
    drafted = made.draft is None or made.person in {each.name for each in fields(made.draft)}
    return {
        f"its issued class has no attribute {', '.join(sorted(named - has))}": named <= has,
        f"its draft class has no attribute {made.person}": drafted,
    }


def _taken(made: DocumentType, others: Iterable[DocumentType]) -> dict[str, bool]:
    """Whether its names are its own."""

    def names(each: DocumentType) -> set[str]:
        own = {each.kind, each.prefix, each.plural, each.path, each.backup_group, each.figure.name}
        return own | ({each.draft_group} if each.draft_group else set())

    return {f"the kind {other.kind} has a name of its own": not names(made) & names(other) for other in others}
