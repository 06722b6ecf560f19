"""The seller and the buyer as a page prints them."""

from chalicelib.domain.companies.company import Address
from chalicelib.domain.documents.model import Buyer, Seller
from chalicelib.domain.documents.view import PartyView
from chalicelib.domain.language import Language
from chalicelib.render import formats


def _address(address: Address, language: Language) -> tuple[str, ...]:
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    return tuple(part for part in (address.street, town, formats.country(address.country, language)) if part)


def seller_view(seller: Seller, language: Language, *, account: bool) -> PartyView:
    """The seller, with the bank account if `account`. On an Arabic page the Arabic name comes first. A legal form that
    the name contains is not repeated."""
    capital = formats.share_capital(seller.share_capital, language) if seller.share_capital is not None else ""
    names = [name for name in (seller.name, seller.name_ar) if name]
    name, *others = reversed(names) if language == "ar" else names
    form = seller.legal_form or ""
    return PartyView(
        name=name,
        other_name=others[0] if others else "",
        legal_form="" if _says(seller.name, form) else form,
        address=_address(seller.address, language),
        ice=seller.ice or "",
        tax_id=seller.tax_id or "",
        trade_register=seller.trade_register or "",
        business_tax=seller.business_tax or "",
        cnss=seller.cnss or "",
        share_capital=capital,
        bank_name=(seller.bank_name or "") if account else "",
        rib=formats.grouped_rib(seller.rib) if seller.rib and account else "",
        phone=seller.phone or "",
        email=seller.email or "",
    )


def _says(name: str, form: str) -> bool:
    """Whether a name has the legal form as its own words: "Atlas S.A.R.L." says SARL."""
    words, wanted = ([word.casefold().replace(".", "") for word in text.split()] for text in (name, form))
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def buyer_view(buyer: Buyer, language: Language) -> PartyView:
    """The buyer."""
    return PartyView(
        name=buyer.name,
        address=_address(buyer.address, language),
        ice=buyer.ice or "",
        tax_id=buyer.tax_id or "",
        trade_register=buyer.trade_register or "",
        phone=buyer.phone or "",
        email=buyer.email or "",
    )
