"""Every code has its words in three languages, with the same parameters; and every code in the sources is known."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, Field, ValidationError

import chalicelib
from chalicelib.api import problems, request_errors
from chalicelib.api.problems import InternalError, messages, problem
from chalicelib.domain import errors, file_errors
from chalicelib.domain.backups import backup_errors
from chalicelib.domain.backups.backup import BackupStatus
from chalicelib.domain.documents import money_errors
from chalicelib.domain.documents.terms import SELLER_IDENTITY
from chalicelib.domain.errors import InvalidContent, Refusal, invalid
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.domain.morocco import identifiers
from chalicelib.domain.morocco.vat import CATEGORIES, GENERAL
from chalicelib.domain.privacy.request import RequestStatus
from chalicelib.domain.sync import push_errors, sync_errors
from chalicelib.render.template_faults import AT_LINE, TemplateReason
from chalicelib.services.inputs.faults import faults_of

_ARGUMENT = {"invalid": 1, "Fault": 1, "refuse": 0, "warn": 0, "PydanticCustomError": 0, "TotalsError": 0}
"""Functions that take a code, and which of their arguments it is."""


def parameters(template: str) -> set[str]:
    """The names that a template fills."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every class of refusal that has a code."""
    for child in kind.__subclasses__():
        yield child
        yield from refusals(child)


def codes_in_sources() -> Iterator[tuple[str, str, set[str] | None]]:
    """Where a literal code is used, the code, and the parameters given beside it when they are literal too."""
    for path in sorted(Path(next(iter(chalicelib.__path__))).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            at = _ARGUMENT.get(name)
            if at is None or len(node.args) <= at:
                continue
            for code in literals(node.args[at]):
                yield f"{path.name}:{node.lineno}", code, given(node, name)


def literals(node: ast.expr) -> Iterator[str]:
    """The codes that an expression may be: a literal, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def given(call: ast.Call, name: str) -> set[str] | None:
    """The parameters' names, or None when they are not spelt out."""
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    if name in ("Fault", "PydanticCustomError"):
        if len(call.args) < 3:
            return set()
        last = call.args[2]
        if not isinstance(last, ast.Dict):
            return None
        return {str(key.value) for key in last.keys if isinstance(key, ast.Constant)}
    return None if name == "TotalsError" else {str(keyword.arg) for keyword in call.keywords}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_words(language: Language) -> None:
    words = messages(language)["refusals"]
    ours = (errors, file_errors, money_errors, backup_errors, push_errors, sync_errors, request_errors)
    named = {*(module.__name__ for module in ours), InternalError.__module__}
    known = {kind.code for kind in refusals() if kind.__module__ in named}
    assert set(words) == known
    assert all(set(said) == {"title", "detail"} and all(said.values()) for said in words.values())


def test_every_code_in_the_sources_has_words_and_their_parameters() -> None:
    found = list(codes_in_sources())
    assert len(found) > 60
    faults = messages("en")["faults"]
    unknown = [(where, code) for where, code, _ in found if code not in faults]
    assert unknown == []
    lacking = [
        (where, code, parameters(faults[code]) - params)
        for where, code, params in found
        if params is not None and not parameters(faults[code]) <= params
    ]
    assert lacking == []


def test_codes_that_are_put_together_have_words() -> None:
    numbers = (identifiers.TAX_ID, identifiers.BUSINESS_TAX, identifiers.CNSS, identifiers.TRADE_REGISTER)
    codes = {f"{rule.name}_{end}" for rule in numbers for end in ("malformed", "length")}
    assert codes <= set(messages("en")["faults"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_say_the_same(language: Language) -> None:
    english, own = messages("en"), messages(language)
    assert own.keys() == english.keys()
    assert own["types"].keys() == english["types"].keys()
    assert own["faults"].keys() == english["faults"].keys()
    for code, template in english["faults"].items():
        assert parameters(own["faults"][code]) == parameters(template), code
    for code, said in english["refusals"].items():
        for part in ("title", "detail"):
            assert parameters(own["refusals"][code][part]) == parameters(said[part]), code


def test_arabic_is_arabic_and_french_is_not_english() -> None:
    arabic, french, english = messages("ar"), messages("fr"), messages("en")
    assert arabic["faults"]
    for code, template in arabic["faults"].items():
        assert any("\u0600" <= letter <= "\u06ff" for letter in template), code
        assert french["faults"][code] != english["faults"][code], code


TWO_SENTENCES = (
    *("company_blocked", "already_blocked", "person_erased", "backup_key_destroyed"),
    *("operation_date_in_future", "due_date_too_late", "payment_terms_too_long", "credit_above_original"),
    *("unknown_customer", "unknown_supplier", "unknown_item"),
)
"""Codes whose message states the problem and, in a further sentence, what to do."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", TWO_SENTENCES)
def test_messages_state_what_to_do(code: str, language: Language) -> None:
    words = messages(language)
    said = words["refusals"][code]["detail"] if code in words["refusals"] else words["faults"][code]
    assert said.count(". ") + said.endswith(".") >= 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ["phone_malformed", "exemption_malformed", "bad_number"])
def test_an_example_is_not_called_wrong(code: str, language: Language) -> None:
    said = messages(language)["faults"][code]
    assert said.startswith({"en": "Enter ", "fr": "Entrez ", "ar": "أدخلوا "}[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_count_stands_before_its_noun_in_the_refusal_of_a_deletion(language: Language) -> None:
    """A count of one, or of three in Arabic, would need another form of the noun."""
    said = messages(language)["refusals"][errors.InUse.code]["detail"]
    assert re.findall(r": \{drafts\}[.،].*: \{debts\}\.", said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("bound", ["ge", "gt", "le", "lt"])
def test_a_range_with_one_bound_has_no_hole(language: Language, bound: str) -> None:
    class Body(BaseModel):
        value: Annotated[int, Field(**{bound: 5})]

    with pytest.raises(ValidationError) as refused:
        Body(value=5 if bound.endswith("t") else 4 if bound == "ge" else 6)
    _, _, body = problem(InvalidContent(*faults_of(refused.value)), language, "req_01")
    (fault,) = json.loads(body)["errors"]
    assert fault["code"] == "out_of_range"
    assert "5" in fault["detail"]
    assert not re.search("[…{}]", fault["detail"])


def test_english_messages_say_record() -> None:
    assert not re.search(r"\belement\b", json.dumps([messages("en")["refusals"], messages("en")["faults"]]))


CARRIED: list[tuple[type[Refusal] | str, str, str]] = [
    *((backup_errors.BackupIncomplete, "status", status) for status in get_args(BackupStatus)),
    *((errors.RequestSettled, "status", status) for status in get_args(RequestStatus)),
    *(("seller_identity_missing", "fields", name) for name in SELLER_IDENTITY),
    *(("vat_rate_of_one_category", "categories", name) for name in CATEGORIES if name not in GENERAL),
    *(("template_invalid", "reason", reason) for reason in get_args(TemplateReason)),
    ("template_invalid", "place", AT_LINE),
]
"""Every code that a message may state: the refusal or the fault, the parameter, and its value."""


def detail(refusal: type[Refusal] | str, language: Language, **params: Any) -> str:
    """The text of the refusal, or of the fault with this code."""
    raised = invalid("", refusal, **params) if isinstance(refusal, str) else refusal(**params)
    body = json.loads(problem(raised, language, "test")[2])
    said: str = body["errors"][0]["detail"] if isinstance(refusal, str) else body["detail"]
    return said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("refusal", "parameter", "value"), CARRIED)
def test_messages_state_no_codes(refusal: type[Refusal] | str, parameter: str, value: str, language: Language) -> None:
    around = {"place": AT_LINE, "reason": "syntax"}
    said = detail(refusal, language, **{**around, parameter: value}, name="PLACE", line=7, rate="15")
    words = messages(language)["values"][parameter][value].format(name="PLACE", line=7)
    assert words in said
    assert "…" not in said
    if language == "ar":
        assert any("\u0600" <= letter <= "\u06ff" for letter in words)
    elif language == "fr" and value != "ice":
        assert words != messages("en")["values"][parameter][value]
    assert not re.search(rf"\b{value}\b", said) or language == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_for_codes_that_exist(language: Language) -> None:
    carried: dict[str, set[str]] = {}
    for _, parameter, value in CARRIED:
        carried.setdefault(parameter, set()).add(value)
    assert {name: set(known) for name, known in messages(language)["values"].items()} == carried


@pytest.mark.parametrize(
    ("refusal", "name", "said"),
    [
        (errors.OwnersChanged, "owner_change_delay", ("moins de 45 jours", "آخر 45 يومًا", "the last 45 days")),
        (errors.ProofNeeded, "proof_age", ("dans les 45 jours", "خلال 45 يومًا", "within 45 days")),
    ],
)
def test_a_message_states_the_delay_of_the_code(
    monkeypatch: pytest.MonkeyPatch, refusal: type[Refusal], name: str, said: tuple[str, ...]
) -> None:
    monkeypatch.setitem(problems._DELAYS[refusal.code], name, timedelta(days=45))
    texts = [detail(refusal, language, possible_from="2026-12-24") for language in LANGUAGES]
    assert [words in text for words, text in zip(said, texts, strict=True)] == [True, True, True]


def test_several_codes_are_separated_as_the_language_does() -> None:
    assert detail("seller_identity_missing", "fr", fields="ice, tax_id").endswith(": ICE, identifiant fiscal (IF).")
    assert "(ICE)، " in detail("seller_identity_missing", "ar", fields="ice, tax_id")


def test_words_of_the_request_are_not_taken_for_codes() -> None:
    assert "« running »" in detail("duplicate_name", "fr", name="running")


def test_every_literal_parameter_is_a_code_with_words_or_a_literal_of_the_interface() -> None:
    """A parameter that is written in English in the source would appear in every language."""
    known = {*messages("en")["types"], *(code for each in messages("en")["values"].values() for code in each)}
    found = [(where, text) for where, text in literal_parameters() if text not in known]
    assert [each for each in found if " " in each[1]] == []


def literal_parameters() -> Iterator[tuple[str, str]]:
    """Where a fault is given a literal text as a parameter, and the text."""
    for path in sorted(Path(next(iter(chalicelib.__path__))).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ARGUMENT:
                for value in (keyword.value for keyword in node.keywords):
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield f"{path.name}:{node.lineno}", value.value
