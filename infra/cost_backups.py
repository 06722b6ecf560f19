"""What backups cost: each night's, the weekly drill, the end of each, and the statutory archive.

Every night reads the whole company, and every week writes it once more aside: both grow with what is stored, not with
what is issued.
"""

from decimal import Decimal

from chalicelib.policy.load import current
from chalicelib.policy.terms import most_days
from chalicelib.services.backup.plans import WINDOW
from infra.cost_inputs import COUNTS, DAYS, FUNCTIONS, GB, KEPT_MONTHS, USAGE, Uses, gb_seconds, summed
from infra.permissions import grants, session_of

FLOWS, SIZES = COUNTS["backups"], COUNTS["backup_bytes"]
UNIT = Decimal(4096)
"""Bytes that a read unit reads."""
WEEK = Decimal(7)
LATE_MONTHS = Decimal(12)
"""How much later than its term an archived object goes, at most."""
SESSIONS = {"night": ("nightly", "backups"), "expired": ("expiry",), "drill": ("drill",)}
"""The jobs that work on a company in each flow, each under a session of its own (docs/adr/0059)."""
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
    calls = FLOWS[flow]["calls"] + len(SESSIONS[flow])
    return Decimal(calls * USAGE["time"]["call"]) + invoices * Decimal(USAGE["time"][each])


def _uses(flow: str) -> Uses:
    names = {"read": "dynamodb.read", "write": "dynamodb.write", "get": "s3.get", "put": "s3.put", "kms": "kms.request"}
    counted = FLOWS[flow]
    used = {name: Decimal(counted[part]) for part, name in names.items() if part in counted}
    return summed(used, {"kms.request": Decimal(sum(map(_callers_keys, SESSIONS.get(flow, ()))))})


def _callers_keys(job: str) -> int:
    """At most: DynamoDB keeps a table's key for each caller, and a session may be one that it has not seen."""
    return len({grant.resource for grant in grants(session_of(job)) if grant.action.startswith("dynamodb:")})


def sessions_a_second(companies: Decimal) -> Decimal:
    """Sessions that STS is asked for where a night's backups, their ends and a day's share of drills all fall into the
    hours of the night."""
    each = len(SESSIONS["night"]) + len(SESSIONS["expired"]) + len(SESSIONS["drill"]) / WEEK
    return companies * each / Decimal(WINDOW.total_seconds())


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
