"""The answers of a document type that cannot be true together. A kind that has one is never declared."""

from collections.abc import Iterable
from dataclasses import fields

from chalicelib.domain.documents.document_type import DRAFT, DocumentType
from chalicelib.domain.documents.model import Issued, Registered


def contradictions(document_type: DocumentType, others: Iterable[DocumentType] = ()) -> list[str]:
    """The answers of a kind that cannot be true together, or that another kind has given."""
    issued, draft = document_type.issued, document_type.draft
    rules = {
        "its issued class has another kind or prefix": (document_type.kind, document_type.prefix)
        == (issued.KIND, issued.PREFIX),
        "its draft class has another kind or prefix": draft is None
        or (document_type.kind, document_type.prefix) == (draft.KIND, draft.PREFIX),
        "drafts need a class, a group and a heading": len(
            {each is None for each in (draft, document_type.draft_group, document_type.words.drafts_heading)}
        )
        == 1,
        "a payable document needs a balance, and no other has one": (document_type.balance is None)
        == (document_type.payable == "none"),
        "its balance does not follow it in the order of sort keys": document_type.balance is None
        or document_type.balance.SORT.startswith(f"{document_type.kind}#{{id}}#"),
        "a registered document is fiscal, dated in order and of a class with a chain": not document_type.registered
        or (document_type.fiscal and document_type.dated_in_order and issubclass(issued, Registered)),
        "exactly the documents that we number have a series": (document_type.series is None)
        == (document_type.numbered_by != "us"),
        "only documents that we number are dated in order": document_type.numbered_by == "us"
        or not document_type.dated_in_order,
        "a fiscal document lies in the ledger": issued.TABLE == "ledger" or not document_type.fiscal,
        "exactly the fiscal documents have a statutory date": (document_type.statutory_date is None)
        != document_type.fiscal,
        "exactly the priced documents have totals and a closing sentence": document_type.priced
        == bool(document_type.totals)
        == (document_type.words.closing is not None),
        "it has a state draft, or no draft": (DRAFT in document_type.states) == (draft is not None),
        "a transition names a state that it does not have": {
            state for move in document_type.transitions for state in (*move.sources, move.target)
        }
        <= set(document_type.states),
        "one transition ends a draft, with the first state that is none": [
            (move.sources, move.target) for move in document_type.transitions if DRAFT in move.sources
        ]
        == ([((DRAFT,), document_type.frozen_state)] if draft else []),
        **_missing(document_type),
        **_kept_otherwise(document_type),
        **_taken(document_type, others),
    }
    return [wrong for wrong, holds in rules.items() if not holds]


def _missing(document_type: DocumentType) -> dict[str, bool]:
    """Whether the attributes that it names exist."""
    has = {each.name for each in fields(document_type.issued)}
    named = {
        document_type.person,
        *document_type.free_text,
        *document_type.shown,
        *([document_type.statutory_date] if document_type.statutory_date else ()),
    }
    drafted = document_type.draft is None or document_type.person in {each.name for each in fields(document_type.draft)}
    return {
        f"its issued class has no attribute {', '.join(sorted(named - has))}": named <= has,
        f"its draft class has no attribute {document_type.person}": drafted,
    }


def _kept_otherwise(document_type: DocumentType) -> dict[str, bool]:
    """Whether the attributes of its content name its own rule of retention. An attribute that only this kind has may
    name another rule."""
    shared = {each.name: each.metadata["rule"] for each in fields(Issued)}
    content = {name for name, rule in shared.items() if rule == shared["lines"]} | {
        document_type.person,
        document_type.statutory_date,
    }
    rules = {each.name: each.metadata["rule"] for each in fields(document_type.issued) if each.name in content}
    return {
        f"its issued class keeps {name} by the rule {rule}": rule == document_type.retention
        for name, rule in rules.items()
    }


def _taken(document_type: DocumentType, others: Iterable[DocumentType]) -> dict[str, bool]:
    """Whether its names are its own."""

    def names(each: DocumentType) -> set[str]:
        own = {each.kind, each.prefix, each.plural, each.path, each.backup_group, each.figure.name}
        return own | ({each.draft_group} if each.draft_group else set())

    return {f"the kind {other.kind} has a name of its own": not names(document_type) & names(other) for other in others}
