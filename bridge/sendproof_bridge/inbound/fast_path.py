"""The fast path of webhooks: an ordinary one is stored without the ASGI application, which costs more than storing it.

It takes a POST request with the path of an endpoint and its token, once its body is complete and can be parsed. The
application responds to every other request, also to one that cannot be stored. Both use the same routes, parsers and
transactions, and a property test shows that they give the same responses and rows.

A request whose head is known is not even parsed: see `known_heads.py`.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, cast

from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from sendproof_bridge.inbound.app import MAX_BODY_BYTES, Receiver, WebhookApp
from sendproof_bridge.inbound.connection_guard import IDLE, ConnectionGuard, GuardedProtocol
from sendproof_bridge.inbound.known_heads import KnownHead, KnownHeads


class WebhookProtocol(GuardedProtocol):
    """The protocol of a connection. At most one of its requests is served at a time, by uvicorn's own order."""

    def __init__(self, webhooks: WebhookApp, heads: KnownHeads, *arguments: Any, **named: Any) -> None:
        """Take the endpoints and the heads of the process, then the arguments of the guarded protocol."""
        super().__init__(*arguments, **named)
        self._webhooks, self._heads = webhooks, heads
        # The request being received, if its endpoint is known.
        self._receiving: tuple[RequestResponseCycle, Receiver] | None = None
        # The current read, if it begins with a request.
        self._beginning = b""

    def data_received(self, data: bytes) -> None:
        is_beginning = self.stage == IDLE and not self._owed and not self._unparsed and not self.flow.write_paused
        found = self._heads.find(data) if is_beginning else None
        if found is None or not self._store_known(*found):
            self._beginning = data if is_beginning else b""
            super().data_received(data)

    def _store_known(self, head: KnownHead, body: bytes) -> bool:
        """Begin to store a request as if it had been parsed; return False if the application must respond to it."""
        cycle = self._cycle(head)
        on_commit = partial(self._respond, cycle)
        if not self._webhooks.store(head.receiver, body, head.headers, on_commit):
            return False
        cycle.body, cycle.more_body, self.cycle = bytearray(body), False, cycle
        cycle.message_event.set()
        self._owed = 1
        self._guard.waiting.pop(self, None)
        return True

    def _cycle(self, head: KnownHead) -> RequestResponseCycle:
        return RequestResponseCycle(
            scope=cast(Any, head.scope),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._receiving is not None and len(self._receiving[0].body) > MAX_BODY_BYTES:
            self._start_application(self._receiving[0])

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._receiving is not None and self._receiving[0] is self.cycle:
            self._store(*self._receiving)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Serve a request whose turn it is. uvicorn calls it, also before the body is complete."""
        receiver = self._receiver(cycle)
        if receiver is None:
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self._receiving = cycle, receiver
        else:
            self._store(cycle, receiver)

    def _receiver(self, cycle: RequestResponseCycle) -> Receiver | None:
        usual = cycle.scope["method"] == "POST" and not cycle.waiting_for_100_continue and not self.flow.write_paused
        if not usual or len(cycle.body) > MAX_BODY_BYTES:
            return None
        return self._webhooks.receiver(cycle.scope["raw_path"])

    def _store(self, cycle: RequestResponseCycle, receiver: Receiver) -> None:
        self._receiving = None
        headers = Headers(raw=cast(list[tuple[bytes, bytes]], cycle.scope["headers"]))
        if not self._webhooks.store(receiver, bytes(cycle.body), headers, partial(self._respond, cycle)):
            self._start_application(cycle)
        elif self._beginning:
            self._heads.add(self._beginning, cycle, receiver, headers)

    def _start_application(self, cycle: RequestResponseCycle) -> None:
        self._receiving = None
        # The scope of a known head is that of another connection.
        cycle.scope = {**cycle.scope, "server": self.server, "client": self.client, "state": self.app_state.copy()}
        super()._start_asgi_task(cycle, self.app)

    def _respond(self, cycle: RequestResponseCycle, error: Exception | None) -> None:
        if error is not None:
            # It stores the webhook again, or responds to the error.
            self._start_application(cycle)
        elif not cycle.disconnected:
            self._write_stored(cycle)

    def _write_stored(self, cycle: RequestResponseCycle) -> None:
        """Write the same response as the application, and continue as uvicorn does after a response."""
        cycle.response_started = cycle.response_complete = True
        self.transport.write(_stored(tuple(cycle.default_headers), cycle.keep_alive))
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()


@lru_cache(maxsize=2)
def _stored(headers: Sequence[tuple[bytes, bytes]], keep_alive: bool) -> bytes:  # noqa: FBT001 - a value, no option
    """Return the response to a stored webhook. Those of one second are equal."""
    fields = [b"%b: %b\r\n" % header for header in headers]
    end = b"content-length: 0\r\n\r\n" if keep_alive else b"content-length: 0\r\nconnection: close\r\n\r\n"
    return b"".join((b"HTTP/1.1 200 OK\r\n", *fields, end))


def webhook_protocol(webhooks: WebhookApp, guard: ConnectionGuard) -> Any:
    """Return the protocol class for uvicorn's setting `http`."""
    return partial(WebhookProtocol, webhooks, KnownHeads(), guard)
