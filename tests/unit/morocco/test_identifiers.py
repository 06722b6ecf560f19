"""Identifiers: real and constructed numbers, every single wrong digit, and what only warns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.morocco.findings import Finding
from chalicelib.domain.morocco.identifiers import (
    check_business_tax,
    check_cnss,
    check_ice,
    check_phone,
    check_rib,
    check_tax_id,
    check_trade_register,
    ice_key,
    looks_like_cin,
    normalise,
    normalise_phone,
    rib_key,
)


def outcome(finding: Finding | None) -> tuple[str, str] | None:
    return (finding.severity, finding.code) if finding else None


@pytest.mark.parametrize("ice", ["001561191000066", "002136093000040", "00 21 36 09 30 00 040", "002136093-0000-40"])
def test_real_ices_pass(ice: str) -> None:
    assert check_ice(ice) is None


@pytest.mark.parametrize(
    ("ice", "code"),
    [
        ("001561191000065", "ice_checksum"),
        ("000000000000000", "ice_checksum"),  # a multiple of 97 with key 00
        ("00156119100006", "ice_malformed"),
        ("0015611910000660", "ice_malformed"),
        ("00156119100006A", "ice_malformed"),
        ("٠٠١٥٦١١٩١٠٠٠٠٦٦", "ice_malformed"),
        ("", "ice_malformed"),
    ],
)
def test_wrong_ices_are_refused(ice: str, code: str) -> None:
    assert outcome(check_ice(ice)) == ("refuse", code)


def test_keys_that_only_the_whole_number_accepts_are_refused() -> None:
    """97, 01 and 02 have the twins 00, 98 and 99, which leave the same remainder."""
    for first in range(97 * 3):
        digits = f"{first:013d}"
        key = ice_key(digits)
        assert 1 <= int(key) <= 97
        assert check_ice(digits + key) is None
        twin = int(key) - 97 if int(key) == 97 else int(key) + 97
        if 0 <= twin <= 99:
            assert int(f"{digits}{twin:02d}") % 97 == 0
            assert outcome(check_ice(f"{digits}{twin:02d}")) == ("refuse", "ice_checksum")


@given(st.integers(0, 10**13 - 1), st.integers(0, 14), st.integers(1, 9))
def test_any_single_wrong_digit_of_an_ice_is_seen(first: int, at: int, by: int) -> None:
    good = f"{first:013d}{ice_key(f'{first:013d}')}"
    wrong = f"{good[:at]}{(int(good[at]) + by) % 10}{good[at + 1 :]}"
    assert check_ice(good) is None
    assert outcome(check_ice(wrong)) == ("refuse", "ice_checksum")


@given(st.integers(0, 10**22 - 1), st.integers(0, 23), st.integers(1, 9))
def test_any_single_wrong_digit_of_a_rib_is_seen(account: int, at: int, by: int) -> None:
    good = f"{account:022d}{rib_key(f'{account:022d}')}"
    assert int(good) % 97 == 0
    wrong = f"{good[:at]}{(int(good[at]) + by) % 10}{good[at + 1 :]}"
    assert check_rib(good) is None
    assert outcome(check_rib(wrong)) == ("refuse", "rib_checksum")


# The treasurer's account as printed in the header of the Bulletin officiel, first 22 digits and key.
OFFICIAL_RIB = "310 810 1014029004423101 33"


def test_a_real_rib_passes() -> None:
    assert check_rib(OFFICIAL_RIB) is None


@pytest.mark.parametrize(
    ("rib", "code"),
    [
        ("3108101014029004423101", "rib_malformed"),
        ("31081010140290044231013X", "rib_malformed"),
        ("0" * 24, "rib_checksum"),
        ("٠" * 23 + "١", "rib_malformed"),
    ],
)
def test_wrong_ribs_are_refused(rib: str, code: str) -> None:
    assert outcome(check_rib(rib)) == ("refuse", code)


@pytest.mark.parametrize(
    ("value", "check", "expected"),
    [
        ("1234567", check_tax_id, None),
        ("40 123 456", check_tax_id, None),
        ("123456", check_tax_id, ("warn", "tax_id_length")),
        ("123456789", check_tax_id, ("warn", "tax_id_length")),
        ("12A4567", check_tax_id, ("refuse", "tax_id_malformed")),
        ("", check_tax_id, ("refuse", "tax_id_malformed")),
        ("١٢٣٤٥٦٧", check_tax_id, ("refuse", "tax_id_malformed")),
        ("001561191000066", check_tax_id, ("refuse", "tax_id_malformed")),
        ("12345678", check_business_tax, None),
        ("1234567", check_business_tax, ("warn", "business_tax_length")),
        ("x", check_business_tax, ("refuse", "business_tax_malformed")),
        ("1234567", check_cnss, None),
        ("123456789", check_cnss, ("warn", "cnss_length")),
        ("CNSS", check_cnss, ("refuse", "cnss_malformed")),
        ("123456", check_trade_register, None),
        ("123456 Casablanca", check_trade_register, None),
        ("RC 123456", check_trade_register, None),
        ("Fès 58213", check_trade_register, None),
        ("Casablanca 341275", check_trade_register, None),
        ("RC Béni Mellal 341275", check_trade_register, None),
        ("12345/2019", check_trade_register, ("warn", "trade_register_form")),
        ("12345678", check_trade_register, ("warn", "trade_register_length")),
        ("1234567890123", check_trade_register, ("refuse", "trade_register_malformed")),
        ("Casablanca", check_trade_register, ("refuse", "trade_register_malformed")),
        ("BE123456", check_trade_register, ("warn", "trade_register_form")),
    ],
)
def test_numbers_without_a_key(value: str, check: object, expected: tuple[str, str] | None) -> None:
    assert callable(check)
    assert outcome(check(value)) == expected


def test_a_length_warning_states_the_usual_length() -> None:
    finding = check_tax_id("123")
    assert finding is not None
    assert finding.params == {"shortest": "7", "longest": "8"}


def test_normalise_drops_characters_that_copying_adds() -> None:
    assert normalise("\u200f00\u00a021\u202f36 09-30.00 040\u200e") == "002136093000040"


@pytest.mark.parametrize(
    ("raw", "number", "expected"),
    [
        ("06 12 34 56 78", "+212612345678", None),
        ("0612-34-56-78", "+212612345678", None),
        ("+212 (0)6 12 34 56 78", "+212612345678", None),
        ("+212 06 12 34 56 78", "+212612345678", None),
        ("00212522123456", "+212522123456", None),
        ("212712345678", "+212712345678", None),
        ("0801000000", "+212801000000", None),
        ("0112345678", "+212112345678", ("warn", "phone_range")),
        ("+33 6 12 34 56 78", "+33612345678", ("warn", "phone_foreign")),
        ("+21261234567", "+21261234567", ("refuse", "phone_malformed")),
        ("+2126123456789", "+2126123456789", ("refuse", "phone_malformed")),
        ("612345678", "612345678", ("refuse", "phone_malformed")),
        ("call me", "callme", ("refuse", "phone_malformed")),
        ("", "", ("refuse", "phone_malformed")),
    ],
)
def test_phones(raw: str, number: str, expected: tuple[str, str] | None) -> None:
    assert normalise_phone(raw) == number
    assert outcome(check_phone(raw)) == expected
    assert normalise_phone(number) == number


@pytest.mark.parametrize(
    "text", ["BE123456", "be 123456", "A12345", "CIN : AB123456.", "M. X, carte K45678", "Café F 50000"]
)
def test_cin_numbers_are_seen(text: str) -> None:
    assert looks_like_cin(text)


@pytest.mark.parametrize(
    "text",
    [
        "RC 123456",
        "IF12345",
        "FA-2026-00042",
        "FA 12345",
        "Tél. 0612345678",
        "ABC12345",
        "BE1234567",
        "12 rue Ibn Batouta",
        "Fès 58213",
        "Villa Fès 12345",
        "Salé 12345",
        "",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not looks_like_cin(text)
