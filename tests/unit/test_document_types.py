"""The registry of document types: no kind leaves an answer out, and no answers contradict each other."""

import re
from dataclasses import astuple, fields, make_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.document_types import ENTERED
from chalicelib.api.roles import SCOPES
from chalicelib.domain.documents import reserved
from chalicelib.domain.documents.contradictions import contradictions
from chalicelib.domain.documents.credit_note import CREDIT_NOTE
from chalicelib.domain.documents.document_type import (
    ENTERED_VALUES,
    DocumentScopes,
    DocumentType,
    DocumentWords,
    IssueFigure,
    Transition,
)
from chalicelib.domain.documents.invoice import INVOICE, Draft, Invoice
from chalicelib.domain.documents.registry import (
    LateDeclarationError,
    UnknownDocumentTypeError,
    by_id,
    by_kind,
    declare,
    document_types,
    find,
)
from chalicelib.domain.entity import Record, kept
from chalicelib.domain.imports.targets import TARGETS
from chalicelib.domain.tabular.columns import IMPORT_COLUMNS
from chalicelib.figures import FIGURES
from chalicelib.services.backup.format.contents import BY_NAME, GROUPS
from chalicelib.services.backup.format.kinds import KINDS, NAMES
from chalicelib.services.documents.crediting import creditable
from chalicelib.services.exports.words import TABLES
from chalicelib.services.imports.kinds import RULES


def answers(made: DocumentType) -> dict[str, Any]:
    return {field.name: getattr(made, field.name) for field in fields(made)}


@pytest.mark.parametrize("name", [field.name for field in fields(DocumentType)])
def test_a_kind_that_leaves_an_answer_out_is_a_type_error(name: str) -> None:
    given = {key: value for key, value in answers(INVOICE).items() if key != name}
    with pytest.raises(TypeError, match=name):
        DocumentType(**given)


@pytest.mark.parametrize("name", [field.name for field in fields(DocumentWords)])
def test_a_kind_that_leaves_a_word_out_is_a_type_error(name: str) -> None:
    given = {field.name: getattr(INVOICE.words, field.name) for field in fields(DocumentWords) if field.name != name}
    with pytest.raises(TypeError, match=name):
        DocumentWords(**given)


@pytest.mark.parametrize("made", document_types(), ids=lambda made: made.kind)
def test_the_declared_kinds_do_not_contradict_each_other(made: DocumentType) -> None:
    assert contradictions(made, [other for other in document_types() if other is not made]) == []


@pytest.mark.parametrize("made", document_types(), ids=lambda made: made.kind)
def test_a_kind_refers_to_declared_kinds_only(made: DocumentType) -> None:
    assert {*made.corrects, *made.converts_to} <= {each.kind for each in document_types()}


@pytest.mark.parametrize("made", document_types(), ids=lambda made: made.kind)
def test_every_word_is_given_in_the_three_languages(made: DocumentType) -> None:
    words = made.words
    for translated in (
        words.title,
        words.heading,
        words.drafts_heading,
        words.addressee,
        words.closing,
        words.original,
        words.reduction,
        words.set_off,
    ):
        assert translated is None or sorted(translated) == ["ar", "en", "fr"]
        assert translated is None or all(translated.values())
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", words.file_name)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kind": "quote"}, "another kind or prefix"),
        ({"draft": None}, "drafts need"),
        ({"payable": "none"}, "needs a balance"),
        ({"credit_code": None}, "have words for it"),
        ({"words": replace(INVOICE.words, set_off=None)}, "have words for it"),
        ({"words": replace(INVOICE.words, reduction=None)}, "have words for it"),
        ({"fiscal": False, "statutory_date": None}, "not fiscal"),
        ({"registered": False}, "a class with a chain"),
        ({"dated_in_order": False}, "dated in order"),
        ({"counterparty": "supplier"}, "its person is not its counterparty"),
        ({"free_text": ()}, "nothing blanks them"),
        ({"balance": None, "payable": "none", "totals": ("net", "payable")}, "asks for money that nobody owes us"),
        ({"balance": None, "payable": "none", "totals": ("net",)}, "asks for money that nobody owes us"),
        ({"balance": None, "payable": "none", "totals": ("net", "paid")}, "a total that has no label"),
        ({"totals": ("net", "paid")}, "a total that has no label"),
        ({"converts_to": ("invoice",)}, "converts_to has no effect"),
        ({"payable": "we_pay"}, "payable we_pay has no effect"),
        ({"mailed": True}, "mailed has no effect"),
        ({"linked": True}, "linked has no effect"),
        ({"imported": True}, "the numbers of an earlier software, and no drafts"),
        ({"numbered_by": "earlier_software"}, "the numbers of an earlier software, and no drafts"),
        ({"series": None}, "have a series"),
        ({"statutory_date": None}, "have a statutory date"),
        ({"statutory_date": "operation_date"}, "counts from its issue_date"),
        ({"numbered_by": "other_party", "series": None}, "dated in order"),
        ({"totals": ()}, "have totals"),
        ({"transitions": (Transition(verb="send", sources=("draft",), target="sent"),)}, "names a state"),
        ({"transitions": ()}, "one transition ends a draft"),
        ({"retention": "draft.content"}, "keeps lines by the rule document.content"),
        ({"person": "supplier"}, "has no attribute supplier"),
        ({"shown": ("reason",)}, "has no attribute reason"),
        ({"facts": ("issue_date", "valid_until")}, "has no attribute valid_until"),
        ({"facts": ("issue_date", "customer")}, "a fact that has no label"),
        ({"facts": ("corrects",)}, "it corrects nothing"),
        ({"path": "customers"}, "its path customers is the address of something else"),
        ({"backup_group": "customers"}, "its backup group customers holds something else"),
        ({"backup_group": "drafts"}, "its backup group drafts holds something else"),
        ({"draft_group": "items"}, "its draft group items holds something else"),
        ({"plural": "items"}, "an export has a table of something else"),
        ({"scopes": DocumentScopes(read="items.read", write="documents.write", issue="documents.issue")}, "a scope of"),
        ({"figure": IssueFigure(name="PaymentsRecorded", counts="x")}, "its figure PaymentsRecorded counts"),
        ({"corrects": ("invoice",)}, "has no attribute credited_lines, invoice, invoice_date, invoice_number"),
    ],
)
def test_contradictory_answers_are_named(changes: dict[str, Any], complaint: str) -> None:
    found = contradictions(replace(INVOICE, **changes))
    assert any(complaint in wrong for wrong in found), found


def made_with(draft: Any, issued: Any, **answers: Any) -> DocumentType:
    """An invoice whose classes have an attribute `mark`, each with its type and default (`...`: none), or lack it."""

    def of(base: type[Record], rule: str, attribute: Any) -> type[Any]:
        names = {name: getattr(base, name) for name in ("KIND", "TABLE", "PREFIX", "SORT")}
        made = []
        if attribute:
            kind, default = attribute
            made.append(("mark", kind, kept(rule, **({} if default is ... else {"default": default}))))
        return make_dataclass("Own", made, bases=(base,), frozen=True, kw_only=True, namespace=names)

    classes: Any = {"draft": of(Draft, "draft.content", draft), "issued": of(Invoice, "document.content", issued)}
    return replace(INVOICE, **classes, **answers)


TEXT = (str | None, None)


@pytest.mark.parametrize(
    ("draft", "issued", "shown"),
    [(TEXT, TEXT, ("mark",)), (TEXT, (str, ...), ("mark",)), ((bool, False), (bool, ...), ("mark",)), (None, TEXT, ())],
)
def test_a_kind_has_attributes_of_its_own(draft: Any, issued: Any, shown: tuple[str, ...]) -> None:
    assert contradictions(made_with(draft, issued, shown=shown, free_text=("notes", *shown))) == []


@pytest.mark.parametrize(
    ("draft", "issued", "shown", "complaint"),
    [
        (TEXT, None, (), "its issue loses mark of its draft"),
        (None, (str, ...), ("mark",), "its issue cannot fill an attribute"),
        ((str, ...), (str, ...), ("mark",), "its draft requires an attribute"),
        (TEXT, TEXT, (), "its JSON does not show an attribute"),
        ((list[str] | None, None), (list[str] | None, None), ("mark",), "a type that the API does not read"),
        ((str | bool | None, None), (str | bool | None, None), ("mark",), "a type that the API does not read"),
        (TEXT, (date | None, None), ("mark",), "give an attribute two types"),
    ],
)
def test_an_attribute_that_is_not_entered_frozen_and_shown_is_refused(
    draft: Any, issued: Any, shown: tuple[str, ...], complaint: str
) -> None:
    found = contradictions(made_with(draft, issued, shown=shown, free_text=("notes", *shown)))
    assert any(complaint in wrong for wrong in found), found


def test_a_text_that_a_client_enters_is_blanked_with_an_erased_person() -> None:
    wrong = "a client enters a text of its own, and nothing blanks it"
    assert contradictions(made_with(TEXT, TEXT, shown=("mark",))) == [wrong]


def test_the_api_reads_each_type_that_a_client_may_enter() -> None:
    assert set(ENTERED) == ENTERED_VALUES


@pytest.mark.parametrize("name", ["kind", "prefix", "plural", "path", "backup_group"])
def test_a_name_of_another_kind_is_refused(name: str) -> None:
    taken = replace(CREDIT_NOTE, **{name: getattr(INVOICE, name)})
    assert "the kind invoice has a name of its own" in contradictions(taken, [INVOICE])


def test_a_group_named_like_the_balances_of_another_kind_is_refused() -> None:
    taken = replace(CREDIT_NOTE, backup_group="balances")
    assert "the kind invoice has a name of its own" in contradictions(taken, [INVOICE])


@pytest.mark.parametrize("code", [None, "261"])
def test_a_kind_that_corrects_another_has_the_code_that_the_other_names(code: str | None) -> None:
    wrong = "credit_note corrects invoice under another code than its credit_code"
    assert wrong in contradictions(replace(CREDIT_NOTE, code=code), [INVOICE])
    assert wrong in contradictions(replace(INVOICE, credit_code=code), [CREDIT_NOTE])


def test_the_reserved_names_are_all_that_the_product_uses() -> None:
    """A name that is missing here could be taken by a kind, and one table would silently replace another."""
    types = document_types()
    groups = {name for each in types for name in (each.backup_group, each.draft_group)}
    balances = {f"{each.balance.KIND}s" for each in types if each.balance}
    words = {endpoint.path.removeprefix("/v1").split("/")[1] for endpoint in ENDPOINTS}
    scopes = {scope.partition(".")[0] for each in types for scope in astuple(each.scopes)}
    assert words - {each.path for each in types} == reserved.PATHS
    assert {scope.partition(".")[0] for scope in SCOPES} - scopes == reserved.SCOPES
    assert {*BY_NAME, *KINDS, *NAMES.values()} - groups - balances == reserved.BACKUP_GROUPS
    assert {*TABLES} - groups - balances - {each.plural for each in types} == reserved.TABLES
    assert {*FIGURES} - {each.figure.name for each in types} == reserved.FIGURES


def test_the_documents_state_the_groups_of_a_backup_in_their_order() -> None:
    text = (Path(__file__).parents[2] / "docs" / "backups.md").read_text("utf-8")
    stated = text.partition("The groups have this order:")[2].partition("`services/backup")[0]
    assert re.findall(r"`(\w+)`", stated) == [group.name for group in GROUPS]


def test_each_kind_that_our_credit_notes_correct_has_an_endpoint_for_it() -> None:
    posts = {endpoint.path for endpoint in ENDPOINTS if endpoint.method == "POST"}
    credited = {each.path for each in document_types() if creditable(each)}
    assert credited == {"invoices"}
    assert {f"/v1/{path}/{{id}}/credit" for path in credited} <= posts


def test_each_imported_kind_has_its_rules_and_its_table() -> None:
    imported = {each.plural for each in document_types() if each.imported}
    assert imported == RULES.keys() & {each.plural for each in document_types()}
    assert imported <= IMPORT_COLUMNS.keys()
    assert {name: {column.path for column in IMPORT_COLUMNS[name]} <= TARGETS[name].keys() for name in RULES} == (
        dict.fromkeys(RULES, True)
    )


def test_no_kind_is_declared_once_a_table_was_derived() -> None:
    assert document_types()
    with pytest.raises(LateDeclarationError, match="before the first use"):
        declare(INVOICE)


def test_types_are_found_by_kind_and_by_id() -> None:
    assert [each.kind for each in document_types()] == ["invoice", "credit_note", "archived_invoice"]
    assert by_kind("credit_note") is find("credit_note") is by_id("crn_01J0000000000000000000000") is CREDIT_NOTE
    assert find("customer") is by_id("cus_01J0000000000000000000000") is None
    with pytest.raises(UnknownDocumentTypeError):
        by_kind("customer")
