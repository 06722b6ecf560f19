"""The anchors: one object a day in the locked archive."""

from datetime import date
from typing import Final

from chalicelib.files.archive import Locked
from chalicelib.files.prefixes import ARCHIVE

ANCHORS: Final = f"{ARCHIVE}anchors/"
"""Below the archive's prefix, so that its rule and its lifecycle hold. No company has this id."""
LIMIT: Final = 64_000_000
"""Bytes of one object: about 350,000 companies."""


def key_of(day: date) -> str:
    """Return the key of a day's anchor."""
    return f"{ANCHORS}{day.isoformat()}.json"


def days_after(archive: Locked, day: date) -> list[str]:
    """Return the keys of the anchors after a day, the newest first. Raises Busy."""
    pages = archive.pages("list_objects_v2", ANCHORS, StartAfter=key_of(day))
    return sorted((each["Key"] for page in pages for each in page.get("Contents", ())), reverse=True)
