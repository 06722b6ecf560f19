"""A list of customers from file to records, and back."""

from tests.conftest import Shop
from tests.imports.files import analysed, committed, counts, every, reasons, undone

LIST = (
    "Raison sociale;ICE;Téléphone;Ville;E-mail;Remarque\r\n"
    "Atlas Négoce SARL;002136093000040;0522 12 34 56;Casablanca;contact@atlas.example;livre le mardi\r\n"
    "Fatima Zahra El Idrissi;;'+212612345678;Fès;;\r\n"
).encode("cp1252")


def test_a_list_becomes_customers(shop: Shop) -> None:
    found = analysed(shop, "customers", LIST)
    assert (found["status"], counts(found)) == ("analysed", (1, 1, 0, 0)), found
    assert (found["mapping"]["encoding"], found["mapping"]["delimiter"]) == ("cp1252", ";")
    fields = [column["field"] for column in found["mapping"]["columns"]]
    assert fields == ["name", "ice", "phone", "address.city", "email", "notes"]
    assert [row["outcome"] for row in found["rows"]] == ["changed", "new"]
    done = committed(shop, found["id"])
    assert (done["status"], counts(done)) == ("committed", (1, 1, 0, 0))
    job = shop.owner.get(f"/v1/jobs/{done['job']}").json
    assert (job["status"], job["done"], job["total"]) == ("completed", 2, 2)
    assert [each["counts"] for each in job["outcomes"]] == [{"new": 1, "changed": 1, "left": 0}]
    assert (done["rows"], done["refusals_file"]) == ([], None)
    customers = every(shop, "customers")
    assert [(each["name"], each["kind"], each["phone"]) for each in customers] == [
        ("Atlas Négoce SARL", "business", "+212522123456"),
        ("Fatima Zahra El Idrissi", "consumer", "+212612345678"),
    ]
    assert customers[0]["id"] == shop.customer
    assert list(shop.world.files.list(f"imports/{shop.company}/{found['id']}/file")) == []


def test_the_same_file_again_adds_nothing(shop: Shop) -> None:
    committed(shop, analysed(shop, "customers", LIST)["id"])
    before = every(shop, "customers")
    again = analysed(shop, "customers", LIST)
    assert counts(again) == (0, 0, 2, 0)
    assert counts(committed(shop, again["id"])) == (0, 0, 2, 0)
    assert every(shop, "customers") == before


def test_an_undo_takes_back_what_nobody_touched(shop: Shop) -> None:
    before = every(shop, "customers")
    more = LIST + "Café Yacout;;;Rabat;;\r\nHammam Andalous;;;Salé;;\r\n".encode("cp1252")
    done = committed(shop, analysed(shop, "customers", more)["id"])
    named = {each["name"]: each for each in every(shop, "customers")}
    cafe, hammam = named["Café Yacout"], named["Hammam Andalous"]
    shop.owner.patch(f"/v1/customers/{cafe['id']}", {"notes": "terrasse"}, "*")
    shop.draft(customer=hammam["id"])
    back = undone(shop, done["id"])
    assert (back["status"], back["undone"], back["touched"]) == ("undone", 2, 2)
    left = every(shop, "customers")
    assert {each["name"] for each in left} == {before[0]["name"], "Café Yacout", "Hammam Andalous"}
    put_back = left[0] | {"version": 1, "updated_at": before[0]["updated_at"]}
    assert put_back == before[0]
    assert list(shop.world.files.list(f"imports/{shop.company}/{done['id']}/")) == []


def test_refused_rows_name_row_column_value_and_reason(shop: Shop) -> None:
    text = (
        "Nom,ICE,Email,Pays\n"
        "Sans clé,002136093000041,x@y.example,Maroc\n"
        ",,a@b.example,MA\n"
        "Bon,,bon@b.example,Maroc\n"
        "Ailleurs,,pas une adresse,Atlantide\n"
        "Bon,,BON@b.example,\n"
    )
    found = analysed(shop, "customers", text.encode())
    assert reasons(found) == [
        (2, 2, "002136093000041", "ice_checksum"),
        (3, 1, "", "missing"),
        (5, 4, "Atlantide", "bad_country"),
        (5, 3, "pas une adresse", "bad_email"),
        (6, None, "", "row_repeated"),
    ]
    assert counts(found) == (1, 0, 0, 4)
    again = committed(shop, found["id"])
    assert (again["status"], again["failure"]["code"]) == ("analysed", "import_has_refusals")
    done = committed(shop, found["id"], "valid")
    assert counts(done) == (1, 0, 0, 4)
    assert every(shop, "customers")[-1]["address"]["country"] == "MA"
