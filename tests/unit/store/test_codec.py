"""Every entity survives its row, exactly; what is too large or blown up is refused."""

import pkgutil
import random
import subprocess
import sys
import types
import zlib
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import domain
from chalicelib.domain.canonical import canonical
from chalicelib.domain.companies.item import Item
from chalicelib.domain.documents.balance import Balance, fresh, moved
from chalicelib.domain.documents.invoice import Draft
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.domain.errors import TooLarge
from chalicelib.domain.journal import IdempotencyRecord
from chalicelib.store import codec
from tests.unit import samples

for _module in pkgutil.iter_modules(domain.__path__):
    import_module(f"{domain.__name__}.{_module.name}")  # each registers its entities
SALT = b"s" * 16
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DECIMALS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**28) + 1, 10**28 - 1),
    st.integers(-20, 20),
)
BASES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(10**9), 10**9),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    Decimal: DECIMALS,
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


@cache
def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """A strategy for a type hint of the entities."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in BASES:
        return BASES[hint]
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in (Union, types.UnionType):
        return st.one_of(*(st.none() if part is type(None) else values_of(part) for part in parts))
    if origin is tuple:
        assert parts[1:] == (...,), hint
        return st.lists(values_of(parts[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(values_of(parts[0]), values_of(parts[1]), max_size=3)
    hints = get_type_hints(hint)
    return st.builds(hint, **{f.name: values_of(hints[f.name]) for f in fields(hint)})


@pytest.mark.parametrize("cls", ENTITIES.values(), ids=lambda cls: f"{cls.TABLE}.{cls.__name__}")
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_record_comes_back_as_it_was(cls: type[Record], data: st.DataObject) -> None:
    hint: Any = cls
    record = data.draw(values_of(hint))
    row = codec.to_row(record, SALT)
    assert codec.from_row(cls.TABLE, row) == record
    assert canonical(codec.from_row(cls.TABLE, row)) == canonical(record)
    assert row["_kind"] == {"S": cls.KIND}
    absent = {name for name in cls.__dataclass_fields__ if getattr(record, name) is None}
    assert not absent & row.keys(), "None is absence"


def item(**changes: Any) -> Item:
    known: dict[str, Any] = {"id": "itm_1", "name": "Conseil", "unit_price": Decimal(1), "vat_rate": Decimal(20)}
    return Item(**samples.STAMPS, **(known | changes))


@pytest.mark.parametrize(
    "number",
    ["0.1", "2.50", "1E+3", "-0", "1E-30", "9" * 38, "0." + "9" * 38, "1234567890123456789.123456789012345678"],
)
def test_numbers_are_exact_to_38_digits(number: str) -> None:
    back = codec.from_row("workspace", codec.to_row(item(unit_price=Decimal(number)), SALT))
    assert isinstance(back, Item)
    assert back.unit_price == Decimal(number)


def test_numbers_are_stored_as_numbers_and_without_an_exponent() -> None:
    assert codec.to_row(item(unit_price=Decimal("1.50E+3")), SALT)["unit_price"] == {"N": "1500"}


def test_a_digest_does_not_depend_on_how_a_number_is_written() -> None:
    one, other = item(unit_price=Decimal("2.50")), item(unit_price=Decimal("2.5"))
    assert codec.digest(one, SALT) == codec.digest(other, SALT)
    assert codec.digest(one, SALT) != codec.digest(one, b"t" * 16)
    assert codec.digest(one, SALT) != codec.digest(item(unit_price=Decimal("2.51")), SALT)


def noise(count: int) -> str:
    """Text that does not compress: its letters hold 16 random bits each."""
    draw = random.Random(7)
    return "".join(chr(draw.randrange(0x4E00, 0x9F00)) for _ in range(count))


def test_a_document_above_300_kb_compressed_is_refused() -> None:
    fits = samples.draft(*(samples.line(description=noise(2_000)) for _ in range(3)))
    assert codec.to_row(fits, SALT)
    text = noise(150_000)
    big = samples.draft(*(samples.line(description=text[at : at + 2_000]) for at in range(0, len(text), 2_000)))
    with pytest.raises(TooLarge) as refused:
        codec.to_row(big, SALT)
    assert refused.value.params == {"limit": codec.MAX_ROW_BYTES}


def test_unpacked_values_count_too() -> None:
    with pytest.raises(TooLarge):
        codec.to_row(item(name="x" * (codec.MAX_ROW_BYTES + 1)), SALT)


@pytest.mark.parametrize("size", [codec.MAX_UNPACKED_BYTES - 1, codec.MAX_UNPACKED_BYTES, 3 * codec.MAX_UNPACKED_BYTES])
def test_a_value_that_unpacks_too_large_is_refused(size: int) -> None:
    row = codec.to_row(samples.draft(), SALT)
    row["lines"] = {"B": zlib.compress(b"[" + b" " * size + b"]", 9)}
    with pytest.raises(TooLarge):
        codec.from_row("workspace", row)


def test_a_value_of_the_largest_size_is_unpacked() -> None:
    row = codec.to_row(samples.draft(), SALT)
    row["lines"] = {"B": zlib.compress(b"[" + b" " * (codec.MAX_UNPACKED_BYTES - 2) + b"]", 9)}
    back = codec.from_row("workspace", row)
    assert isinstance(back, Draft)
    assert back.lines == ()


def test_an_answers_body_is_packed() -> None:
    answered = IdempotencyRecord(
        **samples.STAMPS, id="k", request="r", call="c", status=200, body=b'{"a": 1}' * 1_000, expires_at=1
    )
    assert len(codec.to_row(answered, SALT)["body"]["B"]) < 200


TOGETHER = """
import sys
import threading
from dataclasses import fields
from contextlib import suppress
import msgspec
from chalicelib.domain.documents import invoice
from chalicelib.domain.entity import ENTITIES
from chalicelib.store import codec

data = {field.name: "x" for field in reversed(fields(ENTITIES["ledger", "invoice"]))}
start = threading.Barrier(8)

def read():
    start.wait()
    with suppress(msgspec.ValidationError):
        codec.from_plain("ledger", "invoice", "cmp_1", data)

sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_may_meet_a_class_together() -> None:
    """A thread that meets a class while msgspec is still learning it for another used to end the process."""
    ran = subprocess.run([sys.executable, "-c", TOGETHER], check=False, capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b"")


def indexed() -> list[Record]:
    """A record of each kind that local indexes contain."""
    invoice = samples.issued(samples.line())
    return [samples.customer(), item(), samples.draft(samples.line()), invoice, fresh(invoice)]


@pytest.mark.parametrize("record", indexed(), ids=lambda record: f"{record.TABLE}.{record.KIND}")
def test_the_keys_of_indexes_are_stored_beside_the_content(record: Record) -> None:
    keys = record.index_keys()
    row = codec.to_row(record, SALT)
    assert keys
    assert {name: row[name] for name in keys} == {name: {"S": key} for name, key in keys.items()}
    assert not keys.keys() & codec.to_plain(record.TABLE, row).keys()
    assert not [key for key in keys.values() if key.encode() in canonical(record)]
    bare = {name: value for name, value in row.items() if name not in keys}
    assert codec.from_row(record.TABLE, bare) == codec.from_row(record.TABLE, row) == record


def test_a_row_is_as_large_as_its_content() -> None:
    """A key takes no byte from what a client may store."""
    sizes = [len(codec.to_row(samples.draft(customer=party), SALT)) for party in ("cus_1", None)]
    assert sizes[0] == sizes[1] + 2, "the customer and its key"


def test_a_balance_is_open_until_nothing_is_owed() -> None:
    invoice = samples.issued(samples.line())
    balance = fresh(invoice)
    assert balance.index_keys() == {"_open": f"invoice#{invoice.due_date}#{invoice.id}"}
    part = moved(invoice, balance, invoice.updated_at, paid=Decimal("0.01"))
    assert (part.version, part.index_keys()) == (1, balance.index_keys())
    assert part.owed == invoice.totals.payable - Decimal("0.01")
    assert not moved(invoice, balance, invoice.updated_at, paid=invoice.totals.payable).index_keys()
    assert not Balance(**samples.STAMPS, id="inv_1").index_keys(), "a row from before has no due date"


@pytest.mark.parametrize("body", [b"", b"{}", b'"quoted"', b"\0\0", "é".encode() * 500])
def test_packed_bytes_are_compressed_as_they_are(body: bytes) -> None:
    row = codec.to_row(answer(body), SALT)
    assert codec.from_row("transient", row) == answer(body)
    assert codec.to_plain("transient", row)["body"] == msgspec.Raw(msgspec.json.encode(body))
    older = row | {"body": {"B": zlib.compress(msgspec.json.encode(body))}}
    assert codec.from_row("transient", older) == answer(body), "a row of before has them in base64"
    assert codec.to_plain("transient", older)["body"] == msgspec.Raw(msgspec.json.encode(body))


def answer(body: bytes) -> IdempotencyRecord:
    return IdempotencyRecord(**samples.STAMPS, id="k", request="r", call="c", status=200, body=body, expires_at=1)
