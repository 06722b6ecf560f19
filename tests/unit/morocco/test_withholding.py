"""RAS-TVA and RAS on fees: who withholds what from whom, by date."""

from datetime import date
from decimal import Decimal
from typing import Literal, get_args

import pytest

from chalicelib.domain.documents.totals import LineInput, totals
from chalicelib.domain.morocco.withholding import (
    Agent,
    NatureShare,
    Overrides,
    PersonType,
    SellerStatus,
    Withholder,
    Withholding,
    withholding,
)

D = Decimal

SERVICES = [NatureShare("services", D("10000.00"), D("2000.00"))]
FEES = [NatureShare("fees", D("10000.00"), D("2000.00"))]
WORKS = [NatureShare("works", D("10000.00"), D("2000.00"))]
EQUIPMENT = [NatureShare("capital_goods", D("10000.00"), D("2000.00"))]
GOODS = [NatureShare("goods", D("10000.00"), D("2000.00"))]
BEFORE, FIRST_DAY = date(2024, 6, 30), date(2024, 7, 1)
BEFORE_2026, FIRST_2026 = date(2026, 6, 30), date(2026, 7, 1)


def shares(result: Withholding, tax: str) -> list[Decimal]:
    """The rates applied for a tax (`ras_vat` or `ras_fees`), in percent."""
    return [part.rate for part in result.parts if part.reason.startswith(tax)]


def test_the_worked_example() -> None:
    """10,000 HT of services → TVA 2,000 → TTC 12,000; 75 % of the TVA = 1,500; net to pay 10,500."""
    document = totals([LineInput(D(10), D(1000), None, None, D(20), None, "services")])
    result = withholding(
        date(2026, 11, 20), Agent("public_body"), SellerStatus("legal", certificate=True), document.natures
    )
    assert (result.vat, shares(result, "ras_vat"), result.fees) == (D("1500.00"), [D(75)], D(0))
    assert document.gross - result.total == D("10500.00")
    (part,) = result.parts
    assert (part.reason, part.base, part.certainty) == ("ras_vat_services", D("2000.00"), "P")
    assert "117" in part.source


@pytest.mark.parametrize(
    ("on", "kind", "person", "certificate", "share"),
    [
        (BEFORE, "public_body", "legal", True, 0),
        (FIRST_DAY, "public_body", "legal", True, 75),
        (FIRST_DAY, "public_body", "legal", False, 75),
        (FIRST_DAY, "public_body", "individual", False, 75),
        (BEFORE, "company", "individual", True, 0),
        (FIRST_DAY, "company", "individual", True, 75),
        (FIRST_DAY, "company", "individual", False, 100),
        (FIRST_DAY, "company", "legal", True, 0),
        (FIRST_DAY, "company", "legal", False, 0),
        (FIRST_2026, "company", "legal", False, 0),
        (BEFORE_2026, "large_company", "legal", True, 0),
        (FIRST_2026, "large_company", "legal", True, 75),
        (FIRST_2026, "large_company", "legal", False, 100),
        (FIRST_2026, "large_company", "individual", False, 100),
        (BEFORE_2026, "bank_or_insurer", "legal", True, 0),
        (BEFORE_2026, "bank_or_insurer", "individual", True, 75),
        (FIRST_2026, "bank_or_insurer", "legal", True, 75),
        (FIRST_2026, "none", "individual", False, 0),
    ],
)
def test_vat_on_services(on: date, kind: Withholder, person: PersonType, certificate: bool, share: int) -> None:
    result = withholding(on, Agent(kind), SellerStatus(person, certificate), SERVICES)
    assert shares(result, "ras_vat") == ([share] if share else [])
    assert result.vat == 20 * share
    assert result.total == result.vat


@pytest.mark.parametrize(
    ("on", "turnover", "withheld"),
    [
        (date(2026, 7, 1), 499_999_999, False),
        (date(2026, 7, 1), 500_000_000, True),
        (date(2026, 12, 31), 350_000_000, False),
        (date(2027, 1, 1), 350_000_000, True),
        (date(2027, 12, 31), 200_000_000, False),
        (date(2028, 1, 1), 200_000_000, True),
        (date(2028, 1, 1), 199_999_999, False),
        (date(2026, 7, 1), None, True),
    ],
)
def test_large_companies_by_turnover_and_year(on: date, turnover: int | None, withheld: bool) -> None:
    agent = Agent("large_company", None if turnover is None else D(turnover))
    assert bool(withholding(on, agent, SellerStatus("legal", certificate=True), SERVICES).vat) is withheld
    # Under the threshold it is still a company, and withholds from individuals.
    assert withholding(on, agent, SellerStatus("individual", certificate=True), SERVICES).vat == D("1500.00")


@pytest.mark.parametrize("natures", [WORKS, EQUIPMENT])
@pytest.mark.parametrize(
    ("on", "kind", "certificate", "withheld"),
    [
        (FIRST_DAY, "company", False, "2000.00"),
        (FIRST_DAY, "company", True, "0.00"),
        (BEFORE, "company", False, "0.00"),
        (FIRST_DAY, "public_body", False, "0.00"),
    ],
)
def test_works_and_equipment_without_certificate(
    natures: list[NatureShare], on: date, kind: Withholder, certificate: bool, withheld: str
) -> None:
    for person in get_args(PersonType):
        status = SellerStatus(person, certificate)
        assert withholding(on, Agent(kind), status, natures).vat == D(withheld)


def test_goods_are_never_withheld_from() -> None:
    for kind in get_args(Withholder):
        agent = Agent(kind)
        assert withholding(FIRST_2026, agent, SellerStatus("individual", certificate=False), GOODS).parts == ()


@pytest.mark.parametrize(
    ("on", "kind", "person", "rate"),
    [
        (date(2022, 12, 31), "public_body", "legal", 0),
        (date(2023, 1, 1), "public_body", "legal", 5),
        (date(2023, 1, 1), "public_body", "individual", 10),
        (date(2023, 1, 1), "company", "individual", 10),
        (date(2023, 1, 1), "company", "legal", 0),
        (BEFORE_2026, "large_company", "legal", 0),
        (FIRST_2026, "large_company", "legal", 5),
        (FIRST_2026, "bank_or_insurer", "legal", 5),
    ],
)
def test_fees_are_withheld_on_their_net(on: date, kind: Withholder, person: PersonType, rate: int) -> None:
    result = withholding(on, Agent(kind), SellerStatus(person, certificate=True), FEES)
    assert shares(result, "ras_fees") == ([rate] if rate else [])
    assert result.fees == 100 * rate


def test_fees_are_services_too() -> None:
    result = withholding(FIRST_DAY, Agent("public_body"), SellerStatus("individual", certificate=True), FEES)
    assert (result.vat, result.fees, result.total) == (D("1500.00"), D("1000.00"), D("2500.00"))
    assert [part.reason for part in result.parts] == ["ras_vat_services", "ras_fees"]


def test_nothing_is_withheld_from_an_auto_entrepreneur() -> None:
    seller = SellerStatus("individual", certificate=False, taxed=False)
    assert withholding(FIRST_2026, Agent("public_body"), seller, FEES).total == 0


PUBLIC, LEGAL = Agent("public_body"), SellerStatus("legal", certificate=True)


def services(net: str, vat: str) -> list[NatureShare]:
    return [NatureShare("services", D(net), D(vat))]


@pytest.mark.parametrize(
    ("net", "vat", "month", "basis", "spared"),
    [
        ("4166.66", "833.33", "0", None, True),  # 4,999.99 with TVA
        ("4166.67", "833.33", "0", None, True),  # 5,000.00 with TVA
        ("4166.68", "833.34", "0", None, False),
        ("5000.00", "1000.00", "0", "net", True),
        ("5000.00", "1000.00", "0", "gross", False),
        ("5000.01", "1000.00", "0", "net", False),
        ("1000.00", "200.00", "48800.00", None, True),
        ("1000.00", "200.00", "48800.01", None, False),
    ],
)
def test_small_services_are_spared(
    net: str, vat: str, month: str, basis: Literal["gross", "net"] | None, spared: bool
) -> None:
    overrides = Overrides(small_services_basis=basis)
    result = withholding(FIRST_DAY, PUBLIC, LEGAL, services(net, vat), month_services=D(month), overrides=overrides)
    assert result.small_services is spared
    assert (result.vat == 0) is spared


def test_fees_of_a_small_service_are_still_withheld() -> None:
    small = [NatureShare("fees", D("1000.00"), D("200.00"))]
    result = withholding(FIRST_DAY, PUBLIC, LEGAL, small)
    assert (result.vat, result.fees, result.small_services) == (D(0), D("50.00"), True)


def test_the_exclusion_is_only_said_when_it_spared_something() -> None:
    small = services("1000.00", "200.00")
    assert not withholding(FIRST_DAY, Agent("company"), LEGAL, small).small_services
    assert not withholding(FIRST_DAY, PUBLIC, LEGAL, GOODS).small_services


def test_an_uncertain_rule_can_be_overridden() -> None:
    small = services("1000.00", "200.00")
    forced = withholding(FIRST_DAY, PUBLIC, LEGAL, small, overrides=Overrides(exclude_small_services=False))
    assert forced.vat == D("150.00")
    none = withholding(FIRST_DAY, PUBLIC, LEGAL, FEES, overrides=Overrides(services_share=D(0), fee_rate=D(0)))
    assert none.parts == ()
    more = withholding(FIRST_DAY, Agent("company"), LEGAL, FEES, overrides=Overrides(fee_rate=D(5)))
    assert (more.fees, more.parts[0].source) == (D("500.00"), "override")
    works = withholding(FIRST_DAY, Agent("company"), LEGAL, WORKS, overrides=Overrides(goods_share=D(100)))
    assert works.vat == D("2000.00")


def test_amounts_are_rounded_to_the_centime() -> None:
    result = withholding(FIRST_DAY, PUBLIC, LEGAL, services("10000.03", "2000.01"))
    assert result.vat == D("1500.01")  # 1,500.0075
