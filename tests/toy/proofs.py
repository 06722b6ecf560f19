"""The product's behaviour with the toy kind. `test_toy_kind.py` runs it where the kind is declared first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from chalicelib.api.redaction import redact
from chalicelib.domain.clock import midnight
from chalicelib.domain.companies.company import Head, RetentionSchedule
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.registry import document_types, types_about
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.correction import differs, frozen
from chalicelib.domain.privacy.erased import NAMES, SELLER_NAMES, marked
from chalicelib.figures import BUSINESS, committed
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.retention import retention_job
from chalicelib.jobs.runner import run
from chalicelib.policy.erasure import Circumstances, plan
from chalicelib.policy.inventory import build_inventory, faults
from chalicelib.policy.load import current
from chalicelib.policy.schedules import new_schedule
from chalicelib.policy.terms import Period
from chalicelib.render.typst_renderer import TypstRenderer
from chalicelib.services.archive import removal, statutory
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.backup.format.kinds import KINDS, LEDGER
from chalicelib.services.backup.format.kinds import NAMES as COUNTED
from chalicelib.services.backup.format.lines import BackupLine, gross_of, logo_of
from chalicelib.services.backup.restoring import replay
from chalicelib.services.commits import SOURCES
from chalicelib.services.documents.einvoicing import attached
from chalicelib.services.documents.view import issued_view
from chalicelib.services.exports.words import TABLES
from chalicelib.services.privacy import subjects
from chalicelib.services.privacy.access import contents, export
from chalicelib.services.privacy.legal import demands
from chalicelib.services.privacy.rectification import affected
from chalicelib.services.representation.documents import present_issued
from chalicelib.services.retention import purge
from tests.privacy.worlds import Books, Turned
from tests.rows import put_row
from tests.toy.kind import TOY, Toy, ToyDraft, recorded
from tests.unit.render.test_typst import text_of

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = date(2026, 11, 23)
SUPPLIER = "sup_01J0000000000000000000000A"
MADE = recorded("cmp_1", "toy_01J0000000000000000000000A", SUPPLIER, DAY, AT)
PLACE = ("ledger", "toy_bill")


def head(*erased: str) -> Head:
    marks = None
    for subject in erased:
        marks = marked(marks, subject)
    return Head(company="cmp_1", id="cmp_1", created_at=AT, updated_at=AT, clock=7, chain="", erased=marks)


def test_a_backup_holds_it_behind_the_older_kinds() -> None:
    names = [group.name for group in GROUPS]
    assert names == [
        *("company", "customers", "suppliers", "items", "drafts", "toy_drafts", "series"),
        *("invoices", "credit_notes", "invoices_archive", "toy_bills", "register"),
        *("payments", "payment_ids", "terms", "leftovers", "journal", "credit_entries", "refunds"),
        *("templates", "attachments", "document_attachments", "import_mappings", "head"),
    ]
    by_name = {group.name: group for group in GROUPS}
    assert (by_name["toy_bills"].key_class, by_name["toy_drafts"].key_class) == ("statutory", "working")
    assert COUNTED[PLACE] == "toy_bills"
    assert LEDGER == ("invoices", "credit_notes", "invoices_archive", "toy_bills", "payments")
    assert list(KINDS)[-6:] == ["invoices", "credit_notes", "invoices_archive", "toy_bills", "payments", "attachments"]
    assert KINDS["toy_bills"] == {PLACE}
    assert ("workspace", "toy_bill") in KINDS["drafts"]


def test_a_backup_adds_up_its_amounts() -> None:
    data = {"totals": {"gross": "120.00"}, "seller": {"name": "x", "logo": "logos/a"}}
    line = BackupLine("toy_bills", *PLACE, "toy_bill#1", data=data)
    logo = logo_of(line)
    assert gross_of(line) == "120.00"
    assert logo is not None
    assert (logo.key, logo.frozen) == ("logos/a", True)


def test_the_register_does_not_account_for_it() -> None:
    assert [made.kind for made in document_types() if made.registered] == ["invoice", "credit_note"]


def test_devices_the_archive_and_the_figures_know_it() -> None:
    assert SOURCES[PLACE].object == SOURCES["workspace", "toy_bill"].object == "toy_bill"
    assert SOURCES[PLACE].refs("cmp_1", MADE.id, ()) == [MADE.key]
    assert statutory.ARCHIVED[PLACE] is Toy
    assert "toy_bill#" in removal.STATUTORY
    assert BUSINESS["ToysRecorded"] == "toys that were recorded"
    assert committed([MADE], [MADE]) == {"ToysRecorded": 1.0, "DocumentsSwept": 1.0}


def test_the_policy_covers_it() -> None:
    assert faults(build_inventory(), current()) == []
    person = [
        step
        for step in plan(current(), build_inventory(), "party", Circumstances(DAY)).steps
        if "toy_bill" in step.kinds
    ]
    assert [(step.place, step.action, step.match) for step in person] == [
        ("workspace", "anonymise", "reference"),
        ("ledger", "block", "reference"),
    ]
    whole = [
        step
        for step in plan(current(), build_inventory(), "company", Circumstances(DAY)).steps
        if "toy_bill" in step.kinds
    ]
    assert [(step.place, step.action) for step in whole] == [("workspace", "delete"), ("ledger", "block")]


def test_an_export_holds_it() -> None:
    assert {Toy, ToyDraft} <= set(contents.ROWS_OF_PERSON["sup"])
    assert not {Toy, ToyDraft} & set(contents.ROWS_OF_PERSON["cus"])
    assert {"toy_bills", "toy_drafts"} <= {kind.name for kind in contents.kinds()}
    assert TABLES["toy_bills"]["fr"] == "Jouets"
    assert contents.concerns(MADE, SUPPLIER)
    assert not contents.concerns(MADE, "sup_other")
    assert TOY in export.PRINTED


def test_an_erased_supplier_is_blank_in_it() -> None:
    shown = present_issued(MADE, None, head())
    assert (shown["object"], shown["status"], shown["supplier"]) == ("toy_bill", "recorded", SUPPLIER)
    assert shown["remark"] == "Atelier again"
    assert shown["register"] is None
    assert "paid" not in shown
    blank = present_issued(MADE, None, head(SUPPLIER))
    assert blank["seller"]["name"] == SELLER_NAMES["fr"] != NAMES["fr"]
    assert blank["seller"]["address"]["city"] is blank["supplier"] is blank["notes"] is blank["remark"] is None
    assert blank["seller"]["erased"] is True
    assert blank["buyer"]["name"] == "Us"
    assert redact(shown, head(SUPPLIER)) == blank


def test_a_correction_finds_documents_with_another_value() -> None:
    supplier = Supplier(
        company="cmp_1",
        id=SUPPLIER,
        created_at=AT,
        updated_at=AT,
        name="Atelier Rif SARL",
        kind="business",
        address=MADE.seller.address,
        email=MADE.seller.email,
    )
    assert "name" in frozen(supplier)
    assert differs(MADE, supplier, frozenset({"name", "email", "notes"})) == ("name",)
    assert types_about(SUPPLIER) == (TOY,)
    customer = Customer(
        company="cmp_1", id="cus_1", created_at=AT, updated_at=AT, name="x", kind="business", address=MADE.buyer.address
    )
    assert differs(MADE, customer, frozenset({"name"})) == ()


def test_its_page_has_its_words_and_no_place_in_the_register() -> None:
    view = issued_view(MADE, "fr")
    assert (view.register_hash, view.payment_terms, attached(MADE, view)) == ("", "", ())
    assert [total.kind for total in view.totals] == ["net", "vat_total", "gross"]
    text = text_of(TypstRenderer().render(view))
    assert all(word in text for word in ("Jouet", "Reçu par", "Atelier wood", "Somme : cent vingt dirhams."))


# ── Stored ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def put(world: Turned, *rows: Record) -> None:
    for row in rows:
        put_row(world.store, row)


def at(world: Turned, day: date) -> None:
    """Turn the world's clock to the first minute of a day in Casablanca."""
    world.offset = timedelta(0)
    world.offset = midnight(day) + timedelta(minutes=1) - world.now()


def sweep(world: Turned) -> Report:
    return run(world, retention_job(), now=world.now(), left=within(120))


def toys(shop: Books) -> list[str]:
    rows = shop.world.store.query("ledger", shop.id).records
    return [row.id for row in rows if isinstance(row, Toy)]


def test_it_is_purged_on_the_day_after_its_term(vault: Turned) -> None:
    shop = Books(vault, small=True)
    early, late = (replace(MADE, company=shop.id, id=shop.new("toy"), issue_date=date(y, 12, 31)) for y in (2026, 2027))
    put(vault, early, late, new_schedule(shop.profile, datetime(2026, 11, 1, tzinfo=UTC)))
    (term,) = vault.store.records([RetentionSchedule.ref(shop.id)])
    assert isinstance(term, RetentionSchedule)
    invoice, toy = 1, 1
    assert purge.preview(vault, term, Period(years=9), date(2036, 12, 31)) == invoice + toy
    at(vault, date(2036, 12, 31))
    sweep(vault)
    assert toys(shop) == sorted([early.id, late.id])
    at(vault, date(2037, 1, 1))
    assert sweep(vault).applied
    assert toys(shop) == [late.id]
    assert replay.Replay(swept=date(2036, 12, 31)).expired(early)


def test_a_document_that_states_a_corrected_identity_is_found(vault: Turned) -> None:
    shop = Books(vault)
    toy = replace(MADE, company=shop.id, id=shop.new("toy"), supplier=shop.supplier)
    put(vault, toy)
    assert subjects.is_named(vault.store, shop.id, shop.supplier)
    found: list[Record] = []
    where: str | None = ""
    while where is not None:
        rows, where = affected.page(vault.store, shop.id, where)
        found += rows
    assert [row.KIND for row in found] == ["invoice", "balance", "toy_bill"]


def test_its_original_is_disclosed_under_a_demand_for_all_its_content() -> None:
    assert demands.held(Toy) == {"document.content", "document.seller", "document.buyer"}
