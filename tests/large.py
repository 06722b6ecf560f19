"""A company as large as companies become: 10,000 customers as Moroccan merchants write them, and many invoices.

The rows are put as they are stored, without transactions, so that the counts of lists have something to count.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import Any, Final

from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import fresh, moved
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.numbering import DEFAULTS, opened
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import Record
from chalicelib.domain.ids import new_id
from chalicelib.domain.text import words
from chalicelib.store.codec import to_row
from chalicelib.wiring import World
from tests.unit import samples


def listed(text: str, separator: str | None = None) -> list[str]:
    """The parts of a text."""
    return text.split(separator)


ROOTS: Final = listed(
    "Atlas Rif Souss Sebou Zénith Oasis Baraka Essalam Toubkal Moulouya Bouregreg Chaouia Doukkala Gharb Tadla Haouz "
    "Draa Saïss Andalous Mogador Anfa Majorelle Argane Safran Nakhil Yasmine Rayan Nour Amane Ifrane Kasbah Médina "
    "Sahara Mazagan Chellah Volubilis Lixus Tamuda Zellige Tafilalet"
)
TRADES: Final = listed(
    "Négoce Distribution Bâtiment Travaux Transport Conseil Services Import Export Textile Agro Équipements "
    "Informatique Menuiserie Électricité Plomberie Maintenance Consulting Immobilier Industrie Emballage Pêche "
    "Tourisme Hôtellerie Restauration Pharma Logistique Carrelage Marbre Aluminium Froid Climatisation Sécurité "
    "Nettoyage Imprimerie Formation Énergie Irrigation Élevage Minoterie Boulangerie Pâtisserie"
)
FIRST: Final = listed(
    "Mohamed Fatima Ahmed Khadija Youssef Aïcha Hassan Naïma Abdellah Zineb Rachid Samira Karim Hanane Omar Latifa "
    "Mustapha Nadia Said Amina Hamza Salma Ayoub Meryem Abderrahim Ghizlane"
)
LAST: Final = listed(
    "Benali,El Amrani,Alaoui,Idrissi,Tazi,Bennani,Berrada,Fassi Fihri,Chraïbi,El Fassi,Benjelloun,Ouazzani,Lahlou,"
    "Kettani,Bouzidi,Naciri,Mansouri,Ait Ouarab,Oubella,Hajji,Filali,Skalli,Sebti,Zniber,Cherkaoui,El Khattabi",
    ",",
)
FORMS: Final = ("SARL", "SARL", "SARL", "SARL", "SARL", "SARL AU", "SARL AU", "SARL AU", "SARL AU", "SA")
TOWNS: Final = listed("Casablanca Rabat Fès Meknès Marrakech Agadir Tanger Tétouan Oujda Nador Kénitra Settat Safi")
BATCH: Final = 25
"""Rows of one call that puts."""


def ice_of(random: Random) -> str:
    """A valid ICE: 9 digits, 4 digits, and the key."""
    body = f"{random.randrange(1_000_000, 3_500_000):09d}{random.choice(('0000', '0000', '0000', '0001', '0012'))}"
    return f"{body}{97 - int(body) * 100 % 97:02d}"


def _business(random: Random) -> tuple[str, str]:
    root, trade, form = random.choice(ROOTS), random.choice(TRADES), random.choice(FORMS)
    name = random.choice(
        (
            *(f"{root} {trade} {form}",) * 4,
            f"Société {root} {trade} {form}",
            f"Sté {root} de {trade} et {random.choice(TRADES)}",
            f"{random.choice(LAST)} {trade} {form}",
            f"{root} {trade} {random.choice(TOWNS)} {form}",
        )
    )
    own = random.choice(("-", "", ".")).join((*words(root), *words(trade)))
    if random.random() < 0.45:
        return name, f"{own}{random.randrange(1, 99)}@gmail.com"
    box = random.choice(("contact", "info", "commercial", "compta", "direction"))
    return name, f"{box}@{own.replace('.', '')}.{random.choice(('ma', 'ma', 'ma', 'com'))}"


def _person(random: Random) -> tuple[str, str]:
    first, last = random.choice(FIRST), random.choice(LAST)
    provider = random.choice((*("gmail.com",) * 4, "hotmail.com", "outlook.fr", "menara.ma", "yahoo.fr"))
    name = random.choice((f"{first} {last}", f"{first} {last}", f"Entreprise {first} {last}"))
    return name, f"{''.join(words(first))}.{''.join(words(last))}{random.choice(('', '7', '88'))}@{provider}"


def customers(company: str, count: int, seed: int = 7) -> Iterator[Customer]:
    """So many customers, each with a name, an ICE, an e-mail address and a telephone number."""
    random = Random(seed)
    for n in range(count):
        name, email = _business(random) if random.random() < 0.72 else _person(random)
        phone = f"+212{random.choice('5667')}{random.randrange(10**8):08d}"
        id = new_id("cus", samples.AT + timedelta(minutes=n), random.randbytes(10))
        own = samples.customer(name=name, ice=ice_of(random), email=email, phone=phone)
        yield replace(own, company=company, id=id)


def invoices(company: str, buyers: Sequence[str], count: int, today: date) -> Iterator[Record]:
    """So many invoices with their register entries and balances, and the series. Every fourth invoice is paid, every
    third one is past its due date, and each buyer has every so many-th."""
    random = Random(count)
    series = opened(replace(samples.company(), company=company), DEFAULTS[0], today, samples.AT)
    sample: Invoice = samples.issued(samples.line())
    for n in range(count):
        id = new_id("inv", samples.AT + timedelta(minutes=n), random.randbytes(10))
        due = today + timedelta(days=-(n % 300) - 1 if n % 3 == 0 else n % 60)
        place: dict[str, Any] = {"series": series.id, "number": f"{series.id}-{n + 1:05d}", "position": n + 1}
        invoice = replace(
            sample, company=company, id=id, customer=buyers[n % len(buyers)], issue_date=today, due_date=due, **place
        )
        balance = fresh(invoice)
        yield invoice
        yield moved(invoice, balance, invoice.updated_at, paid=invoice.totals.payable if n % 4 == 0 else balance.paid)
        yield RegisterEntry(
            **samples.STAMPS | {"company": company},
            id=id,
            **place,
            document=id,
            document_kind=Invoice.KIND,
            issue_date=today,
            gross=invoice.totals.gross,
            hash="",
            chain="",
        )
    yield replace(series, next=count + 1, last_date=today)


def put(world: World, records: Iterable[Record]) -> None:
    """Put the rows of these records, by table."""
    client, names, waiting = world.store.connection.client, world.store.names, iter(records)
    while batch := list(islice(waiting, BATCH)):
        asked: dict[str, list[Any]] = {}
        for record in batch:
            asked.setdefault(names[record.TABLE], []).append({"PutRequest": {"Item": to_row(record, bytes(16))}})
        left = client.batch_write_item(RequestItems=asked).get("UnprocessedItems")
        assert not left
