"""Diagnostics: what failed or was slow in the application, without anything about whoever used it.

A batch belongs to a day and to nobody: no company, no member, no address, no hour finer than the hour it came in.
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
"""What went wrong or was slow, or a `screen` that was shown."""
PLACES = (
    "account",
    "archive",
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
"""Where in the application. Both lists are closed: a name that anybody could make up could be somebody's. A new screen
is `other` until it is entered here."""
MOST_EVENTS = 50
_PERSONAL = re.compile(
    r"[^\s@]+@[^\s@]+"  # an e-mail address, however odd
    r"|(?:\d[\s().+/-]*){9,}"  # a telephone number, an ICE, a RIB, a card, in whatever grouping
    r"|\b[A-Za-z]{1,2}[\s-]?\d{5,7}\b"  # a national identity card
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])|(?:[0-9A-Fa-f]{0,4}:){3,}"  # an address of a network
    r"|fp_(?:live|test)_|eyJ[\w-]{8,}|\b[Bb]earer\s|://"  # a secret, an address of a page
)
_PROSE = re.compile(r"\w{2,}(?:\s+\w{2,}){3,}")
"""Four words in a row: somebody's sentence, whatever it says."""

_SAME = re.compile(r"(.)\1{7}")
_LEGIBLE = re.compile(rb"[ -~]{12}")


@value
class Event:
    """One thing that happened `count` times: a code of the application's own, never words of anybody's. `signature` is
    a hash of where in the code (hex); `milliseconds` how long it took on average."""

    code: str = kept("diagnostics.event")
    count: int = kept("diagnostics.event")
    signature: str | None = kept("diagnostics.event", default=None)
    milliseconds: int | None = kept("diagnostics.event", default=None)


@entity("diagnostics", room="transient", prefix="dgn")
class Batch(Record):
    """What one copy of the application sent at once. Its partition is its day's, `diagnostics.2026-11-23`."""

    app_version: str = kept("diagnostics.event")
    os: Os = kept("diagnostics.event")
    os_version: str = kept("diagnostics.event")
    events: tuple[Event, ...] = kept("diagnostics.event")
    expires_at: int = kept("diagnostics.event")


def partition(day: date) -> str:
    """Where a day's batches lie."""
    return f"diagnostics.{day.isoformat()}"


def looks_personal(text: str) -> bool:
    """Whether a text may hold somebody's particulars, or is prose. Digits of every script count as digits."""
    plain = "".join(str(int(c)) if c.isdigit() and c.isdecimal() else c for c in text)
    return bool(_PERSONAL.search(plain) or _PROSE.search(plain))


def disguised(text: str) -> bool:
    """Whether hexadecimal text that passes for a hash is a number or written words instead: nothing but decimal digits,
    padded, or bytes that read as text. A real hash is taken for one less than once in five thousand."""
    padded = (text, f"0{text}0")  # from either half of a byte
    return text.isdecimal() or bool(_SAME.search(text)) or any(_LEGIBLE.search(bytes.fromhex(each)) for each in padded)


def texts(value: Any) -> Iterator[str]:
    """Every text within what was sent, the names of members included; long numbers count as texts."""
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
    """An instant without its minutes, so that a batch cannot be matched with a connection."""
    return at.replace(minute=0, second=0, microsecond=0)


class Line(NamedTuple):
    """One line of the operator's view."""

    code: str
    app_version: str
    os: str
    times: int
    batches: int
    milliseconds: int | None
    signatures: tuple[tuple[str, int], ...]


def summarise(batches: Iterable[Batch]) -> list[Line]:
    """Batches by code, version and system, the most frequent first; the mean time is weighted by count, and of the
    signatures the five most frequent are named."""
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
        Line(
            *key,
            count,
            sent[key],
            slow[key] // timed[key] if timed[key] else None,
            tuple(where.get(key, Counter()).most_common(5)),
        )
        for key, count in counts.most_common()
    ]
