"""A company's own HTML template: the digest that issued documents freeze, and the templates that it used before."""

from hashlib import sha256
from typing import Final

from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.ids import derived_id

MOST_CHARACTERS: Final = 65_536
"""Characters of a template. They take 256 KB at most."""


@entity("template", table="workspace", prefix="tpl")
class EarlierTemplate(Record):
    """A template that the company has replaced or removed. Documents that were issued with it are printed with it."""

    digest: str = kept("company.settings")
    text: str = kept("company.settings", packed=True)


def id_of(digest: str) -> str:
    """The id of the row that keeps the template with this digest. It is the same in a copy of the company."""
    return derived_id(EarlierTemplate.PREFIX, digest)


def digest_of(template: str | None) -> str | None:
    """The SHA-256 (hex) of a template; None for the standard layout."""
    return sha256(template.encode()).hexdigest() if template else None
