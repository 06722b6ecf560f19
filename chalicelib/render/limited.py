"""Runs a program under limits: `limited.py MEMORY_BYTES CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT…`.

A program of its own, since setting limits between fork and exec is not safe in a process with threads. It imports
nothing of ours and becomes the program it starts, so that killing it kills that.
"""

import os
import resource
import sys


def main(arguments: list[str]) -> None:
    """Sets the limits, hard, and becomes the program."""
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
