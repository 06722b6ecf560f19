"""Files of earlier invoices, from file to archive."""

from typing import Any

import pytest

from chalicelib import figures
from chalicelib.domain.documents.archived_invoice import ArchivedInvoice
from chalicelib.domain.imports.model import ImportColumn
from chalicelib.services.imports.entering import enter
from chalicelib.services.imports.sheet import Row
from tests.conftest import Shop
from tests.imports.files import analysed, committed, counts, every, reasons, undone

SUMS = (
    "N° facture;Date;Client;ICE;Total HT;TVA;Total TTC;Reste à payer\r\n"
    "F-2024-001;15/03/2024;Atlas Négoce SARL;002136093000040;1 000,00;200,00;1 200,00;0,00\r\n"
    "F-2024-002;16/03/2024;Client de passage;;500,00;100,00;600,00;\r\n"
    "F-2024-003;17/03/2024;Atlas Négoce SARL;002136093000040;1 500,00;300,00;1 800,00;800,00\r\n"
).encode("cp1252")


def archive(shop: Shop) -> list[dict[str, Any]]:
    """The archived invoices, oldest first."""
    return every(shop, "invoices-archive")


def test_one_row_for_each_invoice(shop: Shop) -> None:
    found = analysed(shop, "invoices_archive", SUMS)
    assert (found["status"], counts(found), reasons(found)) == ("analysed", (3, 0, 0, 0), []), found
    assert [(each["row"], each["code"]) for each in found["warnings"]] == [(3, "customer_kept_as_text")]
    done = committed(shop, found["id"])
    assert (done["status"], counts(done)) == ("committed", (3, 0, 0, 0)), done
    first, second, third = archive(shop)
    assert [each["number"] for each in (first, second, third)] == ["F-2024-001", "F-2024-002", "F-2024-003"]
    assert [each["status"] for each in (first, second, third)] == ["paid", "paid", "partially_paid"]
    assert (first["object"], first["series"], first["register"]) == ("archived_invoice", "imported:other", None)
    assert (first["customer"], second["customer"]) == (shop.customer, None)
    assert (second["buyer"]["name"], second["buyer"]["kind"]) == ("Client de passage", "consumer")
    assert first["totals"]["vat"] == [{"rate": "20", "exemption": None, "base": "1000.00", "amount": "200.00"}]
    assert (third["paid"], third["balance"], third["settled_before"]) == ("1000.00", "800.00", "1000.00")
    assert third["operation_date"] == third["issue_date"] == "2024-03-17"


def test_the_same_file_again_adds_nothing(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    before = archive(shop)
    again = analysed(shop, "invoices_archive", SUMS)
    assert counts(again) == (0, 0, 3, 0)
    assert counts(committed(shop, again["id"])) == (0, 0, 3, 0)
    assert archive(shop) == before


def test_an_undo_takes_back_what_nobody_paid(shop: Shop) -> None:
    done = committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    back = undone(shop, done["id"])
    assert (back["status"], back["undone"], back["touched"]) == ("undone", 3, 0)
    assert archive(shop) == []


def one(shop: Shop, number: str) -> dict[str, Any]:
    """The archived invoice with this number."""
    (found,) = shop.owner.get("/v1/invoices-archive", query={"number": number}).json["data"]
    document: dict[str, Any] = found
    return document


def archived(shop: Shop, text: str) -> list[dict[str, Any]]:
    """The archive after the import of all rows of a file."""
    found = analysed(shop, "invoices_archive", text.encode())
    assert (found["status"], reasons(found)) == ("analysed", []), found
    assert committed(shop, found["id"])["status"] == "committed"
    return archive(shop)


LINES = (
    "Numéro;Date facture;Client;Désignation;Qté;PU HT;Taux TVA;Total TTC\n"
    "2023/17;05/02/2023;Riad Atlas;Thé vert;10;12,50;20;\n"
    "2023/17;05/02/2023;Riad Atlas;Sucre;4;10,00;7;192,80\n"
    ";;;Transport;1;50;14;\n"
    "2023/18;06/02/2023;Riad Atlas;Thé vert;1;12,50;20;15,00\n"
)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("réglée", "paid"),
        ("مدفوعة", "paid"),
        ("Partiellement réglée", "partially_paid"),
        ("مؤداة جزئياً", "partially_paid"),
        ("non réglée", "issued"),
        ("غير مدفوعة", "issued"),
        ("annulée", "annulée"),
    ],
)
def test_a_status_as_people_write_it(said: str, code: str) -> None:
    entered = enter("invoices_archive", [ImportColumn(header="Statut", field="status")], Row(2, (said,)))
    assert entered.content == {"status": code}


def test_rows_of_one_number_are_lines(shop: Shop) -> None:
    text = LINES.replace("192,80", "249,80")
    first, second = archived(shop, text)
    assert [line["description"] for line in first["lines"]] == ["Thé vert", "Sucre", "Transport"]
    assert [line["net"] for line in first["lines"]] == ["125.00", "40.00", "50.00"]
    assert [(each["rate"], each["base"], each["amount"]) for each in first["totals"]["vat"]] == [
        ("20", "125.00", "25.00"),
        ("14", "50.00", "7.00"),
        ("7", "40.00", "2.80"),
    ]
    assert (first["totals"]["gross"], second["totals"]["gross"]) == ("249.80", "15.00")
    assert first["balance"] == "0.00"


def test_sums_that_the_lines_do_not_give_are_refused(shop: Shop) -> None:
    found = analysed(shop, "invoices_archive", LINES.encode())
    assert reasons(found) == [(2, 8, "", "sums_differ")]
    assert ("192.80" in found["refusals"][0]["detail"], "249.80" in found["refusals"][0]["detail"]) == (True, True)
    assert counts(found) == (1, 0, 0, 1)


def test_other_programs_round_each_line(shop: Shop) -> None:
    rows = "".join(f"A-1;2024-01-05;Riad Atlas;Article {number};1;0,33;20;1,20\n" for number in range(3))
    (found,) = archived(shop, "Numéro;Date;Client;Désignation;Qté;PU HT;Taux TVA;Total TTC\n" + rows)
    totals = found["totals"]
    assert (totals["net"], totals["vat_total"], totals["gross"], totals["rounding"]) == ("0.99", "0.21", "1.20", "0.00")


def test_refused_invoices_name_row_column_value_and_reason(shop: Shop) -> None:
    text = (
        "Numéro,Date,Client,HT,TVA,TTC,Reste,Devise\n"
        "R-1,2024-13-01,A,100,20,120,,MAD\n"
        "R-2,01/02/2024,A,100,20,130,,MAD\n"
        "R-3,01/02/2024,A,100,20,120,50,MAD\n"
        "R-4,01/02/2024,A,100,20,120,,EUR\n"
        "R-5,01/02/2035,A,100,20,120,,MAD\n"
        "R-6,01/02/2014,A,100,20,120,,MAD\n"
        "R-7,01/02/2024,,100,20,120,,MAD\n"
        "R-8,01/02/2024,A,100,,,,MAD\n"
        "R-9,01/02/2024,A,-100,-20,-120,,MAD\n"
        "R-10,01/02/2024,A,100,20,120,,MAD\n"
        "R-10,01/02/2024,A,100,20,120,,MAD\n"
    )
    found = analysed(shop, "invoices_archive", text.encode())
    assert reasons(found) == [
        (2, 2, "2024-13-01", "bad_cell_day"),
        (3, 6, "130", "sums_differ"),
        (4, 3, "A", "debt_without_customer"),
        (5, 8, "EUR", "not_one_of"),
        (6, 2, "01/02/2035", "issue_date_in_future"),
        (7, 2, "01/02/2014", "statutory_term_over"),
        (8, 3, "", "missing"),
        (9, 5, "", "missing"),
        (10, 4, "-100", "out_of_range"),
        (10, 5, "-20", "out_of_range"),
        (10, 6, "-120", "out_of_range"),
        (12, 1, "R-10", "number_repeated"),
    ]
    assert counts(found) == (1, 0, 0, 10)


def test_what_is_due_is_paid_and_stands_in_the_statement(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    due, settled = one(shop, "F-2024-003"), one(shop, "F-2024-001")
    url = f"/v1/invoices-archive/{due['id']}"
    period = {"from": "2024-01-01", "to": "2026-11-30"}
    statement = shop.owner.get(f"/v1/customers/{shop.customer}/statement", query=period).json
    assert [(line["number"], line["debit"]) for line in statement["lines"]] == [("F-2024-003", "800.00")]
    opened = shop.owner.get("/v1/invoices-archive", query={"open": "true"}).json["data"]
    assert [each["id"] for each in opened] == [due["id"]]
    assert shop.owner.delete(f"/v1/customers/{shop.customer}", "*").json["code"] == "in_use"
    paid = shop.owner.post(f"{url}/payments", {"amount": "900.00", "method": "transfer", "date": "2026-11-23"})
    assert paid.status == 201, paid.text
    now = shop.owner.get(url).json
    assert (now["status"], now["paid"], now["balance"]) == ("paid", "1800.00", "0.00")
    statement = shop.owner.get(f"/v1/customers/{shop.customer}/statement", query=period).json
    assert (statement["closing_balance"], statement["unapplied_credit"]) == ("-100.00", "100.00")
    back = shop.owner.post(f"/v1/payments/{paid.json['id']}/reverse", {"reason": "entered_in_error"})
    assert back.status == 201, back.text
    assert shop.owner.get(url).json["balance"] == "800.00"
    assert shop.owner.get(f"/v1/invoices/{due['id']}/payments").status == 404
    assert shop.owner.get(f"/v1/invoices-archive/{settled['id']}/payments").json["data"] == []


def test_credit_of_the_customer_pays_an_archived_invoice(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    due = one(shop, "F-2024-003")
    money = {"amount": "300.00", "method": "transfer", "date": "2026-11-23"}
    assert shop.owner.post(f"/v1/customers/{shop.customer}/credit", money).status == 201
    to = {"to": [{"document": due["id"], "amount": "300.00"}]}
    got = shop.owner.post(f"/v1/customers/{shop.customer}/credit/apply", to)
    assert got.status == 200, got.text
    assert shop.owner.get(f"/v1/invoices-archive/{due['id']}").json["balance"] == "500.00"


def test_a_buyer_who_is_no_customer_pays_nothing(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    url = f"/v1/invoices-archive/{one(shop, 'F-2024-002')['id']}/payments"
    got = shop.owner.post(url, {"amount": "1.00", "method": "transfer", "date": "2026-11-23"})
    assert (got.status, got.json["errors"][0]["code"]) == (422, "payment_without_customer")


def test_a_file_that_contradicts_itself_about_the_debt_is_a_warning(shop: Shop) -> None:
    text = (
        "Numéro;Date;ICE;HT;TVA;TTC;Reste;Payé;Statut\n"
        "C-1;01/02/2024;002136093000040;100,00;20,00;120,00;120,00;;payée\n"
        "C-2;01/02/2024;002136093000040;100,00;20,00;120,00;0,00;;impayée\n"
        "C-3;01/02/2024;002136093000040;100,00;20,00;120,00;;130,00;payée\n"
        "C-4;01/02/2024;002136093000040;100,00;20,00;120,00;20,00;;impayée\n"
    )
    found = analysed(shop, "invoices_archive", text.encode())
    assert [(each["row"], each["column"], each["code"]) for each in found["warnings"]] == [
        (2, 9, "status_contradicts"),
        (3, 9, "status_contradicts"),
        (4, 8, "paid_exceeds_total"),
    ]
    assert "120.00" in found["warnings"][0]["detail"]
    assert reasons(found) == []


def test_an_undo_leaves_what_was_paid(shop: Shop) -> None:
    done = committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    url = f"/v1/invoices-archive/{one(shop, 'F-2024-003')['id']}/payments"
    assert shop.owner.post(url, {"amount": "1.00", "method": "transfer", "date": "2026-11-23"}).status == 201
    back = undone(shop, done["id"])
    assert (back["undone"], back["touched"]) == (2, 1)
    assert [each["number"] for each in archive(shop)] == ["F-2024-003"]


def test_an_undo_is_no_purge(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    (row,) = shop.world.store.records([ArchivedInvoice.ref(shop.company, one(shop, "F-2024-001")["id"])])
    assert isinstance(row, ArchivedInvoice)
    assert figures.committed([row], []) == {"InvoicesArchived": 1.0}
    assert figures.committed([], [row]) == {}


def test_the_register_never_counts_it(shop: Shop) -> None:
    issued = shop.issued()
    before = shop.owner.get("/v1/register").json["data"]
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    assert shop.owner.get("/v1/register").json["data"] == before
    assert shop.owner.get("/v1/register/verify").json["verified"]
    assert [each["id"] for each in shop.owner.get("/v1/invoices").json["data"]] == [issued["id"]]


def test_lists_find_it_by_number_words_customer_and_day(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])

    def numbers(**query: str) -> list[str]:
        return [each["number"] for each in shop.owner.get("/v1/invoices-archive", query=query).json["data"]]

    assert numbers() == ["F-2024-003", "F-2024-002", "F-2024-001"]
    assert numbers(number="F-2024-002") == ["F-2024-002"]
    assert numbers(number="F-2024-02") == []
    assert numbers(q="passage") == ["F-2024-002"]
    assert sorted(numbers(q="atlas negoce")) == ["F-2024-001", "F-2024-003"]
    assert numbers(q="f-2024-001") == ["F-2024-001"]
    assert sorted(numbers(customer=shop.customer)) == ["F-2024-001", "F-2024-003"]
    assert numbers(issued_from="2024-03-16", issued_to="2024-03-16") == ["F-2024-002"]
    assert numbers(status="partially_paid") == ["F-2024-003"]


def test_another_content_under_an_archived_number_is_refused(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    found = analysed(shop, "invoices_archive", SUMS.replace(b"500,00;100,00;600,00", b"400,00;80,00;480,00"))
    assert reasons(found) == [(3, 1, "F-2024-002", "archived_otherwise")]
    assert counts(found) == (0, 0, 2, 1)


def test_the_same_invoice_of_another_software_is_refused(shop: Shop) -> None:
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    again = b"Logiciel;" + SUMS.replace(b"\r\nF-", b"\r\nSage 100;F-")
    found = analysed(shop, "invoices_archive", again)
    assert [each["code"] for each in found["refusals"]] == ["archived_already"] * 3


def test_an_invoice_of_the_register_is_refused(shop: Shop) -> None:
    issued = shop.issued()
    text = f"Numéro,Date,Client,TTC,Taux TVA\n{issued['number']},{issued['issue_date']},A,3600.00,20\n"
    found = analysed(shop, "invoices_archive", text.encode())
    assert reasons(found) == [(2, 1, issued["number"], "in_register_already")]


def test_an_invoice_is_known_by_another_writing_of_its_number(shop: Shop) -> None:
    """A spreadsheet or another program may write it with other signs and letters."""
    issued = shop.issued()
    committed(shop, analysed(shop, "invoices_archive", SUMS)["id"])
    other = issued["number"].lower().replace("-", "/")
    text = f"Numéro,Date,Client,TTC,Taux TVA\n{other},{issued['issue_date']},A,3600.00,20\n"
    text += "f 2024 002,2024-03-16,A,600.00,20\nG-1,2024-03-16,A,60.00,20\ng/1,2024-03-16,A,60.00,20\n"
    found = analysed(shop, "invoices_archive", text.encode())
    assert [(row, code) for row, _, _, code in reasons(found)] == [
        (2, "in_register_already"),
        (3, "archived_already"),
        (5, "number_repeated"),
    ]


@pytest.mark.parametrize(
    ("day", "iso"),
    [
        ("5/3/2024", "2024-03-05"),
        ("05.03.24", "2024-03-05"),
        ("050324", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("2024-03-05 00:00:00", "2024-03-05"),
        ("45356", "2024-03-05"),
        ("٠٥/٠٣/٢٠٢٤", "2024-03-05"),
        ("03/15/2024", None),
        ("hier", None),
    ],
)
def test_days_as_other_programs_write_them(day: str, iso: str | None) -> None:
    entered = enter("invoices_archive", [ImportColumn(header="Date", field="issue_date")], Row(2, (day,)))
    assert entered.content == ({"issue_date": iso} if iso else {})
    assert [each.code for each in entered.refused] == ([] if iso else ["bad_cell_day"])


def test_an_e_invoice_of_the_company_is_archived(shop: Shop, new_shop: Any) -> None:
    issued = shop.issued()
    ubl = shop.owner.get(f"/v1/invoices/{issued['id']}/ubl").text.encode()
    other = new_shop()
    found = analysed(other, "invoices_archive", ubl, "application/xml")
    assert (reasons(found), counts(found)) == ([], (1, 0, 0, 0)), found
    committed(other, found["id"])
    document = one(other, issued["number"])
    assert (document["totals"]["gross"], document["status"]) == (issued["totals"]["gross"], "paid")
    assert [line["net"] for line in document["lines"]] == [line["net"] for line in issued["lines"]]
    assert document["buyer"]["ice"] == issued["buyer"]["ice"]
    refused = analysed(shop, "invoices_archive", ubl, "application/xml")
    assert [each["code"] for each in refused["refusals"]] == ["in_register_already"]
