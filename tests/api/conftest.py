"""A refusal that its endpoint does not declare fails the test that received it."""

import logging
from collections.abc import Iterator

import pytest


class Undeclared(logging.Handler):
    """Collects what the pipeline says of refusals that the application's own endpoints do not declare."""

    def __init__(self, verbs: frozenset[str]) -> None:
        super().__init__(logging.ERROR)
        self._verbs = verbs
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line when it names an endpoint of the catalogue; some tests have endpoints of their own."""
        said = record.getMessage()
        if said.startswith("undeclared refusal ") and said.rpartition(" ")[2] in self._verbs:
            self.found.append(said)


@pytest.fixture(autouse=True)
def declared() -> Iterator[Undeclared]:
    """Listens to the pipeline for the length of a test."""
    from chalicelib.api.catalogue import ENDPOINTS
    from chalicelib.api.serve import verb

    handler, log = Undeclared(frozenset(map(verb, ENDPOINTS))), logging.getLogger("facture.api")
    log.addHandler(handler)
    try:
        yield handler
    finally:
        log.removeHandler(handler)
    assert handler.found == []
