"""Devices in Node: the reference clients on the real libraries."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any, Self

from tests.sync.served.packages import installed, node

ANSWER_SECONDS = 120


@dataclass
class NodeDevice:
    """One device: a process that answers commands."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, client: str, *, plain: bool = False, **opened: Any) -> Self:
        """Start a device with an empty database. `plain`: an app of RxDB without the reference client."""
        program, folder = node(), installed(client)
        script = f"plain_{client}.mjs" if plain else f"{client}.mjs"
        process = subprocess.Popen(
            [program, str(folder / "driver" / script)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        device = cls(process)
        try:
            device.do("open", **opened)
        except BaseException:
            device.stop()
            raise
        return device

    def do(self, verb: str, **inputs: Any) -> Any:
        """Send one command, and return its value."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"verb": verb} | inputs) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the device ended with code {self.process.wait(ANSWER_SECONDS)}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(ANSWER_SECONDS)
        self.process.stdout.close()
