"""Create the demonstration company through the HTTP API, as a client would."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import urllib3

from chalicelib.domain.morocco.identifiers import rib_key
from chalicelib.policy.load import policy_version
from local import demo
from local.issuer import Issuer, write_private

OWNER = "demo-owner"
SCOPES = (
    "company.read",
    "company.write",
    "parties.read",
    "parties.write",
    "items.read",
    "items.write",
    "imports.read",
    "imports.write",
    "documents.read",
    "documents.write",
    "documents.issue",
    "payments.write",
    "register.read",
    "exports.read",
    "exports.write",
    "changes.read",
    "privacy.read",
    "privacy.write",
    "backups.read",
    "backups.write",
    "backups.restore",
)


class Demo(NamedTuple):
    """The address and API key of the demonstration company."""

    base_url: str
    api_key: str
    company_id: str


class SeedError(Exception):
    """The service refused the demonstration's data."""


def seed(base_url: str, issuer: Issuer, data_dir: Path) -> Demo:
    """Create the demonstration company unless `data_dir/demo.json` says that it exists. Write its address in both
    cases.

    The file has mode 0600, because it holds the API key. It is written last, and every request has a fixed idempotency
    key, so an interrupted start continues where it was.
    """
    path = data_dir / "demo.json"
    if path.exists():
        stored = json.loads(path.read_text())
        company = Demo(base_url, stored["api_key"], stored["company_id"])
    else:
        company = make_company(base_url, issuer)
    write_private(path, json.dumps(company._asdict(), indent=2) + "\n")
    return company


class _Client:
    """A client of the service that expects success."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._token = token
        self._count = 0
        self.company = ""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Return the response's body. Raises SeedError."""
        self._count += 1
        sent = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": f"demo-{self._count:03d}"}
        sent |= {"Company": self.company} if self.company else {}
        answer = urllib3.request(method, self._base_url + path, json=body, headers=sent | headers, retries=False)
        if answer.status >= 400:
            raise SeedError(f"{method} {path}: {answer.status} {answer.data.decode()}")
        parsed: dict[str, Any] = answer.json()
        return parsed


def make_company(base_url: str, issuer: Issuer) -> Demo:
    """Sign a company up and fill it. Raises SeedError on the first response that is not a success."""
    client = _Client(base_url, issuer.token(OWNER, email="demo@atlas-negoce.example"))
    rib = demo.RIB_WITHOUT_KEY + rib_key(demo.RIB_WITHOUT_KEY)
    accepted = {"policy_version": policy_version(), "of_age": True}
    company = client.ask("POST", "/v1/companies", demo.COMPANY | {"rib": rib} | accepted)
    client.company = company["id"]
    tag = {"If-Match": "*"}
    client.ask("PATCH", "/v1/settings", {"cloud": {"sync": True, "backup": True}}, **tag)
    key = client.ask("POST", "/v1/api-keys", {"name": "demonstration", "scopes": list(SCOPES)})
    customers = [client.ask("POST", "/v1/customers", each)["id"] for each in demo.CUSTOMERS]
    client.ask("POST", "/v1/suppliers", demo.SUPPLIER)
    for item in demo.ITEMS:
        client.ask("POST", "/v1/items", item)
    issued = [_issue(client, each, customers) for each in demo.INVOICES]
    _settle(client, issued)
    client.ask("POST", "/v1/invoices", demo.DRAFT | {"customer": customers[demo.DRAFT["customer"]]})
    return Demo(base_url, key["key"], company["id"])


def _issue(client: _Client, invoice: dict[str, Any], customers: list[str]) -> dict[str, Any]:
    draft = client.ask("POST", "/v1/invoices", invoice | {"customer": customers[invoice["customer"]]})
    return client.ask("POST", f"/v1/invoices/{draft['id']}/issue", {})


def _settle(client: _Client, issued: list[dict[str, Any]]) -> None:
    """Pay one invoice in full, one in part, and credit a line of a third."""
    paid, _, partly, credited, _ = issued

    def pay(invoice: dict[str, Any], amount: str, method: str) -> None:
        payment = {"amount": amount, "method": method, "date": invoice["issue_date"], "reference": "demo"}
        client.ask("POST", f"/v1/invoices/{invoice['id']}/payments", payment)

    pay(paid, paid["balance"], "transfer")
    pay(partly, "1000.00", "cheque")
    body = {"lines": [{"line": 1, "quantity": "20"}], "reason": "20 bottles arrived broken"}
    client.ask("POST", f"/v1/invoices/{credited['id']}/credit", body)
