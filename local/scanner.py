"""S3 as the product's bucket policy and GuardDuty make it, in front of the embedded engine.

The engine checks the signature, the expiry, the signed headers, the checksum and `If-None-Match` of a signed request.
Four things are added here. A request for an object without a signature is refused. A header of Amazon's that a signed
address does not sign is refused: it could add a tag, or name another object as the source. An upload is scanned: the
object gets GuardDuty's tag, and a file that holds the EICAR test text is a threat. An upload is read only with the tag
of a clean file. The template states the same for AWS (`infra/buckets.py`, `infra/malware.py`).
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs

AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]
Application = Callable[[AsgiMessage, Receive, Send], Awaitable[None]]

INCOMING: Final = "incoming/"
TAG: Final = "GuardDutyMalwareScanStatus"
CLEAN, THREAT = "NO_THREATS_FOUND", "THREATS_FOUND"
EICAR: Final = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"
"""A part of the test text on which every scanner agrees. It is harmless."""
DENIED: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)


class Scanner:
    """The engine's ASGI application behind the checks of this module."""

    def __init__(self, engine: Any) -> None:
        self._engine: Application = engine

    async def __call__(self, scope: AsgiMessage, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan."""
        if scope["type"] != "http" or not (key := object_key(scope)):
            await self._engine(scope, receive, send)
        elif await self._is_denied(scope, key):
            await send(
                {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"application/xml")]}
            )
            await send({"type": "http.response.body", "body": DENIED})
        elif scope["method"] == "PUT" and key.startswith(INCOMING) and not scope["query_string"].startswith(b"tagging"):
            await self._scanned(scope, receive, send)
        else:
            await self._engine(scope, receive, send)

    async def _is_denied(self, scope: AsgiMessage, key: str) -> bool:
        """Whether S3 refuses the request before it looks at the object."""
        if not is_signed(scope) or has_unsigned_headers(scope):
            return True
        return reads(scope) and key.startswith(INCOMING) and not await self._is_clean(scope)

    async def _scanned(self, scope: AsgiMessage, receive: Receive, send: Send) -> None:
        """Store an upload with the tag of its scan."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        tag = f"{TAG}={THREAT if EICAR in body else CLEAN}".encode()
        sent = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replayed() -> AsgiMessage:
            return next(sent, {"type": "http.disconnect"})

        headers = [*scope["headers"], (b"x-amz-tagging", tag)]
        await self._engine({**scope, "headers": headers}, replayed, send)

    async def _is_clean(self, scope: AsgiMessage) -> bool:
        """Whether the object has the tag of a clean file."""
        answers: list[bytes] = []

        async def nothing() -> AsgiMessage:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def collect(message: AsgiMessage) -> None:
            answers.append(message.get("body", b""))

        headers = [(name, value) for name, value in scope["headers"] if name.lower() == b"host"]
        asked = {**scope, "method": "GET", "query_string": b"tagging", "headers": headers}
        await self._engine(asked, nothing, collect)
        answer = b"".join(answers)
        return CLEAN.encode() in answer or b"NoSuchKey" in answer


def object_key(scope: AsgiMessage) -> str:
    """The key of the object of the product that a request names by its path; empty for any other request. The names of
    the product's buckets end in `-files` or `-archive`."""
    path = str(scope["path"])
    bucket, _, key = path.strip("/").partition("/")
    return key if bucket.endswith(("-files", "-archive")) else ""


def is_signed(scope: AsgiMessage) -> bool:
    """Whether a request has a signature: in its header, or in its address."""
    return b"X-Amz-Signature=" in scope["query_string"] or any(
        name.lower() == b"authorization" for name, _ in scope["headers"]
    )


def has_unsigned_headers(scope: AsgiMessage) -> bool:
    """Whether a request with a signed address has headers of Amazon's that the signature does not cover."""
    query = parse_qs(scope["query_string"].decode())
    signed = {name for names in query.get("X-Amz-SignedHeaders", ()) for name in names.split(";")}
    names = {name.lower().decode() for name, _ in scope["headers"]}
    return bool(signed) and any(name.startswith("x-amz-") for name in names - signed)


def reads(scope: AsgiMessage) -> bool:
    """Whether a request reads the content of an object."""
    asked = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    return scope["method"] in ("GET", "HEAD") and not {"tagging", "acl", "retention"} & asked.keys()
