"""The connection between the front and a worker: numbered messages over a socket pair, in order."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Generic, TypeVar

import msgspec

from sendproof_simulators.server.workers.messages import Message

Received = TypeVar("Received")

_LENGTH_BYTES = 4
# A larger body is read in pieces; smaller ones would cost a turn of the event loop each.
_READ_BYTES = 1024 * 1024
# Messages that a busy worker has not read yet: about the largest body.
_UNREAD_BYTES = 16 * 1024 * 1024

_encode = msgspec.msgpack.Encoder().encode


class Link(Generic[Received]):
    """One end of the connection. `Received` is the type of the messages of the other end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decoder: "msgspec.msgpack.Decoder[tuple[int, Received]]",
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decode = decoder.decode

    @classmethod
    async def open(cls, end: socket.socket, received: object) -> "Link[Received]":
        """Return the link over one end of a socket pair; `received` is the union of messages to expect."""
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=_READ_BYTES)
        writer.transport.set_write_buffer_limits(high=_UNREAD_BYTES)
        return cls(reader, writer, msgspec.msgpack.Decoder(tuple[int, received]))  # type: ignore[valid-type]

    def send(self, number: int, message: Message) -> None:
        """Send a message of a conversation. It is lost if the other end is gone, which `receive` shows."""
        if not self._writer.is_closing():
            data = _encode((number, message))
            self._writer.writelines((len(data).to_bytes(_LENGTH_BYTES), data))

    async def drain(self) -> None:
        """Return when the other end has read most of what was sent."""
        with suppress(ConnectionError):
            await self._writer.drain()

    async def receive(self) -> AsyncIterator[tuple[int, Received]]:
        """Yield numbers and messages until the other end is gone."""
        while True:
            try:
                length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES))
                data = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            yield self._decode(data)

    def close(self) -> None:
        """Close this end; the other one gets what was sent before."""
        self._writer.close()
