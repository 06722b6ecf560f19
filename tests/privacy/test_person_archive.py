"""The archive of a person's access request: a first page and tables in their language, beside the stable files."""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser

from chalicelib.api.access import MemberShown
from chalicelib.api.attachments import AttachmentShown
from chalicelib.api.devices import DeviceShown
from chalicelib.api.disclosures import DisclosureShown
from chalicelib.api.document_shapes import PayableShown
from chalicelib.api.parties import CustomerShown, SupplierShown
from chalicelib.api.payment_shapes import CreditEntryShown, PaymentShown, RefundShown
from chalicelib.api.support import MessageShown, ThreadShown
from chalicelib.domain.clock import today
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import kept
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.files import prefixes
from chalicelib.policy.load import current, use
from chalicelib.policy.schedules import CompanyRetention, statutory, year_of
from chalicelib.policy.wording import long_date
from chalicelib.services.exports import tables
from chalicelib.services.exports.tables import ZipProgress
from chalicelib.services.privacy import limits
from chalicelib.services.privacy.access import columns, export
from chalicelib.services.privacy.access.contents import ExportKind, kinds_for
from chalicelib.services.privacy.requests import requests
from chalicelib.workflow import engine
from tests.conftest import Shop
from tests.crash import Killed, watched
from tests.e2e.browser import AXE, SERIOUS, needs_a_browser
from tests.mailbox import open_mailbox
from tests.moved import with_term
from tests.privacy.naming import unnamed, unworded
from tests.privacy.persons import CANARY, URL, asked, carry, confirmed, paid, person
from tests.privacy.test_access import archive_of, opened, rows
from tests.privacy.test_rights_for_everyone import disclosed
from tests.privacy.worlds import Books, Turned

ARABIC = re.compile(r"[\u0600-\u06ff]")
RTL: dict[Language, str] = {"fr": "ltr", "ar": "rtl", "en": "ltr"}
PERSONS = ("cus_", "sup_", "mem_")
WIDTH = 375


@pytest.fixture
def shop(new_shop: Callable[..., Shop]) -> Shop:
    """A company whose financial year ends in June, with an address of its own."""
    made = new_shop(financial_year_end="06-30", email="bonjour@boutique.example", phone="+212522123456", language="fr")
    open_mailbox(made.world)
    return made


def of_customer(shop: Shop, language: Language) -> tuple[str, str]:
    """The ids of an answered access request and of its customer, who has documents, a payment and a disclosure."""
    customer = person(shop)
    shop.draft(customer=customer, notes="Cadeau")
    invoice = paid(shop, customer, "CHQ 77")
    credited = shop.owner.post(f"/v1/invoices/{invoice}/credit", {"amount": "10.00", "reason": "Geste"})
    assert credited.status == 201, credited.text
    disclosed(shop, "Direction exemplaire", subject=customer)
    id = asked(shop, kind="access", subject=customer, language=language)
    confirmed(shop, id)
    carry(shop)
    return id, customer


def of_member(shop: Shop, language: Language) -> str:
    """The id of the answered access request of a member with a thread, consents and an acceptance."""
    viewer = shop.member("viewer")
    thread = viewer.post("/v1/support", {"subject": "Aide", "text": "Une question"})
    assert thread.status == 201, thread.text
    version = viewer.get("/v1/consents").json["policy"]["in_force"]
    assert viewer.post("/v1/consents", {"kind": "policy", "granted": True, "version": version}).status == 201
    assert viewer.post("/v1/consents", {"kind": "marketing", "granted": True}).status == 201
    id = str(viewer.post(URL, {"kind": "access", "language": language}).json["id"])
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    carry(shop)
    return id


def text_of(page: str) -> str:
    """The text of a page without its style and tags."""
    bare = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", bare).replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")
    return " ".join(words.split())


def said(value: str) -> str:
    return " ".join(value.split())


def until(shop: Shop, day: Any) -> Any:
    return CompanyRetention((statutory(current()),), (year_of("06-30"),)).kept_until(day)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_speaks_to_a_customer(shop: Shop, language: Language) -> None:
    id, _ = of_customer(shop, language)
    page = archive_of(shop, id).read("index.html").decode()
    assert f'<html lang="{language}" dir="{RTL[language]}">' in page
    assert "<script" not in page
    assert "http" not in page, "nothing is fetched"
    text, policy = text_of(page), current()
    for known in ("Boutique Exemple", "bonjour@boutique.example", policy.product, policy.contact, id, "CNDP"):
        assert known in text
    for name in ("party.identity", "party.contact", "document.buyer", "ledger.payment", "draft.content"):
        rule = policy.rules[name]
        assert said(rule.label[language]) in text
        assert said(rule.purpose[language]) in text
        for basis in rule.bases:
            assert said(policy.bases[basis].label[language]) in text
            assert said(policy.bases[basis].law[language]) in text
    assert long_date(until(shop, shop.today), language) in text
    received = {name for name, each in policy.processors.items() if each.provider in text}
    assert received == {"hosting", "mail"}, "no provider that gets nothing of a customer"
    assert said(policy.processors["mail"].receives[language]) in text
    assert "Direction exemplaire" in text
    for article in ("7", "8", "9"):
        assert re.search(rf"(art\.|المادة|المادتان) {article}\b", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_speaks_to_a_member(shop: Shop, language: Language) -> None:
    id = of_member(shop, language)
    text, policy = text_of(archive_of(shop, id).read("index.html").decode()), current()
    assert "/account/deletion" in text
    for name in ("identity.contact", "consent.proof", "support.thread", "sign_in.account", "request.proof"):
        assert said(policy.rules[name].label[language]) in text
    assert {name for name, each in policy.processors.items() if each.provider in text} == set(policy.processors)
    proof = policy.rules["consent.proof"].term
    assert proof is not None
    assert long_date(proof.after(shop.today), language) in text


def test_no_other_sort_of_person_is_spoken_to(shop: Shop) -> None:
    id, _ = of_customer(shop, "fr")
    text = text_of(archive_of(shop, id).read("index.html").decode())
    for name in ("item.content", "identity.contact", "consent.choice", "device.register", "sign_in.account"):
        assert said(current().rules[name].label["fr"]) not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tables_have_names_of_columns_in_their_language(shop: Shop, language: Language) -> None:
    id, customer = of_customer(shop, language)
    archive = archive_of(shop, id)
    sheet = list(csv.reader(io.StringIO(archive.read("tables/customers.csv").decode("utf-8-sig"), newline="")))
    stable = list(csv.reader(io.StringIO(archive.read("data/customers.csv").decode("utf-8-sig"), newline="")))
    assert sheet[0] == [columns.column_name("customers", path, language) for path in (*stable[0], "kept_until")]
    assert CANARY in sheet[1]
    page = text_of(archive.read("tables/invoices.html").decode())
    for path in ("number", "issue_date", "buyer", "kept_until"):
        assert columns.column_name("invoices", path, language) in page
    assert long_date(until(shop, shop.today), language) in page
    assert {"fr": "payé en partie", "ar": "مؤدى جزئيًا", "en": "partly paid"}[language] in page
    assert rows(archive, "customers") == [shop.owner.get(f"/v1/customers/{customer}").json]


def test_the_stable_files_stay_and_every_file_is_linked(shop: Shop) -> None:
    id, _ = of_customer(shop, "ar")
    archive = archive_of(shop, id)
    page = archive.read("index.html").decode()
    assert {f"data/{kind.name}.{form}" for kind in kinds_for("cus_") for form in ("json", "csv")} <= {
        *archive.namelist()
    }
    for name in archive.namelist():
        assert name == "index.html" or f'href="{name}"' in page
    for name in re.findall(r'href="([^"#]+)"', page):
        assert name in archive.namelist()
    (header, *_) = archive.read("data/invoices.csv").decode("utf-8-sig").splitlines()
    assert header.startswith("id,object,status,number,version,issue_date,"), "clients read these names"
    assert "kept_until" not in header


def test_a_row_states_its_own_last_day(shop: Shop) -> None:
    """Each row by the term of its rule: a document by the financial year, an acceptance from its day; a customer's
    record has no day, because the company may delete it at any time."""
    id, _ = of_customer(shop, "fr")
    archive, year = archive_of(shop, id), until(shop, shop.today).isoformat()
    found = {
        name: {row["Conservé jusqu’au"] for row in csv.DictReader(io.StringIO(archive.read(path).decode("utf-8-sig")))}
        for name in ("customers", "drafts", "invoices", "credit_notes", "payments", "disclosures")
        for path in [f"tables/{name}.csv"]
    }
    five = current().rules["disclosure.record"].term
    assert five is not None
    assert found == {
        "customers": {""},
        "drafts": {""},
        "invoices": {year},
        "credit_notes": {year},
        "payments": {year},
        "disclosures": {five.after(today(shop.world.now())).isoformat()},
    }
    assert year.endswith("-06-30")


def test_a_closed_thread_states_the_end_of_its_term(shop: Shop) -> None:
    viewer = shop.member("viewer")
    thread = viewer.post("/v1/support", {"subject": "Aide", "text": "Une question"}).json["id"]
    assert viewer.post(f"/v1/support/{thread}/close", {}).status == 200
    id = str(viewer.post(URL, {"kind": "access", "language": "en"}).json["id"])
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    carry(shop)
    archive, term = archive_of(shop, id), current().rules["support.thread"].term
    assert term is not None
    for name in ("support_threads", "support_messages"):
        (row,) = csv.DictReader(io.StringIO(archive.read(f"tables/{name}.csv").decode("utf-8-sig")))
        assert row["Kept until"] == term.after(shop.today).isoformat()


def test_a_moved_term_moves_the_page(shop: Shop) -> None:
    with use(with_term("transient.mail", "P11D")):
        id, _ = of_customer(shop, "en")
    text = text_of(archive_of(shop, id).read("index.html").decode())
    assert "11 days after creation" in text


def test_the_archive_of_an_account_is_as_it_was(shop: Shop) -> None:
    id = asked(shop, kind="access")
    confirmed(shop, id)
    carry(shop)
    names = archive_of(shop, id).namelist()
    assert "index.html" in names
    assert not [name for name in names if name.startswith("tables/")]


def person_kinds() -> list[ExportKind]:
    found = {kind.name: kind for prefix in PERSONS for kind in kinds_for(prefix)}
    return [*found.values()]


def test_every_column_has_a_name_in_three_languages() -> None:
    """Derived from the inventory of attributes: a new attribute needs its name."""
    tables_of_persons = [(kind.name, kind.cls) for kind in person_kinds()]
    assert list(unnamed(tables_of_persons)) == []
    assert list(unworded(tables_of_persons)) == []


def test_a_planted_attribute_is_found() -> None:
    planted: Any = make_dataclass("Planted", [("nickname", str | None, kept("party.identity", default=None))])
    assert list(unnamed([("customers", planted)])) == [f"customers.nickname: {language}" for language in LANGUAGES]


def test_a_planted_secret_needs_no_name() -> None:
    planted: Any = make_dataclass("Planted", [("nickname", str | None, kept("identity.secret", default=None))])
    assert list(unnamed([("customers", planted)])) == []


def test_a_name_that_lacks_a_language_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {**columns.catalogue(), "phone": {"fr": "Téléphone", "en": "Phone"}}
    monkeypatch.setattr(columns, "catalogue", lambda _="names": lacking)
    kind = next(kind for kind in person_kinds() if kind.name == "customers")
    assert list(unnamed([(kind.name, kind.cls)])) == ["customers.phone: ar"]


def _paths(model: Any, prefix: str = "") -> Iterator[str]:
    """The paths of a model of the API, those within its models too."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        yield path
        for part in _models(field.annotation):
            yield from _paths(part, f"{path}.")


def _models(annotation: Any) -> Iterator[Any]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


SHOWN = {
    "customers": CustomerShown,
    "suppliers": SupplierShown,
    "members": MemberShown,
    "payments": PaymentShown,
    "credit_entries": CreditEntryShown,
    "refunds": RefundShown,
    "attachments": AttachmentShown,
    "document_attachments": AttachmentShown,
    "devices": DeviceShown,
    "disclosures": DisclosureShown,
    "support_threads": ThreadShown,
    "support_messages": MessageShown,
    **{document_type.plural: PayableShown for document_type in document_types()},
    "drafts": PayableShown,
}
ONLY_IN_THE_API = {"upload", "thumbnail"}


@pytest.mark.parametrize("table", SHOWN)
def test_every_property_that_the_api_shows_has_a_name(table: str) -> None:
    """The rows are those of the API, whose form has more names than the stored row."""
    paths = [path for path in _paths(SHOWN[table]) if not ONLY_IN_THE_API & {*path.split(".")}]
    paths += [name for each in document_types() if each.plural == table for name in (*each.shown, each.person)]
    names = {path: [columns.column_name(table, path, language) for language in LANGUAGES] for path in paths}
    raw = [path for path, found in names.items() if path.split(".")[-1] in {n.split(" – ")[-1] for n in found}]
    assert raw == []
    assert [path for path, (_, arabic, _) in names.items() if not ARABIC.search(arabic)] == []


def test_the_words_are_there_in_three_languages_and_fill_in_the_same() -> None:
    words = tomllib.loads(files("chalicelib.services.privacy.access").joinpath("words.toml").read_text("utf-8"))
    for name, found in words.items():
        assert set(found) == set(LANGUAGES), name
        fillings = [set(re.findall(r"\{(\w+)\}", found[language])) for language in LANGUAGES]
        assert fillings[0] == fillings[1] == fillings[2], name
        assert ARABIC.search(found["ar"]), name
        assert not re.search(r"\w'\w", found["fr"]), f"{name}: messages of the API use ’ too"
    assert len(words) > 20


def test_a_progress_of_an_earlier_release_continues_without_the_new_forms() -> None:
    old = msgspec.json.decode(b'{"table":3,"sheet":true,"after":"x"}', type=ZipProgress)
    assert (old.forms, old.form, old.table) == (0, 0, 3)


def _customers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    few = tuple(kind for kind in kinds_for("cus_") if kind.name in ("customers", "disclosures"))
    monkeypatch.setattr(export, "kinds_for", lambda _: few)
    monkeypatch.setattr(export, "PRINTED", ())
    monkeypatch.setattr(export, "ATTACHED", ())
    monkeypatch.setattr(limits, "ASKED_A_DAY", 1_000)


def _confirmed(books: Books) -> str:
    id = requests.ask(books.world, books.call(), books.owner(), "access", books.customer).outcome.id
    requests.confirm(books.world, books.call(), books.owner(), id)
    return id


def _work(books: Books, id: str) -> dict[str, bytes]:
    """The files of the archive of a request, once it is made."""
    while books.request(id).status != "completed":
        engine.run(books.world, export.WORKFLOW, books.request(id))
    archive = opened(books.world.files.read(prefixes.export(books.id, id)))
    return {name: archive.read(name).replace(id.encode(), b"req") for name in archive.namelist()}


def test_small_pieces_make_the_same_archive(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    _customers_alone(monkeypatch)
    books = Books(vault)
    whole = _work(books, _confirmed(books))
    monkeypatch.setattr(tables, "ROWS", 1)
    monkeypatch.setattr(export, "PAGE", 1)
    monkeypatch.setattr(export, "ROWS", 1)
    assert _work(books, _confirmed(books)) == whole
    assert {"tables/customers.html", "tables/customers.csv"} <= set(whole)


def test_killed_at_any_call_the_archive_is_the_same(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    _customers_alone(monkeypatch)
    monkeypatch.setattr(tables, "ROWS", 1)
    books = Books(vault)
    whole = _confirmed(books)
    with watched([vault.store.connection.client, vault.files.client]) as calls:
        expected = _work(books, whole)
    for at, when in calls.moments:
        id = _confirmed(books)
        with pytest.raises(Killed), watched([vault.store.connection.client, vault.files.client], at, when):
            _work(books, id)
        assert _work(books, id) == expected, f"killed {when} call {at}, {calls.made[at]}"
    assert len(calls.moments) > 1


@needs_a_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_fit_a_telephone_and_bar_nobody(
    shop: Shop, browser: Browser, tmp_path: Path, language: Language
) -> None:
    id, _ = of_customer(shop, language)
    archive_of(shop, id).extractall(tmp_path)
    for name in ("index.html", "tables/invoices.html", "tables/customers.html"):
        context = browser.new_context(viewport={"width": WIDTH, "height": 800})
        page = context.new_page()
        widest = (tmp_path / name).read_text("utf-8").replace(id, f"req_{'W' * 26}")  # Letters of an id vary in width.
        (tmp_path / name).write_text(widest, "utf-8")
        page.goto((tmp_path / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, name
        found = [each["id"] for each in AXE.run(page).response["violations"] if each["impact"] in SERIOUS]
        assert found == [], name
        context.close()
