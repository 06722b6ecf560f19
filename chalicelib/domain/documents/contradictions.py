"""The answers of a document type that cannot be true together. A kind that has one is never declared."""

from collections.abc import Iterable
from dataclasses import MISSING, astuple, fields
from types import NoneType
from typing import Any, get_args

from chalicelib.domain.documents import reserved
from chalicelib.domain.documents.document_type import DRAFT, ENTERED_VALUES, DocumentType, attribute_types
from chalicelib.domain.documents.model import Issued, Registered
from chalicelib.domain.documents.view import FactKind, TotalKind


def contradictions(declared: DocumentType, others: Iterable[DocumentType] = ()) -> list[str]:
    """The answers of a kind that cannot be true together, or that another kind has given."""
    issued, draft = declared.issued, declared.draft
    rules = {
        "its issued class has another kind or prefix": (declared.kind, declared.prefix) == (issued.KIND, issued.PREFIX),
        "its draft class has another kind or prefix": draft is None
        or (declared.kind, declared.prefix) == (draft.KIND, draft.PREFIX),
        "drafts need a class, a group and a heading": len(
            {each is None for each in (draft, declared.draft_group, declared.words.drafts_heading)}
        )
        == 1,
        "a payable document needs a balance, and no other has one": (declared.balance is None)
        == (declared.payable == "none"),
        "its balance does not follow it in the order of sort keys": declared.balance is None
        or declared.balance.SORT.startswith(f"{declared.kind}#{{id}}#"),
        "exactly the priced documents have totals and a closing sentence": declared.priced
        == bool(declared.totals)
        == (declared.words.closing is not None),
        "exactly the kinds that something corrects have words for it": (declared.credit_code is None)
        == (declared.words.original is None)
        == (declared.words.reduction is None)
        == (declared.words.set_off is None),
        **_states(declared),
        **_law(declared),
        **_unread(declared),
        **_missing(declared),
        **_entered(declared),
        **_kept_otherwise(declared),
        **_reserved(declared),
        **_taken(declared, others),
        **_codes(declared, others),
    }
    return [wrong for wrong, holds in rules.items() if not holds]


def _states(declared: DocumentType) -> dict[str, bool]:
    """Whether its states and transitions fit together."""
    moves, draft = declared.transitions, declared.draft
    return {
        "it has a state draft, or no draft": (DRAFT in declared.states) == (draft is not None),
        "a transition names a state that it does not have": {
            state for move in moves for state in (*move.sources, move.target)
        }
        <= set(declared.states),
        "one transition ends a draft, with the first state that is none": [
            (move.sources, move.target) for move in moves if DRAFT in move.sources
        ]
        == ([((DRAFT,), declared.frozen_state)] if draft else []),
    }


def _law(declared: DocumentType) -> dict[str, bool]:
    """Whether its numbers, its place in the register and its term fit together."""
    issued = declared.issued
    return {
        "a registered document is numbered by us": not declared.registered or declared.numbered_by == "us",
        "exactly the registered documents have a class with a chain": declared.registered
        == issubclass(issued, Registered),
        "it is not fiscal, and nothing ends the frozen documents of such a kind yet": declared.fiscal,
        "its person is not its counterparty": declared.person == declared.counterparty,
        "its notes are no free text, so nothing blanks them": "notes" in declared.free_text,
        "exactly the imported documents have the numbers of an earlier software, and no drafts": declared.imported
        == (declared.numbered_by == "earlier_software")
        and not (declared.imported and declared.draft),
        "exactly the documents that we number have a series": (declared.series is None)
        == (declared.numbered_by != "us"),
        "exactly the documents that we number are dated in order": (declared.numbered_by == "us")
        == declared.dated_in_order,
        "its page asks for money that nobody owes us": declared.numbered_by != "us"
        or declared.payable != "none"
        or not {"due_date", "payable"} & {*declared.facts, *declared.totals},
        "a fiscal document lies in the ledger": issued.TABLE == "ledger" or not declared.fiscal,
        "exactly the fiscal documents have a statutory date": (declared.statutory_date is None) != declared.fiscal,
        # The purge and a restore read the issue date of the register's entry, and Object Lock the document's date.
        "the term of a registered document counts from its issue_date": not declared.registered
        or declared.statutory_date in (None, "issue_date"),
    }


def _unread(declared: DocumentType) -> dict[str, bool]:
    """Check that it asks for nothing that the product does not do yet. Delete the line of a
    feature when the product has it."""
    asked = {
        "converts_to": bool(declared.converts_to),
        "payable we_pay": declared.payable == "we_pay",
        "mailed": declared.mailed,
        "linked": declared.linked,
    }
    return {f"its answer {name} has no effect, because nothing reads it yet": not asks for name, asks in asked.items()}


def _missing(declared: DocumentType) -> dict[str, bool]:
    """Check that the attributes that it names exist."""
    has = {each.name for each in fields(declared.issued)}
    named = {
        declared.person,
        *declared.free_text,
        *declared.shown,
        *(fact for fact in declared.facts if fact not in ("corrects", "corrected_date")),
        *([declared.statutory_date] if declared.statutory_date else ()),
        *(name for kind in declared.corrects for name in (kind, f"{kind}_number", f"{kind}_date", "credited_lines")),
    }
    drafted = declared.draft is None or declared.person in {each.name for each in fields(declared.draft)}
    return {
        "its page names what it corrects, and it corrects nothing": not {"corrects", "corrected_date"}
        & set(declared.facts)
        or bool(declared.corrects),
        "its page shows a fact that has no label": set(declared.facts) <= set(get_args(FactKind)),
        "its page shows a total that has no label": set(declared.totals) <= set(get_args(TotalKind)),
        f"its issued class has no attribute {', '.join(sorted(named - has))}": named <= has,
        f"its draft class has no attribute {declared.person}": drafted,
    }


def _entered(declared: DocumentType) -> dict[str, bool]:
    """Check that a client can enter and read each attribute that only this kind has, and that the issue keeps it."""
    draft, issued = declared.draft, declared.issued
    if draft is None:
        return {}
    entered, frozen = set(declared.entered), set(declared.frozen)
    types = {name: attribute_types(draft, name) - {NoneType} for name in entered}
    return {
        f"its issue loses {', '.join(sorted(entered - frozen))} of its draft": entered <= frozen,
        "its issue cannot fill an attribute that its draft lacks": frozen - _optional(issued) <= entered,
        "its draft requires an attribute that a client may omit": entered <= _optional(draft),
        "its JSON does not show an attribute that a client enters": entered <= set(declared.shown),
        "a client enters a text of its own, and nothing blanks it": {name for name in entered if str in types[name]}
        <= set(declared.free_text),
        "a client enters an attribute of a type that the API does not read": all(
            len(found) == 1 and found <= ENTERED_VALUES for found in types.values()
        ),
        "its draft and its issued class give an attribute two types": all(
            types[name] == attribute_types(issued, name) - {NoneType} for name in entered & frozen
        ),
    }


def _optional(cls: type[Any]) -> set[str]:
    """The attributes that have a default."""
    return {each.name for each in fields(cls) if each.default is not MISSING}


def _kept_otherwise(declared: DocumentType) -> dict[str, bool]:
    """Check that each attribute of its content names the kind's retention rule. An attribute that only this kind has
    may name another rule."""
    shared = {each.name: each.metadata["rule"] for each in fields(Issued)}
    content = {name for name, rule in shared.items() if rule == shared["lines"]} | {
        declared.person,
        declared.statutory_date,
    }
    rules = {each.name: each.metadata["rule"] for each in fields(declared.issued) if each.name in content}
    return {
        f"its issued class keeps {name} by the rule {rule}": rule == declared.retention for name, rule in rules.items()
    }


def _reserved(declared: DocumentType) -> dict[str, bool]:
    """Check that nothing but a document uses its names."""
    scopes = {scope.partition(".")[0] for scope in astuple(declared.scopes)}
    group, tables = declared.backup_group, {declared.plural, declared.backup_group, declared.draft_group}
    return {
        f"its path {declared.path} is the address of something else": declared.path not in reserved.PATHS,
        "it takes a scope of something else": not scopes & reserved.SCOPES,
        f"its backup group {group} holds something else": group not in reserved.BACKUP_GROUPS | {reserved.DRAFTS},
        f"its draft group {declared.draft_group} holds something else": declared.draft_group
        not in reserved.BACKUP_GROUPS,
        "an export has a table of something else by its name": not tables & reserved.TABLES,
        f"its figure {declared.figure.name} counts something else": declared.figure.name not in reserved.FIGURES,
    }


def _taken(declared: DocumentType, others: Iterable[DocumentType]) -> dict[str, bool]:
    """Check that no other kind uses its names."""

    def names(each: DocumentType) -> set[str]:
        own = {each.kind, each.prefix, each.plural, each.path, each.backup_group, each.figure.name}
        own |= {each.draft_group} if each.draft_group else set()
        return own | ({f"{each.balance.KIND}s"} if each.balance else set())

    return {f"the kind {other.kind} has a name of its own": not names(declared) & names(other) for other in others}


def _codes(declared: DocumentType, others: Iterable[DocumentType]) -> dict[str, bool]:
    """Check that a kind which corrects another one has the code that the other names for it."""
    pairs = [pair for other in others for pair in ((declared, other), (other, declared))]
    return {
        f"{one.kind} corrects {other.kind} under another code than its credit_code": one.code == other.credit_code
        for one, other in pairs
        if other.kind in one.corrects
    }
