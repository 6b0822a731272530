"""How much of an answer is gathered before it goes out."""

import asyncio

from sendproof_simulators.server.server import BufferedTransport


class Sent(asyncio.Transport):
    """A connection that notes what is handed to it, and in how many writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def writelines(self, blocks: object) -> None:
        assert isinstance(blocks, list)
        self.writes.append(b"".join(blocks))


def written(*blocks: bytes) -> tuple[int, list[bytes]]:
    """How many writes were made before the loop went on, and all that were made in the end."""

    async def run() -> tuple[int, list[bytes]]:
        sent = Sent()
        gathering = BufferedTransport(sent)
        for block in blocks:
            gathering.write(block)
        at_once = len(sent.writes)
        # The rest goes out in the next turn of the loop.
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        return at_once, sent.writes

    return asyncio.run(run())


def test_head_and_body_go_out_together() -> None:
    """A call of the system costs more than most replies."""
    assert written(b"head", b"body") == (0, [b"headbody"])


def test_a_long_answer_goes_out_as_it_is_made() -> None:
    """A history of a million lines must not be gathered whole; a slow client can only hold back what was written."""
    line = b"." * 10_000

    assert written(line, line, line, line) == (2, [line * 2, line * 2])
