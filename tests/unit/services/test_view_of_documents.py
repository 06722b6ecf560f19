"""The content of the pages of invoices and credit notes: the parts that are printed, and those that are left out."""

from dataclasses import fields, replace
from typing import Any

import pytest

from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment_mode import Method, settlement_of
from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.language import Language
from chalicelib.render.payload import payload
from chalicelib.services.documents.view import draft_view, issued_view
from tests.unit import samples

LANGUAGES: tuple[Language, ...] = ("fr", "ar", "en")
RIB = "230780211111111111110054"


def sold(mode: Method | None = None, **seller: Any) -> Invoice:
    company = samples.company(rib=RIB, bank_name="Banque Exemple", **seller)
    return samples.issued(seller=company, payment_mode=mode, settlement=settlement_of(mode))


def credit_note_of(invoice: Invoice) -> CreditNote:
    same = {each.name: getattr(invoice, each.name) for each in fields(Invoice)}
    return CreditNote(
        **same | {"id": "crn_01", "number": "AV-2026-00001"},
        invoice=invoice.id,
        invoice_number=invoice.number,
        invoice_date=invoice.issue_date,
        credited_lines=(1,),
    )


def facts(view: DocumentView) -> dict[str, str]:
    return {fact.kind: fact.value for fact in view.facts}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_credit_note_asks_for_nothing(language: Language) -> None:
    view = issued_view(credit_note_of(sold()), language)
    assert "due_date" not in facts(view)
    assert (view.seller.rib, view.seller.bank_name, view.payment_terms) == ("", "", "")
    assert [row.kind for row in view.totals] == ["net", "vat_total", "gross", "credited"]
    assert view.mentions == ()
    data = payload(view)
    assert "Net à payer" not in str(data["totals"])


@pytest.mark.parametrize(
    ("language", "day"), [("fr", "23 novembre 2026"), ("ar", "23 نونبر 2026"), ("en", "23 November 2026")]
)
def test_a_credit_note_names_its_invoice_and_the_day_of_it(language: Language, day: str) -> None:
    """EN 16931, BT-25 and BT-26. A credit note of an earlier version does not know the day."""
    note = credit_note_of(sold())
    known = facts(issued_view(note, language))
    assert (known["corrects"], known["corrected_date"]) == ("FA-2026-00001", day)
    assert "corrected_date" not in facts(issued_view(replace(note, invoice_date=None), language))


def test_references_are_printed_when_they_are_given() -> None:
    invoice = replace(sold(), order_reference="BC-7", buyer_reference="Service achats")
    assert {"order_reference": "BC-7", "buyer_reference": "Service achats"}.items() <= facts(
        issued_view(invoice, "fr")
    ).items()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice_asks_for_its_money(language: Language) -> None:
    view = issued_view(sold(), language)
    assert facts(view)["due_date"]
    assert view.payment_terms
    assert (view.seller.rib, view.seller.bank_name) == ("230 780 2111111111111100 54", "Banque Exemple")
    assert view.totals[-1].kind == "payable"


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "Espèces"), ("ar", "نقدا"), ("en", "Cash")], ids=["fr", "ar", "en"]
)
def test_a_cash_invoice_has_no_due_date_and_no_account(language: Language, said: str) -> None:
    view = issued_view(sold("cash"), language)
    assert facts(view)["settlement"] == said
    assert "due_date" not in facts(view)
    assert (view.seller.rib, view.seller.bank_name) == ("", "")
    assert "2027" not in payload(view)["payment_terms"]["text"]
    assert not any("78-3" in mention for mention in view.mentions)
    assert any("78-3" in mention for mention in issued_view(sold("transfer"), language).mentions)


def test_an_older_cash_invoice_is_one_too() -> None:
    view = issued_view(samples.issued(seller=samples.company(rib=RIB), settlement="cash"), "fr")
    assert facts(view)["settlement"] == "Espèces"
    assert view.seller.rib == ""


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("cheque", "Chèque"),
        ("transfer", "Virement"),
        ("card", "Carte bancaire"),
        ("bill_of_exchange", "Effet de commerce"),
        ("direct_debit", "Prélèvement"),
        ("compensation", "Compensation"),
        ("other", "Autre"),
        (None, None),
    ],
)
def test_the_mode_of_payment_is_printed_when_it_was_stated(mode: Method | None, said: str | None) -> None:
    """CGI art. 145-III-7°."""
    assert facts(issued_view(sold(mode), "fr")).get("settlement") == said


def test_a_draft_says_what_its_issue_will_say() -> None:
    company = samples.company(rib=RIB, signature_box=True)
    view = draft_view(samples.draft(payment_mode="cash", settlement="cash"), company, samples.customer(), "fr")
    assert facts(view) == {"settlement": "Espèces"}
    assert view.seller.rib == ""
    assert view.signature_box


@pytest.mark.parametrize(
    ("name", "form", "printed"),
    [
        ("Atlas Négoce", "SARL", "SARL"),
        ("Atlas Négoce SARL", "SARL", ""),
        ("Atlas Négoce S.A.R.L.", "sarl", ""),
        ("SARL AU Atlas", "SARL AU", ""),
        ("Atlas SARL", "SARL AU", "SARL AU"),
        ("Salsarl", "SARL", "SARL"),
        ("Atlas", None, ""),
    ],
)
def test_the_legal_form_is_printed_once(name: str, form: str | None, printed: str) -> None:
    assert issued_view(sold(name=name, legal_form=form), "fr").seller.legal_form == printed


def test_the_arabic_name_comes_first_on_an_arabic_page() -> None:
    invoice = sold(name_ar="أطلس للتجارة")
    french, arabic = issued_view(invoice, "fr").seller, issued_view(invoice, "ar").seller
    assert (french.name, french.other_name) == ("Atlas Négoce", "أطلس للتجارة")
    assert (arabic.name, arabic.other_name) == ("أطلس للتجارة", "Atlas Négoce")
    assert issued_view(sold(), "ar").seller.other_name == ""


def test_a_box_for_the_signature_is_the_companys_choice() -> None:
    assert payload(issued_view(sold(signature_box=True), "fr"))["signature"] == "Cachet et signature"
    assert payload(issued_view(sold(), "fr"))["signature"] == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_specimen_has_one_word(language: Language) -> None:
    data = payload(replace(issued_view(sold(), language), marks=("specimen",)))
    assert data["marks"][0].casefold().split()[0].strip(",") == data["mark"].casefold()


@pytest.mark.parametrize("language", LANGUAGES)
def test_identifiers_have_labels_in_the_pages_language(language: Language) -> None:
    labels = [pair["label"] for pair in payload(issued_view(sold(), language))["footer"]["identity"]]
    arabic = ["التعريف الموحد للمقاولة", "التعريف الضريبي", "السجل التجاري", "الرسم المهني"]
    assert labels == (arabic if language == "ar" else ["ICE", "IF", "RC", "TP"])
