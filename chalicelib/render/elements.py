"""Build XML elements of an e-invoice: prefixed names, no empty elements, and no character that XML forbids."""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def child(parent: Element, name: str, value: str | None = None, **attributes: str) -> Element:
    """Append an element `name` ("cbc:ID") with its text and attributes, and return it."""
    element = SubElement(parent, name, attributes)
    if value is not None:
        # The API accepts no character that is replaced here. An unreadable file would be worse than a lost character.
        element.text = _NOT_XML.sub("\ufffd", value)
    return element


def texts(parent: Element, *named: tuple[str, str | None]) -> None:
    """Append the elements that have a text. The syntaxes have no empty elements."""
    for name, value in named:
        if value:
            child(parent, name, value)


def written(root: Element) -> bytes:
    """Return the document in UTF-8. Equal elements give equal bytes."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode").encode()
