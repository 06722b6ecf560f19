"""Run the embedded AWS engine as a process: `python -m local.ministack`. Only `local.engine` starts it.

It serves on an inherited socket. It saves its state and stops on SIGTERM or when its parent ends. The parent holds the
other end of standard input, so even a killed parent closes it.
"""

import asyncio
import decimal
import os
import signal
import sys
import threading
from pathlib import Path

# DynamoDB keeps 38 digits and Python's default of 28 would round them. Set it before any thread creates a context.
decimal.DefaultContext.prec = 38
decimal.setcontext(decimal.Context(prec=38))

GRACE_SECONDS = 0.5


def application() -> object:
    """Return the engine's ASGI application, behind the scanner of uploads, and behind the journal when its state is
    kept."""
    from local import pool, seeking
    from local.scanner import Scanner

    seeking.install()
    pool.install()
    if os.environ["PERSIST_STATE"] != "1":
        from ministack.app import app

        return Scanner(app)
    from local.journal import Durable

    return Scanner(Durable(Path(os.environ["STATE_DIR"])))


async def serve(socket_number: int) -> None:
    """Serve until a signal arrives or the parent ends."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # The parent handles Ctrl-C and stops this process afterwards.

    def watch_parent() -> None:
        os.read(0, 1)  # not sys.stdin: a waiting thread holds its lock, which aborts the interpreter's exit.
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch_parent, daemon=True, name="watch-parent").start()
    config = Config()
    config.bind = [f"fd://{socket_number}"]
    config.graceful_timeout = GRACE_SECONDS
    config.loglevel = "WARNING"
    await hypercorn_serve(application(), config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
    # The state is saved. To free gigabytes of rows one by one would take longer than the parent waits for the end.
    os._exit(0)
