"""The mentions printed on documents, in three languages."""

import re
from decimal import Decimal
from typing import get_args

import pytest

from chalicelib.domain.documents.credit_note import CREDIT_NOTE
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.language import Language
from chalicelib.domain.morocco import mentions
from chalicelib.domain.morocco.mentions import legal_mentions
from chalicelib.domain.words import arabic_words, french_words

D = Decimal

LANGUAGES: tuple[Language, ...] = get_args(Language)


def test_closing_sentences() -> None:
    french = french_words.amount_in_words(D("720.01"))
    invoice, note = INVOICE.words.closing or {}, CREDIT_NOTE.words.closing or {}
    assert invoice["fr"].format(words=french) == (
        "Arrêtée la présente facture à la somme de sept cent vingt dirhams et un centime."
    )
    assert note["fr"].format(words=french).startswith("Arrêté le présent avoir à la somme de sept cent vingt")
    arabic = arabic_words.amount_in_words(D("720.01"))
    assert invoice["ar"].format(words=arabic) == f"حصر مبلغ هذه الفاتورة في: {arabic}."


def test_a_standard_invoice_mentions_the_fine_alone() -> None:
    assert legal_mentions("fr") == (mentions.LATE_PAYMENT["fr"],)
    assert legal_mentions("fr", terms_law=False) == ()
    assert legal_mentions("fr", asks_payment=False) == ()


def test_mentions_follow_the_document() -> None:
    said = legal_mentions("fr", reverse_charge=True, exemptions=["92-I-1", None, "92-I-1", "94-I"])
    assert [line.partition(" ")[0] for line in said] == ["Autoliquidation", "Vente", "Vente", "Tout"]
    assert "92-I-1°" in said[1]
    assert "94-I" in said[2]


@pytest.mark.parametrize(("regime", "word"), [("auto_entrepreneur", "auto-entrepreneur"), ("cpu", "CPU")])
def test_a_seller_without_vat_states_the_reason(regime: str, word: str) -> None:
    first = legal_mentions("fr", regime=regime)[0]
    assert first.startswith("TVA non applicable")
    assert word in first


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("regime", ["standard", "auto_entrepreneur", "cpu"])
def test_every_language_says_as_much(language: Language, regime: str) -> None:
    said = legal_mentions(language, regime=regime, reverse_charge=True, exemptions=["92-I-1"])
    assert len(said) == len(legal_mentions("fr", regime=regime, reverse_charge=True, exemptions=["92-I-1"]))
    arabic = [bool(re.search(r"[\u0600-\u06ff]", line)) for line in said]
    assert all(arabic) if language == "ar" else not any(arabic)


def test_every_word_exists_in_every_language() -> None:
    tables = [mentions.REVERSE_CHARGE, mentions.LATE_PAYMENT]
    for words in [*tables, *mentions.NO_VAT.values()]:
        assert set(words) == set(LANGUAGES)
        assert all(text.strip() for text in words.values())
