"""Commands, arguments and value types that several commands share."""

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

CENTURY = range(2000, 2100)


def noun(nouns: Any, name: str, summary: str) -> Any:
    """Add a noun and return the object that its verbs are added to."""
    return nouns.add_parser(name, help=summary).add_subparsers(dest="verb", required=True, metavar="VERB")


def verb(verbs: Any, name: str, command: Callable[..., int], summary: str) -> argparse.ArgumentParser:
    """Add a verb with its command: the function that carries it out."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=summary)
    parser.set_defaults(command=command)
    return parser


def add_operator(parser: argparse.ArgumentParser) -> None:
    """Add `--by`, which records the operator."""
    parser.add_argument("--by", required=True, metavar="OPERATOR", help="your operator id")


def names(text: str) -> list[str]:
    """Split names at their commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def day(text: str) -> date:
    """Read a date, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def instant(text: str) -> datetime:
    """Read an instant of this century, RFC 3339 with an offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-12-31T08:00:00Z") from None
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} lacks its offset: end it with Z for UTC")
    if at.year not in CENTURY:
        raise argparse.ArgumentTypeError(f"the year {at.year} is not of this century")
    return at.astimezone(UTC)


def seconds(text: str) -> float:
    """Read a positive number of seconds, a day at most."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} s is not between 0 and a day")
    return value


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
