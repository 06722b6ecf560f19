"""The settings by which the law treats a company: bases of TVA, activity, payment terms, identities."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.api.fields import Day, Model, ResponseModel, Text
from chalicelib.domain.companies.company import Activity, BusinessTaxMissing, VatBasis, VatBasisPeriod
from chalicelib.services.inputs.records import Edit, unsent

VAT_BASIS = "The event at which TVA is due, by date: the payment (receipts, the default) or the invoice (CGI art. 95)."
ACTIVITY = "The main activity. Fuel and medicines owe no stamp duty (LF 2019)."
KEEPS_BOOKS = "Whether the company keeps accounts. A liberal profession that keeps none owes no stamp duty (LF 2019)."
SECTOR_DAYS = "The payment terms that a decree allows to the sector, 180 days at most (Code de commerce art. 78-2)."
SECTOR_DECREE = "The decree that names the sector. `sector_terms_days` needs it."
PAYMENT_TERMS_LAW = "Whether law 69-21 binds the company's sales; null: it does under the standard regime."
BUSINESS_TAX_MISSING = "The reason for a missing number of the taxe professionnelle. It is printed nowhere."
IDENTITIES_BIND_FROM = "The day from which documents without the identities of CGI art. 145 are refused."


class VatBasisIn(Model):
    """The basis of TVA from a day on."""

    since: Annotated[Day, Field(alias="from", description="The first day.", examples=["2027-01-01"])]
    basis: Annotated[VatBasis, Field(description="Due at the payment or at the invoice.", examples=["receipts"])]


class VatBasisShown(ResponseModel):
    """The basis of TVA from a day on."""

    since: Annotated[str, Field(alias="from", description="The first day.", examples=["2027-01-01"])]
    basis: Annotated[VatBasis, Field(description="Due at the payment or at the invoice.", examples=["receipts"])]


class LawSettingsEdit(Edit):
    """The settings that a company may change."""

    vat_basis: Annotated[tuple[VatBasisIn, ...], Field(max_length=20, strict=False, description=VAT_BASIS)] = unsent()
    activity: Annotated[Activity | None, Field(description=ACTIVITY, examples=["services"])] = None
    keeps_books: Annotated[bool | None, Field(description=KEEPS_BOOKS, examples=[True])] = None
    sector_terms_days: Annotated[
        Annotated[int, Field(ge=1, le=180)] | None, Field(description=SECTOR_DAYS, examples=[180])
    ] = None
    sector_decree: Annotated[
        Annotated[str, Text(200)] | None, Field(description=SECTOR_DECREE, examples=["Décret n° 2-25-001"])
    ] = None
    payment_terms_law: Annotated[bool | None, Field(description=PAYMENT_TERMS_LAW, examples=[True])] = None
    business_tax_missing: Annotated[
        BusinessTaxMissing | None, Field(description=BUSINESS_TAX_MISSING, examples=["new"])
    ] = None

    def content(self) -> dict[str, Any]:
        """The members that were sent, with domain values for the bases of TVA."""
        sent = super().content()
        if "vat_basis" in sent:
            sent["vat_basis"] = tuple(VatBasisPeriod(since=part.since, basis=part.basis) for part in self.vat_basis)
        return sent


class LawSettingsShown(ResponseModel):
    """The settings as they are stored."""

    vat_basis: Annotated[list[VatBasisShown], Field(description=VAT_BASIS)]
    activity: Annotated[Activity | None, Field(description=ACTIVITY, examples=["services"])]
    keeps_books: Annotated[bool | None, Field(description=KEEPS_BOOKS, examples=[True])]
    sector_terms_days: Annotated[int | None, Field(description=SECTOR_DAYS, examples=[180])]
    sector_decree: Annotated[str | None, Field(description=SECTOR_DECREE, examples=["Décret n° 2-25-001"])]
    payment_terms_law: Annotated[bool | None, Field(description=PAYMENT_TERMS_LAW, examples=[True])]
    business_tax_missing: Annotated[
        BusinessTaxMissing | None, Field(description=BUSINESS_TAX_MISSING, examples=["new"])
    ]
    identities_bind_from: Annotated[str | None, Field(description=IDENTITIES_BIND_FROM, examples=["2026-11-30"])]
