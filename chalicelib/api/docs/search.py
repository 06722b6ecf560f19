"""The search of the reference. It runs on the server, so that the page needs no script."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.api.docs import examples
from chalicelib.api.docs.endpoints import scopes
from chalicelib.api.docs.operations import problem_codes
from chalicelib.api.docs.prose import sentence, words
from chalicelib.domain.language import LANGUAGES
from chalicelib.domain.search import begins
from chalicelib.domain.text import words as folded


def operation_words(
    path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> frozenset[str]:
    """The folded words by which an operation is found, in every language: its address, its sentence, its group, its
    parameters, the members of its body, its scope and the codes of its problems."""
    name = operation["operationId"]
    texts = [path, method, name, scopes()[name]]
    for language in LANGUAGES:
        texts.append(sentence(operation["summary"], language)[0])
        texts += [words(language)["tags"].get(tag, tag) for tag in operation.get("tags", ())]
    texts += [examples.resolved(each, document)["name"] for each in operation["parameters"]]
    _, body = examples.content(operation.get("requestBody", {}))
    if body:
        texts += examples.resolved(body["schema"], document).get("properties", {})
    texts += [code for codes in problem_codes(operation).values() for code in codes]
    return frozenset(word for text in texts for word in folded(text))


def matches(sought: Iterable[str], found: Iterable[str]) -> bool:
    """Whether each word of the search begins one of the words found."""
    own = tuple(found)
    return all(begins(word, own) for word in sought)
