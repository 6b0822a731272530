"""Sealing the lines of a history, so that a reader notices a line that was altered, moved, added or dropped.

Each line ends with a digest of itself and of the seal of the line before it. A seal is no signature: anyone can seal
another history.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b

#: Bytes of the digest of a line, and of the last line, whose seal stands for the whole history.
SEAL_BYTES, TOTAL_BYTES = 8, 32
_BEGIN = b',"seal":"'


def sealed(lines: Iterable[bytes], end: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield the lines, which are JSON objects, with their seals; `end` returns the last one for their number."""
    previous, count = "", 0
    for line in lines:
        previous = _digest(previous, line, SEAL_BYTES)
        yield _with_seal(line, previous)
        count += 1
    last = end(count)
    yield _with_seal(last, _digest(previous, last, TOTAL_BYTES))


def _digest(previous: str, line: bytes, size: int) -> str:
    return blake2b(previous.encode() + line, digest_size=size).hexdigest()


def _with_seal(line: bytes, seal: str) -> bytes:
    return b'%b,"seal":"%b"}' % (line[:-1], seal.encode())


def unsealed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield sealed lines without their seals; `ValueError` at the first that was altered, moved, added or dropped.

    An end without the last line is no error here: its content says how many lines there are.
    """
    previous = ""
    for number, text in enumerate(lines, 1):
        line, begin, seal = text.strip().rpartition(_BEGIN)
        content, name = line + b"}", seal.removesuffix(b'"}').decode("ascii", "replace")
        size = len(name) // 2
        if not begin or size not in {SEAL_BYTES, TOTAL_BYTES} or _digest(previous, content, size) != name:
            raise ValueError(f"line {number}: expected the seal of this line and those before, got another or none")
        previous = name
        yield content
