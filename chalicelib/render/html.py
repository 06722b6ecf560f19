"""Turn a merchant's own template into one inert HTML page.

Liquid fills it: a language for untrusted templates, without attribute access and calls, with escaped values and with
bounded loops and output. nh3 keeps allowed elements and attributes, and `css` allowed styles. Pictures are `data:` URIs
that pass the logo's check.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.render.css import clean_declarations, clean_stylesheet
from chalicelib.render.logo import clean_logo, picture_size
from chalicelib.render.payload import payload
from chalicelib.render.template_faults import STYLE, fault, fault_of
from chalicelib.render.text import FAMILIES

if TYPE_CHECKING:
    from liquid import Environment

MAX_OUTPUT_BYTES = 4 * 1024 * 1024
MAX_ITERATIONS = 20_000
MAX_DEPTH = 256
"""Elements within elements."""

_LIQUID_TAGS = ("illegal", "content", "output", "for", "break", "continue", "if", "unless", "case", "comment", "#")
_LIQUID_FILTERS = ("upcase", "downcase", "capitalize", "default", "first", "last", "join")
_TAG = re.compile(r"(<[^>]*>)")
_ISOLATED = re.compile("\u2066([^\u2066\u2069]*)\u2069")
_ISOLATES = re.compile("[\u2066-\u2069]")
_ELEMENT = re.compile(r"<(/?)([a-z][a-z0-9]*)")
_EMPTY = ("br", "hr", "img", "col")
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]+)")

_ELEMENTS = """
table thead tbody tfoot tr th td caption colgroup col div span p br hr h1 h2 h3 h4 h5 h6 strong b em i u small sub sup
ul ol li dl dt dd img section header footer address blockquote pre
"""
_DROPPED_WITH_CONTENT = """
script style iframe object embed svg math noscript template textarea title xmp noembed noframes plaintext
"""
_ATTRIBUTES = {
    "*": {"class", "style", "dir", "lang"},
    "td": {"colspan", "rowspan", "width", "align", "valign"},
    "th": {"colspan", "rowspan", "width", "align", "valign"},
    "col": {"span", "width"},
    "table": {"width", "cellpadding", "cellspacing", "border"},
    "img": {"src", "width", "height", "alt"},
}
_NUMERIC = {"colspan", "rowspan", "span", "cellpadding", "cellspacing", "border"}
_BASE_CSS = """
html, body { margin: 0; padding: 0; }
body { font-family: FAMILIES; font-size: 9pt; color: #111; word-wrap: break-word; word-break: break-word; }
table { border-collapse: collapse; }
thead { display: table-header-group; }
tr { page-break-inside: avoid; }
""".replace("FAMILIES", ", ".join(f'"{family}"' for family in FAMILIES))
_WATERMARK = (
    '<div style="position: fixed !important; display: block !important; visibility: visible !important; z-index: -1;'
    " top: 95mm; left: 0; width: 100%; text-align: center; white-space: nowrap; word-wrap: normal; font-weight: bold;"
    ' font-size: {size}pt; color: #f5d9d7; -webkit-transform: rotate(-35deg);" dir="{direction}">{mark}</div>'
)


def page_data(view: DocumentView, logo: bytes | None = None) -> dict[str, Any]:
    """Return the values that a template may print: the payload, and `logo` as a `data:` URI or an empty string."""
    return {**payload(view), "logo": _data_uri(logo) if logo else ""}


def compose(template: str, data: dict[str, Any]) -> str:
    """Return the whole HTML page. Raises InvalidContent `template_invalid` at `/template`, with a reason.

    Call it through `filling.fill`, which limits its time and memory.
    """
    from markupsafe import escape

    styles, body = _filled(template, data)
    mark = ""
    if data["mark"]:
        size = 40 if len(data["marks"]) > 1 else 84
        mark = _WATERMARK.format(size=size, direction=data["direction"], mark=escape(data["mark"]))
    css = f"{_BASE_CSS}body {{ line-height: {data['leading'] + 0.7:.2f}; }}{styles}"
    return (
        f'<!DOCTYPE html><html lang="{data["language"]}" dir="{data["direction"]}"><head><meta charset="utf-8">'
        f"<style>{css}</style></head><body>{mark}{body}</body></html>"
    )


@lru_cache
def _environment() -> "Environment":
    from liquid import Environment

    class Bounded(Environment):
        loop_iteration_limit = MAX_ITERATIONS
        output_stream_limit = MAX_OUTPUT_BYTES
        block_nesting_limit = 16
        context_depth_limit = 16

    environment = Bounded(autoescape=True)
    environment.tags = {name: tag for name, tag in environment.tags.items() if name in _LIQUID_TAGS}
    environment.filters = {name: call for name, call in environment.filters.items() if name in _LIQUID_FILTERS}
    return environment


def _filled(template: str, data: dict[str, Any]) -> tuple[str, str]:
    """Separate the template's style sheets, which Liquid never sees, from its body, and fill and clean the body."""
    from liquid.exceptions import LiquidError

    styles = "\n".join(clean_stylesheet(css) for css in STYLE.findall(template))
    try:
        filled = _environment().from_string(STYLE.sub("", template)).render(**data)
    except (LiquidError, RecursionError) as error:
        raise invalid("/template", "template_invalid", **fault_of(template, error, _environment())) from error
    inert = _with_elements(_inert(filled))
    if _depth(inert) > MAX_DEPTH:
        raise invalid("/template", "template_invalid", **fault("too_deep"))
    return styles, inert


def _depth(html: str) -> int:
    """The deepest nesting of elements. The program that prints the page needs a time that grows with its square."""
    depth = deepest = 0
    for end, name in _ELEMENT.findall(html):
        depth += 0 if name in _EMPTY else -1 if end else 1
        deepest = max(deepest, depth)
    return deepest


def _with_elements(html: str) -> str:
    """Replace the isolates of our own sentences by elements. wkhtmltopdf prints an isolate as a character, so a reader
    would copy it. No tag of a cleaned page holds `>` in an attribute."""
    if _ISOLATES.search(html) is None:
        return html
    parts = _TAG.split(html)
    parts[::2] = (_ISOLATED.sub(r'<bdi dir="ltr">\1</bdi>', text) for text in parts[::2])
    return _ISOLATES.sub("", "".join(parts))


def _inert(html: str) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=set(_ELEMENTS.split()),
        attributes=_ATTRIBUTES,
        clean_content_tags=set(_DROPPED_WITH_CONTENT.split()),
        attribute_filter=_attribute,
        url_schemes={"data"},
        link_rel=None,
        strip_comments=True,
    )


def _attribute(_element: str, name: str, value: str) -> str | None:
    if name == "style":
        return clean_declarations(value) or None
    if name in _NUMERIC:
        return value if value.isascii() and value.isdigit() and len(value) <= 3 else None
    if name == "src":
        return _checked_picture(value)
    return value


@lru_cache(maxsize=16)
def _checked_picture(source: str) -> str | None:
    found = _PICTURE.fullmatch(source)
    if found is None:
        return None
    try:
        return _data_uri(clean_logo(b64decode(found.group(1))))
    except (Refusal, Base64Error):
        return None


def _data_uri(picture: bytes) -> str:
    media_type, _, _ = picture_size(picture)
    return f"data:{media_type};base64,{b64encode(picture).decode()}"
