"""The amounts of a document and the rules of law about them: totals, withholdings, stamp duty, refusals, notices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents import totals as en16931
from chalicelib.domain.documents.model import Discount, ExpectedWithholding, Line, Notice, Totals, VatShare
from chalicelib.domain.documents.prices_with_tax import listed_price
from chalicelib.domain.documents.terms import CommercialTerms, stamp_exemption
from chalicelib.domain.documents.terms import notices as about_terms
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.domain.money import MAX_AMOUNT, ZERO
from chalicelib.domain.morocco.findings import Finding
from chalicelib.domain.morocco.stamp import cash_findings, stamp_duty
from chalicelib.domain.morocco.vat import article_key, check_rate, check_reverse_charge
from chalicelib.domain.morocco.withholding import NOT_WITHHELD, Agent, SellerStatus, withholding

MAX_LINES = 1_000


@dataclass(frozen=True)
class Calculation:
    """Lines with their net amounts, the totals, the withholding that the buyer is expected to make (None without any),
    and the notices."""

    lines: tuple[Line, ...]
    totals: Totals
    expected_withholding: ExpectedWithholding | None
    notices: tuple[Notice, ...]


def calculate(
    lines: Sequence[Line], terms: CommercialTerms, company: Company, customer: Customer | None, *, ours: bool = True
) -> Calculation:
    """Calculate the amounts of a document that the company issues, or receives if it is not `ours`. Raises
    InvalidContent with every fault, each with its pointer."""
    void = _reverse_charge(terms, company, customer, ours=ours)
    if not ours:  # A supplier charges TVA whatever the company's own regime is, unless the buyer owes it.
        company, customer = replace(company, regime="standard"), None
    if len(lines) > MAX_LINES:
        raise InvalidContent(Fault("/lines", "too_many", {"max": MAX_LINES}))
    lines = [_normal(line) for line in lines]
    findings = [*void, *_findings(lines, terms, charged=charges_vat(company, terms, ours=ours))]
    if faults := [Fault(p, f.code, dict(f.params)) for p, f in findings if f.severity == "refuse"]:
        raise InvalidContent(*faults)
    try:
        sums = en16931.totals([line_input(line) for line in lines], *_discount(terms.discount))
    except en16931.TotalsError as error:
        raise InvalidContent(Fault(error.pointer, error.code)) from error
    totals = _totals(sums, terms, company)
    if totals.payable > MAX_AMOUNT:
        raise InvalidContent(Fault("/lines", "amount_too_large"))
    findings += [("", finding) for finding in _about_cash(totals, terms)]
    notices = tuple(Notice(pointer=p, code=f.code, params=dict(f.params)) for p, f in findings)
    notices += tuple(about_terms(terms, company, customer)) if ours else ()
    with_nets = tuple(replace(line, net=net) for line, net in zip(lines, sums.line_nets, strict=True))
    return Calculation(with_nets, totals, _expected(sums, terms, company, customer), notices)


def _reverse_charge(
    terms: CommercialTerms, company: Company, customer: Customer | None, *, ours: bool
) -> list[tuple[str, Finding]]:
    """The refusal of a reverse charge that the law makes void."""
    if not terms.reverse_charge:
        return []
    taxable, consumer = company.regime == "standard", customer is not None and customer.kind == "consumer"
    void = check_reverse_charge(terms.day, taxable_seller=ours and taxable, consumer=ours and consumer)
    return [("/reverse_charge", void)] if void else []


def charges_vat(company: Company, terms: CommercialTerms, *, ours: bool = True) -> bool:
    """Tell whether TVA is charged. An auto-entrepreneur and a CPU taxpayer charge none. A supplier charges none under
    reverse charge."""
    return company.regime == "standard" and (ours or not terms.reverse_charge)


def _findings(lines: Sequence[Line], terms: CommercialTerms, *, charged: bool) -> Iterator[tuple[str, Finding]]:
    known: dict[tuple[Decimal, str | None], tuple[Finding, ...]] = {}
    for index, line in enumerate(lines):
        key = (line.vat_rate, line.exemption)
        if key not in known:
            known[key] = check_rate(line.vat_rate, line.exemption, terms.day, charged=charged)
        for finding in known[key]:
            field = "exemption" if finding.code.startswith("exemption") else "vat_rate"
            yield f"/lines/{index}/{field}", finding


def _normal(line: Line) -> Line:
    """The line with its exemption's article in the table's form, so that "Art. 92-I-1°" and "92-I-1" are one group of
    TVA, and with the price without tax that follows from a price with tax."""
    key = article_key(line.exemption) if line.exemption else None
    line = replace(line, exemption=key) if key and key != line.exemption else line
    if line.unit_price_incl is None:
        return line
    return replace(line, unit_price=listed_price(line.unit_price_incl, line.vat_rate))


def line_input(line: Line) -> en16931.LineInput:
    """The line as the calculation takes it. A line priced with tax has its price with tax."""
    percent, amount = _discount(line.discount)
    price = line.unit_price if line.unit_price_incl is None else line.unit_price_incl
    return en16931.LineInput(
        line.quantity,
        price,
        percent,
        amount,
        line.vat_rate,
        line.exemption,
        line.nature if line.withholding is None else NOT_WITHHELD,
        with_tax=line.unit_price_incl is not None,
    )


def _discount(discount: Discount | None) -> tuple[Decimal | None, Decimal | None]:
    return (discount.percent, discount.amount) if discount else (None, None)


def _expected(
    sums: en16931.CalculatedTotals, terms: CommercialTerms, company: Company, customer: Customer | None
) -> ExpectedWithholding | None:
    """The withholding that the law expects of this buyer. The day of payment decides, so the payment states it."""
    certificate = company.tax_certificate_until is not None and company.tax_certificate_until >= terms.day
    seller = SellerStatus(company.person, certificate, taxed=company.regime == "standard")
    agent = Agent(customer.withholder if customer else "none")
    expected = withholding(terms.day, agent, seller, sums.natures)
    return ExpectedWithholding(vat=expected.vat, fees=expected.fees) if expected.total else None


def _totals(sums: en16931.CalculatedTotals, terms: CommercialTerms, company: Company) -> Totals:
    in_cash = terms.settlement == "cash" and stamp_exemption(terms, company) is None
    stamp = stamp_duty(sums.gross, terms.day) if in_cash else ZERO
    return Totals(
        lines=sums.line_total,
        discount=sums.discount,
        net=sums.net,
        vat=tuple(VatShare(rate=v.rate, exemption=v.exemption, base=v.base, amount=v.amount) for v in sums.vat),
        vat_total=sums.vat_total,
        rounding=sums.rounding or None,
        gross=sums.gross,
        stamp_duty=stamp,
        withheld_vat=ZERO,
        withheld_fees=ZERO,
        payable=sums.gross + stamp,
    )


def _about_cash(totals: Totals, terms: CommercialTerms) -> tuple[Finding, ...]:
    """Warnings for a document that is to be paid in cash: the sale's amount with TVA, without the stamp duty."""
    return cash_findings(totals.payable - totals.stamp_duty, terms.day) if terms.settlement == "cash" else ()
