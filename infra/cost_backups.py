"""Calculate what backups cost: each night's backup, the weekly drill, the end of each backup, and the statutory
archive.

A backup reads the complete company each night. A drill restores it into other tables each week. So both grow with the
stored data, not with the number of issued documents.
"""

from decimal import Decimal

from chalicelib.policy.load import current
from chalicelib.policy.terms import most_days
from chalicelib.services.backup.create.plans import WINDOW
from infra.cost_inputs import COUNTS, DAYS, FUNCTIONS, GB, KEPT_MONTHS, USAGE, Uses, gb_seconds, summed
from infra.permissions import grants, session_of

FLOWS, SIZES = COUNTS["backups"], COUNTS["backup_bytes"]
UNIT = Decimal(4096)
"""The bytes of one read unit."""
WEEK = Decimal(7)
LATE_MONTHS = Decimal(12)
"""The most months by which an archived object outlives its term."""
SESSIONS = {"night": ("nightly", "backups"), "expired": ("expiry",), "drill": ("drill",)}
"""The jobs of each flow that work on a company, each under its own session (docs/adr/0059)."""
TIERS = {"daily": 1, "weekly": 7, "monthly": 30}
"""The days between two backups of a tier."""


def copies() -> Decimal:
    """Return the most backups of a company that exist at the same time."""
    terms = {tier: current().rules[f"backup.{tier}"].term for tier in TIERS}
    return Decimal(sum(most_days(term) // days for (tier, days) in TIERS.items() if (term := terms[tier])))


def _read(invoices: Decimal) -> Decimal:
    """Return the units that reading all rows of so many invoices takes. The embedded engine does not count them, so
    they are calculated from the stored bytes."""
    size: int = COUNTS["bytes"]["ledger"] + COUNTS["bytes"]["journal"]
    return invoices * size / UNIT


def _milliseconds(flow: str, each: str, invoices: Decimal) -> Decimal:
    calls = FLOWS[flow]["calls"] + len(SESSIONS[flow])
    return Decimal(calls * USAGE["time"]["call"]) + invoices * Decimal(USAGE["time"][each])


def _uses(flow: str) -> Uses:
    names = {"read": "dynamodb.read", "write": "dynamodb.write", "get": "s3.get", "put": "s3.put", "kms": "kms.request"}
    counted = FLOWS[flow]
    used = {name: Decimal(counted[part]) for part, name in names.items() if part in counted}
    return summed(used, {"kms.request": Decimal(sum(map(_callers_keys, SESSIONS.get(flow, ()))))})


def _callers_keys(job: str) -> int:
    """Return the KMS requests that a job's session causes at the most. DynamoDB asks for a table's key again for each
    new caller."""
    return len({grant.resource for grant in grants(session_of(job)) if grant.action.startswith("dynamodb:")})


def sessions_a_second(companies: Decimal) -> Decimal:
    """Return the sessions a second that STS must grant when all backups, ends and drills of a day fall into the night's
    hours."""
    each = len(SESSIONS["night"]) + len(SESSIONS["expired"]) + len(SESSIONS["drill"]) / WEEK
    return companies * each / Decimal(WINDOW.total_seconds())


def night(invoices: Decimal) -> Uses:
    """Return what one backup of a company with so many invoices uses, and the end of an older one."""
    used = {
        "dynamodb.read": _read(invoices),
        "lambda.gb_second": gb_seconds("backups", _milliseconds("night", "backed", invoices)),
    }
    return summed(_uses("night"), _uses("expired"), used)


def drill(invoices: Decimal) -> Uses:
    """Return what one drill of such a company uses."""
    used = gb_seconds("drill", _milliseconds("drill", "restored", invoices))
    return summed(_uses("drill"), summed(_uses("drilled"), times=invoices), {"lambda.gb_second": used})


def archived() -> Uses:
    """Return what archiving one issued document uses: its page is printed again, encrypted and locked."""
    time = USAGE["time"]
    return summed(_uses("archived"), {"lambda.gb_second": gb_seconds("backups", time["page"] + 3 * time["call"])})


def backed(invoices: Decimal) -> Uses:
    """Return what the backups of a company with so many invoices use in a month."""
    lies = copies() * (SIZES["backup"] + SIZES["backed"] * invoices) + SIZES["archived"] * invoices
    return summed(
        summed(night(invoices), times=DAYS), summed(drill(invoices), times=DAYS / WEEK), {"s3.gb_month": lies / GB}
    )


def kept_by_backups() -> Uses:
    """Return one invoice's share of archive, backups and drills from its issue to its end, without what an empty
    company uses."""
    more, none = backed(Decimal(1)), backed(Decimal(0))
    each = {name: quantity - none[name] for name, quantity in more.items()}
    late = {"s3.gb_month": SIZES["archived"] * LATE_MONTHS / GB}
    return summed(summed(each, times=KEPT_MONTHS), archived(), late)


def runs_of_backups(quota: str) -> Decimal:
    """Return how many companies the runs of a day can back up, or of a week can drill, when a company is a year old.
    Runs last as long as the function may. A backup run begins each minute, a drill run every five."""
    invoices = Decimal(USAGE["company"]["invoices"] * 12)
    job, flow, each, days, between = {
        "backups.day": ("backups", "night", "backed", Decimal(1), 60),
        "drills.week": ("drill", "drill", "restored", WEEK, 300),
    }[quota]
    at_once = Decimal(FUNCTIONS[job]["lambda_timeout"] // between)
    return at_once * days * 86_400_000 // _milliseconds(flow, each, invoices)
