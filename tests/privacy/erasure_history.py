"""Histories of access, deletion, sweep and restore, in an order drawn by a seed, on a company with several persons."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from chalicelib.domain.backups.backup import Tier
from chalicelib.domain.journal import JobRow
from chalicelib.jobs import backups as backup_jobs
from chalicelib.jobs.catalogue import JOBS, named
from chalicelib.jobs.job import Job, within
from chalicelib.jobs.runner import run
from tests import joining
from tests.backup.restoring import content_of, seen, step
from tests.backup.worlds import Books, taken, turned_on
from tests.client import Client, Got
from tests.conftest import Shop
from tests.privacy.worlds import Turned
from tests.sync.phone import Phone

REQUESTS = "/v1/privacy/requests"
Kind = Literal["customer", "supplier", "member"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TIERS: tuple[Tier, ...] = get_args(Tier)
Restored = Literal["queued", "in_steps", "at_once"]
SHORT = (timedelta(0), timedelta(minutes=11), timedelta(days=2))
LONG = (timedelta(days=40), timedelta(days=200))
"""Times that pass before the jobs of a sweep run."""
REPEATED = timedelta(days=29)
"""An idempotency key is known for so long. Later the request is a new one."""
PROOFS = timedelta(days=366 * 5 + 30)
"""Beyond the end of a proof, and of every backup from before it."""


@dataclass
class Person:
    """A person whose data all hold `trace`, or `typed` in what leaves only with the job: a draft, a thread. `erased` is
    set when a deletion is confirmed, `gone` once it is done."""

    kind: Kind
    trace: str
    typed: str
    id: str
    user: str = ""
    documents: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any], str, datetime]] = field(default_factory=list)
    """Requests that may be repeated: address, body, idempotency key and time."""
    asked: str | None = None
    erased: bool = False
    gone: bool = False


@dataclass
class History:
    """A company, its persons and its backups. `log` says what happened, `restores` how often a backup that holds an
    erased person was restored."""

    shop: Shop
    world: Turned
    seed: int
    persons: list[Person] = field(default_factory=list)
    backups: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    """Each backup, and the ids that it may hold."""
    copies: dict[str, frozenset[str]] = field(default_factory=dict)
    """Each company made of a backup, and the persons erased before its opening. Others are persons of the copy too."""
    exports: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    restores: int = 0

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.phone = Phone(self.shop.owner)
        turned_on(self.shop)
        for kind in KINDS:
            self.joins(kind)
        self.backs_up("monthly")

    @property
    def owner(self) -> Client:
        """The owner of the company."""
        return self.shop.owner

    @property
    def companies(self) -> list[Client]:
        """The owner at the company and at each of its copies."""
        return [self.owner, *(replace(self.owner, company=copy) for copy in self.copies)]

    def erased_from(self, company: str) -> list[Person]:
        """The persons who were erased from the company, or before it was copied."""
        known = self.copies.get(company)
        return [each for each in self.persons if each.erased and (known is None or each.id in known)]

    def acts(self, action: str) -> None:
        """Do one action."""
        self.done[action] += 1
        self.log.append(action)
        getattr(self, action)()

    def order(self) -> list[str]:
        """Every action, shuffled."""
        every = [action for action, times in ACTIONS.items() for _ in range(times)]
        return self.draw.sample(every, len(every))

    def ends(self) -> None:
        """Let everything that is due end."""
        self.log.append("ends")
        for _ in range(2):
            self.passes(timedelta(minutes=11))
            self.sweeps(JOBS)

    def passes(self, time: timedelta) -> None:
        """Turn the clock."""
        self.world.offset += time

    def ran(self, job: Job) -> None:
        """Run a job."""
        for _ in range(20):
            report = run(self.world, job, now=self.world.now(), left=within(120))
            assert report.failures == [], (self.seed, self.log, job.name, report.failures)
            if not report.applied:
                break

    def writes(self, method: str, path: str, body: dict[str, Any], person: Person | None = None) -> Any:
        """A request that succeeds; the body of the answer. It may be repeated for the person whom it names."""
        key = f"{self.shop.company}-{len(self.log)}-{self.draw.getrandbits(48):x}"
        got = self.owner.ask(method, path, body, idempotency_key=key, if_match="*" if method == "PATCH" else "")
        assert got.status < 300, (self.seed, self.log, path, got.text)
        if person and method == "POST":
            person.calls.append((path, body, key, self.world.now()))
        return got.json

    def one(self, *, erased: bool = False) -> Person | None:
        """A person; None if there is none in this state."""
        found = [person for person in self.persons if person.erased is erased]
        return self.draw.choice(found) if found else None

    def joins(self, kind: Kind | None = None) -> None:
        """A new person, with a document, a payment or a thread."""
        if kind is None:
            kind = KINDS[self.draw.randrange(len(KINDS))]
        trace, typed = (f"z{c}{len(self.persons)}x{self.draw.getrandbits(48):012x}" for c in "qw")
        person = Person(kind, trace, typed, "", user=f"{trace}-user")
        email = f"{trace}@effacable.example"
        if kind == "member":
            body: dict[str, Any] = {"email": email, "role": "clerk"}
            person.id = self.writes("POST", "/v1/members", body, person)["id"]
            client = Client(self.owner.gateway, self.shop.issuer.token(person.user, email=email))
            joined = joining.accept(client, joining.take_code(self.world, self.shop.company, email))
            assert joined.status == 201, joined.text
        else:
            body = {"name": f"Zineb {trace}", "kind": "consumer", "email": email, "notes": trace}
            body |= {"address": {"street": f"7 rue {trace}", "city": "Fès"}}
            person.id = self.writes("POST", f"/v1/{kind}s", body, person)["id"]
        self.persons.append(person)
        self.deals(person)

    def deals(self, person: Person | None = None) -> None:
        """Something is written that names a person."""
        person = person or self.one()
        if person is None:
            return
        if person.kind == "customer":
            self._sells(person)
        elif person.kind == "supplier":
            self.writes("PATCH", f"/v1/suppliers/{person.id}", {"notes": f"{person.trace} {len(self.log)}"})
        else:
            client = Client(self.owner.gateway, self.shop.issuer.token(person.user), self.shop.company)
            said = client.post("/v1/support", {"subject": person.typed, "text": person.typed})
            assert said.status == 201, said.text

    def _sells(self, person: Person) -> None:
        line = {"description": "Cadeau", "quantity": "2", "unit_price": "10", "vat_rate": "20"}
        draft: dict[str, Any] = {"customer": person.id, "lines": [line]}
        self.writes("POST", "/v1/invoices", draft | {"buyer_reference": person.typed})
        draft |= {"notes": person.trace, "buyer_reference": person.trace}
        id = self.writes("POST", "/v1/invoices", draft, person)["id"]
        self.writes("POST", f"/v1/invoices/{id}/issue", {}, person)
        person.documents.append(id)
        paid = {"amount": "1.00", "method": "cheque", "date": str(self.shop.today), "reference": person.trace}
        self.writes("POST", f"/v1/invoices/{id}/payments", paid, person)
        if self.draw.random() < 0.5:
            credit = {"lines": [{"line": 1, "quantity": "1"}], "reason": person.trace}
            self.writes("POST", f"/v1/invoices/{id}/credit", credit, person)

    def asks(self) -> None:
        """A deletion of a person is asked for."""
        if (person := self.one()) and person.asked is None:
            person.asked = self.writes("POST", REQUESTS, {"kind": "deletion", "subject": person.id})["id"]

    def erases(self, person: Person | None = None) -> None:
        """A deletion of a person is confirmed. The job that carries it out may run much later."""
        if person is None and (person := self.one()) is None:
            return
        if person.asked is None:
            person.asked = self.writes("POST", REQUESTS, {"kind": "deletion", "subject": person.id})["id"]
        confirmed = self.writes("POST", f"{REQUESTS}/{person.asked}/confirm", {})
        assert confirmed["status"] == "verified", confirmed
        person.erased = True
        self.log[-1:] = [f"{self.log[-1]} {person.kind}"] if self.log else []

    def corrects(self) -> None:
        """A person's name is corrected by a request, which a restore applies again."""
        person = self.one()
        if person is None or person.kind == "member":
            return
        body = {"kind": "rectification", "subject": person.id, "corrections": {"name": f"Juste {person.trace}"}}
        self.writes("POST", REQUESTS, body)

    def accesses(self) -> None:
        """An access export of the company or of a person is asked for, and perhaps made at once."""
        person = self.one() if self.draw.random() < 0.3 else None
        subject = {"subject": person.id} if person else {}
        id = self.writes("POST", REQUESTS, {"kind": "access"} | subject)["id"]
        self.writes("POST", f"{REQUESTS}/{id}/confirm", {})
        self.exports.append(f"{REQUESTS}/{id}/download")
        if self.draw.random() < 0.5:
            self.ran(named("requests"))

    def exports_files(self) -> None:
        """The records and documents are exported as files."""
        kinds = ["customers", "suppliers", "invoices", "payments"]
        job = self.writes("POST", "/v1/exports", {"kinds": kinds, "format": self.draw.choice(["json", "csv"])})
        self.exports.append(f"/v1/exports/{job['id']}")
        if self.draw.random() < 0.5:
            self.ran(named("exports"))

    def backs_up(self, tier: Tier | None = None) -> None:
        """A backup of now, of any tier."""
        held = frozenset(id for each in self.persons for id in (each.id, *each.documents) if not each.erased)
        made = taken(Books(self.shop), tier or TIERS[self.draw.randrange(len(TIERS))])
        assert made.status == "complete", made.failure
        self.backups.append((made.id, held))

    def downloads(self) -> None:
        """The plain archive of a backup."""
        if there := self._there():
            path = f"/v1/backups/{self.draw.choice(there)[0]}/download"
            assert self.owner.get(path, accept="application/json").status < 300
            self.exports.append(path)
            self.ran(backup_jobs.RESTORES_JOB)

    def restores_a_backup(self) -> None:
        """A backup of the window is restored into its company or a new one. An erasure may come in between."""
        there = self._there()
        if not there:
            return
        backup, held = self.draw.choice(there)
        into = self.draw.choice(["same", "same", "new"]) if len(self.copies) < 2 else "same"
        if into == "same" and self.draw.random() < 0.6:
            self.disaster(held)
        job = self.writes("POST", f"/v1/backups/{backup}/restore", {"into": into})["id"]
        between = self.draw.choice(get_args(Restored))
        self.log[-1] += f" {into} {between}"
        if between == "in_steps":
            row = step(self.world, self._job(job))
            self.log[-1] += f" ({row.status})"
        if between != "at_once":
            self.erases()
        self.ran(backup_jobs.RESTORES_JOB)
        (outcome,) = self.owner.get(f"/v1/jobs/{job}").json["outcomes"]
        assert outcome.get("code") is None, (self.seed, self.log, outcome)
        if into == "new":
            self.copies[outcome["company"]] = frozenset(person.id for person in self.persons if person.erased)
        self.restores += any(person.erased and person.id in held for person in self.persons)

    def _job(self, id: str) -> JobRow:
        (row,) = self.world.store.records([JobRow.ref(self.shop.company, id)])
        assert isinstance(row, JobRow)
        return seen(self.world, row)

    def _there(self) -> list[tuple[str, frozenset[str]]]:
        got = self.owner.get("/v1/backups?limit=100")
        shown = {each["id"] for each in got.json["data"] if each["status"] == "complete"}
        return [each for each in self.backups if each[0] in shown]

    def disaster(self, held: frozenset[str]) -> None:
        """A third of the working data is lost, and a third of the documents that the backup holds."""
        store = self.world.store
        issued = sorted(document for person in self.persons for document in person.documents)
        lost = {document for document in issued if document in held and self.draw.random() < 0.3}
        for row in content_of(self.world, self.shop.company).values():
            document = getattr(row, "document", row.id)
            working = row.TABLE == "workspace" and row.KIND != "company" and self.draw.random() < 0.3
            if working or (row.KIND in ("invoice", "register_entry") and document in lost):
                store.connection.delete_item(store.names[row.TABLE], self.shop.company, row.key.sort)

    def sweeps(self, jobs: tuple[Job, ...] = ()) -> None:
        """Some of the jobs run, in any order, after any time."""
        if not jobs:
            self.passes(self.draw.choice(SHORT if self.draw.random() < 0.7 else LONG))
            jobs = tuple(self.draw.sample(JOBS, self.draw.randrange(3, len(JOBS))))
        for job in jobs:
            if job is not backup_jobs.DRILL_JOB:
                self.ran(job)

    def outlives_proofs(self) -> None:
        """The proofs of what was erased end. Jobs run in any order."""
        self.log.append("outlives_proofs")
        self.passes(PROOFS)
        self.sweeps(tuple(self.draw.sample(JOBS, len(JOBS))))

    def repeats(self) -> None:
        """A device that was offline repeats a request about an erased person, or makes their record anew."""
        if (person := self.one(erased=True)) is None:
            return
        path, body, key, at = self.draw.choice(person.calls)
        if self.world.now() < at + REPEATED:
            self.answered(self.owner.post(path, body, idempotency_key=key), person)
        if person.kind != "member":
            again = {"id": person.id, "name": f"Zineb {person.trace}", "kind": "consumer"}
            got = self.owner.post(f"/v1/{person.kind}s", again)
            assert got.status == 409, (self.seed, self.log, got.status, got.text)

    def answered(self, got: Got, person: Person) -> None:
        """An answer names no erased person."""
        assert person.trace not in got.text, (self.seed, self.log, got.text)


ACTIONS = {
    "joins": 1,
    "deals": 1,
    "asks": 1,
    "erases": 2,
    "corrects": 1,
    "accesses": 1,
    "exports_files": 1,
    "backs_up": 2,
    "downloads": 1,
    "restores_a_backup": 4,
    "sweeps": 2,
    "repeats": 1,
}
"""The actions of a history, each as often as stated, in an order that the seed draws."""
