"""The door: an ASGI layer that refuses, before BentoML reads anything, what the contract does not allow.

BentoML has no limit on a body, takes NaN, Infinity and doubled keys, and parses other content types. Here a
request is one of a few known routes, and a body is read up to its limit and held against the contract.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from serving.reasons import Texts
from serving.requests import MAX_BODY, RequestError, check_content_type, parse_predict

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PREDICT = "/predict"
READABLE = frozenset({"/healthz", "/livez", "/readyz", "/metrics", "/docs.json"})
RETRY_AFTER = "1"


class Door:
    """ASGI middleware in front of the service."""

    def __init__(self, app: App, texts: Texts, extra_routes: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._texts = texts
        self._extra_routes = extra_routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        allowed = self._allowed_methods(path)
        if not allowed:
            await send_plain(send, 404, "Not Found")
        elif method not in allowed:
            await send_plain(send, 405, "Method Not Allowed", {"allow": ", ".join(allowed)})
        elif path != PREDICT:
            await self._app(scope, receive, send)
        else:
            try:
                body = await _checked_body(scope, receive)
            except RequestError as error:
                await send_error(send, error, self._texts)
                return
            if body is not None:
                await self._app(scope, _replayed(body, receive), send)

    def _allowed_methods(self, path: str) -> tuple[str, ...]:
        if path == PREDICT or path in self._extra_routes:
            return ("POST",)
        return ("GET", "HEAD") if path in READABLE else ()


async def _checked_body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body of `/predict`, whole and valid; None when the caller went away meanwhile."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    check_content_type(headers.get(b"content-type", ""), headers.get(b"content-encoding", ""))
    too_large = RequestError(413, "too_large", expected=str(MAX_BODY))
    length = headers.get(b"content-length", "0")
    if length.isdecimal() and int(length[:12]) > MAX_BODY:
        raise too_large
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise too_large
        if not message.get("more_body", False):
            break
    body = b"".join(parts)
    parse_predict(body)
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, then what comes after it."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def error_body(error: RequestError, texts: Texts) -> bytes:
    """Return a refusal as JSON, its message in both languages: the asked one may be unknown."""
    content = {
        "code": error.code,
        "field": error.field,
        "value": error.value,
        "expected": error.expected,
        "message": dict(texts.error(error)),
    }
    return json.dumps({"error": content}, ensure_ascii=False).encode()


def error_headers(error: RequestError) -> dict[str, str]:
    """Return the headers that go with a refusal: 503 says when to come back, 413 ends the connection."""
    if error.status == 503:
        return {"retry-after": RETRY_AFTER}
    return {"connection": "close"} if error.status == 413 else {}


async def send_error(send: Send, error: RequestError, texts: Texts) -> None:
    """Answer with a refusal."""
    await _send(send, error.status, "application/json", error_body(error, texts), error_headers(error))


async def send_plain(send: Send, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
    """Answer with a plain text."""
    await _send(send, status, "text/plain; charset=utf-8", text.encode(), headers or {})


async def _send(send: Send, status: int, kind: str, body: bytes, headers: Mapping[str, str]) -> None:
    fields = {"content-type": kind, "content-length": str(len(body)), **headers}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
