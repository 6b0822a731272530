"""One connection to the bridge's port without a network: the bytes of a client in, the bytes of the bridge out."""

import asyncio
from collections.abc import Sequence
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from sendproof_bridge.inbound.app import WebhookApp
from sendproof_bridge.inbound.connection_guard import Bounds, ConnectionGuard, GuardedProtocol
from sendproof_bridge.inbound.fast_path import WebhookProtocol
from sendproof_bridge.inbound.known_heads import KnownHeads

# Turns of the event loop until the application has refused a request without a body.
_TURNS = 4


class RecordingTransport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = self.paused = False

    def write(self, data: Any) -> None:
        self.written += b"" if self.closed else bytes(data)

    def write_eof(self) -> None:
        """Do nothing: only the bytes are compared."""

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in {"peername", "sockname"} else default


def exchange(webhooks: WebhookApp, segments: Sequence[bytes], heads: KnownHeads | None) -> tuple[bytes, bool]:
    """Send segments, the next one when all complete requests have a response; return the responses, and if it closed.

    Without `heads`, the ASGI application responds to every request.
    """
    return asyncio.run(_exchange(webhooks, segments, heads))


async def _exchange(webhooks: WebhookApp, segments: Sequence[bytes], heads: KnownHeads | None) -> tuple[bytes, bool]:
    config = uvicorn.Config(webhooks.router(), ws="none", log_config=None, access_log=False, lifespan="off")
    config.load()
    state, guard, transport = ServerState(), ConnectionGuard(Bounds()), RecordingTransport()
    state.default_headers = [(b"date", b"today"), (b"server", b"uvicorn")]
    protocol = (
        GuardedProtocol(guard, config, state, {})
        if heads is None
        else WebhookProtocol(webhooks, heads, guard, config, state, {})
    )
    protocol.connection_made(transport)
    for segment in segments:
        if not transport.closed:
            protocol.data_received(segment)
        await _quiet(protocol)
    closed = transport.closed
    protocol.connection_lost(None)
    await asyncio.gather(*state.tasks)
    assert guard.held == 0
    return transport.written, closed


async def _quiet(protocol: GuardedProtocol) -> None:
    """Wait until each complete request has a response, and what has begun has had its turn."""
    idle_turns = 0
    while idle_turns < _TURNS:
        await _next_turn()
        is_idle = not protocol._owed or protocol.transport.is_closing()
        idle_turns = idle_turns + 1 if is_idle else 0


async def _next_turn() -> None:
    turn = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turn.set_result, None)
    await turn
