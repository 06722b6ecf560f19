"""The machine of the measurements."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def cpu() -> str:
    """The processor's model, as the kernel names it."""
    known = Path("/proc/cpuinfo")
    if known.exists():
        for line in known.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def described() -> str:
    """One line: day, processor, cores, Python, engine, and how busy the machine was before."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cpu()}, {cores} cores shared by client and engine, "
        f"Python {platform.python_version()}, ministack {version('ministack')}, load {os.getloadavg()[0]:.1f} before"
    )
