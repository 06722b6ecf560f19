"""An archive made before an erasure is not given out after it."""

import io
import json
import zipfile

from chalicelib.domain.clock import today
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.policy.ends import end
from chalicelib.services.archive import statutory
from chalicelib.workflow.deadline import NEVER
from tests.backup.worlds import taken, turned_on
from tests.client import Got
from tests.conftest import Shop
from tests.privacy.persons import CANARY, JSON, URL, asked, carry, confirmed, nobody_in, paid, person, unzipped


def test_an_access_export_that_holds_an_erased_person_is_not_found(shop: Shop) -> None:
    customer = person(shop)
    both = [asked(shop, kind="access"), asked(shop, kind="access", subject=customer)]
    other = asked(shop, kind="access", subject=shop.customer)
    for id in (*both, other):
        confirmed(shop, id)
    carry(shop)
    for id in (*both, other):
        assert shop.owner.get(f"{URL}/{id}/download", accept=JSON).status == 200
    confirmed(shop, asked(shop, subject=customer))
    for id in both:
        assert shop.owner.get(f"{URL}/{id}/download", accept=JSON).status == 404
    assert shop.owner.get(f"{URL}/{other}/download", accept=JSON).status == 200, "nobody of this one was erased"
    anew = asked(shop, kind="access")
    confirmed(shop, anew)
    carry(shop)
    assert shop.owner.get(f"{URL}/{anew}/download", accept=JSON).status == 200


def test_a_downloaded_backup_that_holds_an_erased_person_is_made_again(shop: Shop) -> None:
    customer = person(shop)
    backup = taken(turned_on(shop))
    path = f"/v1/backups/{backup.id}/download"

    def downloaded() -> Got:
        assert shop.owner.get(path, accept=JSON).status == 202
        for _ in range(4):
            carry(shop, "restores")
        return shop.owner.get(path, accept=JSON)

    assert downloaded().status == 200
    confirmed(shop, asked(shop, subject=customer))
    assert downloaded().status == 200, "a second archive, without the erased person"


def test_a_downloaded_backup_has_no_payment_reference_of_an_erased_person(shop: Shop) -> None:
    customer = person(shop)
    paid(shop, customer, f"CHQ {CANARY}")
    paid(shop, shop.customer, "CHQ autrui")
    path = f"/v1/backups/{taken(turned_on(shop)).id}/download"
    confirmed(shop, asked(shop, subject=customer))
    assert shop.owner.get(path, accept=JSON).status == 202
    for _ in range(4):
        carry(shop, "restores")
    assert shop.owner.get(path, accept=JSON).status == 200
    (key,) = [key for key in shop.world.files.list(prefixes.of_company(prefixes.EXPORTS, shop.company)) if "zip" in key]
    with zipfile.ZipFile(io.BytesIO(shop.world.files.read(key))) as archive:
        payments = json.loads(archive.read("data/payments.json"))
        assert not [name for name in archive.namelist() if CANARY.encode() in archive.read(name)]
    assert sorted(str(row["reference"]) for row in payments) == ["CHQ autrui", "None"]


def test_a_payment_of_an_erased_person_has_no_reference(shop: Shop) -> None:
    customer = person(shop)
    invoice = paid(shop, customer, f"CHQ {CANARY}")
    paid(shop, shop.customer, "CHQ autrui")
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*").status == 200
    confirmed(shop, asked(shop, subject=customer))
    (shown,) = shop.owner.get(f"/v1/invoices/{invoice}/payments").json["data"]
    assert (shown["amount"], shown["method"], shown["reference"]) == ("1.00", "cheque", None)
    changed = shop.owner.get("/v1/changes?limit=100")
    nobody_in(changed)
    assert "CHQ autrui" in changed.text
    id = asked(shop, kind="access")
    confirmed(shop, id)
    carry(shop)
    payments = unzipped(shop, id)["data/payments.json"]
    assert sorted(str(row["reference"]) for row in payments) == ["CHQ autrui", "None"]


def test_an_export_of_one_person_holds_their_drafts_and_payments_only(shop: Shop) -> None:
    customer = person(shop)
    paid(shop, customer, "CHQ Effacable")
    paid(shop, shop.customer, "CHQ autrui")
    draft, other = shop.draft(customer=customer, notes="Cadeau"), shop.draft(notes="Autrui")
    id = asked(shop, kind="access", subject=customer)
    confirmed(shop, id)
    carry(shop)
    held = unzipped(shop, id)
    assert [row["reference"] for row in held["data/payments.json"]] == ["CHQ Effacable"]
    assert [(row["id"], row["notes"]) for row in held["data/drafts.json"]] == [(draft["id"], "Cadeau")]
    assert other["id"] not in json.dumps(held)


def test_the_receipt_names_the_copies_that_may_hold_the_person_and_their_ends(shop: Shop) -> None:
    """Nobody searches a backup for one person: its count is null, never 0, and each copy is named with its end."""
    customer = person(shop)
    shop.issued(customer=customer)
    backup = taken(turned_on(shop))
    whole, own = asked(shop, kind="access"), asked(shop, kind="access", subject=customer)
    other = asked(shop, kind="access", subject=shop.customer)
    for id in (whole, own, other):
        confirmed(shop, id)
    carry(shop)
    deletion = asked(shop, subject=customer)
    preview = shop.owner.post(URL, {"kind": "deletion", "subject": shop.customer, "dry_run": True}).json
    confirmed(shop, deletion)
    later = taken(shop)
    for _ in range(3):
        carry(shop)
    said = shop.owner.get(f"{URL}/{deletion}/receipt").json["content"]
    uncounted = {"backups/daily/", "backups/weekly/", "backups/monthly/", "exports/", "archive/", "papers/"}
    for lines in (said["stores"], preview["steps"]):
        kept = {
            line["place"]: line["kept"] for line in lines if line["store"] == "files" and line["action"] != "delete"
        }
        assert kept.keys() >= uncounted
        assert set(kept.values()) == {None}
    named = {copy["id"]: copy for copy in said["copies"]}
    assert named.keys() == {backup.id, whole, own}, "not another person's export, and no copy begun after the erasure"
    assert later.id not in named
    assert named[backup.id] == {
        "place": "backups/daily/",
        "id": backup.id,
        "ends_on": today(backup.due_at).isoformat(),
        "how": "expires",
    }
    for id in (whole, own):
        closed = shop.world.store.records([PrivacyRequest.ref(shop.company, id)])[0]
        assert isinstance(closed, PrivacyRequest)
        assert closed.closed_at is not None
        assert named[id]["ends_on"] == today(end("file.export", closed.closed_at)).isoformat()


def test_the_receipt_names_the_archive_of_a_persons_documents(shop: Shop) -> None:
    customer, stranger = person(shop), person(shop)
    invoice = shop.issued(customer=customer)
    taken(turned_on(shop))
    assert statutory.advance(shop.world, shop.company, NEVER)
    receipts = []
    for subject in (customer, stranger):
        deletion = asked(shop, subject=subject)
        confirmed(shop, deletion)
        for _ in range(3):
            carry(shop)
        said = shop.owner.get(f"{URL}/{deletion}/receipt").json["content"]
        receipts.append([copy for copy in said["copies"] if copy["how"] == "locked"])
    year = int(invoice["issue_date"][:4])
    assert receipts[0] == [{"place": "archive/", "id": None, "ends_on": f"{year + 10}-12-31", "how": "locked"}]
    assert receipts[1] == [], "no document names this person"
