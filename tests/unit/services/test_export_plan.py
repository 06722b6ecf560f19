"""The plan of an export holds the kinds of documents whose types say that they are exported."""

from dataclasses import replace

import pytest

from chalicelib.domain.documents.credit_note import CREDIT_NOTE
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.services.privacy.access import contents
from chalicelib.services.privacy.access.export import steps

CUSTOMER = "cus_01J0000000000000000000000A"


def planned(subject: str | None) -> set[tuple[str, str]]:
    """The stores and kinds of documents in the plan of an export."""
    return {(step.store, kind) for step in steps(subject) for kind in step.kinds if kind in ("invoice", "credit_note")}


def test_a_kind_that_is_not_exported_is_in_no_export_of_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {(store, kind) for store in ("table", "files") for kind in ("invoice", "credit_note")}
    assert planned(None) == both
    monkeypatch.setattr(contents, "document_types", lambda: (replace(INVOICE, exported=False), CREDIT_NOTE))
    assert planned(None) == {("table", "credit_note"), ("files", "credit_note")}


def test_a_persons_export_holds_every_kind_about_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = planned(CUSTOMER)
    assert ("table", "invoice") in before
    monkeypatch.setattr(contents, "document_types", lambda: (replace(INVOICE, exported=False), CREDIT_NOTE))
    assert planned(CUSTOMER) == before
