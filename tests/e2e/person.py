"""A person at the other end of the wire: a token from the local issuer, a company of their own, and its invoices."""

import json
from itertools import count
from typing import Any, NamedTuple

from tests.e2e.serving import Answer, Served

_NUMBERS = count(1)
LINE = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
CUSTOMER = {
    "name": "Client Exemple",
    "kind": "business",
    "ice": "002136093000040",
    "address": {"street": "1 rue X", "city": "Casablanca"},
}
COMPANY = {
    "name": "Boutique Exemple",
    "address": {"street": "3 rue Talaa", "city": "Fès"},
    "ice": "002136093000040",
    "tax_id": "12345678",
    "trade_register": "123456",
    "business_tax": "34567890",
    "of_age": True,
}


class Person(NamedTuple):
    """Asks with one bearer token; verbs that write get a fresh key unless one is given."""

    served: Served
    token: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request."""
        sent = {"Authorization": f"Bearer {self.token}"}
        if method in ("POST", "PATCH"):
            sent["Idempotency_Key"] = f"e2e-{next(_NUMBERS)}"
        data = None if body is None else json.dumps(body).encode()
        sent |= {} if data is None else {"Content_Type": "application/json"}
        return self.served.request(method, path, data, **(sent | headers))

    def must(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request that succeeds: its body."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status < 300, answer.body
        return answer.json()


def signed_in(served: Served, subject: str) -> Person:
    """A person with a token of the local issuer."""
    wanted = json.dumps({"sub": subject, "email": f"{subject}@example.ma"}).encode()
    return Person(served, served.request("POST", "/_local/token", wanted).json()["access_token"])


def demonstration(served: Served) -> Person:
    """The demonstration company's API key."""
    return Person(served, json.loads((served.data / "demo.json").read_text())["api_key"])


def signed_up(served: Served, subject: str) -> Person:
    """A person with a company whose cloud is on."""
    person = signed_in(served, subject)
    version = demonstration(served).must("GET", "/v1/company")["policy_version"]
    person.must("POST", "/v1/companies", COMPANY | {"policy_version": version})
    person.must("PATCH", "/v1/settings", {"cloud": {"sync": True}}, If_Match="*")
    return person
