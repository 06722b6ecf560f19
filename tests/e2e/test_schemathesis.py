"""Schemathesis against the live service, over every operation of its own OpenAPI document."""

import json
import os
import re
import subprocess
import sys

from tests.e2e.person import CUSTOMER, LINE, Person, signed_up
from tests.e2e.serving import ROOT, Served

SECONDS = 1_500
"""The most that a run may take; it takes three minutes on two cores, and five beside other tests."""
LEAST_REQUESTS = 3_000
"""Fewer would mean that most operations were left out."""
ITEM = {"name": "Conseil", "unit_price": "1500.00", "vat_rate": "20"}


def stocked(me: Person) -> dict[str, list[str]]:
    """Things to ask for, by the prefix of their ids: enough of each that some outlive the deletions."""

    def made(times: int, path: str, body: object) -> list[str]:
        return [me.must("POST", path, body)["id"] for _ in range(times)]

    customers = made(12, "/v1/customers", CUSTOMER)
    drafts = made(40, "/v1/invoices", {"customer": customers[0], "lines": [LINE]})
    for draft in drafts[:20:2]:
        me.must("POST", f"/v1/invoices/{draft}/issue", {})
    credited = [me.must("POST", f"/v1/invoices/{draft}/credit", {})["id"] for draft in drafts[:6:2]]
    job = me.must("POST", "/v1/invoices/issue", {"ids": made(31, "/v1/invoices", {"lines": [LINE]})})["id"]
    return {
        "cus": customers,
        "inv": drafts,
        "crn": credited,
        "job": [job],
        "sup": made(12, "/v1/suppliers", CUSTOMER),
        "itm": made(12, "/v1/items", ITEM),
        "key": made(12, "/v1/api-keys", {"name": "fuzz", "scopes": ["documents.read"]}),
        "mem": [
            me.must("POST", "/v1/members", {"email": f"colleague-{n}@example.ma", "role": "viewer"})["id"]
            for n in range(3)
        ],
    }


def test_no_operation_answers_other_than_its_document_says(live: Served) -> None:
    me = signed_up(live, "schemathesis")
    things = stocked(me)
    company = me.must("GET", "/v1/company")["id"]
    given = {
        "FUZZ_TOKEN": me.token,
        "FUZZ_COMPANY": company,
        "FUZZ_THINGS": json.dumps(things),
        "PYTHONPATH": str(ROOT),
    }
    config = str(ROOT / "tests/e2e/schemathesis.toml")
    document = f"http://127.0.0.1:{live.port}/openapi.json"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "--no-color", "run", document]
    done = subprocess.run(
        command,
        cwd=live.data,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    said = "\n".join(line[:400] for line in done.stdout.splitlines())  # a body may be a megabyte
    assert done.returncode == 0, said + done.stderr
    counted = re.search(r"(\d+) generated, (\d+) passed", said)
    assert counted, said
    assert int(counted[1]) > LEAST_REQUESTS, said
    assert live.complaints == []
    # The example of a sign-up makes a second company.
    answer = me.ask("GET", "/v1/company", Company=company)
    assert answer.status == 200, "the company did not outlive its own requests"
    # The books of a company that was fuzzed for a minute still add up.
    verified = me.must("GET", "/v1/register/verify", Company=company)
    assert (verified["verified"], verified["complete"]) == (True, True)
    assert verified["checked"] >= 10
