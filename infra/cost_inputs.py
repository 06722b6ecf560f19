"""The inputs of the cost, its units, and what Lambda and CloudWatch Logs bill for a use."""

import json
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from chalicelib.policy.ends import term
from chalicelib.policy.load import current
from chalicelib.policy.terms import most_days
from infra.stages import trace_days

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "cost.md"
FUNCTIONS: Mapping[str, Any] = json.loads((HERE.parent / ".chalice" / "config.json").read_text(encoding="utf-8"))[
    "lambda_functions"
]


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"), parse_float=Decimal)


COUNTS, USAGE, TABLE = _table("counts.toml"), _table("usage.toml"), _table("prices.toml")
PRICES: Mapping[str, Mapping[str, Any]] = TABLE["prices"]
QUOTAS: Mapping[str, Mapping[str, Any]] = TABLE["quotas"]
CERTAINTIES: Mapping[str, str] = TABLE["certainties"]
GB, MB = Decimal(1024**3), Decimal(1024)
DAYS, HOURS = Decimal(30), Decimal(730)
SECONDS = DAYS * 86_400
PAGE_MONTHS = most_days(term("file.rendering")) / DAYS
ANSWER_MONTHS = most_days(term("transient.answer")) / DAYS
STATUTORY_YEARS = term("document.content").years
KEPT_MONTHS = Decimal(12 * STATUTORY_YEARS + 6)
"""The average months from issue to end: the statutory term, from the end of the financial year."""
DOCUMENTS_A_STEP = 12
SCALES = (1, 1_000, 1_000_000)
NAMES: Mapping[str, str] = {
    "gateway": "API Gateway",
    "firewall": "WAF",
    "lambda": "Lambda",
    "dynamodb": "DynamoDB",
    "s3": "S3",
    "malware": "GuardDuty",
    "kms": "KMS",
    "mail": "SES",
    "queue": "SQS",
    "schedule": "EventBridge Scheduler",
    "logs": "CloudWatch Logs",
    "figure": "CloudWatch metrics",
    "alarm": "CloudWatch alarms",
    "dashboard": "CloudWatch dashboard",
    "trace": "X-Ray",
    "user": "Cognito",
    "secret": "Secrets Manager",
    "transfer": "data out",
}
"""Services as readers know them, by the first part of a price's name."""

Uses = dict[str, Decimal]
"""Quantities by the name of their price."""


def summed(*parts: Mapping[str, Decimal], times: Decimal | int = 1) -> Uses:
    """Add the parts together and multiply them by `times`."""
    total: Uses = {}
    for part in parts:
        for name, quantity in part.items():
            total[name] = total.get(name, Decimal(0)) + quantity * times
    return total


def gb_seconds(function: str, milliseconds: Decimal | int) -> Decimal:
    """Return the GB-seconds that Lambda bills when a function runs for so many milliseconds."""
    return Decimal(FUNCTIONS[function]["lambda_memory_size"]) / MB * milliseconds / 1000


def logged(size: Decimal | int) -> Uses:
    """Return what so many bytes of log use. They are kept as long as the policy keeps technical information."""
    return {"logs.gb": size / GB, "logs.gb_month": size / GB * trace_days(current()) / DAYS}
