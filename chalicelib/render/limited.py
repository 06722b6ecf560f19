"""Run a program under limits: `limited.py MEMORY_BYTES CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT…`.

It is a program of its own, because a process with threads cannot safely set limits between fork and exec. It imports no
other module of the project. It replaces itself by the program, so killing this process kills the program.
"""

import os
import resource
import sys


def main(arguments: list[str]) -> None:
    """Set hard limits and replace this process by the program."""
    memory, seconds, size = (int(argument) for argument in arguments[:3])
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (limit, limit))
    os.execv(arguments[3], arguments[3:])  # noqa: S606  (becoming a program without a shell is the point)


if __name__ == "__main__":
    main(sys.argv[1:])
