"""Chalice's local HTTP server with the behaviour that clients expect.

HTTP/1.1 with keep-alive, one write per response, bounded requests, no HTML errors, and a clean stop.
"""

import json
import logging
import re
import socket
import socketserver
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LocalDevServer, ThreadedHTTPServer

from chalicelib.api.problems import negotiate, problem
from chalicelib.domain.errors import Refusal
from local import mailbox
from local.compression import compressed
from local.controls import MAILBOX_PATH, METHODS, Controls
from local.gateway import Gateway, HttpResponse, Incoming
from local.issuer import Issuer

log = logging.getLogger("http")

HOST = "127.0.0.1"
MAX_BODY_BYTES = 1024 * 1024
MAX_DRAIN_BYTES = 64 * 1024 * 1024
DRAIN_SECONDS = 2.0
IDLE_SECONDS = 65.0
FINISH_SECONDS = 4.0
LOCAL_PREFIX = "/_local"
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r?\n")
NOT_IMPLEMENTED = 501


class Refused(Exception):
    """A request that is not read completely, with the problem's status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Server(ThreadedHTTPServer):
    """A server with threads, a longer queue, and a count of running requests. Set `gateway`, `issuer` and
    `controls` before it serves."""

    request_queue_size = 128
    gateway: Gateway
    issuer: Issuer | None = None
    controls: Controls | None = None

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._busy = 0
        self._idle = threading.Condition()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name, which can take seconds without a network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count a request as running."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def finish(self) -> bool:
        """Wait a few seconds for the running requests. True when all were answered."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._busy, FINISH_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Ignore a client that hangs up."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            log.error("a connection broke", exc_info=error)


class Handler(ChaliceRequestHandler):
    """One connection."""

    server: Server
    timeout = IDLE_SECONDS
    wbufsize = -1  # two small writes would wait for the delayed ACK of the client
    disable_nagle_algorithm = True

    def __init__(self, request: Any, client_address: Any, server: Server, app_object: Chalice, config: Config) -> None:  # noqa: ARG002
        # Chalice's own initializer builds a gateway and sorts all routes for each connection.
        BaseHTTPRequestHandler.__init__(self, request, client_address, server)

    def _generic_handle(self) -> None:
        began = time.monotonic()
        with self.server.working():
            try:
                reply = self._reply()
            except Refused as refusal:
                reply = self._refusal(refusal.status)
            self._write(compressed(reply, self.headers.get("Accept-Encoding") or ""))
        milliseconds = (time.monotonic() - began) * 1000
        log.info(
            "%s %s %d %.0f ms %s",
            self.command,
            reply.route,
            reply.status,
            milliseconds,
            reply.headers.get("Request-Id"),
        )

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle  # noqa: N815 - http.server's names

    def _reply(self) -> HttpResponse:
        body = self._read_body()
        path = self._target()
        if path.startswith(f"{LOCAL_PREFIX}/") and self.server.issuer:
            return self._local_reply(self.server.issuer, path.removeprefix(LOCAL_PREFIX).split("?", 1)[0], body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self.server.gateway.respond(Incoming(self.command, path, headers, body))

    def _target(self) -> str:
        """Return the path with its query. Proxies send an absolute form, which is reduced to it."""
        if self.path.startswith("/"):
            return str(self.path)
        parts = urlsplit(self.path)
        if not parts.scheme:
            raise Refused(400)
        return parts._replace(scheme="", netloc="").geturl() or "/"

    def _local_reply(self, issuer: Issuer, path: str, body: bytes | None) -> HttpResponse:
        """Answer for the controls or the local issuer. Web pages are refused, so that no page can fetch itself a token
        or read the mail."""
        port = self.server.server_port
        ours = {f"{HOST}:{port}", f"localhost:{port}"}
        if self.headers.get("Host") not in ours or "Origin" in self.headers:
            raise Refused(403)
        route = LOCAL_PREFIX + path
        if self.server.controls and path in METHODS:
            try:
                answered = self.server.controls.answer(self.command, path, body)
                if path == MAILBOX_PATH and mailbox.wants_page(self.headers.get("Accept") or ""):
                    return HttpResponse(200, dict(mailbox.HEADERS), mailbox.page(answered["data"]), route)
                return json_response(200, answered, route)
            except Refusal as refusal:
                language = negotiate(self.headers.get("Accept-Language"))
                status, headers, data = problem(refusal, language, str(uuid.uuid4()))
                return HttpResponse(status, dict(headers), data, route)
        answer = issuer.answer(self.command, path, body)
        return json_response(answer.status, answer.body, route)

    def _read_body(self) -> bytes | None:
        coding, lengths = self.headers.get("Transfer-Encoding"), self.headers.get_all("Content-Length")
        if coding is not None:
            if coding.strip().lower() != "chunked" or lengths:
                raise Refused(400)
            return self._read_chunks()
        if not lengths:
            return None
        if len(set(lengths)) > 1 or not re.fullmatch(r"[0-9]{1,18}", lengths[0].strip()):
            raise Refused(400)
        if int(lengths[0]) > MAX_BODY_BYTES:
            raise Refused(413)
        return self._read_exactly(int(lengths[0]))

    def _read_exactly(self, size: int) -> bytes:
        data: bytes = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionResetError("the client left before the end of its request")
        return data

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            head = CHUNK_SIZE.fullmatch(self.rfile.readline(1024))
            if not head:
                raise Refused(400)
            size = int(head[1], 16)
            if len(body) + size > MAX_BODY_BYTES:
                raise Refused(413)
            if not size:
                break
            body += self._read_exactly(size)
            if self.rfile.readline(3).strip():
                raise Refused(400)
        for _ in range(100):
            if not self.rfile.readline(1024).strip():
                return bytes(body)
        raise Refused(400)

    def handle_expect_100(self) -> bool:
        """Ask for the body only when it will be read."""
        length = self.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > MAX_BODY_BYTES:
            return True
        answered = bool(super().handle_expect_100())
        self.wfile.flush()  # else the client waits until its own timeout before it sends the body
        return answered

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer the standard library's errors. An unknown method goes to the gateway, the others are malformed
        requests."""
        if code == NOT_IMPLEMENTED:
            self._generic_handle()
            return
        log.info("a malformed request was refused")
        self.request_version = self.protocol_version  # the headers are missing or invalid, but the response needs some
        self._write(self._refusal(400))

    def _refusal(self, status: int) -> HttpResponse:
        """Answer with a problem and close the connection, because the unread body looks like the next request."""
        headers = getattr(self, "headers", None) or {}
        lower = {name.lower(): value for name, value in headers.items()}
        reply = self.server.gateway.problem(status, lower, str(uuid.uuid4()))
        reply.close = True
        return reply

    def _write(self, reply: HttpResponse) -> None:
        if reply.close:
            self.close_connection = True
            reply.headers["Connection"] = "close"
        reply.headers.setdefault("Request-Id", str(uuid.uuid4()))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            if name.lower() != "content-length":
                for each in value if isinstance(value, list) else [value]:
                    self.send_header(name, each)
        if reply.status not in {204, 304}:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if getattr(self, "command", None) != "HEAD" and reply.status not in {204, 304}:
            self.wfile.write(reply.body)
        self.wfile.flush()
        if reply.close:
            self._drain()

    def _drain(self) -> None:
        """Read what the client still sends. Closing with unread data resets the connection and loses the response."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(DRAIN_SECONDS)
        deadline, total = time.monotonic() + DRAIN_SECONDS, 0
        try:
            while total < MAX_DRAIN_BYTES and time.monotonic() < deadline:
                data = self.rfile.read1(65536)
                if not data:
                    return
                total += len(data)
        except OSError:
            return

    def version_string(self) -> str:
        """Return the `Server` header."""
        return "Facture"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's names
        """Log nothing. The standard line holds the whole path, and a path may hold personal data."""


def json_response(status: int, value: dict[str, Any], route: str) -> HttpResponse:
    """Return a response with indented JSON, for people."""
    data = json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
    headers: dict[str, str | list[str]] = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return HttpResponse(status, headers, data, route)


def create(app: Chalice, port: int) -> Server:
    """Bind 127.0.0.1 on `port` (0 for any) without serving yet. Raises OSError when the port is taken."""
    config = Config.create(chalice_app=app, app_name=app.app_name, lambda_timeout=29, lambda_memory_size=1024)
    server: Server = LocalDevServer(app, config, HOST, port, handler_cls=Handler, server_cls=Server).server
    server.gateway = Gateway(app, config)
    return server
