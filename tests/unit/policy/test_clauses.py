"""The clauses and the published text hold each other: no sentence is lost, changed or added while the build passes."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy.load import current, sections
from chalicelib.policy.model import Policy, PolicyError, Section, Words
from chalicelib.policy.promises import parse_promises, promise_faults, promises
from tests.unit.policy.planting import changed

LAST = sections(current().version)
PROMISED = promises()
EVERY_SENTENCE = [
    (clause, language, sentence)
    for clause, said in PROMISED.items()
    for language in LANGUAGES
    for sentence in said[language]
]
ORIGINAL = {
    "collects.company",
    "collects.documents",
    "collects.contact",
    "collects.technical",
    "uses.invoicing",
    "uses.improvement",
    "storage.switches",
    "security.reasonable",
    "sharing.register",
    "sharing.necessary",
    "advertising.ads",
    "advertising.providers",
    "permissions.app",
    "permissions.solely",
    "rights.requests",
    "children.age",
    "children.knowingly",
    "changes.versions",
    "contact.address",
}
"""The clauses of the original policy of 2 April 2026. None is ever removed."""

RESTORED: dict[str, dict[Language, str]] = {
    "permissions.solely": {
        "fr": "Ces autorisations servent uniquement aux fonctions de l'application.",
        "ar": "لا تُستعمل هذه الأذونات إلا لوظائف التطبيق.",
        "en": "These permissions are used solely for the application's functions.",
    },
    "advertising.providers": {
        "fr": "Les fournisseurs de publicité appliquent leurs propres politiques de confidentialité.",
        "ar": "ويطبق مزودو الإعلانات سياسات الخصوصية الخاصة بهم.",
        "en": "Advertising providers follow their own privacy policies.",
    },
    "children.knowingly": {
        "fr": "Nous ne recueillons pas sciemment de données personnelles d'enfants de moins de 13 ans.",
        "ar": "ولا نجمع عن علم أي بيانات شخصية لأطفال دون 13 سنة.",
        "en": "We do not knowingly collect personal data of children under 13.",
    },
    "sharing.necessary": {
        "fr": "prestataires de confiance, nécessaires au fonctionnement de l'application",
        "ar": "مقدمي خدمات موثوقين وضروريين لتشغيل التطبيق",
        "en": "trusted providers that are necessary for operating the application",
    },
}


def edited(name: str, language: Language, edit: Callable[[str], str]) -> tuple[Section, ...]:
    """The last text, with one section's body changed in one language."""
    found = []
    for section in LAST:
        body: Words = section.body
        if section.name == name:
            body = replace(body, **{language: edit(body[language])})
            assert body != section.body
        found.append(replace(section, body=body))
    return tuple(found)


def found_in(text: tuple[Section, ...], policy: Policy | None = None) -> list[str]:
    return promise_faults(policy or current(), text, PROMISED)


def test_the_last_text_is_exactly_its_clauses() -> None:
    assert found_in(LAST) == []
    assert PROMISED.keys() == current().clauses.keys()


def test_no_clause_of_the_original_policy_is_missing() -> None:
    assert current().clauses.keys() >= ORIGINAL


@pytest.mark.parametrize("clause", RESTORED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_of_the_original_that_were_lost_are_back(clause: str, language: Language) -> None:
    assert RESTORED[clause][language] in " ".join(PROMISED[clause][language])


@pytest.mark.parametrize(("clause", "language", "sentence"), EVERY_SENTENCE)
def test_a_lost_sentence_is_found(clause: str, language: Language, sentence: str) -> None:
    section = next(s.name for s in LAST if clause in s.clauses and sentence in s.body[language])
    text = edited(section, language, lambda body: body.replace(sentence, "", 1))
    assert found_in(text) == [f"{clause}.{language}: the text has lost {sentence!r}"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("section", "old", "new"),
    [("children", "13", "9"), ("retention", "3", "4"), ("rights", "10", "11"), ("rights", "{grace}", "60")],
)
def test_a_changed_number_is_found(section: str, old: str, new: str, language: Language) -> None:
    (left, lost) = found_in(edited(section, language, lambda body: body.replace(old, new, 1)))
    assert f"{section}.{language}" in left
    assert "belongs to no clause" in left
    assert "the text has lost" in lost


@pytest.mark.parametrize("section", [section.name for section in LAST])
@pytest.mark.parametrize(
    ("language", "more"),
    [("fr", " Vos données peuvent être vendues."), ("ar", " قد تُباع بياناتكم."), ("en", " Your data may be sold.")],
)
def test_an_added_sentence_is_found(section: str, language: Language, more: str) -> None:
    text = edited(section, language, lambda body: body + more)
    assert found_in(text) == [f"{section}.{language}: {more.strip()!r} belongs to no clause"]


@pytest.mark.parametrize("gone", [section.name for section in LAST])
def test_a_missing_section_is_found(gone: str) -> None:
    assert any("has lost" in fault for fault in found_in(tuple(s for s in LAST if s.name != gone)))


@pytest.mark.parametrize("gone", sorted(current().clauses))
def test_a_removed_clause_is_found(gone: str) -> None:
    fewer = replace(current(), clauses={name: each for name, each in current().clauses.items() if name != gone})
    assert f"{gone}: promises.toml names a clause that policy.toml lacks" in found_in(LAST, fewer)
    unsaid = promise_faults(current(), LAST, {name: said for name, said in PROMISED.items() if name != gone})
    assert f"{gone}: promises.toml has no sentence" in unsaid
    unnamed = tuple(replace(s, clauses=tuple(c for c in s.clauses if c != gone)) for s in LAST)
    assert f"{gone}: no section states this clause" in found_in(unnamed)


@pytest.mark.parametrize("source", ['["a.b"]\nfr = []\nar = ["x"]\nen = ["y"]', '["a.b"]\nfr = ["x"]'])
def test_a_clause_without_a_sentence_in_a_language_is_refused(source: str) -> None:
    with pytest.raises(PolicyError, match="promises"):
        parse_promises(source)


def resolved(reference: str) -> Any:
    """The object that `module:name` names."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def is_empty(function: Any) -> bool:
    """Whether a function or class does nothing beyond its docstring."""
    lines = inspect.getsource(inspect.unwrap(function)).replace(f'"""{inspect.getdoc(function)}"""', "").splitlines()
    code = [line.strip() for line in lines if line.strip() and not line.strip().startswith(("#", "@"))]
    return len(code) < 2 or code[-1] in ("pass", "...") or "NotImplementedError" in code[-1]


@pytest.mark.parametrize(
    ("clause", "reference"), [(each.name, code) for each in current().clauses.values() for code in each.code]
)
def test_the_mechanism_of_a_clause_is_code(clause: str, reference: str) -> None:
    assert callable(resolved(reference)), clause
    assert not is_empty(resolved(reference)), clause


def test_each_clause_names_its_mechanism() -> None:
    assert [clause.name for clause in current().clauses.values() if not clause.code] == []


def test_a_mechanism_that_does_not_exist_is_found() -> None:
    broken = changed("chalicelib.policy.inventory:build_inventory", "chalicelib.policy.inventory:no_such_function")
    with pytest.raises(AttributeError):
        [resolved(code) for clause in broken.clauses.values() for code in clause.code]
