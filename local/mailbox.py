"""The page of `GET /_local/mailbox`: the mails that were sent, for a developer's browser."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any, Final

STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 45rem; margin: 0 auto; padding: 1rem; }
article { border: 1px solid #888; border-radius: .5rem; padding: 0 1rem; margin: 1rem 0; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.1rem; margin-bottom: 0; overflow-wrap: anywhere; }
p { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
"""
_DIGEST: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def wants_page(accept: str) -> bool:
    """Whether a browser asks: it accepts HTML by name."""
    return "text/html" in accept.lower()


def page(mails: Sequence[Mapping[str, Any]]) -> bytes:
    """The page with the newest mail first. A mail's text is text: nothing of it is read as HTML."""
    shown = "".join(map(_article, reversed(mails))) or "<p>No mail was sent since the start.</p>\n"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Mailbox ({len(mails)}) – Facture</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Mailbox</h1>\n<p>Mails since the start, newest first: {len(mails)}. Reload the page for new ones.</p>\n"
        f"{shown}</main>\n</body>\n</html>\n"
    ).encode()


def _article(mail: Mapping[str, Any]) -> str:
    to = escape(", ".join(mail["to"]))
    return (
        f'<article>\n<h2 dir="auto">{escape(mail["subject"])}</h2>\n'
        f"<p>To <bdi>{to}</bdi>, from <bdi>{escape(mail['from'])}</bdi></p>\n"
        f'<pre dir="auto">{escape(mail["text"])}</pre>\n</article>\n'
    )
