"""The content of a message after DATA, in blocks of any size and beyond each bound."""

import pytest

from sendproof_simulators.server.smtp.message_reading import HELD_BYTES, HeldCount, MessageReading

LIMIT = 5_000


def reading(*blocks: bytes, held: HeldCount | None = None) -> MessageReading:
    """Return the reading of a message of at most 5,000 bytes, after these blocks."""
    begun = MessageReading(held or HeldCount(), LIMIT, 1_001)
    for block in blocks:
        begun.add(block)
    return begun


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_blocks_of_any_size_make_one_message(size: int) -> None:
    sent = b"Subject: S\r\n\r\n..dot\r\nlone \n.\n lines\r\n.\r\n"
    read = reading(*(sent[start : start + size] for start in range(0, len(sent), size)))
    assert (read.is_complete, read.content, read.rest) == (True, b"Subject: S\r\n\r\n.dot\r\nlone \n.\n lines\r\n", b"")


def test_message_can_be_empty() -> None:
    read = reading(b".\r\nQUIT\r\n")
    assert (read.is_complete, read.content, read.rest) == (True, b"", b"QUIT\r\n")


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"x" * 1_000 + b"\r\n.\r\n", "500 5.5.2 A line is too long"),
        (b"short\r\n" + b"x" * 1_000 + b"\r\n", "500 5.5.2 A line is too long"),
        (b"\r\n" * 2_501 + b".\r\n", "552 5.3.4 The message is too large"),
    ],
)
def test_message_beyond_a_bound_is_refused(sent: bytes, refusal: str) -> None:
    read = reading(sent)
    assert read.refusal is not None
    assert (read.refusal.line, read.content) == (refusal, b"")


def test_message_at_each_bound_is_read() -> None:
    sent = (b"x" * 999 + b"\r\n") * 4 + b"\r\n" * 498
    read = reading(sent + b".\r\n")
    assert (len(sent), read.refusal, read.content) == (LIMIT, None, sent)


def test_line_without_end_is_not_kept() -> None:
    held = HeldCount()
    read = reading(*[b"x" * 1_000] * 1_000, held=held)
    assert (held.size <= 5, read.is_complete) == (True, False)
    read.add(b"\r\n.\r\nNOOP\r\n")
    assert (read.is_complete, read.rest) == (True, b"NOOP\r\n")


def test_messages_that_are_too_much_together_are_refused_for_now() -> None:
    held = HeldCount()
    held.size = HELD_BYTES
    read = reading(b"Hello\r\n.\r\n", held=held)
    assert read.refusal is not None
    assert read.refusal.line == "452 4.3.1 Too much at once; try again later"
    read.release()
    assert held.size == HELD_BYTES
