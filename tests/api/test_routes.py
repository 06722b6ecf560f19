"""The addresses that are registered are those of the catalogues, and registering loads nothing more."""

import subprocess
import sys

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.routes import ROUTES
from chalicelib.api.routing import endpoint_of
from chalicelib.cli.routes import FILE, routes_text

HEAVY = (
    "pydantic",
    "pynamodb",
    "typst",
    "pdfkit",
    "cryptography",
    "jwt",
    "lxml",
    "PIL",
    "babel",
    "stdnum",
    "aws_lambda_powertools",
    "chalicelib.domain",
    "chalicelib.store",
    "chalicelib.services",
    "chalicelib.policy",
)


def test_the_registered_addresses_are_the_catalogues() -> None:
    assert FILE.read_text("utf-8") == routes_text(), "run: python -m chalicelib.cli.routes --write"


def test_each_address_leads_to_its_endpoint() -> None:
    assert [endpoint_of(route) for route in ROUTES] == list(ENDPOINTS)


def test_a_cold_start_loads_addresses_only() -> None:
    code = f"import app, sys; print([m for m in sys.modules if m.startswith({HEAVY!r})])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
