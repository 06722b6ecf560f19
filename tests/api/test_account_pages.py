"""The pages of receipts (reçus) and statements through the API, as a reader of the PDF sees them."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.request import urlopen

import pytest
from pypdf import PdfReader

from tests.api.test_payments_ledger import SERVICES, customer_of, money, pay, post, reverse
from tests.conftest import Shop


def printed(shop: Shop, path: str, **query: str) -> str:
    """The text of a page, with single spaces."""
    got = shop.owner.get(path, query=query)
    assert got.status == 303, got.text
    with urlopen(got.headers["location"]) as answer:
        assert answer.headers["content-type"] == "application/pdf"
        pages = PdfReader(BytesIO(answer.read())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u202f", " ").replace("\xa0", " ").split())


def receipt(shop: Shop, payment: dict[str, Any], lang: str = "fr") -> str:
    return printed(shop, f"/v1/payments/{payment['id']}/pdf", lang=lang)


class TestReceipt:
    def test_it_states_the_money_and_what_was_withheld(self, shop: Shop) -> None:
        invoice = shop.issued(lines=[SERVICES])
        paid = pay(
            shop, invoice["id"], "10500.00", withheld_vat="1500.00", certificate="ATT-2026-118", reference="VIR 77"
        )
        text = receipt(shop, paid)
        for shown in ("Reçu", paid["id"].removeprefix("pay_"), "10 500,00 MAD", "Virement", "VIR 77", "ATT-2026-118"):
            assert shown in text
        assert "Reçu la somme de : dix mille cinq cents dirhams." in text
        assert "Retenue à la source TVA 1 500,00 MAD" in text
        assert invoice["number"] in text
        assert "Client Exemple" in text

    @pytest.mark.parametrize(
        ("lang", "shown"),
        [
            ("fr", "Reçu la somme de : mille dirhams."),
            ("en", "Received the sum of: one thousand dirhams."),
            ("ar", "1.000,00"),
        ],
    )
    def test_it_is_printed_in_three_languages(self, shop: Shop, lang: str, shown: str) -> None:
        assert shown in receipt(shop, pay(shop, shop.issued()["id"], "1000.00"), lang)

    def test_cash_states_its_stamp_duty(self, shop: Shop) -> None:
        text = receipt(shop, pay(shop, shop.issued()["id"], "1000.00", method="cash"))
        assert "Espèces" in text
        assert "Droit de timbre sur l’encaissement en espèces, en sus 2,50 MAD" in text

    def test_money_in_excess_is_stated(self, shop: Shop) -> None:
        text = receipt(shop, pay(shop, shop.issued()["id"], "4000.00"))
        assert "Imputé sur la facture 3 600,00 MAD" in text
        assert "Crédit non imputé du client 400,00 MAD" in text

    def test_a_pending_cheque_is_subject_to_collection(self, shop: Shop) -> None:
        matures_on = str(shop.today + timedelta(days=30))
        paid = pay(shop, shop.issued()["id"], "3600.00", method="cheque", matures_on=matures_on)
        assert "Sous réserve d’encaissement" in receipt(shop, paid)
        post(shop, f"/v1/payments/{paid['id']}/cash", {"date": str(shop.today)})
        text = receipt(shop, paid)
        assert "Sous réserve" not in text
        assert "Encaissé le" in text

    def test_a_reversed_payment_says_so(self, shop: Shop) -> None:
        paid = pay(shop, shop.issued()["id"], "3600.00", method="cheque")
        assert "sans valeur" not in receipt(shop, paid)
        counter = reverse(shop, paid["id"]).json
        assert "impayé. Ce reçu est sans valeur." in receipt(shop, paid)
        text = receipt(shop, counter)
        assert "Contre-passation" in text
        assert f"Annule le paiement n° {paid['id'].removeprefix('pay_')}" in text
        assert "Montant repris 3 600,00 MAD" in text

    def test_an_application_of_credit_received_nothing_new(self, shop: Shop) -> None:
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "1000.00"))
        invoice = shop.issued(customer=customer)["id"]
        apply = {"to": [{"document": invoice, "amount": "600.00"}]}
        (made,) = post(shop, f"/v1/customers/{customer}/credit/apply", apply)["data"]
        assert "Montant pris sur un crédit du client, reçu auparavant." in receipt(shop, made)

    def test_an_unknown_payment_has_none(self, shop: Shop) -> None:
        assert shop.owner.get("/v1/payments/pay_01J00000000000000000000000/pdf").status == 404


class TestStatement:
    @pytest.mark.parametrize(
        ("lang", "title", "due"), [("fr", "Relevé de compte", "Non échu"), ("en", "Statement of account", "Not due")]
    )
    def test_it_has_the_lines_and_the_ageing(self, shop: Shop, lang: str, title: str, due: str) -> None:
        invoice = shop.issued()
        pay(shop, invoice["id"], "600.00", reference="VIR 12")
        text = printed(shop, f"/v1/customers/{invoice['customer']}/statement/pdf", lang=lang)
        amount = {"fr": "3 000,00", "en": "3,000.00"}[lang]
        for shown in (title, due, invoice["number"], "VIR 12", amount, "Client Exemple", "Boutique Exemple"):
            assert shown in text

    def test_without_a_language_it_is_the_customers(self, shop: Shop) -> None:
        customer = post(shop, "/v1/customers", {"name": "Sophie Martin", "kind": "consumer", "language": "en"})["id"]
        assert "Opening balance" in printed(shop, f"/v1/customers/{customer}/statement/pdf")

    def test_its_arabic_page_has_the_same_figures(self, shop: Shop) -> None:
        invoice = shop.issued()
        text = printed(shop, f"/v1/customers/{invoice['customer']}/statement/pdf", lang="ar")
        assert text.count("3.600,00") >= 4
        assert invoice["number"] in text

    def test_a_client_may_ask_for_the_address(self, shop: Shop) -> None:
        got = shop.owner.ask("GET", f"/v1/customers/{shop.customer}/statement/pdf", accept="application/json")
        assert (got.status, sorted(got.json)) == (200, ["expires_at", "url"])


def test_pages_of_a_test_company_are_specimens(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mode="test")
    invoice = shop.issued()
    paid = pay(shop, invoice["id"], "600.00")
    assert "Spécimen, sans valeur" in receipt(shop, paid)
    assert "Spécimen, sans valeur" in printed(shop, f"/v1/customers/{invoice['customer']}/statement/pdf", lang="fr")


def test_an_equal_page_is_rendered_once(shop: Shop) -> None:
    paid = pay(shop, shop.issued()["id"], "600.00")

    def place() -> str:
        return shop.owner.get(f"/v1/payments/{paid['id']}/pdf").headers["location"].partition("?")[0]

    first = place()
    assert f"/pdf/{shop.company}/" in first
    assert place() == first
    reverse(shop, paid["id"])
    assert place() != first


def test_pages_of_an_erased_customer_are_blocked(shop: Shop) -> None:
    invoice = shop.issued()
    paid = pay(shop, invoice["id"], "600.00")
    asked = post(shop, "/v1/privacy/requests", {"kind": "deletion", "subject": invoice["customer"]})
    post(shop, f"/v1/privacy/requests/{asked['id']}/confirm")
    for path in (f"/v1/payments/{paid['id']}/pdf", f"/v1/customers/{invoice['customer']}/statement/pdf"):
        refused = shop.owner.get(path)
        assert (refused.status, refused.json["code"]) == (409, "document_blocked")
