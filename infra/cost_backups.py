"""What backups cost: each night's, the weekly drill, the end of each, and the statutory archive.

Every night reads the whole company, and every week writes it once more aside: both grow with what is stored, not with
what is issued.
"""

from decimal import Decimal

from chalicelib.policy.load import current
from chalicelib.policy.terms import most_days
from infra.cost_inputs import COUNTS, DAYS, FUNCTIONS, GB, KEPT_MONTHS, USAGE, Uses, gb_seconds, summed

FLOWS, SIZES = COUNTS["backups"], COUNTS["backup_bytes"]
UNIT = Decimal(4096)
"""Bytes that a read unit reads."""
WEEK = Decimal(7)
LATE_MONTHS = Decimal(12)
"""How much later than its term an archived object goes, at most."""
TIERS = {"daily": 1, "weekly": 7, "monthly": 30}
"""How many days lie between two backups of a tier."""


def copies() -> Decimal:
    """How many backups of a company lie there at once, at most."""
    terms = {tier: current().rules[f"backup.{tier}"].term for tier in TIERS}
    return Decimal(sum(most_days(term) // days for (tier, days) in TIERS.items() if (term := terms[tier])))


def _read(invoices: Decimal) -> Decimal:
    """Units that reading all rows of so many stored invoices takes: the embedded engine does not count bytes, so they
    are computed from what is stored."""
    size: int = COUNTS["bytes"]["ledger"] + COUNTS["bytes"]["journal"]
    return invoices * size / UNIT


def _milliseconds(flow: str, each: str, invoices: Decimal) -> Decimal:
    return Decimal(FLOWS[flow]["calls"] * USAGE["time"]["call"]) + invoices * Decimal(USAGE["time"][each])


def _uses(flow: str) -> Uses:
    names = {"read": "dynamodb.read", "write": "dynamodb.write", "get": "s3.get", "put": "s3.put", "kms": "kms.request"}
    counted = FLOWS[flow]
    return {name: Decimal(counted[part]) for part, name in names.items() if part in counted}


def night(invoices: Decimal) -> Uses:
    """One backup of a company with so many stored invoices, and the end of an older one."""
    own = {
        "dynamodb.read": _read(invoices),
        "lambda.gb_second": gb_seconds("backups", _milliseconds("night", "backed", invoices)),
    }
    return summed(_uses("night"), _uses("expired"), own)


def drill(invoices: Decimal) -> Uses:
    """One drill of such a company."""
    used = gb_seconds("drill", _milliseconds("drill", "restored", invoices))
    return summed(_uses("drill"), summed(_uses("drilled"), times=invoices), {"lambda.gb_second": used})


def archived() -> Uses:
    """The archiving of one issued document: its page printed once more, sealed and locked."""
    time = USAGE["time"]
    return summed(_uses("archived"), {"lambda.gb_second": gb_seconds("backups", time["page"] + 3 * time["call"])})


def backed(invoices: Decimal) -> Uses:
    """A month of a company whose backup is on, with so many stored invoices."""
    lies = copies() * (SIZES["backup"] + SIZES["backed"] * invoices) + SIZES["archived"] * invoices
    return summed(
        summed(night(invoices), times=DAYS), summed(drill(invoices), times=DAYS / WEEK), {"s3.gb_month": lies / GB}
    )


def kept_by_backups() -> Uses:
    """One invoice's share of archive, nights and drills from its issue to its end, beside what any company costs."""
    more, none = backed(Decimal(1)), backed(Decimal(0))
    each = {name: quantity - none[name] for name, quantity in more.items()}
    late = {"s3.gb_month": SIZES["archived"] * LATE_MONTHS / GB}
    return summed(summed(each, times=KEPT_MONTHS), archived(), late)


def runs_of_backups(quota: str) -> Decimal:
    """How many companies a day are backed up, or drilled a week, by runs as long as the functions' time: of backups one
    begins each minute, of drills each five. For companies of a year."""
    invoices = Decimal(USAGE["company"]["invoices"] * 12)
    job, flow, each, days, between = {
        "backups.day": ("backups", "night", "backed", Decimal(1), 60),
        "drills.week": ("drill", "drill", "restored", WEEK, 300),
    }[quota]
    at_once = Decimal(FUNCTIONS[job]["lambda_timeout"] // between)
    return at_once * days * 86_400_000 // _milliseconds(flow, each, invoices)
