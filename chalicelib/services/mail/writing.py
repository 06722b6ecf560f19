"""Mails to members: written in the transaction that they report, sent after it, deleted once sent.

A commit puts a `Letter` and an outbox message. The outbox sends the letter through SES and deletes it. A crash in
between sends the mail again, with the same reference and text: delivery is at least once.
"""

import logging
import tomllib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.companies.member import OWNER_CHANGE_DELAY
from chalicelib.domain.contact.letter import Letter, MailTemplate
from chalicelib.domain.journal import Message
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.download_code import LIFE
from chalicelib.domain.privacy.request import GRACE, UNANSWERED, Receipt
from chalicelib.outside.mail import MailAttachment, Undeliverable
from chalicelib.policy.ends import expires_at, term
from chalicelib.policy.load import current
from chalicelib.policy.wording import delay, length
from chalicelib.services.codes import email_key, life
from chalicelib.services.mail import limits
from chalicelib.services.mail.limits import Notice
from chalicelib.services.representation.requests import signed_receipt_row
from chalicelib.store import bookkeeping
from chalicelib.store.read import proven_members_with

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.mail")
TASK = "mail"
TERMS = {
    "export_term": "file.export",
    "former_term": "identity.former",
    "proof_term": "request.proof",
    "invitation_term": "identity.invitation",
}
"""The retention rules whose terms a text may state, by placeholder."""
WITH_RECEIPT: frozenset[MailTemplate] = frozenset({"account_erased", "member_erased"})
"""The mails that carry the signed receipt of their request. Their reader can no longer sign in to the account."""
WITHOUT_LIMIT: frozenset[MailTemplate] = frozenset({"deletion_code", "identity_code", "invitation", *WITH_RECEIPT})
"""The mails that no limit of an address holds. Codes have limits of their own and are awaited now. A last mail is sent
once, and the address is stored no more."""
DELAYS = {"answer_delay": UNANSWERED, "grace": GRACE, "owner_change_delay": OWNER_CHANGE_DELAY, "code_year": LIFE}
"""The times that are no retention terms and that a text may state, by placeholder."""


class Mail(NamedTuple):
    """The two rows of a mail: the letter for a decision's `new` rows, the message for its `messages`."""

    letter: Letter
    message: Message


def write(
    call: Call,
    to: str,
    language: Language,
    template: MailTemplate,
    *,
    only_members: bool = False,
    variant: str = "",
    **values: str,
) -> Mail:
    """Write a mail that is sent after the call's commit. Several mails of one call to one address by the same template
    need different values of `variant`. Raises KeyError for a value that its template lacks."""
    compose(language, template, values)
    purpose = f"{template} {to} {variant}".rstrip()
    letter = call.make(
        Letter,
        purpose=purpose,
        to=to,
        language=language,
        template=template,
        values=msgspec.json.encode(values),
        only_members=only_members,
        expires_at=expires_at(Letter, call.at),
    )
    message = call.make(Message, purpose=f"mail {purpose}", due_at=call.at, task=TASK, about=(letter.id,))
    return Mail(letter, message)


def write_without_company(world: "World", written: Mail) -> None:
    """Store a mail without a company and wake the outbox. The letter is stored first: a message without its letter
    sends nothing. Raises Busy."""
    bookkeeping.remember(world.store, written.letter, world.random(16))
    bookkeeping.remember(world.store, written.message, world.random(16))
    world.wake("outbox")


def send(world: "World", company: str, about: tuple[str, ...]) -> datetime | None:
    """Send the letters of an outbox message. A letter that no longer exists was sent. Return the instant at which the
    letters above the limit of their address are due. Raises Busy."""
    later: datetime | None = None
    for id in about:
        (letter,) = world.store.records([Letter.ref(company, id)])
        if isinstance(letter, Letter):
            until = _send(world, letter)
            if until is None:
                bookkeeping.finish(world.store, letter.key)
            else:
                later = max(later or until, until)
    return later


def _send(world: "World", letter: Letter) -> datetime | None:
    """Send or hold a letter. Return the instant at which it is due, if that is later."""
    if letter.expires_at <= world.now().timestamp():
        return None
    if letter.only_members and not proven_members_with(world.store, email_key(world.settings, letter.to) or ""):
        return None
    values = msgspec.json.decode(letter.values)
    subject, text = compose(letter.language, letter.template, values)
    if letter.template in WITHOUT_LIMIT:
        receipt = receipt_file(world, values["company"], values["request"]) if letter.template in WITH_RECEIPT else None
        send_now(world, letter.to, subject, text, letter.language, reference=letter.id, attachment=receipt)
        return None
    notice = Notice(letter.to, subject, text, letter.language, letter.id)
    return limits.post(world, letter.company, notice, sender(world, letter.company))


def sender(world: "World", company: str) -> limits.Send:
    """The function that sends a notice of a company, with the notices that were held for its address."""

    def send_notice(notice: Notice, held: Sequence[str], more: int) -> None:
        if held:
            _send_together(world, company, notice, (notice.text, *held), more)
        else:
            send_now(world, notice.to, notice.subject, notice.text, notice.language, reference=notice.reference)

    return send_notice


def send_held(world: "World", company: str) -> None:
    """Send every notice of a company that is held, because its addresses are about to be erased. Raises Busy."""
    for letter, held in limits.slots(world, company):
        if held.texts:
            notice = Notice(letter.to, "", "", letter.language, letter.id)
            _send_together(world, company, notice, held.texts, held.more)
        bookkeeping.finish(world.store, letter.key)


def _send_together(world: "World", company: str, notice: Notice, texts: Sequence[str], more: int) -> None:
    said = "\n\n".join(each.rpartition("\n--\n")[0].strip() for each in texts)
    values = {"company": company, "count": str(len(texts) + more), "notices": said}
    subject, text = compose(notice.language, "notices_held", values)
    send_now(world, notice.to, subject, text, notice.language, reference=notice.reference)


def receipt_file(world: "World", company: str, request: str) -> MailAttachment | None:
    """The signed receipt of a request, as a file; None without one. The published key verifies it."""
    (row,) = world.store.records([Receipt.ref(company, request)])
    if not isinstance(row, Receipt):
        return None
    return MailAttachment(f"receipt-{request}.json", msgspec.json.encode(signed_receipt_row(row)))


def send_now(
    world: "World",
    to: str,
    subject: str,
    text: str,
    language: Language,
    *,
    reference: str,
    attachment: MailAttachment | None = None,
) -> None:
    """Send one mail now. A permanent refusal by SES is logged and not retried. Raises Busy."""
    try:
        world.mailer.send(to, subject, text, language=language, reference=reference, attachment=attachment)
    except Undeliverable as refused:
        log.warning("mail refused", extra={"error": refused.code, "ref": reference})


@cache
def _templates(language: Language) -> dict[str, dict[str, str]]:
    text = files("chalicelib.services.mail").joinpath(f"texts/{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _attributes() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("chalicelib.services.mail").joinpath("attributes.toml").read_text("utf-8"))


def attribute_names(attributes: Iterable[str], language: Language) -> str:
    """The words for the corrected attributes of records, without repetition. An unknown one keeps its name."""
    comma = "، " if language == "ar" else ", "
    return comma.join(_attributes()[language].get(name, name) for name in dict.fromkeys(attributes))


def compose(language: Language, template: MailTemplate, values: dict[str, str]) -> tuple[str, str]:
    """The subject and text of a mail. Raises KeyError for a missing value."""
    policy, words = current(), _templates(language)
    terms = {name: length(term(rule), language) for name, rule in TERMS.items()}
    delays = {name: delay(time, language) for name, time in (DELAYS | {"code_life": life()}).items()}
    known = {"product": policy.product, "contact": policy.contact} | terms | delays | values
    said = words[template]
    text = f"{said['text'].strip()}\n\n{words['end']['text'].strip()}\n"
    return said["subject"].format_map(known), text.format_map(known)
