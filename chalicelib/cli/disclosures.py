"""The register of disclosures as the operator keeps it: record, list, and hand out what a demand covers."""

import argparse
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.errors import InvalidContent, NotFound
from chalicelib.services import disclosures
from chalicelib.services.disclosures import Told
from chalicelib.services.representation.disclosures import present_disclosure

if TYPE_CHECKING:
    from chalicelib.wiring import World


def add_to(nouns: Any) -> None:
    """Add the `disclosures` commands."""
    verbs = nouns.add_parser("disclosures", help="what was handed to whom").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    one = verbs.add_parser("record", help="enter a lawful demand or a transfer to a processor; no names of people")
    one.add_argument("company")
    one.add_argument("--kind", required=True, choices=("lawful_demand", "processor_transfer"))
    one.add_argument("--recipient", required=True, help="the authority or the processor")
    one.add_argument(
        "--recipient-email",
        type=address,
        metavar="ADDRESS",
        help="of an office, which is told when the data are rectified",
    )
    one.add_argument("--basis", required=True, help="the article, the order or the contract")
    one.add_argument("--reference", help="the demand's own number")
    one.add_argument("--data", required=True, metavar="RULES", help="the policy's rules, separated by commas")
    one.add_argument("--subject", help="an opaque id; the whole company without it")
    one.add_argument("--on", required=True, type=day, metavar="DATE", help="when it was handed over")
    one.add_argument("--hidden-until", type=day, metavar="DATE", help="the last day on which the law forbids telling")
    one.add_argument("--by", required=True, metavar="WHO", help="your operator id")
    one.set_defaults(does=record)
    every = verbs.add_parser("list", help="a company's register, hidden entries included")
    every.add_argument("company")
    every.set_defaults(does=listed)
    out = verbs.add_parser("release", help="hand out a blocked original under a recorded lawful demand")
    out.add_argument("company")
    out.add_argument("disclosure", help="the recorded demand's id")
    out.add_argument("document", help="an invoice's or credit note's id")
    out.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where the files are written")
    out.add_argument("--by", required=True, metavar="WHO", help="your operator id")
    out.set_defaults(does=release)


def day(text: str) -> date:
    """A date, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def address(text: str) -> str:
    """An e-mail address, as far as its form tells."""
    name, _, domain = text.partition("@")
    if not name or "." not in domain or len(text) > 254 or any(sign.isspace() or sign == "@" for sign in name + domain):
        raise argparse.ArgumentTypeError(f"{text!r} is no address such as bureau@administration.example")
    return text


def record(world: "World", options: argparse.Namespace) -> int:
    """Enter a disclosure."""
    told = Told(
        kind=options.kind,
        recipient=options.recipient,
        basis=options.basis,
        reference=options.reference,
        data=tuple(name.strip() for name in options.data.split(",") if name.strip()),
        subject=options.subject,
        disclosed_on=options.on,
        hidden_until=options.hidden_until,
        recipient_email=options.recipient_email,
    )
    try:
        entry = disclosures.record(world, options.company, told, options.by)
    except InvalidContent as refused:
        raise CannotRun("; ".join(f"{fault.pointer[1:]}: {fault.code}" for fault in refused.faults), 2) from refused
    except NotFound as refused:
        raise CannotRun("there is no such company", 1) from refused
    show(**present_disclosure(entry, "en"), recipient_email=entry.recipient_email, by=entry.actor)
    return 0


def release(world: "World", options: argparse.Namespace) -> int:
    """Write the page and the e-invoice of one document."""
    from chalicelib.services.privacy import lawful

    if not options.out.is_dir():
        raise CannotRun(f"{options.out} is no folder", 2)
    try:
        made = lawful.release(world, options.company, options.disclosure, options.document, options.by)
    except InvalidContent as refused:
        raise CannotRun("the disclosure is no lawful demand for this document's whole content", 1) from refused
    except NotFound as refused:
        raise CannotRun("there is no such company, disclosure or document", 1) from refused
    for suffix, content in (("pdf", made.page), ("xml", made.e_invoice)):
        path = options.out / f"{made.number.replace('/', '-')}.{suffix}"
        path.write_bytes(content)
        show(file=str(path), sha256=sha256(content).hexdigest(), register_verified=made.verified)
    return 0 if made.verified else 1


def listed(world: "World", options: argparse.Namespace) -> int:
    """Every entry."""
    for entry in disclosures.of_company(world.store, options.company):
        show(**present_disclosure(entry, "en"), by=entry.actor)
    return 0
