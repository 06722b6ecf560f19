"""A plugin of pytest: the gateway's routes, computed with the toy kind. Load it after `tests.toy.kind`.

The committed `api/routes.py` is generated. This process generates it anew and keeps the result in memory.
"""

import sys
from types import ModuleType

from chalicelib.cli.routes import routes_text

NAME = "chalicelib.api.routes"
_generated = ModuleType(NAME)
exec(routes_text(), _generated.__dict__)  # noqa: S102 — the product's own generator wrote this text
sys.modules[NAME] = _generated
