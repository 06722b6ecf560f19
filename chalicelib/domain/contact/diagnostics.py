"""Diagnostics: errors and slow operations in the application, without any data about its user.

A batch belongs to a day and to nobody: no company, no member, no address, and no time finer than the hour of receipt.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from chalicelib.domain.entity import Record, entity, kept, value

Os = Literal["android", "ios", "web"]
AREAS = (
    "crash",
    "freeze",
    "slow",
    "network",
    "sync",
    "backup",
    "storage",
    "render",
    "print",
    "camera",
    "import",
    "export",
    "sign_in",
    "ads",
    "screen",
)
"""The kinds of error or delay, or `screen` for a screen that was shown."""
PLACES = (
    "account",
    "archive",
    "archived_invoice",
    "attachment",
    "backup_list",
    "barcode_scan",
    "company_profile",
    "consent",
    "credit_note",
    "customer_editor",
    "customer_list",
    "dashboard",
    "deletion",
    "document_scan",
    "file_picker",
    "first_sync",
    "full_sync",
    "help",
    "home",
    "invoice_editor",
    "invoice_issue",
    "invoice_list",
    "invoice_preview",
    "item_editor",
    "item_list",
    "language",
    "list_opening",
    "login",
    "logo",
    "members",
    "offline_queue",
    "payment_editor",
    "pdf_preview",
    "privacy",
    "purchase_order",
    "push",
    "quote_editor",
    "quote_list",
    "register",
    "request",
    "restore",
    "search",
    "settings",
    "share",
    "sign_up",
    "start",
    "statistics",
    "supplier_editor",
    "supplier_list",
    "support",
    "template",
    "upload",
    "other",
)
"""The places in the application.

Both lists are closed, because a free name could be a person's name. A new screen is `other` until it is added here. The
screens of a kind of document are no part of its registry entry, because stored batches contain these names.
"""
MOST_EVENTS = 50
_PERSONAL = re.compile(
    r"[^\s@]+@[^\s@]+"  # an e-mail address, however odd
    r"|(?:\d[\s().+/-]*){9,}"  # a telephone number, an ICE, a RIB, a card, in whatever grouping
    r"|\b[A-Za-z]{1,2}[\s-]?\d{5,7}\b"  # a national identity card
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])|(?:[0-9A-Fa-f]{0,4}:){3,}"  # an address of a network
    r"|fp_(?:live|test)_|eyJ[\w-]{8,}|\b[Bb]earer\s|://"  # a secret, an address of a page
)
_PROSE = re.compile(r"\w{2,}(?:\s+\w{2,}){3,}")
"""Four words in a row: a sentence that a person wrote."""

_SAME = re.compile(r"(.)\1{7}")
_LEGIBLE = re.compile(rb"[ -~]{12}")


@value
class Event:
    """An event that happened `count` times: a code of the application, never a user's words. `signature` is a hash of
    the position in the code (hex); `milliseconds` is the mean duration."""

    code: str = kept("diagnostics.event")
    count: int = kept("diagnostics.event")
    signature: str | None = kept("diagnostics.event", default=None)
    milliseconds: int | None = kept("diagnostics.event", default=None)


@entity("diagnostics", table="transient", prefix="dgn")
class DiagnosticsBatch(Record):
    """The events that one copy of the application sent together. Its partition is its day's:
    `diagnostics.2026-11-23`."""

    app_version: str = kept("diagnostics.event")
    os: Os = kept("diagnostics.event")
    os_version: str = kept("diagnostics.event")
    events: tuple[Event, ...] = kept("diagnostics.event")
    expires_at: int = kept("diagnostics.event")


def partition(day: date) -> str:
    """The partition of a day's batches."""
    return f"diagnostics.{day.isoformat()}"


def looks_personal(text: str) -> bool:
    """Tell whether a text may contain personal data or prose. Digits of every script count as digits."""
    plain = "".join(str(int(c)) if c.isdigit() and c.isdecimal() else c for c in text)
    return bool(_PERSONAL.search(plain) or _PROSE.search(plain))


def disguised(text: str) -> bool:
    """Tell whether hexadecimal text hides a number or words instead of a hash: only decimal digits, padding, or bytes
    that read as text. A real hash is refused less than once in five thousand."""
    padded = (text, f"0{text}0")  # from either half of a byte
    return text.isdecimal() or bool(_SAME.search(text)) or any(_LEGIBLE.search(bytes.fromhex(each)) for each in padded)


def texts(value: Any) -> Iterator[str]:
    """Every text within the data that was sent, names of members included. Long numbers count as texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, (int, float)):
        yield str(value)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield str(name)
            yield from texts(part)
    else:
        for part in value:
            yield from texts(part)


def coarse(at: datetime) -> datetime:
    """Remove the minutes of an instant, so that a batch cannot be matched with a connection."""
    return at.replace(minute=0, second=0, microsecond=0)


class SummaryLine(NamedTuple):
    """One line of the operator's view."""

    code: str
    app_version: str
    os: str
    times: int
    batches: int
    milliseconds: int | None
    signatures: tuple[tuple[str, int], ...]


def summarise(batches: Iterable[DiagnosticsBatch]) -> list[SummaryLine]:
    """Count batches by code, version and system, the most frequent first. The mean time is weighted by count. The five
    most frequent signatures are listed."""
    counts: Counter[tuple[str, str, str]] = Counter()
    sent: Counter[tuple[str, str, str]] = Counter()
    slow: Counter[tuple[str, str, str]] = Counter()
    timed: Counter[tuple[str, str, str]] = Counter()
    where: dict[tuple[str, str, str], Counter[str]] = {}
    for batch in batches:
        for event in batch.events:
            key = (event.code, batch.app_version, batch.os)
            counts[key] += event.count
            sent[key] += 1
            if event.milliseconds is not None:
                slow[key] += event.milliseconds * event.count
                timed[key] += event.count
            if event.signature:
                where.setdefault(key, Counter())[event.signature] += event.count
    return [
        SummaryLine(
            *key,
            count,
            sent[key],
            slow[key] // timed[key] if timed[key] else None,
            tuple(where.get(key, Counter()).most_common(5)),
        )
        for key, count in counts.most_common()
    ]
