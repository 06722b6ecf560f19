"""Retention is computed from the rules: each rule's term is moved in the policy's file, and what is stored follows.

A rule that comes needs a check in `CHECKS`: it is not skipped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.attachments.attachment import DocumentAttachment
from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import Backup, StatutoryKey, Tier
from chalicelib.domain.call import SYSTEM_KEY
from chalicelib.domain.clock import midnight, today
from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.member import FormerOwner, Member
from chalicelib.domain.contact.code import PUBLIC, Code, Tally
from chalicelib.domain.contact.diagnostics import DiagnosticsBatch, Event, coarse, partition
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.contact.support import Thread, Upload
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import Record, Ref, new_row
from chalicelib.domain.jobs import SYSTEM, Checkpoint
from chalicelib.domain.journal import IdempotencyRecord, JobRow, Message
from chalicelib.domain.privacy.consent import Acceptance
from chalicelib.domain.privacy.correction import Correction
from chalicelib.domain.privacy.sign_in import unconfirmed
from chalicelib.domain.sync.device import Device
from chalicelib.domain.sync.outcomes import IssueRequest, SyncNotice
from chalicelib.files import prefixes
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy import inventory
from chalicelib.policy.ends import expires_at
from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.load import current, policy_version, use
from chalicelib.policy.model import Policy, PolicyError
from chalicelib.policy.terms import Period, Start, most_days
from chalicelib.services import codes
from chalicelib.services.attachments import rows as attachments
from chalicelib.services.attachments import uploading
from chalicelib.services.attachments.rows import copies
from chalicelib.services.attachments.uploading import Announced
from chalicelib.services.backup import disable_cloud, operations
from chalicelib.services.backup.create import backup_run
from chalicelib.services.companies import access, consent, invitations
from chalicelib.services.companies.invitations import InvitationInput
from chalicelib.services.companies.sign_ins import left
from chalicelib.services.documents import issuing
from chalicelib.services.imports import operations as imports
from chalicelib.services.mail import writing
from chalicelib.services.privacy.legal import disclosures, holds
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.privacy.requests import confirmation, requests
from chalicelib.services.privacy.sign_ins import note_unconfirmed
from chalicelib.services.support import diagnostics, support
from chalicelib.store import bookkeeping
from chalicelib.store.decision import SYSTEM_WHILE_OPEN, Decision
from chalicelib.store.read import open_company
from chalicelib.store.transaction import transact
from infra.buckets import ACCESS_LOGS, ARCHIVE, BUCKET, buckets
from infra.held import FIXED
from infra.stages import trace_days
from tests.attaching import enclose
from tests.histories.books import seeded
from tests.jobs.conftest import empty
from tests.moved import with_term
from tests.privacy.canaries import keys
from tests.privacy.test_canaries import sown
from tests.privacy.test_retention import BEGIN, Ledger
from tests.privacy.worlds import Books, Turned
from tests.rows import put_row

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@dataclass
class Trial:
    """A world under the policy whose `rule` has the moved `term`."""

    world: Turned
    rule: str
    term: Period

    def after(self, start: datetime) -> datetime:
        """The end of the moved term that starts at `start`."""
        return self.term.after_instant(start)

    def gone_on(self, start: datetime) -> datetime:
        """The midnight after the moved term's last day."""
        return midnight(self.term.after(today(start)) + DAY)

    def go(self, job: str, at: datetime) -> None:
        """Run a job at an instant; nothing of it may fail."""
        report = run(self.world, named(job), now=at, left=within(120))
        assert (report.outcome, report.failures) == ("done", [])

    def there(self, *refs: Ref) -> list[bool]:
        """Tell for each of these rows whether it is stored."""
        return [row is not None for row in self.world.store.records(list(refs))]

    def ends_with(self, job: str, row: Record, at: datetime) -> None:
        """Check that a job removes a row at an instant and not before."""
        self.go(job, at - SECOND)
        assert self.there(row.key) == [True], "before its end"
        self.go(job, at)
        assert self.there(row.key) == [False], "at its end"

    def ends_once_due(self, row: Any, start: datetime, at: datetime) -> None:
        """Check that the job `proofs` removes a row at an instant, also if it was due earlier, under a shorter term."""
        assert row.due_at == at
        put_row(self.world.store, replace(row, due_at=start + SECOND))
        self.ends_with("proofs", row, at)

    def only(self, kind: type[Record], company: str) -> Any:
        """The one row of this kind."""
        (row,) = [row for row in self.world.store.query(kind.TABLE, company).records if isinstance(row, kind)]
        return row


Check = Callable[[Trial], None]
SHORT, LONG, LATER = "P3D", "P12Y", "P3D"


def expires(row: Any, trial: Trial, start: datetime | None = None) -> None:
    """Check that a row's TTL is the moved term's end."""
    assert row.expires_at == int(trial.after(start or row.created_at).timestamp()), row.KIND


def answered(trial: Trial) -> None:
    """The answer to an idempotency key is repeated until its term is over, and expires then."""
    books = Books(trial.world, small=True)

    def ask(at: datetime) -> int:
        call = trial.world.call(books.id, "usr_1", "test", key="again", at=at)
        decided = Decision(puts=(books.profile.edited(at),))
        return transact(trial.world.store, call, [], lambda _: decided).attempts

    first = trial.world.now()
    assert ask(first) == 1
    row = trial.world.store.records([IdempotencyRecord.ref(books.id, f"{SYSTEM_KEY}again")])[0]
    expires(row, trial)
    assert ask(trial.after(first) - SECOND) == 0, "repeated"
    assert ask(trial.after(first) + SECOND) == 1, "done anew"


def job_rows(trial: Trial) -> None:
    """Every row about work expires: bulk work, backups' work, marks of files, a checkpoint."""
    world, books = trial.world, Books(trial.world, small=True)
    ids = [books.draft, *(books.new("inv") for _ in range(30))]
    issuing.issue_many(world.store, books.call("issue_many"), INVOICE, ids)
    rows = [
        trial.only(JobRow, books.id),
        disable_cloud.queued(books.call()),
        operations.row_of(books.call(), "verify", {}),
    ]
    plain = seeded(world, f"rule-{world.random(4).hex()}", 1)
    backup_run.begin(world, world.call(plain, "usr_1", "backup", key="b"), "daily")
    for row in (*rows, trial.only(JobRow, plain)):
        expires(row, trial)
    writer = support.ThreadMember(books.owners[0], owner=True)
    support.open_thread(world, books.call(), writer, "fr", "x", "y")
    uploading.announce(world, books.call(), Announced(books.customer, "a.pdf", "application/pdf", 9, "9f" * 32))
    mark = trial.only(Upload, books.id)
    expires(mark, trial, mark.due_at)
    stopped = replace(named("support"), cap=0)
    at = trial.only(Thread, books.id).due_at
    assert run(world, stopped, now=at, left=within(60)).outcome == "asks"
    kept = world.store.records([Checkpoint.ref(SYSTEM, "support")])[0]
    expires(kept, trial)


def outbox(trial: Trial) -> None:
    """A message past its term goes undelivered, given up or not."""
    world, books = trial.world, Books(trial.world, small=True)
    at = world.now()
    stamps: dict[str, Any] = {"company": books.id, "created_at": at, "updated_at": at, "about": (books.invoice,)}
    rows = [Message(id=books.new("out"), task="unheard-of", due_at=at, due=name, **stamps) for name in (LIVE, DEAD)]
    fresh = [replace(rows[0], id=books.new("out"), task="render", due_at=trial.after(at) + shift) for shift in SHIFTS]
    for row in (*rows, *fresh):
        put_row(world.store, row)
    run(world, named("outbox"), now=trial.after(at) - SECOND, left=within(60))
    assert trial.there(*(row.key for row in rows)) == [True, True]
    later = trial.after(at) + 7 * 3600 * SECOND  # the failed attempt is due again
    run(world, named("outbox"), now=later, left=within(60))
    assert trial.there(*(row.key for row in rows)) == [False, False]


LIVE, DEAD, SHIFTS = "outbox", "outbox" + bookkeeping.DEAD, (-SECOND, SECOND)


def codes_and_counts(trial: Trial) -> None:
    """A code is worth nothing past its term, and no count lasts longer."""
    world = trial.world
    code = codes.begin(world, "trial", trial.rule, again=10**6) or ""
    row = next(row for row in world.store.query("transient", PUBLIC).records if isinstance(row, Code))
    expires(row, trial)
    world.offset = trial.after(row.created_at) - world.now() - SECOND
    assert codes.live(world, "trial", trial.rule, code=code)
    world.offset += 2 * SECOND
    assert codes.live(world, "trial", trial.rule, code=code) is None
    assert codes.allow(world, "trial", trial.rule, most=1, seconds=10**7)
    expires(next(row for row in world.store.query("transient", PUBLIC).records if isinstance(row, Tally)), trial)


def former_owner(trial: Trial) -> None:
    """An owner who left may stop a deletion until the term is over."""
    books = Books(trial.world, small=True, owners=2)
    own = next(row for row in access.roster(open_company(trial.world.store, books.id)) if row.id == books.owners[1])
    access.remove_member(open_company(trial.world.store, books.id), books.call(), own.id)
    row = trial.only(FormerOwner, books.id)
    expires(row, trial)
    for shift, known in ((-SECOND, [row.id]), (SECOND, [])):
        at = trial.after(row.created_at) + shift
        assert confirmation.former_owners(trial.world.store, books.id, at) == known


def invitation(trial: Trial) -> None:
    """An invitation may be accepted until the term is over."""
    books = Books(trial.world, small=True)
    reader = open_company(trial.world.store, books.id)
    sent = InvitationInput("invited@members.example", "clerk")
    invitations.invite(trial.world, reader, replace(books.call(), actor=books.owners[0]), sent)
    row = trial.only(Invitation, books.id)
    expires(row, trial)
    for shift, opens in ((-SECOND, True), (SECOND, False)):
        assert row.is_open(access.roster(reader), trial.after(row.created_at) + shift) is opens


def device(trial: Trial) -> None:
    """The row of a device ends at the term after its last write."""
    at = trial.world.now()
    new: Any = new_row("cmp_1", "dev_1", at)
    facts: Any = {"member": "mem_1", "role": "owner", "schema_version": 1, "pulled": 1, "seen_at": at}
    expires(Device(**new, **facts, holder="0", expires_at=expires_at(Device, at)), trial)


def copy_for_a_device(trial: Trial) -> None:
    """A copy that was prepared for a device is removed by S3 at its term."""
    lifecycle(trial, prefixes.SYNC)


def outcome(trial: Trial) -> None:
    """Issue requests and notices to a device end at the term."""
    at = trial.world.now()
    new: Any = new_row("cmp_1", "ntc_1", at)
    told: Any = {"device": "dev_1", "table_name": "items", "row_id": "itm_1", "code": "in_use"}
    expires(SyncNotice(**new, **told, expires_at=expires_at(SyncNotice, at)), trial)
    asked: Any = {"actor": "mem_1", "document_id": "inv_1", "seen_clock": 1, "requested_at": at}
    expires(IssueRequest(**new, **asked, expires_at=expires_at(IssueRequest, at)), trial)


def acceptance(trial: Trial) -> None:
    """The proof of an acceptance is swept at its term."""
    books = Books(trial.world, small=True)
    consent.accept(trial.world.store, books.call(), books.owners[0], policy_version())
    row = trial.only(Acceptance, books.id)
    trial.ends_once_due(row, row.created_at, trial.gone_on(row.created_at))


def disclosure(trial: Trial) -> None:
    """An entry of the register of disclosures is swept at its term."""
    books = Books(trial.world, small=True)
    told = DisclosureInput("lawful_demand", "DGI", "CGI, art. 214", ("document.content",), today(books.at))
    row = disclosures.record(trial.world, books.id, told, "opr_1")
    trial.ends_once_due(row, row.created_at, trial.gone_on(row.created_at))
    hidden_until = today(books.at) + 9 * DAY
    hidden = disclosures.record(trial.world, books.id, replace(told, hidden_until=hidden_until), "opr_1")
    trial.ends_once_due(hidden, hidden.created_at, trial.gone_on(hidden.created_at + 10 * DAY))


def proof(trial: Trial) -> None:
    """A closed request and a released hold are swept at their term."""
    books = Books(trial.world, small=True)
    id = books.asked(books.customer)
    requests.cancel(trial.world, books.call(), books.owner(), id)
    row = books.request(id)
    assert row.closed_at is not None
    trial.ends_once_due(row, row.closed_at, trial.gone_on(row.closed_at))
    hold = holds.release(trial.world, books.id, holds.place(trial.world, books.id, "an audit", "opr_1").id, "opr_1")
    assert hold.released_at is not None
    trial.ends_once_due(hold, hold.released_at, trial.gone_on(hold.released_at))


def correction(trial: Trial) -> None:
    """A correction is swept at its term."""
    books = Books(trial.world, small=True)
    requests.ask(trial.world, books.call(), books.owner(), "rectification", books.customer, {"phone": "0522000000"})
    row = trial.only(Correction, books.id)
    trial.ends_once_due(row, row.created_at, midnight(trial.term.after(today(row.created_at))))


def thread(trial: Trial) -> None:
    """A closed thread ends at its term; one that was closed under a shorter term waits for it."""
    world, books = trial.world, Books(trial.world, small=True)
    writer = support.ThreadMember(books.owners[0], owner=True)
    opened = support.open_thread(world, books.call(), writer, "fr", "x", "y").outcome.thread
    id = opened.id
    enclose(world, opened)
    support.close_now(world.store, books.call(), id)
    row = trial.only(Thread, books.id)
    trial.go("support", trial.after(row.closed_at) - SECOND)
    assert list(world.files.list(prefixes.upload_of(books.id, id)))
    early = replace(trial.only(Thread, books.id), due_at=row.closed_at + SECOND)
    put_row(world.store, early)
    trial.ends_with("support", row, trial.after(row.closed_at))
    assert list(world.files.list(prefixes.upload_of(books.id, id))) == []


def diagnostic(trial: Trial) -> None:
    """A batch expires, is shown until then, and the logs of requests go with it."""
    world = trial.world
    diagnostics.store_batch(
        world, None, None, "198.51.100.7", ("1.0", "android", "14", [Event(code="crash.home", count=1)])
    )
    at = coarse(world.now())
    row = trial.only(DiagnosticsBatch, partition(at.date()))
    expires(row, trial)
    for shift, shown in ((-SECOND, 1), (SECOND, 0)):
        assert len(diagnostics.summary(world, 400, trial.after(at) + shift)) == shown
    assert trace_days(current()) == most_days(trial.term)


def sign_in(trial: Trial) -> None:
    """A sign-in account ends no later than its term after the membership, and the receipt states the day."""
    books = Books(trial.world, small=True)
    (member,) = trial.world.store.all_of(Member, books.id)
    (row,) = left(member, books.at)
    assert row.due_at == trial.after(books.at)


def sign_up(trial: Trial) -> None:
    """A sign-up that nobody confirmed is noted at the end of its term and not before."""
    accounts = trial.world.sign_ins
    assert accounts is not None
    app = accounts.client.create_user_pool_client(UserPoolId=accounts.pool, ClientName="app")["UserPoolClient"]
    email = f"rule-{trial.world.random(4).hex()}@pool.example"
    address = [{"Name": "email", "Value": email}]
    user = accounts.client.sign_up(
        ClientId=app["ClientId"], Username=email, Password="Correct-horse-7", UserAttributes=address
    )["UserSub"]
    at = dict(accounts.unconfirmed())[user]
    note_unconfirmed(trial.world, trial.after(at) - SECOND)
    ref = unconfirmed(user, at).key
    assert trial.there(ref) == [False]
    note_unconfirmed(trial.world, trial.after(at))
    assert trial.there(ref) == [True]
    accounts.delete(user)
    bookkeeping.finish(trial.world.store, ref)


def access_log(trial: Trial) -> None:
    """The bucket of access logs expires its objects with the term."""
    (ends, _) = buckets(current())[ACCESS_LOGS]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert ends["ExpirationInDays"] == most_days(trial.term)


def of_aws(trial: Trial) -> None:
    """AWS sets this term and gives no choice (infra/held.toml): a moved term is not what happens, and is found."""
    (service,) = [name for name, held in current().services.items() if trial.rule in held.rules]
    assert str(trial.term) != FIXED[service]


def letter(trial: Trial) -> None:
    """A mail that is not sent within its term is not sent."""
    world = trial.world
    written = writing.write(
        world.call(PUBLIC, "nobody", "test", key="x"), "a@b.example", "fr", "identity_code", code="1"
    )
    expires(written.letter, trial)
    writing.write_without_company(world, written)
    world.offset = trial.after(written.letter.created_at) - world.now() + SECOND
    writing.send(world, PUBLIC, (written.letter.id,))
    assert trial.there(Letter.ref(PUBLIC, written.letter.id)) == [False]


def lifecycle(trial: Trial, prefix: str, bucket: str = "files") -> None:
    """The removal by S3 itself: the deployed rule, and the rule of the engine's bucket, have the moved term."""
    rule = current().rules[trial.rule]
    due_in = most_days(trial.term) + (
        most_days(Period(years=1)) + 1 if rule.start is Start.END_OF_FINANCIAL_YEAR else 0
    )
    made = buckets(current())[{"files": BUCKET, "archive": ARCHIVE}[bucket]]["Properties"]["LifecycleConfiguration"]
    assert [each["ExpirationInDays"] for each in made["Rules"] if each.get("Prefix") == prefix] == [due_in]
    files = trial.world.bucket(bucket)
    files.client.put_bucket_lifecycle_configuration(
        Bucket=files.bucket, LifecycleConfiguration=configuration(current(), bucket)
    )
    found = files.client.get_bucket_lifecycle_configuration(Bucket=files.bucket)["Rules"]
    files.client.delete_bucket_lifecycle(Bucket=files.bucket)
    assert [each["Expiration"]["Days"] for each in found if each["Filter"].get("Prefix") == prefix] == [due_in]


def rendering(trial: Trial) -> None:
    """Rendered pages are S3's to remove."""
    lifecycle(trial, prefixes.PDF)


def export(trial: Trial) -> None:
    """An export is removed at its term by the job `uploads`, and by S3."""
    world, books = trial.world, Books(trial.world, small=True)
    put_row(world.store, replace(books.profile, template=None))
    id = requests.ask(world, books.call(), books.owner(), "access", None).outcome.id
    requests.confirm(world, books.call(), books.owner(), id)
    trial.go("requests", world.now() + SECOND)
    row, key = trial.only(Upload, books.id), prefixes.export(books.id, id)
    assert (row.keys, row.due_at) == ((key,), trial.after(row.created_at))
    trial.go("uploads", row.due_at - SECOND)
    assert world.files.exists(key)
    trial.go("uploads", row.due_at)
    assert not world.files.exists(key)
    lifecycle(trial, prefixes.EXPORTS)


def incoming(trial: Trial) -> None:
    """A file that nobody completes is removed at its term by the job `uploads`, and by S3."""
    world, books = trial.world, Books(trial.world, small=True)
    file = Announced(books.customer, "photo.jpg", "image/jpeg", 9, "9f" * 32)
    made = uploading.announce(world, books.call(), file).outcome
    row, key = trial.only(Upload, books.id), attachments.incoming(made)
    world.files.put(key, b"a picture", "image/jpeg")
    assert (row.keys, row.due_at) == ((key,), trial.after(row.created_at))
    trial.go("uploads", row.due_at - SECOND)
    assert (trial.there(made.key), world.files.exists(key)) == ([True], True)
    trial.go("uploads", row.due_at)
    assert (trial.there(made.key), world.files.exists(key)) == ([False], False)
    lifecycle(trial, prefixes.INCOMING)


def papers(trial: Trial) -> None:
    """The file of an issued document's attachment is removed with its document, and by S3 after it."""
    books = Statutory(trial)
    own = prefixes.of_company(prefixes.PAPERS, books.books.id)
    books.swept(books.year + trial.term.years)
    assert len(list(trial.world.files.list(own))) == 1
    books.swept(books.year + trial.term.years + 1)
    assert list(trial.world.files.list(own)) == []
    lifecycle(trial, prefixes.PAPERS)


def imported_file(trial: Trial) -> None:
    """The file of an import is removed at its term by the job `uploads`, and by S3."""
    world, books = trial.world, Books(trial.world, small=True)
    row = imports.announce(world, books.call(), ANNOUNCED).outcome
    key = f"{prefixes.import_of(books.id, row.id)}file"
    world.files.put(key, b"Nom", "text/csv")
    mark = trial.only(Upload, books.id)
    assert mark.due_at == trial.after(row.created_at)
    trial.go("uploads", mark.due_at - SECOND)
    assert world.files.exists(key)
    trial.go("uploads", mark.due_at)
    assert not world.files.exists(key)
    lifecycle(trial, prefixes.IMPORTS)


def import_row(trial: Trial) -> None:
    """The row of an import expires."""
    books = Books(trial.world, small=True)
    expires(imports.announce(trial.world, books.call(), ANNOUNCED).outcome, trial)


ANNOUNCED = imports.Announced("customers", "text/csv", 3, "0" * 64)


def backup(tier: Tier) -> Check:
    """A backup of a tier is removed at its term by the job `expiry`, and by S3."""

    def check(trial: Trial) -> None:
        world = trial.world
        company = seeded(world, f"rule-{world.random(4).hex()}", 1)
        made = backup_run.begin(world, world.call(company, "usr_1", "backup", key="b"), tier).backup
        while made.status == "running":
            made = backup_run.advance(world, made)
        assert made.due_at - trial.after(made.created_at) < timedelta(minutes=1)
        trial.ends_with("expiry", made, made.due_at)
        lifecycle(trial, prefixes.BACKUPS[tier])

    return check


def account(trial: Trial) -> None:
    """Rows under the rule stay until their term after the account's deletion is over. Others are deleted at once."""
    world = trial.world
    books, _ = sown(world)
    owned = {
        (s.table, s.kind) for s in inventory.build_inventory() if any(a.governed_by == trial.rule for a in s.attributes)
    }
    erased = {table for table, told in current().tables.items() if told.erased}
    everything = {(table, kind) for table in erased for kind in books.kinds(table)}
    waiting = {path for path, prefix in current().prefixes.items() if prefix.rule == trial.rule}
    assert (owned & everything) | waiting
    id, confirmed = books.confirmed(), world.now()
    for days in (24, 29.5, 30.1):  # two reminders, and the end of the grace
        trial.go("requests", begun := confirmed + timedelta(days=days))
    trial.go("requests", begun + timedelta(minutes=11))
    left = {(table, kind) for table in erased for kind in books.kinds(table)}
    assert left == owned & everything
    assert _filled(world, books.id) == waiting | _blocked()
    assert books.request(id).status == "running"
    last = trial.term.after(today(begun))
    trial.go("requests", midnight(last + DAY) - SECOND)
    assert {(table, kind) for table in erased for kind in books.kinds(table)} == left, "its last day included"
    trial.go("requests", midnight(last + DAY))
    trial.go("requests", midnight(last + DAY) + timedelta(minutes=11))
    assert [kind for table in erased for kind in books.kinds(table)] == []
    assert _filled(world, books.id) == _blocked()
    assert books.request(id).status == "completed"


def _filled(world: Turned, company: str) -> set[str]:
    """The prefixes under which a company has any version of an object."""
    stored = {key for key in keys(world) if f"/{company}/" in key}
    return {path for path in current().prefixes for key in stored if key.startswith(path)}


def _blocked() -> set[str]:
    policy = current()
    return {path for path, prefix in policy.prefixes.items() if policy.rules[prefix.rule].on_erasure != "delete"}


@dataclass
class Statutory:
    """A closed company with a record of each kind of its first year."""

    trial: Trial

    def __post_init__(self) -> None:
        world = self.trial.world
        self.year = BEGIN.year
        books = self.books = Ledger(world, per_year=1, years=(self.year,))
        self.invoice = books.by_year[self.year][0]
        self.paid = Payment(
            id=books.new("pay"),
            invoice=self.invoice,
            amount=Decimal(1),
            method="cash",
            date=date(self.year, 12, 31),
            **books.stamps,
        )
        key = StatutoryKey(id=books.new(StatutoryKey.PREFIX), wrapped=b"wrapped", **books.stamps)
        balance = Balance(id=self.invoice, paid=Decimal(1), **books.stamps)
        paper = DocumentAttachment(
            id=books.new("att"),
            owner=self.invoice,
            state="ready",
            name="bon.pdf",
            content_type="application/pdf",
            bytes=4,
            sha256="9f" * 32,
            kept_type="application/pdf",
            **books.stamps,
        )
        books._put(paper)
        for file in copies(paper):
            world.files.put(file, b"%PDF", "application/pdf")
        books._put(self.paid, PaymentId(id=self.paid.id, invoice=self.invoice, **books.stamps), balance, key)
        books._put(Archived(id=books.id, clock=1, **books.stamps))
        call = world.call(books.id, "test", "close", key="close")
        closed = Decision(head={"state": "closed"})
        transact(world.store, call, [], lambda _: closed, SYSTEM_WHILE_OPEN)
        first = next(row for row in books._stored("journal") if row.KIND == "journal_entry")
        self.kept = {"journal_entry": first.key, StatutoryKey.KIND: key.key, "payment_id": _id_of(self.paid)}
        for row in books._stored("ledger"):
            if row.KIND in ("invoice", "register_entry", "payment", "balance", "attachment"):
                self.kept[row.KIND] = row.key

    def left(self) -> set[str]:
        """The kinds that are there."""
        return {kind for kind, ref in self.kept.items() if self.trial.there(ref) == [True]}

    def swept(self, year: int) -> None:
        """Sweep on the first day of a year."""
        self.trial.go("retention", midnight(date(year, 1, 1)) + SECOND)


def _id_of(payment: Payment) -> Ref:
    return PaymentId.ref(payment.company, payment.id)


def statutory(trial: Trial) -> None:
    """A year's records are kept for the moved term from the end of their financial year, and go together then."""
    books = Statutory(trial)
    assert books.left() == books.kept.keys()
    last = books.year + trial.term.years
    assert last != books.year + 10, "moved"
    for year in (books.year + 1, last - 1, last):
        books.swept(year)
        assert books.left() == books.kept.keys(), f"swept on 1 January {year}"
    books.swept(last + 1)
    assert books.left() == set()


def state(trial: Trial) -> None:
    """The row that says when a company's oldest records may go follows the term."""
    books = Statutory(trial)
    (row,) = trial.world.store.records([RetentionSchedule.ref(books.books.id)])
    assert isinstance(row, RetentionSchedule)
    assert row.due_at == midnight(date(books.year + trial.term.years + 1, 1, 1))


def archive(trial: Trial) -> None:
    """An archived original is locked for the term, and S3 removes it after it."""
    world = trial.world
    company = seeded(world, f"rule-{world.random(4).hex()}", 1)
    made = backup_run.begin(world, world.call(company, "usr_1", "backup", key="b"), "daily")
    trial.go("backups", world.now() + SECOND)
    assert trial.there(Backup.ref(company, made.backup.id)) == [True]
    entry = trial.only(RegisterEntry, company)
    year = entry.issue_date.year + trial.term.years + 1
    assert world.archive.locked_until(prefixes.archived(company, entry.hash)) == midnight(date(year, 1, 1))
    lifecycle(trial, prefixes.ARCHIVE, "archive")


def row(trial: Trial) -> None:
    """Never called: a rule that goes with its row has no term to move."""
    raise AssertionError(trial.rule)


CHECKS: dict[str, tuple[Check, str]] = {
    "record.key": (row, SHORT),
    "record.times": (row, SHORT),
    "company.identity": (account, LATER),
    "company.contact": (account, LATER),
    "company.bank": (account, LATER),
    "company.settings": (account, LATER),
    "party.identity": (account, LATER),
    "party.contact": (account, LATER),
    "party.terms": (account, LATER),
    "item.content": (account, LATER),
    "draft.content": (account, LATER),
    "document.content": (statutory, LONG),
    "attachment.content": (account, LATER),
    "attachment.state": (account, LATER),
    "document.attachment": (statutory, LONG),
    "document.seller": (statutory, LONG),
    "document.buyer": (statutory, LONG),
    "ledger.numbering": (statutory, LONG),
    "ledger.payment": (statutory, LONG),
    "ledger.balance": (statutory, LONG),
    "ledger.hash": (statutory, LONG),
    "journal.clock": (statutory, LONG),
    "journal.hash": (statutory, LONG),
    "journal.change": (statutory, LONG),
    "journal.actor": (statutory, LONG),
    "journal.state": (state, LONG),
    "journal.outbox": (outbox, SHORT),
    "identity.subject": (account, LATER),
    "identity.contact": (account, LATER),
    "identity.access": (account, LATER),
    "device.register": (device, SHORT),
    "device.holder": (device, SHORT),
    "sync.outcome": (outcome, SHORT),
    "identity.former": (former_owner, SHORT),
    "identity.invitation": (invitation, SHORT),
    "identity.secret": (account, LATER),
    "transient.idempotency": (answered, SHORT),
    "transient.answer": (answered, SHORT),
    "transient.job": (job_rows, SHORT),
    "file.rendering": (rendering, "P40D"),
    "file.logo": (account, LATER),
    "file.export": (export, "P1M"),
    "file.sync": (copy_for_a_device, "P3D"),
    "file.upload": (account, LATER),
    "file.incoming": (incoming, "P2D"),
    "file.document_attachment": (papers, LONG),
    "file.import": (imported_file, SHORT),
    "import.state": (import_row, SHORT),
    "import.mapping": (account, LATER),
    "backup.daily": (backup("daily"), "P10D"),
    "backup.weekly": (backup("weekly"), "P2W"),
    "backup.monthly": (backup("monthly"), "P3M"),
    "backup.record": (account, LATER),
    "backup.working_key": (account, LATER),
    "backup.statutory_key": (statutory, LONG),
    "file.archive": (archive, LONG),
    "consent.choice": (account, LATER),
    "disclosure.record": (disclosure, "P2Y"),
    "consent.proof": (acceptance, "P2Y"),
    "identity.lookup": (account, LATER),
    "transient.mail": (letter, SHORT),
    "transient.code": (codes_and_counts, "PT5M"),
    "request.proof": (proof, "P2Y"),
    "request.correction": (correction, "P15M"),
    "support.state": (thread, "P1Y"),
    "support.thread": (thread, "P1Y"),
    "sign_in.account": (sign_in, SHORT),
    "sign_in.ending": (sign_in, SHORT),
    "sign_in.unconfirmed": (sign_up, SHORT),
    "log.access": (access_log, "P30D"),
    "log.trace": (of_aws, "P60D"),
    "mail.delivery": (of_aws, "P2D"),
    "diagnostics.event": (diagnostic, "P30D"),
}
"""For each rule, what shows that the code follows it, and the term that it is moved to."""


@pytest.fixture
def quiet(alone: Turned) -> Iterator[Turned]:
    """Empty tables, and the clock set right."""
    for table in alone.store.names.values():
        empty(alone, table)
    alone.offset = timedelta(0)
    yield alone
    alone.offset = timedelta(0)


@pytest.mark.usefixtures("embedded_s3")
@pytest.mark.parametrize("rule", current().rules)
def test_stored_data_follows_the_term_of_its_rule(quiet: Turned, rule: str) -> None:
    check, term = CHECKS[rule]
    if current().rules[rule].start is Start.ROW:
        with pytest.raises(PolicyError, match="a term is needed, except"):
            with_term(rule, term)
        return
    policy = with_term(rule, term)
    assert policy.rules[rule].term != current().rules[rule].term
    with use(policy):
        check(Trial(quiet, rule, Period.parse(term)))


@pytest.mark.usefixtures("embedded_s3")
def test_a_shorter_statutory_term_ends_the_records_of_a_new_company_earlier(quiet: Turned) -> None:
    with use(with_term("document.content", "P5Y")):
        statutory(Trial(quiet, "document.content", Period.parse("P5Y")))


def test_there_is_a_check_for_each_rule_and_no_other() -> None:
    assert CHECKS.keys() == current().rules.keys()
    assert {rule for rule, (check, _) in CHECKS.items() if check is row} == {
        rule.name for rule in current().rules.values() if rule.start is Start.ROW
    }


def test_another_policy_is_in_force_within_its_block_alone() -> None:
    before: Policy = current()
    other = with_term("transient.mail", "P1D")
    with use(other):
        assert current() is other
        with use(before):
            assert current() is before
        assert current() is other
    assert current() is before
