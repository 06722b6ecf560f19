"""Fill a merchant's template in a process of its own.

Some texts of a few kilobytes keep an HTML parser or a template lexer busy for hours. Python cannot interrupt either,
but the operating system can.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalicelib.domain.companies.template import MOST_CHARACTERS
from chalicelib.domain.errors import InvalidContent, TooLarge, invalid
from chalicelib.render.process import LimitReached, Limits, run
from chalicelib.render.template_faults import fault

LIMITS = Limits(memory_bytes=768 * 1024**2, seconds=5, file_bytes=0)


def fill(template: str, data: dict[str, Any]) -> str:
    """Return the inert HTML page that `template` makes of `data` (see `html.page_data`).

    Raises TooLarge above `MOST_CHARACTERS`. Raises InvalidContent `template_invalid` at `/template`, with a reason,
    when the template is wrong, works too long or prints too much.
    """
    if len(template) > MOST_CHARACTERS:
        raise TooLarge(limit=MOST_CHARACTERS)
    paths = json.dumps([str(Path(path).absolute()) for path in sys.path])
    given = json.dumps({"template": template, "data": data}).encode()
    with TemporaryDirectory(prefix="fill-") as folder:
        try:
            done = run([sys.executable, "-I", "-S", "-B", "-c", _CHILD, paths], given, LIMITS, folder=Path(folder))
        except LimitReached as limit:
            raise invalid("/template", "template_invalid", **fault("too_much_work")) from limit
    if done.returncode != 0:
        raise invalid("/template", "template_invalid", **fault("too_much_work"))
    result: dict[str, Any] = json.loads(done.stdout)
    if "refused" in result:
        raise invalid("/template", "template_invalid", **result["refused"])
    page: str = result["page"]
    return page


def run_child() -> None:
    """Do the child's work: read a template and data from standard input, write a page or a reason to standard
    output."""
    from chalicelib.render.html import compose

    request = json.load(sys.stdin)
    try:
        result: dict[str, Any] = {"page": compose(request["template"], request["data"])}
    except InvalidContent as refusal:
        result = {"refused": refusal.faults[0].params}
    json.dump(result, sys.stdout)


_IMPORT = f"from {__name__} import {run_child.__name__} as run"
_CHILD = f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); {_IMPORT}; run()"
