"""Customers and suppliers.

No field may hold a national identity card number: it needs the prior authorisation of the CNDP (law 09-08 art. 12).
"""

from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.companies.company import Address
from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.language import Language
from chalicelib.domain.metadata import Metadata
from chalicelib.domain.morocco.withholding import Withholder
from chalicelib.domain.search import phone_word, text_key
from chalicelib.domain.text import words

PartyKind = Literal["business", "consumer", "public_body"]
Billing = Literal["each", "monthly"]
"""One invoice for each sale, or one for the dealings of a month (Code de commerce art. 78-2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Party(Record):
    """The attributes that customers and suppliers share. `ice_missing_reason` is the recorded reason of a business
    without ICE. `withholder` states the taxes that the party withholds from its suppliers (RAS-TVA and RAS on fees).
    `same_as` names the attributes that another party of the kind had too at the last edit. It does not name the other
    party, who may be erased."""

    name: str = kept("party.identity")
    kind: PartyKind = kept("party.identity")
    ice: str | None = kept("party.identity", default=None)
    ice_missing_reason: str | None = kept("party.identity", default=None)
    tax_id: str | None = kept("party.identity", default=None)
    trade_register: str | None = kept("party.identity", default=None)
    address: Address = kept("party.identity")
    email: str | None = kept("party.contact", default=None)
    phone: str | None = kept("party.contact", default=None)
    language: Language = kept("party.contact", default="fr")
    payment_terms_days: int | None = kept("party.terms", default=None)
    withholder: Withholder = kept("party.terms", default="none")
    notes: str | None = kept("party.terms", default=None)
    metadata: Metadata | None = kept("party.terms", default=None)
    """Pairs of texts for the client's own use."""
    same_as: tuple[str, ...] | None = kept("party.terms", default=None)

    @property
    def searched(self) -> list[list[str]]:
        """The words by which a search finds it: those of its name, then those of ICE, e-mail address and telephone
        number."""
        return [words(self.name), [*words(self.ice or ""), *words(self.email or ""), *phone_word(self.phone)]]

    def index_keys(self) -> dict[str, str]:
        """Found by its words."""
        return text_key(self.PREFIX, self.searched)


@entity("customer", table="workspace", prefix="cus")
class Customer(Party):
    """A customer: the company invoices them."""

    billing: Billing | None = kept("party.terms", default=None)
    """None means each."""
    terms_law: bool | None = kept("party.terms", default=None)
    """Whether law 69-21 binds the sales to this customer. None: as the company says."""


@entity("supplier", table="workspace", prefix="sup")
class Supplier(Party):
    """A supplier: they invoice the company."""
