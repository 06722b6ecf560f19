"""Reduce a merchant's style sheet to declarations that only change looks.

Properties, functions and token types have an allow list. Anything that can name a resource (`url()`, `@import`,
`@font-face`, `content`) is not on it, so the result fetches nothing.
"""

from typing import Any

_PROPERTIES = frozenset(
    name
    for names in (
        "color background-color opacity direction unicode-bidi display float clear overflow visibility",
        "width height min-width min-height max-width max-height box-sizing",
        "margin margin-top margin-right margin-bottom margin-left",
        "padding padding-top padding-right padding-bottom padding-left",
        "border border-top border-right border-bottom border-left",
        "border-collapse border-spacing border-color border-style border-width border-radius",
        "font-family font-size font-style font-weight font-variant letter-spacing word-spacing",
        "line-height text-align text-decoration text-indent text-transform vertical-align white-space",
        "word-wrap overflow-wrap word-break table-layout caption-side empty-cells list-style-type",
        "page-break-before page-break-after page-break-inside orphans widows",
    )
    for name in names.split()
)
_TOKENS = frozenset({"ident", "number", "percentage", "dimension", "hash", "string", "whitespace"})
_LITERALS = frozenset({",", "/"})
_FUNCTIONS = frozenset({"rgb", "rgba"})
_LARGEST = 10_000
"""The largest length or number. A page of a kilometre's height would only use up the time limit."""


def clean_stylesheet(css: str) -> str:
    """Return the rules of `css` with their allowed declarations. Every at-rule is dropped."""
    import tinycss2

    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selector = tinycss2.serialize(rule.prelude).strip()
            body = _declarations(rule.content)
            # "<" is in no allowed selector or value, and could close the style element.
            if body and "<" not in selector + body:
                kept.append(f"{selector} {{ {body} }}")
    return "\n".join(kept)


def clean_declarations(css: str) -> str:
    """Return the allowed declarations of a style attribute."""
    return _declarations(css)


def _declarations(source: Any) -> str:
    import tinycss2

    kept = []
    for part in tinycss2.parse_blocks_contents(source, skip_comments=True, skip_whitespace=True):
        if part.type == "declaration" and part.lower_name in _PROPERTIES and all(map(_harmless, part.value)):
            important = " !important" if part.important else ""
            kept.append(f"{part.lower_name}: {tinycss2.serialize(part.value).strip()}{important}")
    return "; ".join(kept)


def _harmless(token: Any) -> bool:
    if token.type == "function":
        return token.lower_name in _FUNCTIONS and all(map(_harmless, token.arguments))
    if token.type == "literal":
        return token.value in _LITERALS
    if token.type in ("number", "percentage", "dimension"):
        return bool(abs(token.value) <= _LARGEST)
    return token.type in _TOKENS
