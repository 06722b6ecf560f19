"""Commands for the register of disclosures: record, list, and release the documents of a lawful demand."""

import argparse
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.cli import arguments
from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.errors import InvalidContent, NotFound
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.representation.disclosures import present_disclosure

if TYPE_CHECKING:
    from chalicelib.wiring import World


def add_to(nouns: Any) -> None:
    """Add the `disclosures` commands."""
    verbs = arguments.noun(nouns, "disclosures", "the register of disclosures")
    summary = "record a lawful demand or a transfer to a processor, without names of people"
    entry = arguments.verb(verbs, "record", record, summary)
    entry.add_argument("company")
    entry.add_argument("--kind", required=True, choices=("lawful_demand", "processor_transfer"))
    entry.add_argument("--recipient", required=True, help="the authority or the processor")
    entry.add_argument(
        "--recipient-email",
        type=address,
        metavar="ADDRESS",
        help="the address of an office, which is notified when the data are rectified",
    )
    entry.add_argument("--basis", required=True, help="the article, the order or the contract")
    entry.add_argument("--reference", help="the number that the authority gave the demand")
    entry.add_argument("--data", required=True, metavar="RULES", help="the policy's rules, separated by commas")
    entry.add_argument("--subject", help="the id of a person (default: the complete company)")
    entry.add_argument("--on", required=True, type=arguments.day, metavar="DATE", help="the day of the disclosure")
    entry.add_argument(
        "--hidden-until",
        type=arguments.day,
        metavar="DATE",
        help="the last day of secrecy by law",
    )
    arguments.add_operator(entry)
    every = arguments.verb(verbs, "list", listed, "list a company's register, with its hidden entries")
    every.add_argument("company")
    out = arguments.verb(verbs, "release", release, "write the original of a blocked document for a lawful demand")
    out.add_argument("company")
    out.add_argument("disclosure", help="the recorded demand's id")
    out.add_argument("document", help="the document's id")
    out.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the folder for the files")
    arguments.add_operator(out)


def address(text: str) -> str:
    """Read an e-mail address by the API's rule."""
    from pydantic import TypeAdapter, ValidationError

    from chalicelib.api.fields import Email

    try:
        found: str = TypeAdapter(Email).validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as bureau@administration.example") from None
    return found


def record(world: "World", options: argparse.Namespace) -> int:
    """Record a disclosure."""
    given = DisclosureInput(
        kind=options.kind,
        recipient=options.recipient,
        basis=options.basis,
        reference=options.reference,
        data=tuple(arguments.names(options.data)),
        subject=options.subject,
        disclosed_on=options.on,
        hidden_until=options.hidden_until,
        recipient_email=options.recipient_email,
    )
    try:
        entry = disclosures.record(world, options.company, given, options.by)
    except InvalidContent as refused:
        raise CannotRun("; ".join(f"{fault.pointer[1:]}: {fault.code}" for fault in refused.faults), 2) from refused
    except NotFound as refused:
        raise CannotRun("there is no such company", 1) from refused
    show(**present_disclosure(entry, "en"), recipient_email=entry.recipient_email, by=entry.actor)
    return 0


def release(world: "World", options: argparse.Namespace) -> int:
    """Write the page and the e-invoice of one document."""
    from chalicelib.services.privacy.legal import demands

    if not options.out.is_dir():
        raise CannotRun(f"{options.out} is not a folder", 2)
    try:
        released = demands.release(world, options.company, options.disclosure, options.document, options.by)
    except InvalidContent as refused:
        raise CannotRun("the disclosure is no lawful demand for this document's whole content", 1) from refused
    except NotFound as refused:
        raise CannotRun("there is no such company, disclosure or document", 1) from refused
    for suffix, content in (("pdf", released.page), ("xml", released.e_invoice)):
        if content is None:
            continue
        path = options.out / f"{released.number.replace('/', '-')}.{suffix}"
        path.write_bytes(content)
        show(file=str(path), sha256=sha256(content).hexdigest(), register_verified=released.verified)
    return 0 if released.verified else 1


def listed(world: "World", options: argparse.Namespace) -> int:
    """List every entry."""
    for entry in disclosures.of_company(world.store, options.company):
        show(**present_disclosure(entry, "en"), by=entry.actor)
    return 0
