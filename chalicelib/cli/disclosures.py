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
    verbs = arguments.noun(nouns, "disclosures", "what was handed to whom")
    entering = "enter a lawful demand or a transfer to a processor; no names of people"
    one = arguments.verb(verbs, "record", record, entering)
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
    one.add_argument("--on", required=True, type=arguments.day, metavar="DATE", help="when it was handed over")
    one.add_argument(
        "--hidden-until", type=arguments.day, metavar="DATE", help="the last day on which the law forbids telling"
    )
    arguments.add_operator(one)
    every = arguments.verb(verbs, "list", listed, "a company's register, hidden entries included")
    every.add_argument("company")
    out = arguments.verb(verbs, "release", release, "hand out a blocked original under a recorded lawful demand")
    out.add_argument("company")
    out.add_argument("disclosure", help="the recorded demand's id")
    out.add_argument("document", help="an invoice's or credit note's id")
    out.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where the files are written")
    arguments.add_operator(out)


def address(text: str) -> str:
    """Read an e-mail address by the API's rule."""
    from pydantic import TypeAdapter, ValidationError

    from chalicelib.api.fields import Email

    try:
        found: str = TypeAdapter(Email).validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError(f"{text!r} is no address such as bureau@administration.example") from None
    return found


def record(world: "World", options: argparse.Namespace) -> int:
    """Record a disclosure."""
    details = DisclosureInput(
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
        entry = disclosures.record(world, options.company, details, options.by)
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
        raise CannotRun(f"{options.out} is no folder", 2)
    try:
        made = demands.release(world, options.company, options.disclosure, options.document, options.by)
    except InvalidContent as refused:
        raise CannotRun("the disclosure is no lawful demand for this document's whole content", 1) from refused
    except NotFound as refused:
        raise CannotRun("there is no such company, disclosure or document", 1) from refused
    for suffix, content in (("pdf", made.page), ("xml", made.e_invoice)):
        if content is None:
            continue
        path = options.out / f"{made.number.replace('/', '-')}.{suffix}"
        path.write_bytes(content)
        show(file=str(path), sha256=sha256(content).hexdigest(), register_verified=made.verified)
    return 0 if made.verified else 1


def listed(world: "World", options: argparse.Namespace) -> int:
    """List every entry."""
    for entry in disclosures.of_company(world.store, options.company):
        show(**present_disclosure(entry, "en"), by=entry.actor)
    return 0
