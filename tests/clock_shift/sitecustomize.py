# ruff: noqa: INP001 - Python imports it as a module of its own
"""Start each Python process of the tests at another time (`make at`). Python imports this module by its name.

`TESTS_START` is the time at which the tests pretend to start (ISO 8601), `TESTS_STARTED` the second of the real clock
at which they did: all processes, the embedded AWS too, are ahead by the same time.
"""

import os
import time
from datetime import UTC, datetime

import time_machine

if "TESTS_START" in os.environ:
    ahead = datetime.fromisoformat(os.environ["TESTS_START"]).timestamp() - float(os.environ["TESTS_STARTED"])
    time_machine.travel(datetime.fromtimestamp(time.time() + ahead, UTC), tick=True).start()
