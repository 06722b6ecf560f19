"""A company's final state, comparable between two companies: all its rows, objects and mails without the values that
differ by company and by moment (ids, instants, hashes, signatures)."""

import json
import re
from typing import Any, NamedTuple

import msgspec

from chalicelib.domain.entity import Record
from chalicelib.policy.load import current as policy
from chalicelib.store.tables import TABLES
from chalicelib.wiring import World
from tests.mailbox import mails
from tests.privacy.worlds import Books


class Stored(NamedTuple):
    """A company by its id."""

    world: World
    id: str


TABLE_NAMES = [table.name for table in TABLES]
VARYING = (
    (re.compile(r"\b([a-z]{3})_[0-9A-HJKMNP-TV-Z]{26}\b"), r"\1"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)"), "instant"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{16,64}(?![0-9a-f])"), "hex"),
    (re.compile(r"(\b(?:size|bytes)\W+)\d+"), r"\1n"),
    (re.compile(r"(hint\W+)[\w-]{4}(?=\W)"), r"\1"),
    (re.compile(r"\b(test|crash|owner|colleague|member)-[\d-]+"), r"\1"),
    (re.compile(r"\b[0-7][0-9A-Z]{51}\b"), "code"),
    (re.compile(r"\b1[789]\d{8}(?:\d{3})?\b|\b[23]\d{9}\b"), "second"),
)
"""Ids, instants, hashes and keys, what tests number, sizes of what is compressed, epoch seconds and milliseconds."""
DRAWN = {"salt", "signature", "erased"}
"""Attributes drawn at random, or made of ids that are."""


def told(books: Books) -> list[str]:
    """Everything of a company's, and the mails that its mark tells to be about it. The counts of mails are left out: a
    mail that was counted before a kill is counted again, so its limit comes earlier and never later."""
    sent = {f"mail {mail.to}: {mail.subject}\n{mail.text}" for mail in mails(books.world)}
    about = [line for line in sent if books.mark.lower() in line.lower()]
    rows = [line for line in stored(books) if not line.startswith("transient/tally ")]
    return sorted(re.sub(books.mark, "MARK", _plain(line), flags=re.IGNORECASE) for line in [*rows, *about])


def stored(books: Books | Stored) -> list[str]:
    """Every row and every readable object of a company's, as sorted lines."""
    world, company = books.world, books.id
    rows = [_line(record) for table in TABLE_NAMES for record in _every(world, table, company)]
    prefixes = policy().prefixes.values()
    keys = [key for each in prefixes for key in world.bucket(each.bucket).list(f"{each.path}{company}/")]
    return sorted([*rows, *(f"file {_plain(key)}" for key in keys)])


def _every(world: World, table: str, company: str) -> list[Record]:
    page = world.store.query(table, company)
    assert page.next is None
    return page.records


def _line(record: Any) -> str:
    plain = msgspec.to_builtins(record, builtin_types=(bytes,))
    shown = {name: _shown(name, value) for name, value in plain.items()}
    return _plain(f"{record.TABLE}/{record.KIND} {json.dumps(shown, sort_keys=True, default=str, ensure_ascii=False)}")


def _shown(name: str, value: Any) -> Any:
    if name in DRAWN:
        return name
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:  # a wrapped key, a digest: drawn, too
        return name


def _plain(text: str) -> str:
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return text
