"""The answers of a document type that cannot be true together. A kind that has one is never declared."""

from collections.abc import Iterable
from dataclasses import fields

from chalicelib.domain.documents.document_type import DRAFT, DocumentType
from chalicelib.domain.documents.model import Issued, Registered


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
        "a fiscal document lies in the ledger": issued.TABLE == "ledger" or not made.fiscal,
        "exactly the fiscal documents have a statutory date": (made.statutory_date is None) != made.fiscal,
        "exactly the priced documents have totals and a closing sentence": made.priced
        == bool(made.totals)
        == (made.words.closing is not None),
        "it has a state draft, or no draft": (DRAFT in made.states) == (draft is not None),
        "a transition names a state that it does not have": {
            state for move in made.transitions for state in (*move.sources, move.target)
        }
        <= set(made.states),
        "one transition ends a draft, with the first state that is none": [
            (move.sources, move.target) for move in made.transitions if DRAFT in move.sources
        ]
        == ([((DRAFT,), made.frozen_state)] if draft else []),
        **_missing(made),
        **_kept_otherwise(made),
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


def _kept_otherwise(made: DocumentType) -> dict[str, bool]:
    """Whether the attributes of its content name its own rule of retention. An attribute that only this kind has may
    name another rule."""
    shared = {each.name: each.metadata["rule"] for each in fields(Issued)}
    content = {name for name, rule in shared.items() if rule == shared["lines"]} | {made.person, made.statutory_date}
    rules = {each.name: each.metadata["rule"] for each in fields(made.issued) if each.name in content}
    return {f"its issued class keeps {name} by the rule {rule}": rule == made.retention for name, rule in rules.items()}


def _taken(made: DocumentType, others: Iterable[DocumentType]) -> dict[str, bool]:
    """Whether its names are its own."""

    def names(each: DocumentType) -> set[str]:
        own = {each.kind, each.prefix, each.plural, each.path, each.backup_group, each.figure.name}
        return own | ({each.draft_group} if each.draft_group else set())

    return {f"the kind {other.kind} has a name of its own": not names(made) & names(other) for other in others}
