"""Filling a merchant's template in a process apart.

Some texts of a few kilobytes keep an HTML parser or a template lexer busy for hours, and neither can be interrupted
from within Python: the operating system can.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalicelib.domain.errors import InvalidContent, TooLarge, invalid
from chalicelib.render.process import LimitReached, Limits, run

MAX_TEMPLATE_BYTES = 256 * 1024
LIMITS = Limits(memory_bytes=768 * 1024**2, seconds=8, file_bytes=0)

_CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from chalicelib.render.filling import answer; answer()"
)


def fill(template: str, data: dict[str, Any]) -> str:
    """The inert HTML page that `template` makes of `data` (see `html.page_data`). TooLarge above 256 KB; InvalidContent
    `template_invalid` at `/template`, with a reason, when the template is wrong, does too much or prints too much."""
    if len(template.encode()) > MAX_TEMPLATE_BYTES:
        raise TooLarge(limit=MAX_TEMPLATE_BYTES)
    paths = json.dumps([str(Path(path).absolute()) for path in sys.path])
    given = json.dumps({"template": template, "data": data}).encode()
    with TemporaryDirectory(prefix="fill-") as folder:
        try:
            done = run([sys.executable, "-I", "-S", "-B", "-c", _CHILD, paths], given, LIMITS, folder=Path(folder))
        except LimitReached as limit:
            raise invalid("/template", "template_invalid", reason="it asks for too much work") from limit
    if done.returncode != 0:
        raise invalid("/template", "template_invalid", reason="it asks for too much work")
    said: dict[str, str] = json.loads(done.stdout)
    if "refused" in said:
        raise invalid("/template", "template_invalid", reason=said["refused"])
    return said["page"]


def answer() -> None:
    """The child's work: a template and data from standard input, a page or a reason to standard output."""
    from chalicelib.render.html import compose

    asked = json.load(sys.stdin)
    try:
        said = {"page": compose(asked["template"], asked["data"])}
    except InvalidContent as refusal:
        said = {"refused": str(refusal.faults[0].params["reason"])}
    json.dump(said, sys.stdout)
