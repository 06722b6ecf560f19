"""Calculate the cost of the service from counted units, public prices and stated assumptions.

Tests measure `infra/counts.toml`. `infra/prices.toml` is a dated table with its sources. `infra/usage.toml` holds the
assumptions that nothing can count before there are customers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import Job
from chalicelib.policy.load import current
from chalicelib.store.tables import TABLES
from infra.cost_backups import archived, backed, kept_by_backups, runs_of_backups, sessions_a_second
from infra.cost_inputs import (
    ANSWER_MONTHS,
    COUNTS,
    DAYS,
    DOCUMENTS_A_STEP,
    FUNCTIONS,
    GB,
    HOURS,
    KEPT_MONTHS,
    PAGE_MONTHS,
    PRICES,
    QUOTAS,
    SECONDS,
    USAGE,
    Uses,
    gb_seconds,
    logged,
    summed,
)
from infra.gateway import gateway
from infra.identity import identity
from infra.keys import keys
from infra.stages import STAGES, title, trace_days
from infra.watch import watch
from local.schedules import parse_schedule

ACL = "AWS::WAFv2::WebACL"


def request_milliseconds(flow: str) -> Decimal:
    """Return the milliseconds that one request takes, its authorization included."""
    time, flows = USAGE["time"], COUNTS["flows"]
    calls = flows[flow]["calls"] + flows["guard"]["calls"]
    return Decimal(time["code"] + time["call"] * calls + USAGE["share"]["cold"] * time["cold"])


def request(flow: str) -> Uses:
    """Return what one request uses, from the gateway to its answer."""
    counted, guard, size = COUNTS["flows"][flow], COUNTS["flows"]["guard"], COUNTS["bytes"]
    used = gb_seconds("api_handler", request_milliseconds(flow)) + gb_seconds("token", USAGE["time"]["token"])
    return {
        "gateway.request": Decimal(1),
        "firewall.request": Decimal(1),
        "lambda.request": Decimal(2),
        "lambda.gb_second": used,
        "dynamodb.read": Decimal(counted["read"] + guard["read"]),
        "dynamodb.write": Decimal(counted["write"]),
        "s3.get": Decimal(counted.get("get", 0)),
        "s3.put": Decimal(counted.get("put", 0)),
        **logged(2 * USAGE["bytes"]["log"] + USAGE["bytes"]["access"]),
        "trace": USAGE["share"]["trace"],
        "transfer.gb": Decimal(size["answer"]) / GB,
    }


def invoice() -> Uses:
    """Return what one issued invoice uses with its page and the requests around it, without storage."""
    counted, size = COUNTS["flows"]["deliver"], COUNTS["bytes"]
    requests = summed(*(summed(request(flow), times=times) for flow, times in USAGE["invoice"].items()))
    page = {
        "lambda.gb_second": gb_seconds("outbox", USAGE["time"]["page"] + USAGE["time"]["call"] * counted["calls"]),
        "dynamodb.read": Decimal(counted["read"]),
        "dynamodb.write": Decimal(counted["write"]),
        "s3.get": Decimal(counted["get"] + USAGE["invoice"]["pdf"]),
        "s3.put": Decimal(counted["put"]),
        **logged(size["figure"]),
        "transfer.gb": Decimal(size["page"]) / GB,
    }
    return summed(requests, page)


def stored(months: Decimal) -> Uses:
    """Return the storage of one month, when one invoice was issued in each of so many earlier months."""
    size = COUNTS["bytes"]
    rows = (size["ledger"] + size["journal"]) * months + size["answers"] * min(months, ANSWER_MONTHS)
    return {
        "dynamodb.gb_month": rows / GB,
        "dynamodb.recovery_gb_month": rows / GB,
        "s3.gb_month": size["page"] * min(months, PAGE_MONTHS) / GB,
    }


def kept(*, backup: bool = False) -> Uses:
    """Return the storage of one invoice from its issue to its end, optionally with its archive and its share of
    backups."""
    size = COUNTS["bytes"]
    rows = (size["ledger"] + size["journal"]) * KEPT_MONTHS + size["answers"] * ANSWER_MONTHS
    storage = {
        "dynamodb.gb_month": rows / GB,
        "dynamodb.recovery_gb_month": rows / GB,
        "s3.gb_month": size["page"] * PAGE_MONTHS / GB,
    }
    return summed(storage, kept_by_backups()) if backup else storage


def attachment() -> Uses:
    """Return what one photograph of an issued document uses from its announcement to its end: three requests, the scan,
    two copies that are moved once, and their storage."""
    assumed = USAGE["attachment"]
    requests, months = 3 + assumed["read"], KEPT_MONTHS
    return {
        "gateway.request": Decimal(requests),
        "lambda.request": Decimal(requests),
        "lambda.gb_second": gb_seconds("api_handler", USAGE["time"]["picture"]),
        "dynamodb.write": Decimal(30),
        "dynamodb.read": Decimal(20),
        "s3.put": Decimal(5),
        "s3.get": Decimal(4 + assumed["read"]),
        "s3.gb_month": assumed["kept"] * months / GB,
        "malware.gb": assumed["sent"] / GB,
        "malware.object": Decimal(1),
        "transfer.gb": assumed["kept"] * assumed["read"] / GB,
    }


def device() -> Uses:
    """Return what one device uses in a month: its pulls and pushes, of ten rows each."""
    assumed, calls = USAGE["device"], {"pull": USAGE["device"]["pulls"], "push": USAGE["device"]["pushes"]}
    milliseconds = USAGE["time"]["code"] + USAGE["time"]["token"]
    used = []
    for name, times in calls.items():
        counted = COUNTS["devices"][name]
        time = milliseconds + counted["calls"] * USAGE["time"]["call"]
        one = {
            "gateway.request": Decimal(1),
            "firewall.request": Decimal(1),
            "lambda.request": Decimal(2),
            "lambda.gb_second": gb_seconds("api_handler", time),
            "dynamodb.read": Decimal(counted["read"]),
            "dynamodb.write": Decimal(counted["write"]),
            **logged(2 * USAGE["bytes"]["log"] + USAGE["bytes"]["access"]),
            "transfer.gb": Decimal(assumed["bytes"]) / GB,
        }
        used.append(summed(one, times=times))
    return summed(*used)


def runs(job: Job) -> Decimal:
    """Return the runs of a job in a month."""
    schedule = parse_schedule(job.schedule)
    if isinstance(schedule, int):
        return SECONDS / schedule
    return DAYS * len(schedule.hours) * len(schedule.minutes)


def stage() -> Uses:
    """Return what a deployed stage uses in a month without a customer."""
    return summed(*map(_idle, JOBS), _stack())


def _idle(job: Job) -> Uses:
    times, counted = runs(job), COUNTS["flows"]["idle" if job.cap is None else "idle_capped"]
    return {
        "schedule.invocation": times,
        "lambda.request": times,
        "lambda.gb_second": times * gb_seconds(job.name, USAGE["time"]["idle"]),
        "dynamodb.read": times * counted["read"],
        **logged(times * (USAGE["bytes"]["log"] + COUNTS["bytes"]["figure"])),
        "figure": 2 * min(times, HOURS) / HOURS,
    }


def _stack() -> Uses:
    functions = {name: title(name) for name in FUNCTIONS}
    resources = {
        **watch("prod", functions),
        **keys("prod"),
        **identity("prod"),
        **gateway(STAGES["prod"], trace_days(current())),
    }
    kinds = Counter(resource.get("Type") for resource in resources.values())
    rules = [resource["Properties"]["Rules"] for resource in resources.values() if resource.get("Type") == ACL]
    queue = USAGE["queue"]
    # The most: DynamoDB and S3 ask for a key again after five minutes, for each role and each table or bucket.
    # cost_backups counts the further calls that companies' sessions make.
    uses = len(FUNCTIONS) * (len(TABLES) + 1) * 12 * HOURS
    return {
        "kms.request": uses,
        "queue.request": SECONDS / queue["poll_seconds"] * queue["pollers"],
        "alarm": Decimal(kinds["AWS::CloudWatch::Alarm"]),
        "dashboard": Decimal(kinds["AWS::CloudWatch::Dashboard"]),
        "kms.key": Decimal(kinds["AWS::KMS::Key"]),
        "secret": Decimal(kinds["AWS::SecretsManager::Secret"]),
        "firewall.acl": Decimal(kinds[ACL]),
        "firewall.rule": Decimal(sum(map(len, rules))),
    }


def company(months: Decimal = Decimal(12), *, backup: Decimal | int | None = None) -> Uses:
    """Return what one company uses in a month, after so many months. `backup` is the share of companies with backups,
    by default the assumed one."""
    assumed, invoices = USAGE["company"], Decimal(USAGE["company"]["invoices"])
    each = {"mail.message": Decimal(assumed["mails"]), "user": Decimal(assumed["users"])}
    plain = summed(each, summed(invoice(), stored(months), times=invoices))
    safe = summed(backed(invoices * months), summed(archived(), times=invoices))
    return summed(plain, summed(safe, times=USAGE["share"]["backup"] if backup is None else backup))


def price(name: str, quantity: Decimal, *, free: bool = True) -> Decimal:
    """Return the price of a quantity in dollars, without the part that is free each month."""
    row = PRICES[name]
    beyond = max(Decimal(0), quantity - (row.get("free", 0) if free else 0))
    return beyond * Decimal(row["usd"]) / Decimal(row["per"])


def cost(uses: Mapping[str, Decimal], *, free: bool = False) -> Decimal:
    """Return the price of all these quantities in dollars."""
    return sum((price(name, quantity, free=free) for name, quantity in uses.items()), Decimal(0))


def month(companies: int) -> Uses:
    """Return what so many companies use in a month, after a year."""
    return summed(stage(), summed(company(), times=companies))


def by_service(uses: Mapping[str, Decimal], *, free: bool = False) -> dict[str, Decimal]:
    """Return dollars by service, the most expensive first. The service is the part of a price's name before the dot."""
    total: dict[str, Decimal] = {}
    for name, quantity in uses.items():
        service = name.partition(".")[0]
        total[service] = total.get(service, Decimal(0)) + price(name, quantity, free=free)
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def certain(uses: Mapping[str, Decimal], certainties: Iterable[str] = ("L",)) -> Decimal:
    """Return the share of the cost, 0 to 1, whose prices are known for the region."""
    known = {name: quantity for name, quantity in uses.items() if PRICES[name]["certainty"] in certainties}
    return cost(known) / cost(uses)


def loads(companies: int) -> dict[str, Decimal]:
    """Return what so many companies need of each quota, in its own unit. Rates are those of the busiest second."""
    flows, mix, assumed = COUNTS["flows"], USAGE["invoice"], USAGE["company"]
    invoices = Decimal(companies * assumed["invoices"])
    second = invoices / SECONDS * USAGE["share"]["peak"]
    requests = second * sum(mix.values())
    busy = sum(times * (request_milliseconds(flow) + USAGE["time"]["token"]) for flow, times in mix.items())
    messages = second * (mix["issue"] + mix["credit"]) + Decimal(companies * assumed["mails"]) / SECONDS
    journal = second * (sum(mix[flow] * flows[flow].get("journal", 0) for flow in mix) + flows["deliver"]["journal"])
    steps = Decimal(companies) * (assumed["invoices"] * 12 / Decimal(DOCUMENTS_A_STEP) + 1)
    mails = Decimal(companies * assumed["mails"]) / DAYS
    concurrency = second * busy / 1000
    backups = Decimal(companies) * USAGE["share"]["backup"]
    return {
        "mail.cognito": Decimal(companies * assumed["users"]) / (12 * DAYS),
        "nightly.asks": backups,
        "backups.day": backups,
        "drills.week": backups,
        "sessions": sessions_a_second(backups),
        "mail.trial": mails,
        "mail.day": mails,
        "concurrency.new": concurrency,
        "concurrency": concurrency,
        "sweep.asks": steps,
        "sweep.year": steps,
        "outbox.runs": messages,
        "outbox.partition": messages * (flows["issue"]["due"] + flows["deliver"]["due"]),
        "stage.rate": requests,
        "gateway.rate": requests,
        "table.new": journal,
        "table.rate": journal,
    }


def quota(name: str) -> Decimal:
    """Return a quota's value: the deployed one, the one that our runs reach, or the one that AWS grants."""
    if name == "stage.rate":
        return Decimal(STAGES["prod"].rate)
    if name == "outbox.runs":
        page = USAGE["time"]["page"] + USAGE["time"]["call"] * COUNTS["flows"]["deliver"]["calls"]
        minutes = FUNCTIONS["outbox"]["lambda_timeout"] // 60
        return Decimal(minutes * 1000 // page)
    if name in ("backups.day", "drills.week"):
        return runs_of_backups(name)
    return Decimal(QUOTAS[name]["value"])
