"""The promises of the published policy: each sentence of the last version's text belongs to a clause.

`texts/promises.toml` holds the sentences by clause and language. A text that loses one of them, changes a number in it,
or says more than they do is a fault: it fails the build until the clause is changed as well.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy.converters import Field, read, texts
from chalicelib.policy.load import HERE
from chalicelib.policy.model import Policy, PolicyError, Section

Promises = Mapping[str, Mapping[Language, tuple[str, ...]]]
"""The sentences of each clause in each language."""

SENTENCES: Mapping[str, Field] = {language: Field(texts) for language in LANGUAGES}
BULLET = "- "


def promises() -> Promises:
    """The committed sentences of each clause. Raises PolicyError for a clause that lacks a language."""
    return parse_promises((HERE / "texts" / "promises.toml").read_text("utf-8"))


def parse_promises(source: str) -> Promises:
    """The sentences in `source` (TOML)."""
    document: dict[str, Any] = tomllib.loads(source)
    found: dict[str, dict[Language, tuple[str, ...]]] = {}
    for clause, table in document.items():
        said = read(table, f"promises.{clause}", SENTENCES)
        found[clause] = {language: said[language] for language in LANGUAGES}
    if empty := [clause for clause, said in found.items() if not all(said.values())]:
        raise PolicyError(f"promises: {', '.join(empty)} without a sentence")
    return found


def promise_faults(policy: Policy, sections: Iterable[Section], promised: Promises) -> list[str]:
    """The differences between the clauses, their sentences and the `sections` of the text."""
    shown = tuple(sections)
    stated = {clause for section in shown for clause in section.clauses}
    found = [f"{clause}: no section states this clause" for clause in policy.clauses if clause not in stated]
    found += [f"{clause}: promises.toml has no sentence" for clause in policy.clauses if clause not in promised]
    found += [
        f"{clause}: promises.toml names a clause that policy.toml lacks" for clause in promised.keys() - policy.clauses
    ]
    for language in LANGUAGES:
        found += _differences(shown, promised, language)
    return found


def _differences(sections: tuple[Section, ...], promised: Promises, language: Language) -> Iterator[str]:
    """The sentences of the clauses that the text lacks, and the text that belongs to no clause."""
    open_sentences = {(clause, text) for clause, said in promised.items() for text in said[language]}
    for section in sections:
        rest = section.body[language]
        of_section = [(clause, text) for clause, text in open_sentences if clause in section.clauses]
        for clause, text in sorted(of_section, key=lambda each: -len(each[1])):
            if text in rest:
                rest = rest.replace(text, "", 1)
                open_sentences.discard((clause, text))
        left = " ".join(line.removeprefix(BULLET).strip() for line in rest.splitlines()).strip()
        if left:
            yield f"{section.name}.{language}: {left!r} belongs to no clause"
    for clause, text in sorted(open_sentences):
        yield f"{clause}.{language}: the text has lost {text!r}"
