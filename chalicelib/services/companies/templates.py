"""A company's own template: tried when it is stored."""

from typing import TYPE_CHECKING

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
