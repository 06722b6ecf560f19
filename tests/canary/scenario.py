"""The order of the calls: what must stand before what, and the states that some verbs need."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.clock import instant
from chalicelib.jobs.catalogue import JOBS
from tests.attaching import picture
from tests.canary.contract import Contract, Path
from tests.canary.service import Aws, Person
from tests.canary.tour import OK, Tour, read

Pins = Mapping[Path, Any]
APART = ("/v1/privacy", "/account", "/v1/companies", "/v1/sync", "/v1/settings")
"""Called by hand: the requests of persons, the sign-up, the devices and the switches."""
PASSES = 3
PUSH, RXDB = "push", "rxdb"
PUSH_URL, PULL_URL = "/v1/sync/push", "/v1/sync/pull"
MOST_CELLS = 12
KINDS = ("customers", "suppliers", "items", "invoices_archive")
TABLE = "text/csv"


def pins_of(tour: Tour, later: str) -> dict[str, list[Pins]]:
    """The values that bring an object into the state that another verb needs: one call for each."""
    known = tour.nest.known
    customers, threads = known.get("cus_", [""]), known.get("thr_", [""])
    zero: Pins = {("lines", "0", "vat_rate"): "0", ("lines", "0", "exemption"): "92-I-1"}
    found: dict[str, list[Pins]] = {
        "PATCH /v1/company": [{("regime",): "standard"}],
        "POST /v1/backups/{id}/restore": [{("dry_run",): True}],
        "POST /v1/invoices": [{("customer",): customers[-1]}, {("customer",): customers[0]}, {}, zero],
        "POST /v1/invoices/preview": [{}, zero],
        "PATCH /v1/invoices/{id}": [{}, zero],
        "POST /v1/items": [{}, {("vat_rate",): "0", ("exemption",): "92-I-1"}],
        "PATCH /v1/items/{id}": [{}, {("vat_rate",): "0", ("exemption",): "92-I-1"}],
        "POST /v1/invoices/{id}/payments": [{}, {("method",): "cheque", ("matures_on",): later}],
        "POST /v1/invoices-archive/{id}/payments": [{}, {("method",): "cheque", ("matures_on",): later}],
        "POST /v1/attachments": [
            {("owner",): owner, ("content_type",): "image/jpeg"} for owner in (customers[0], threads[-1])
        ],
        "POST /v1/imports": [{("kind",): kind, ("content_type",): TABLE} for kind in KINDS],
    }
    return found


HEADERS = {
    "customers": "Nom,Type,Notes",
    "suppliers": "Nom,Type,Notes",
    "items": "Nom,Référence,Description,Prix HT,TVA",
    "invoices_archive": "Numéro,Date,Id client,Total HT,TVA,Reste à payer",
}


def file_of(body: Mapping[str, Any], word: Callable[[], str], customer: str) -> bytes:
    """The content of a file that a body announces, with canaries of its own. `word` makes one."""
    if body["content_type"] != TABLE:
        return picture(comment=word().encode())
    if body["kind"] == "items":
        row = f"{word()},{word()},{word()},10.00,20"
    elif body["kind"] == "invoices_archive":
        row = f"{word()},2024-03-15,{customer},1000.00,200.00,700.00"
    else:
        row = f"{word()},consumer,{word()}"
    return f"{HEADERS[body['kind']]}\n{row}\n".encode()


class Scenario:
    """A company whose every field holds a canary."""

    def __init__(self, contract: Contract, tour: Tour, aws: Aws, person: Person) -> None:
        self.contract, self.tour, self.aws, self.person = contract, tour, aws, person
        self.clock = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.person.must("POST", "/_local/clock", {"now": instant(self.clock)})
        self.person.sign_in()
        self.verbs = {str(verb): verb for verb in contract.verbs()}
        self.order = [verb for verb in self.verbs.values() if not verb.path.startswith(APART)]
        self.order.sort(key=lambda verb: (verb.method == "DELETE", verb.body is None, verb.path.count("{")))

    @property
    def later(self) -> str:
        """A day on which a cheque of today may mature."""
        return (self.clock + timedelta(days=90)).date().isoformat()

    def jobs(self) -> None:
        """Run every job."""
        self.aws.run_jobs([job.name for job in JOBS])

    def sign_up(self) -> None:
        """Found the company, and turn its switches on."""
        verb = self.verbs["POST /v1/companies"]
        got = self.tour.call(verb, verb.path)
        assert got.status < OK, got.body
        self.person.company = read(got)["id"]
        self.person.must("PATCH", "/v1/settings", {"cloud": {"sync": True, "backup": True}}, If_Match="*")
        self.tour.learn(self.person.must("GET", "/v1/company"))

    def everything(self) -> None:
        """Call every verb, in passes: what a pass makes, the next one uses. The last pass deletes."""
        for number in range(PASSES):
            for verb in self.order:
                if verb.method == "DELETE" and number + 1 < PASSES:
                    continue
                for pins in pins_of(self.tour, self.later).get(str(verb), [{}]):
                    self.tour.attempt(verb, pins=pins)
            self.jobs()
            self._listed()
        self.recipes()

    def finish(self) -> None:
        """Call each verb once more for the fields that no call has had accepted."""
        self._listed()
        for verb in self.order:
            if verb.method != "DELETE":
                self.tour.complete(verb, pins_of(self.tour, self.later).get(str(verb), [{}])[-1])
        self.jobs()

    def joined(self) -> str:
        """A person who accepts the invitation that was mailed to them; the id of their membership."""
        invited = self._call("POST /v1/members", "/v1/members")
        self.jobs()
        sent = [mail["BodyText"] for mail in self.aws.mails() if invited["email"] in json.dumps(mail["To"])]
        code = re.search(r"\b[0-7][0-9A-Z]{51}\b", sent[-1])
        assert code
        answers: Pins = {("code",): code[0], ("of_age",): True, ("join",): True}
        owner, self.tour.person = self.tour.person, Person(self.person.served, "canary-member", invited["email"])
        member = self._call("POST /v1/invitations/accept", "/v1/invitations/accept", answers)
        self.tour.person = owner
        assert member["id"] == invited["id"]
        return str(member["id"])

    def recipes(self) -> None:
        """The calls that need several objects in one state: credit that is applied, a file of a request for help."""
        customer = self._made("POST /v1/customers", "/v1/customers")
        self._call("POST /v1/customers/{id}/credit", f"/v1/customers/{customer}/credit")
        invoice = self._made("POST /v1/invoices", "/v1/invoices", {("customer",): customer})
        self._call("POST /v1/invoices/{id}/issue", f"/v1/invoices/{invoice}/issue")
        self.tour.nest.known["invoice"] = [invoice]
        self._call(
            "POST /v1/customers/{id}/credit/apply",
            f"/v1/customers/{customer}/credit/apply",
            {("to", "0", "document"): invoice, ("to", "0", "amount"): "1.00"},
        )
        unused = self._made("POST /v1/customers", "/v1/customers")
        self._call("DELETE /v1/customers/{id}", f"/v1/customers/{unused}")
        thread = self._made("POST /v1/support", "/v1/support")
        owned: Pins = {("owner",): thread, ("content_type",): "image/jpeg"}
        file = self._made("POST /v1/attachments", "/v1/attachments", owned)
        self._call("POST /v1/attachments/{id}/complete", f"/v1/attachments/{file}/complete")
        self._call("POST /v1/support/{id}/messages", f"/v1/support/{thread}/messages", {("attachments",): [file]})

    def imported(self) -> None:
        """A file of each kind: analysed, its mapping edited, and committed."""
        for kind in KINDS:
            pins: Pins = {("kind",): kind, ("content_type",): TABLE}
            made = f"/v1/imports/{self._made('POST /v1/imports', '/v1/imports', pins)}"
            for verb in ("POST /v1/imports/{id}/complete", "PATCH /v1/imports/{id}", "POST /v1/imports/{id}/commit"):
                column = self.person.must("GET", made)["mapping"]
                edit: Pins = {}
                if verb.startswith("PATCH"):
                    first = column["columns"][0]
                    edit = {
                        ("mapping", "encoding"): "utf-8",
                        ("mapping", "columns", "0", "column"): first["column"],
                        ("mapping", "columns", "0", "field"): first["field"],
                        ("mapping", "columns", "0", "decimal"): "point",
                    }
                self._call(verb, made + verb.partition("}")[2], edit)
                self.jobs()

    def devices(self) -> None:
        """A device that pulls, and pushes a row of every table that it may write, by both protocols."""
        device = self.tour.nest.fresh_id("dev")
        pins: Pins = {("device",): device, ("last_pulled_at",): None, ("schema_version",): 1}
        self._call("POST /v1/sync/pull", "/v1/sync/pull", pins)
        for table in self.person.must("GET", "/v1/sync/schema")["tables"]:
            if (row := self._row(table)) is not None:
                self._push(PUSH, table["name"], device, row)
            if row is not None and (again := self._row(table)) is not None:
                self._push(RXDB, table["name"], device, self._only(row, again, table["name"]))

        other = self.tour.nest.fresh_id("dev")
        self.person.must("POST", PULL_URL, {"device": other, "last_pulled_at": None, "schema_version": 1})
        self._call("PATCH /v1/devices/{id}", f"/v1/devices/{device}")
        self._call("DELETE /v1/devices/{id}", f"/v1/devices/{other}")

    def _row(self, table: Mapping[str, Any]) -> dict[str, Any] | None:
        """A row that fills the columns a device may write, as the verb that makes such a row would."""
        columns = {each["name"]: each for each in table["columns"] if each["writable"]}
        makers = [verb for verb in self.order if verb.method == "POST" and "id" in self.tour.names(verb)]
        shared = {str(verb): len(columns.keys() & self.tour.names(verb)) for verb in makers}
        best = max(makers, key=lambda verb: (shared[str(verb)], -len(self.tour.names(verb))))
        if not columns or shared[str(best)] * 2 < len(columns):
            return None
        body = self.tour.body_again(best, f"sync {table['name']}")
        body |= {"document_id": self.tour.nest.known["invoice"][-1]}
        known = {name: body[name] for name in columns if name in body}
        text: dict[str, Any] = {"kind": "invoice"} if table["name"] == "drafts" else {}
        text |= {name: json.dumps(value) if columns[name]["json"] else value for name, value in known.items()}
        return {"id": body["id"], **text}

    def _push(self, protocol: str, table: str, device: str, row: dict[str, Any]) -> None:
        """Push a row. A cell that is refused is left out, and the row is sent again."""
        for _ in range(MOST_CELLS):
            refused = self._refused_cells(protocol, table, device, row)
            if not refused:
                break
            for name in refused:
                row.pop(name, None)
                self.tour.forget(f"sync {table}", name)
        else:
            raise AssertionError((table, row, refused))
        for verb in self.verbs.values():
            if verb.path.startswith("/v1/sync/") and verb.path.endswith(("push", "rxdb/{table}/pull")):
                self.tour.state(verb, "ids, and the names of tables")

    def _only(self, row: Mapping[str, Any], again: dict[str, Any], table: str) -> dict[str, Any]:
        """The cells of a second row that the first one was accepted with, with the same words of the contract."""
        for name in again.keys() - row.keys():
            self.tour.forget(f"sync {table}", name, newest=again)
        return {name: cell for name, cell in again.items() if name in row}

    def _refused_cells(self, protocol: str, table: str, device: str, row: dict[str, Any]) -> list[str]:
        if protocol == PUSH:
            clock = self.person.must("GET", "/v1/changes?after=0&limit=1")["clock"]
            body: Any = {"changes": {table: {"created": [row]}}, "device": device, "last_pulled_at": clock}
            return [each["pointer"].split("/")[1] for each in self.person.must("POST", PUSH_URL, body)["results"]]
        pull = {"checkpoint": None, "limit": 5, "device": device}
        self.person.must("POST", f"/v1/sync/rxdb/{table}/pull", pull)
        body = {"rows": [{"newDocumentState": row}], "device": device}
        assert not self.person.must("POST", f"/v1/sync/rxdb/{table}/push", body)
        return []

    def _call(self, verb: str, address: str, pins: Pins | None = None) -> Any:
        got = self.tour.call(self.verbs[verb], address, pins=pins)
        assert got.status < OK, (verb, got.body)
        return read(got)

    def _made(self, verb: str, address: str, pins: Pins | None = None) -> str:
        return str(self._call(verb, address, pins)["id"])

    def _listed(self) -> None:
        """Learn the addresses that the lists name: what a job or a device has made has no answer of its own."""
        for path, methods in self.contract.document["paths"].items():
            if "get" not in methods or "{" in path or f"{path}/{{id}}" not in self.contract.document["paths"]:
                continue
            got = self.person.ask("GET", f"{path}?limit=100")
            self.tour.learn(read(got) if got.status < OK else {})
            for row in read(got).get("data", ()) if got.status < OK else ():
                self.tour.learn(row)
                if f"{path}/{row['id']}" not in self.tour.addresses:
                    self.tour.addresses.append(f"{path}/{row['id']}")

    def requests(self, person: str) -> str:
        """Every kind of request about a person, each with the bodies of its verbs; the id of the access request."""
        self.tour.opened["corrections"] = self.verbs["PATCH /v1/customers/{id}"].body or {}
        url, new = "/v1/privacy/requests", "POST /v1/privacy/requests"
        subject: Pins = {("subject",): person}
        self._call(new, url, {**subject, ("kind",): "rectification"})
        self.jobs()
        bare = self._posted(url, {"kind": "rectification", "subject": person})
        self._call(new + "/{id}/details", f"{url}/{bare}/details")
        self.jobs()
        self._posted(url, {"kind": "opposition", "subject": person})
        asked = self._posted(url, {"kind": "deletion", "subject": person})
        for verb in ("code", "cancel"):
            self._call(f"{new}/{{id}}/{verb}", f"{url}/{asked}/{verb}")
        access = self._posted(url, {"kind": "access", "subject": person})
        self._call(new + "/{id}/confirm", f"{url}/{access}/confirm")
        self.jobs()
        page = self.verbs["POST /account/deletion"]
        self.tour.attempt(page)
        self.tour.complete(page)
        self._receipt(url)
        self.tour.state(self.verbs["PATCH /v1/settings"], "switches")
        return access

    def _receipt(self, url: str) -> None:
        """Fetch the receipt of a person who has no address, by the code that they got."""
        nobody = self.person.must("POST", "/v1/customers", {"name": "Sans adresse", "kind": "consumer"})["id"]
        asked = self.person.must("POST", url, {"kind": "access", "subject": nobody})
        named: Pins = {
            ("company",): self.person.company,
            ("request",): asked["id"],
            ("code",): asked["download_code"],
        }
        self._call("POST /v1/privacy/receipts", "/v1/privacy/receipts", named)

    def _posted(self, url: str, body: dict[str, Any]) -> str:
        return str(self.person.must("POST", url, body)["id"])

    def erased(self, person: str | None) -> str:
        """Have a person erased, or the account without one; the id of the request."""
        url = "/v1/privacy/requests"
        asked = self._posted(url, {"kind": "deletion"} | ({"subject": person} if person else {}))
        self.person.must("POST", f"{url}/{asked}/confirm", {})
        self.jobs()
        return asked

    def wait(self, days: float) -> None:
        """Move the service's clock, and run every job."""
        now = self.person.must("POST", "/_local/clock", {"now": instant(self.clock + timedelta(days=days))})["now"]
        self.clock = datetime.fromisoformat(now)
        self.person.sign_in()
        self.jobs()
