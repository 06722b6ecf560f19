"""The archive of a whole account shows of an erased person what the API shows: nothing that names them."""

from chalicelib.files import prefixes
from tests.attaching import PDF
from tests.conftest import Shop
from tests.privacy.test_access import archive_of, exported, rows
from tests.privacy.test_attachments import issued_with
from tests.privacy.test_erased_persons import erased, person


def test_the_export_of_an_account_does_not_name_the_papers_of_an_erased_person(shop: Shop) -> None:
    """The name of a file may name the person. The owner's own pages show none either."""
    gone = person(shop)
    theirs, ours = issued_with(shop, PDF, customer=gone), issued_with(shop, PDF)
    erased(shop, gone, carried=True)
    archive = archive_of(shop, exported(shop))
    files = [name for name in archive.namelist() if name.startswith(prefixes.PAPERS)]
    assert ["ours" for name in files if ours["id"] in name] == ["ours"]
    assert [name for name in files if theirs["id"] in name] == []
    found = rows(archive, "document_attachments")
    assert {row["id"]: row["name"] for row in found} == {theirs["id"]: None, ours["id"]: "bon.pdf"}


def test_the_archive_of_an_account_shows_money_of_an_erased_person_as_the_api_does(shop: Shop) -> None:
    """Neither the customer nor the reference, which may name them."""
    issued = shop.issued(customer=person(shop))
    pay = {"amount": "50.00", "method": "transfer", "date": str(shop.today), "reference": "VIR Samira"}
    made = shop.owner.post(f"/v1/invoices/{issued['id']}/payments", pay)
    assert made.status == 201, made.text
    advance = shop.owner.post(f"/v1/customers/{issued['customer']}/credit", pay | {"amount": "7.00"})
    assert advance.status == 201, advance.text
    refund = shop.owner.post(f"/v1/customers/{issued['customer']}/refunds", pay | {"amount": "7.00"})
    assert refund.status == 201, refund.text
    rest = {"amount": issued["totals"]["payable"], "method": "transfer", "date": str(shop.today)}
    assert shop.owner.post(f"/v1/invoices/{issued['id']}/payments", rest).status == 201
    erased(shop, issued["customer"], carried=True)
    archive = archive_of(shop, exported(shop))
    shown = shop.owner.get(f"/v1/payments/{made.json['id']}").json
    assert shown in rows(archive, "payments")
    for table in ("payments", "credit_entries", "refunds"):
        assert {(row["customer"], row["reference"]) for row in rows(archive, table)} == {(None, None)}
