"""Writes of one turn of the event loop are combined."""

import asyncio

from sendproof_simulators.server.server import BufferedTransport


class RecordedTransport(asyncio.Transport):
    """A transport that records each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.has_gone = False

    def is_closing(self) -> bool:
        return self.has_gone

    def writelines(self, blocks: object) -> None:
        assert isinstance(blocks, list)
        self.writes.append(b"".join(blocks))


def written(*blocks: bytes) -> tuple[int, list[bytes]]:
    """Return the number of writes in the first turn of the loop, and all writes."""

    async def run() -> tuple[int, list[bytes]]:
        sent = RecordedTransport()
        transport = BufferedTransport(sent)
        for block in blocks:
            transport.write(block)
        at_once = len(sent.writes)
        # The rest is written in the next turn of the loop.
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        return at_once, sent.writes

    return asyncio.run(run())


def test_head_and_body_are_one_write() -> None:
    """A system call costs more than most responses."""
    assert written(b"head", b"body") == (0, [b"headbody"])


def test_long_response_is_written_in_parts() -> None:
    """A history of a million lines must not be buffered; only written data slows a producer down for a slow client."""
    line = b"." * 10_000

    assert written(line, line, line, line) == (2, [line * 2, line * 2])


def test_response_to_a_client_that_has_gone_is_not_written() -> None:
    """The transport of uvloop raises an error, which would be a traceback in the log."""

    async def run() -> list[bytes]:
        sent = RecordedTransport()
        transport = BufferedTransport(sent)
        transport.write(b"response")
        sent.has_gone = True
        transport.flush()
        return sent.writes

    assert asyncio.run(run()) == []
