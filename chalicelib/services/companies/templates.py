"""A company's own template: tried when it is stored, and kept for the documents that were issued with it."""

from typing import TYPE_CHECKING

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.template import EarlierTemplate, digest_of, id_of
from chalicelib.domain.language import LANGUAGES

if TYPE_CHECKING:
    from chalicelib.wiring import World


def require_printable(world: "World", template: str) -> None:
    """Fill the template with a specimen in each language, and print one. Raises InvalidContent with the reason and the
    line, or RendererUnavailable where the program that prints templates is missing."""
    from chalicelib.render.filling import fill
    from chalicelib.render.html import page_data
    from chalicelib.render.specimen import specimen

    for language in LANGUAGES[1:]:
        fill(template, page_data(specimen(language)))
    world.renderer(template, trial=True).render(specimen(LANGUAGES[0]))


def replaced(before: Company, after: Company, call: Call) -> tuple[EarlierTemplate, ...]:
    """The row that keeps the template which this edit replaces or removes."""
    if not before.template or before.template == after.template:
        return ()
    digest = digest_of(before.template) or ""
    return (call.make(EarlierTemplate, id=id_of(digest), digest=digest, text=before.template),)
