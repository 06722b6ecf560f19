"""A company for histories and measurements: founded in a transaction, with a customer and drafts to issue."""

import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Address, Company
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.calculation import calculate
from chalicelib.domain.documents.invoice import Draft
from chalicelib.domain.documents.model import Line
from chalicelib.domain.documents.terms import CommercialTerms
from chalicelib.domain.ids import derived_id
from chalicelib.settings import Settings, places_of
from chalicelib.store.decision import FOUNDING, Decision
from chalicelib.store.read import Reader, open_company
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.answering import answering

TO_A_TRANSACTION = 90
SELLER: dict[str, Any] = {
    "name": "Atlas Négoce",
    "legal_form": "SARL",
    "address": Address(street="12 rue Ibn Batouta", city="Casablanca"),
    "ice": "002136093000040",
    "tax_id": "12345678",
    "trade_register": "123456",
    "business_tax": "34567890",
    "policy_version": "1",
}


def settings(endpoint: str, prefix: str) -> Settings:
    """Settings of a test whose tables begin with `prefix`."""
    return Settings(
        stage="test",
        region="eu-west-3",
        endpoint=endpoint,
        table_prefix=prefix,
        files_bucket=f"{prefix}files",
        archive_bucket=f"{prefix}files-archive",
        issuer="https://issuer.example",
        audience="facture",
        jwks_url="https://issuer.example/jwks",
        wake_queue=None,
        pepper="p" * 32,
        build="test",
        places=places_of(os.environ),
        answers_bound_since=date(2026, 1, 1),
    )


def call(world: World, company: str, verb: str, key: str, request: str = "") -> Call:
    """A call of now that a client sent, by an actor of the tests."""
    return answering(world.client_call(company, "user-1", verb, key=key, request=request))


def customer_of(company: str) -> str:
    """The id of a company's one customer."""
    return derived_id("cus", company)


def founded(world: World, name: str, *, days_ago: int = 0) -> str:
    """A company that stores in the cloud, with a profile and a customer; its id is derived from `name`."""
    company = derived_id("cmp", name)
    now = call(world, company, "sign_up", "founding")
    now = replace(now, at=now.at - timedelta(days=days_ago))
    seller = Company(company=company, id=company, created_at=now.at, updated_at=now.at, **SELLER)
    buyer = Customer(
        company=company,
        id=customer_of(company),
        created_at=now.at,
        updated_at=now.at,
        name="Client Exemple",
        kind="business",
        ice="002136093000040",
        address=Address(street="1 rue Talaa", city="Fès"),
    )
    _put(world, now, Decision(new=(seller, buyer), head={"cloud_sync": True}))
    return company


def _put(world: World, now: Call, decision: Decision) -> None:
    transact(world.store, now, [], lambda _: decision, FOUNDING)


def lines(count: int) -> tuple[Line, ...]:
    """Lines at one rate, each with a description of its own."""
    one: dict[str, Any] = {
        "quantity": Decimal(2),
        "unit_price": Decimal("1500.125"),
        "vat_rate": Decimal(20),
        "nature": "services",
    }
    return tuple(Line(description=f"Conseil, journée {number}", **one) for number in range(1, count + 1))


def drafts(world: World, company: str, names: list[str], *, line_count: int = 1, buyer: str | None = None) -> list[str]:
    """Ids of new drafts for the company's customer, many to a transaction; an id is derived from the draft's name."""
    buyer = buyer or customer_of(company)
    profile, customer = world.store.records([Company.ref(company), Customer.ref(company, buyer)])
    assert isinstance(profile, Company)
    assert isinstance(customer, Customer)
    terms = CommercialTerms(None, "other", reverse_charge=False, day=date(2026, 1, 2))
    reckoned = calculate(lines(line_count), terms, profile, customer)
    ids = [derived_id("inv", company, name) for name in names]
    for start in range(0, len(ids), TO_A_TRANSACTION):
        now = call(world, company, "draft", f"drafts-{ids[start]}")
        made = tuple(
            Draft(
                company=company,
                id=id,
                created_at=now.at,
                updated_at=now.at,
                customer=buyer,
                lines=reckoned.lines,
                totals=reckoned.totals,
            )
            for id in ids[start : start + TO_A_TRANSACTION]
        )
        _put(world, now, Decision(new=made))
    return ids


def opened(world: World, company: str) -> Reader:
    """A reader of the company; also what warms a connection."""
    return open_company(world.store, company)
