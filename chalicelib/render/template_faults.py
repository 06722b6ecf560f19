"""Say what is wrong with a merchant's template, and at which line."""

import re
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from liquid import Environment

TemplateReason = Literal[
    "too_much_work",
    "too_many_loops",
    "too_much_output",
    "too_deep",
    "unknown_tag",
    "unknown_filter",
    "wrong_value",
    "syntax",
    "not_printed",
]
"""Why a template cannot be used. The messages have the words for each reason."""
AT_LINE: Final = "line"
"""The value of the parameter `place` of a fault that states a line. The messages have the words for it."""

_REASONS: Final[dict[str, TemplateReason]] = {
    "LoopIterationLimitError": "too_many_loops",
    "OutputStreamLimitError": "too_much_output",
    "BlockNestingError": "too_deep",
    "ContextDepthError": "too_deep",
    "RecursionError": "too_deep",
    "ResourceLimitError": "too_much_work",
    "UnknownFilterError": "unknown_filter",
    "FilterError": "wrong_value",
    "FilterArgumentError": "wrong_value",
    "FilterItemTypeError": "wrong_value",
    "FilterValueError": "wrong_value",
    "LiquidTypeError": "wrong_value",
    "LiquidValueError": "wrong_value",
}
"""The reasons by the class of Liquid's exception. Every other class is a wrong syntax."""
STYLE: Final = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)
_OUTPUT: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_BLOCK: Final = re.compile(r"\{%-?\s*(end)?(for|if|unless|case|comment)\b")


def fault(reason: TemplateReason, line: int | None = None, **params: Any) -> dict[str, Any]:
    """The parameters of `template_invalid`: the reason, and the place in the template if it is known."""
    return {"reason": reason, **params, **({"place": AT_LINE, "line": line} if line else {"place": ""})}


def fault_of(template: str, error: Exception, environment: "Environment") -> dict[str, Any]:
    """The parameters of `template_invalid` for an error of Liquid."""
    token = getattr(error, "token", None)
    reason: TemplateReason = next(
        (_REASONS[c.__name__] for c in type(error).__mro__ if c.__name__ in _REASONS), "syntax"
    )
    if reason == "syntax" and token is not None and str(error).startswith("unexpected tag "):
        reason = "unknown_tag"
    at = token.start_index if token is not None and token.start_index >= 0 else None
    if at is None and reason == "syntax":
        at = _unended(STYLE.sub("", template), environment)
    name = {"name": token.value} if token is not None and reason in ("unknown_tag", "unknown_filter") else {}
    return fault(reason, None if at is None else _line(template, at), **name)


def _unended(body: str, environment: "Environment") -> int | None:
    """The place of an expression or a block that ends too early, for which Liquid states no place."""
    from liquid.exceptions import LiquidError

    for output in _OUTPUT.finditer(body):
        try:
            environment.from_string(output.group())
        except LiquidError:
            return output.start()
    begun: list[int] = []
    for block in _BLOCK.finditer(body):
        if not block.group(1):
            begun.append(block.start())
        elif begun:
            begun.pop()
    return begun[-1] if begun else None


def _line(template: str, at: int) -> int:
    """The line in `template` of a position in its body. The body has no style sheets."""
    for style in STYLE.finditer(template):
        if style.start() <= at:
            at += len(style.group())
    return template.count("\n", 0, at) + 1
