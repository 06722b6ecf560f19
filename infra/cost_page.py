"""Write docs/cost.md from the figures of infra/cost.py: `python -m infra.cost_page --write`.

A test fails when the page is out of date.
"""

import sys
from decimal import Decimal

from chalicelib.policy.ends import term
from chalicelib.policy.wording import length
from infra.cost import attachment, by_service, certain, company, cost, device, invoice, kept, loads, month, quota, stage
from infra.cost_backups import SIZES, WEEK, backed, copies, drill, night
from infra.cost_figures import dollars, number, percent, share_text
from infra.cost_inputs import (
    CERTAINTIES,
    COUNTS,
    DAYS,
    KEPT_MONTHS,
    NAMES,
    PAGE,
    PRICES,
    QUOTAS,
    SCALES,
    STATUTORY_YEARS,
    TABLE,
    USAGE,
    Uses,
    summed,
)
from infra.markdown import table

THOUSAND = PARTITION = 1_000
HEAD = """\
# Cost

`make cost` calculates this page from three sources:

- units that tests count ([counts.toml](../infra/counts.toml));
- public prices, each with its source ([prices.toml](../infra/prices.toml));
- assumptions where nothing can be counted before there are customers ([usage.toml](../infra/usage.toml)).

Amounts are dollars before tax in eu-west-3, at the prices of {date}.
A price marked U or R is for the United States. Where both prices are known, Paris is 0 to 20 % dearer.
"""


def page() -> str:
    """Return the whole page."""
    parts = [
        HEAD.format(date=TABLE["date"]),
        _invoices(),
        _companies(),
        _attachments(),
        _devices(),
        _backups(),
        _retention(),
        _bills(),
        _limits(),
        _units(),
        _assumptions(),
        _prices(),
    ]
    return "\n".join(parts)


def _invoices() -> str:
    used = summed(invoice(), times=THOUSAND)
    rows = [(NAMES[service], dollars(amount)) for service, amount in by_service(used).items()]
    rows.append(("**together**", f"**{dollars(cost(used))}**"))
    named = {
        "dynamodb.write": "write units",
        "dynamodb.read": "read units",
        "gateway.request": "requests",
        "lambda.gb_second": "GB-seconds",
    }
    units = ", ".join(f"{number(used[name])} {words}" for name, words in named.items())
    return f"""
## A thousand invoices issued

Each with its draft, its reading, its page and its payment, but without storage: {units}.
{certain(used):.0%} of the cost rests on prices that are known for Paris.

{table(("", "per 1,000"), rows)}"""


def _companies() -> str:
    ages = [("in its first month", 1), ("after a year", 12), ("after ten years", 120)]
    rows = [(words, *(dollars(cost(company(Decimal(age), backup=share))) for share in (0, 1))) for words, age in ages]
    assumed = USAGE["company"]
    return f"""
## A company and month

A company has {assumed["invoices"]} invoices and {assumed["mails"]} mail a month, and {assumed["users"]} user.
The cost of the stage is not included.

{table(("", "a month", "with its backup on"), rows)}
A stage without a single customer costs {dollars(cost(stage(), free=True))} a month: {_spelled(stage())}.
"""


def _spelled(uses: Uses) -> str:
    return ", ".join(f"{NAMES[service]} {dollars(amount)}" for service, amount in by_service(uses, free=True).items())


def _attachments() -> str:
    used = summed(attachment(), times=THOUSAND)
    rows = [(NAMES[service], dollars(amount)) for service, amount in by_service(used).items()]
    rows.append(("**together**", f"**{dollars(cost(used))}**"))
    assumed = USAGE["attachment"]
    return f"""
## A thousand photographs of issued documents

Each has {assumed["sent"]:,} bytes as sent and {assumed["kept"]:,} as kept, and is kept for the term of its document.
The rows of its commits are estimated at 30 write units and 20 read units.

{table(("", "per 1,000"), rows)}"""


def _devices() -> str:
    used = summed(device(), times=THOUSAND)
    rows = [(NAMES[service], dollars(amount)) for service, amount in by_service(used).items()]
    rows.append(("**together**", f"**{dollars(cost(used))}**"))
    assumed = USAGE["device"]
    return f"""
## A thousand devices that synchronise, in one month

Each pulls {assumed["pulls"]:,} times and pushes {assumed["pushes"]:,} times, ten rows each time.

{table(("", "per 1,000"), rows)}"""


def _backups() -> str:
    ages = [("new", 0), ("of a year", 12), ("of ten years", 120)]
    rows = []
    for words, age in ages:
        invoices = Decimal(USAGE["company"]["invoices"] * age)
        nights, drills = summed(night(invoices), times=DAYS), summed(drill(invoices), times=DAYS / WEEK)
        rows.append(
            (words, number(invoices), dollars(cost(nights)), dollars(cost(drills)), dollars(cost(backed(invoices))))
        )
    return f"""
## Backups

Each night's backup reads everything that a company stores. Each week's drill writes all of it into other tables and
removes it. So both grow with the company's age.
At most {copies()} backups exist at the same time, each of {SIZES["backup"]:,} bytes and {SIZES["backed"]:,} for each
invoice. All count as standard storage, because S3 moves no object under 128 KB.
Each issued document is also in the archive ({SIZES["archived"]:,} bytes). A month costs:

{table(("a company", "invoices", "nights", "drills", "with storage"), rows)}
"""


def _retention() -> str:
    used, safe = (summed(kept(backup=backup), times=THOUSAND) for backup in (False, True))
    size = COUNTS["bytes"]
    spent = by_service(used)
    rows = [
        (NAMES[service], dollars(spent.get(service, Decimal(0))), dollars(amount))
        for service, amount in by_service(safe).items()
        if amount
    ]
    return f"""
## The statutory term

An invoice is kept {number(KEPT_MONTHS)} months on average: half a financial year and {STATUTORY_YEARS} years.
It takes {size["ledger"]:,} bytes in the ledger and {size["journal"]:,} in the journal, with point-in-time recovery.
Its page ({size["page"]:,} bytes) is kept for {length(term("file.rendering"), "en")}, and made again on request.
All of it costs **{dollars(cost(used))}** per 1,000 invoices.
With the backup on, the archive keeps the encrypted page for the whole term, every night reads the invoice, and every
week drills it: **{dollars(cost(safe))}**.

{table(("", "per 1,000, whole term", "with the backup on"), rows)}"""


def _bills() -> str:
    bills = [by_service(month(companies), free=True) for companies in SCALES]
    services = sorted(bills[-1], key=lambda service: -bills[-1][service])
    rows = [[NAMES[service], *(dollars(bill[service]) for bill in bills)] for service in services]
    rows.append(["**together**", *(f"**{dollars(sum(bill.values(), Decimal(0)))}**" for bill in bills)])
    each = [dollars(sum(bill.values(), Decimal(0)) / scale) for bill, scale in zip(bills, SCALES, strict=True)]
    rows.append(["a company", *each])
    return f"""
## One month at three sizes

After a year, without the lasting free quantities. {percent(USAGE["share"]["backup"])} of the companies have their
backup on.

{table(("companies", *(f"{scale:,}" for scale in SCALES)), rows)}
With one company, the stage itself is the bill. With a million, two things cost more than everything else.
The first is backups. The weekly drill is the larger part and grows each year, so decide first to drill a share of the
companies. The second is sign-in. Cognito's prices fall with size and by plan. Any issuer with a JWKS can replace it.
"""


def _limits() -> str:
    reached = {name: quota(name) / loads(1)[name] for name in QUOTAS}
    order = sorted(QUOTAS, key=lambda name: reached[name])
    rows = []
    for name in order:
        shares = [loads(scale)[name] / quota(name) for scale in SCALES]
        row = [f"{number(quota(name))} {QUOTAS[name]['what']} ({QUOTAS[name]['certainty']})", *map(share_text, shares)]
        rows.append([*row, f"{reached[name]:,.0f}"])
    actions = "\n".join(f"1. **{QUOTAS[name]['name']}**: {QUOTAS[name]['then']}." for name in order)
    units = COUNTS["flows"]["issue"]["journal"] - COUNTS["flows"]["issue"]["due"]
    first = "\n".join(f"- **{scale:,}**: {_first(scale, order)}" for scale in SCALES)
    return f"""
## Which limit is met first

The busiest second is assumed to be {USAGE["share"]["peak"]} times the mean one. D: AWS's documentation. S: a secondary
source. own: a limit of ours that we can change.

{table(("limit", *(f"at {scale:,}" for scale in SCALES), "met at companies"), rows)}
{first}

Before the first company, send AWS two requests: for SES's production access, because mail reaches only verified
addresses without it, and for more concurrency in a new account.

What to do at each limit, in that order:

{actions}

**One company** alone also has a limit. Each of its commits writes its head row, which takes {PARTITION // 2} a second
(two units each). While head and entries share a partition of the journal, it can issue {PARTITION // units} a second.
A bulk issue is one commit for thirty. Companies do not share that limit, and AWS cannot raise it
([limits](limits.md)).
"""


def _first(companies: int, order: list[str]) -> str:
    needed = loads(companies)
    met = [QUOTAS[name]["name"] for name in order if needed[name] >= quota(name)]
    coming = max((name for name in order if needed[name] < quota(name)), key=lambda name: needed[name] / quota(name))
    nearest = f"the nearest is {QUOTAS[coming]['name']}, used to {share_text(needed[coming] / quota(coming))}"
    return f"{', '.join(met)}. Beyond these {nearest}." if met else f"none; {nearest}."


def _units() -> str:
    flows = COUNTS["flows"]
    columns = ("calls", "read", "write", "journal", "due", "get", "put")
    rows = [[name, *(str(flow.get(column, "–")) for column in columns)] for name, flow in flows.items()]
    head = ("", "round trips", "read units", "write units", "journal's", "`due`'s", "S3 reads", "S3 writes")
    parts = ("calls", "read", "write", "get", "put", "kms")
    safe = [[name, *(str(flow.get(column, "–")) for column in parts)] for name, flow in COUNTS["backups"].items()]
    used = ("of backups", "round trips", "read units", "write units", "S3 reads", "S3 writes", "KMS")
    return f"""
## Counted

{table(head, rows)}
{table(used, safe)}
`drilled` and `archived` are for each invoice. A night reads the bytes of each invoice in units of 4 KB.
"""


def _assumptions() -> str:
    rows = [
        (group, name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value))
        for group, values in USAGE.items()
        for name, value in values.items()
    ]
    return f"""
## Assumed

{table(("", "", ""), rows)}
No figure includes a restore (it is a drill into other tables), AWS's support, the domain name, or tax.
Times are assumed until the first deployment is measured.
KMS is counted at its maximum. Each role asks again for each table's key every five minutes, and so does each company's
session ([ADR 0059](adr/0059-one-company-at-a-time.md)) of a backup, an expiry or a drill. STS is free.
"""


def _prices() -> str:
    rows = [
        [f"`{name}`", row["usd"], f"{row['per']:,}", row["certainty"], row["source"]] for name, row in PRICES.items()
    ]
    meaning = "; ".join(f"{letter}: {words}" for letter, words in CERTAINTIES.items())
    return f"""
## Prices

{meaning}.

{table(("", "dollars", "for", "", "source"), rows)}"""


def main(arguments: list[str]) -> int:
    """Print the page, or write it."""
    if arguments == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
