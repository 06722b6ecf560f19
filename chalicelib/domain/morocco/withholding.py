"""The tax that a customer withholds from an invoice: RAS-TVA (CGI art. 117) and RAS on fees (art. 15 bis, 45 bis), by
date.

A withholding agent pays part of the invoice to the Treasury in the supplier's name. The invoice's totals do not change;
only the payable amount does. Rules that were not read in the law are marked S or ?, and the caller can override them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from chalicelib.domain.money import EXACT, ZERO, cents, percentage
from chalicelib.domain.morocco.dated import Certainty, DatedRule, in_force

Withholder = Literal["none", "public_body", "company", "large_company", "bank_or_insurer"]
PersonType = Literal["legal", "individual"]
WithholdingReason = Literal["ras_vat_services", "ras_vat_goods", "ras_fees"]

SERVICES = frozenset({"services", "fees"})
GOODS_WITH_CERTIFICATE = frozenset({"works", "capital_goods"})
FEES = frozenset({"fees"})
NOT_WITHHELD = "none"
"""The nature of a sale on which no RAS is withheld. Décret 2-23-1118 lists the services; its list was not obtained."""
LF_2024_START = date(2024, 7, 1)
LF_2026_START = date(2026, 7, 1)


@dataclass(frozen=True, slots=True)
class NatureShare:
    """The share of one nature (goods, services, fees, works, capital goods) in a document, in dirhams."""

    nature: str
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class Agent:
    """The payer. `turnover` is annual, in dirhams before TVA, for a `large_company`; None means above every
    threshold."""

    kind: Withholder
    turnover: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SellerStatus:
    """The seller. `certificate`: holds a valid attestation de régularité fiscale (less than six months old). `taxed` is
    False for an auto-entrepreneur or a CPU taxpayer: neither RAS is withheld from them."""

    person: PersonType
    certificate: bool
    taxed: bool = True


@dataclass(frozen=True, slots=True)
class Shares:
    """Percent withheld from a seller with a certificate, and without."""

    certified: Decimal
    uncertified: Decimal


@dataclass(frozen=True, slots=True)
class Withheld:
    """Dirhams withheld by rule, with `rate` in percent of `base`."""

    reason: WithholdingReason
    rate: Decimal
    base: Decimal
    amount: Decimal
    source: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Withholding:
    """The total withheld from one invoice's payment, in dirhams. `small_services`: the exclusion of small services
    removed the RAS-TVA."""

    parts: tuple[Withheld, ...] = ()
    small_services: bool = False

    @property
    def vat(self) -> Decimal:
        """RAS-TVA."""
        return self._sum("ras_vat_services", "ras_vat_goods")

    @property
    def fees(self) -> Decimal:
        """RAS on fees."""
        return self._sum("ras_fees")

    @property
    def total(self) -> Decimal:
        """Both together."""
        return EXACT.add(self.vat, self.fees)

    def _sum(self, *reasons: WithholdingReason) -> Decimal:
        result = ZERO
        for part in self.parts:
            if part.reason in reasons:
                result = EXACT.add(result, part.amount)
        return result


AgentAndPerson = tuple[Withholder, PersonType]
COMPANIES: tuple[Withholder, ...] = ("company", "large_company", "bank_or_insurer")
PERSON_TYPES: tuple[PersonType, ...] = ("individual", "legal")
_75 = Shares(Decimal(75), Decimal(75))
_75_OR_100 = Shares(Decimal(75), Decimal(100))
_100_UNCERTIFIED = Shares(Decimal(0), Decimal(100))

# A public body withholds 75 % of the TVA on services with or without the certificate.
_SERVICES_2024: dict[AgentAndPerson, Shares] = {
    **{("public_body", person): _75 for person in PERSON_TYPES},
    **{(kind, "individual"): _75_OR_100 for kind in COMPANIES},
}
_SERVICES_2026: dict[AgentAndPerson, Shares] = {
    **_SERVICES_2024,
    ("large_company", "legal"): _75_OR_100,
    ("bank_or_insurer", "legal"): _75_OR_100,
}
VAT_ON_SERVICES: tuple[DatedRule[dict[AgentAndPerson, Shares]], ...] = (
    DatedRule(LF_2024_START, date(2026, 6, 30), _SERVICES_2024, "CGI art. 117-V, LF 2024 (law 55-23)", "P"),
    DatedRule(LF_2026_START, None, _SERVICES_2026, "CGI art. 117-V, LF 2026 (law 50-25)", "P"),
)
# Public bodies are left out: they apply the rules of public procurement instead (S).
_GOODS_2024: dict[AgentAndPerson, Shares] = {
    (kind, person): _100_UNCERTIFIED for kind in COMPANIES for person in PERSON_TYPES
}
VAT_ON_GOODS: tuple[DatedRule[dict[AgentAndPerson, Shares]], ...] = (
    DatedRule(LF_2024_START, None, _GOODS_2024, "CGI art. 117-IV, LF 2024 (law 55-23)", "S"),
)
# Companies on individuals' fees: secondary sources say so since 2023; "?" because the summaries of the law disagree.
_FEES_2023: dict[AgentAndPerson, Decimal] = {
    ("public_body", "legal"): Decimal(5),
    ("public_body", "individual"): Decimal(10),
    **{(kind, "individual"): Decimal(10) for kind in COMPANIES},
}
_FEES_2026: dict[AgentAndPerson, Decimal] = {
    **_FEES_2023,
    ("large_company", "legal"): Decimal(5),
    ("bank_or_insurer", "legal"): Decimal(5),
}
FEE_RATES: tuple[DatedRule[dict[AgentAndPerson, Decimal]], ...] = (
    DatedRule(date(2023, 1, 1), date(2026, 6, 30), _FEES_2023, "CGI art. 15 bis, 19-IV-A, 45 bis, 73-II, LF 2023", "?"),
    DatedRule(LF_2026_START, None, _FEES_2026, "CGI art. 15 bis, 45 bis, LF 2026 (law 50-25)", "?"),
)
_M = 1_000_000
LARGE_COMPANY_TURNOVER: tuple[DatedRule[Decimal], ...] = (
    DatedRule(LF_2026_START, date(2026, 12, 31), Decimal(500 * _M), "LF 2026 (law 50-25)", "P"),
    DatedRule(date(2027, 1, 1), date(2027, 12, 31), Decimal(350 * _M), "LF 2026 (law 50-25)", "P"),
    DatedRule(date(2028, 1, 1), None, Decimal(200 * _M), "LF 2026 (law 50-25)", "P"),
)


@dataclass(frozen=True, slots=True)
class SmallServices:
    """Services up to `each` have no RAS-TVA while a supplier's month stays within `month` (dirhams). `basis`: the
    amounts are with TVA ("gross") or without ("net")."""

    each: Decimal
    month: Decimal
    basis: Literal["gross", "net"]


# The law does not say whether the amounts include TVA; the press that reported the circular says they do.
SMALL_SERVICES: tuple[DatedRule[SmallServices], ...] = (
    DatedRule(LF_2024_START, None, SmallServices(Decimal(5_000), Decimal(50_000), "gross"), "CGI art. 117-V", "?"),
)


@dataclass(frozen=True, slots=True)
class Overrides:
    """A caller's decisions where the rule is S or ?. None keeps the table's value. Rates and shares in percent."""

    small_services_basis: Literal["gross", "net"] | None = None
    exclude_small_services: bool | None = None
    services_share: Decimal | None = None
    goods_share: Decimal | None = None
    fee_rate: Decimal | None = None


NO_OVERRIDES = Overrides()


def withholding(
    on: date,
    agent: Agent,
    seller: SellerStatus,
    natures: Sequence[NatureShare],
    *,
    month_services: Decimal = ZERO,
    overrides: Overrides = NO_OVERRIDES,
) -> Withholding:
    """The amount that `agent` withholds on the day of payment or issue.

    `natures`: net and TVA by nature, as `totals` gives them; fees are services too. `month_services`: the services that
    this agent already bought from this seller in the month, in dirhams, on the exclusion's basis. Nothing is withheld
    by an agent of kind "none", from a seller that is not taxed, or on the nature NOT_WITHHELD.
    """
    if agent.kind == "none" or not seller.taxed:
        return Withholding()
    key = _key(on, agent, seller)
    small = _is_small(on, natures, month_services, overrides)
    services = _vat_share(VAT_ON_SERVICES, on, key, seller, overrides.services_share)
    goods = _vat_share(VAT_ON_GOODS, on, key, seller, overrides.goods_share)
    fees = _fee_rate(on, key, overrides.fee_rate)
    vat_of_services = _sum(part.vat for part in natures if part.nature in SERVICES)
    vat_of_goods = _sum(part.vat for part in natures if part.nature in GOODS_WITH_CERTIFICATE)
    net_fees = _sum(part.net for part in natures if part.nature in FEES)
    parts = [
        None if small else _withheld("ras_vat_services", services, vat_of_services),
        _withheld("ras_vat_goods", goods, vat_of_goods),
        _withheld("ras_fees", fees, net_fees),
    ]
    spared = small and _withheld("ras_vat_services", services, vat_of_services) is not None
    return Withholding(tuple(part for part in parts if part), spared)


Applied = tuple[Decimal, str, Certainty]


def _key(on: date, agent: Agent, seller: SellerStatus) -> AgentAndPerson:
    """The key of the rule. A large company below the year's threshold is an ordinary one."""
    kind = agent.kind
    threshold = in_force(LARGE_COMPANY_TURNOVER, on)
    if kind == "large_company" and agent.turnover is not None and threshold and agent.turnover < threshold.value:
        kind = "company"
    return kind, seller.person


def _vat_share(
    rows: Sequence[DatedRule[dict[AgentAndPerson, Shares]]],
    on: date,
    key: AgentAndPerson,
    seller: SellerStatus,
    override: Decimal | None,
) -> Applied | None:
    if override is not None:
        return override, "override", "?"
    row = in_force(rows, on)
    if row is None or key not in row.value:
        return None
    shares = row.value[key]
    return (shares.certified if seller.certificate else shares.uncertified), row.source, row.certainty


def _fee_rate(on: date, key: AgentAndPerson, override: Decimal | None) -> Applied | None:
    if override is not None:
        return override, "override", "?"
    row = in_force(FEE_RATES, on)
    return (row.value[key], row.source, row.certainty) if row and key in row.value else None


def _is_small(on: date, natures: Sequence[NatureShare], month: Decimal, overrides: Overrides) -> bool:
    if overrides.exclude_small_services is not None:
        return overrides.exclude_small_services
    row = in_force(SMALL_SERVICES, on)
    if row is None:
        return False
    services = [part for part in natures if part.nature in SERVICES]
    amount = _sum(part.net for part in services)
    if (overrides.small_services_basis or row.value.basis) == "gross":
        amount = EXACT.add(amount, _sum(part.vat for part in services))
    return amount <= row.value.each and EXACT.add(month, amount) <= row.value.month


def _withheld(reason: WithholdingReason, applied: Applied | None, base: Decimal) -> Withheld | None:
    if applied is None or not applied[0] or not base:
        return None
    rate, source, certainty = applied
    return Withheld(reason, rate, base, cents(percentage(base, rate)), source, certainty)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result
