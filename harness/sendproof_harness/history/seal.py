"""The seals of a history: a reader notices a line that was altered, moved, added or dropped, and names it.

The last member of each line is `seal`, a digest of the line without it and of the seal before. The seal of the last
line represents the whole history. A seal is not a signature: anyone can seal another history.
"""

import re
from hashlib import blake2b

#: Bytes of the digest of a line, and of the last line.
SEAL_BYTES, TOTAL_BYTES = 8, 32

_BEGIN = b',"seal":"'
# What ends every line but the last, with its line end.
_ENDING_BYTES = len(_BEGIN) + 2 * SEAL_BYTES + len(b'"}\n')
_SEAL = re.compile(rb',"seal":"([0-9a-f]{16}|[0-9a-f]{64})"\}\s*')


class SealError(ValueError):
    """The line has no seal, or another one than its content demands; the message names the probable alteration."""


def add_seal(previous: str, line: bytes, size: int = SEAL_BYTES) -> tuple[str, bytes]:
    """Return the seal of a line, which is a JSON object without a line end, and the line with it."""
    seal = blake2b(previous.encode() + line, digest_size=size).hexdigest()
    return seal, b'%b,"seal":"%b"}' % (line[:-1], seal.encode())


def split_seal(line: bytes) -> tuple[bytes, str]:
    """Return a line without its seal, and the seal; `SealError` if it has none."""
    begin = line.rfind(_BEGIN)
    found = _SEAL.fullmatch(line, begin) if begin >= 0 else None
    if found is None:
        raise SealError("expected a line that ends with its seal, got none")
    return line[:begin] + b"}", found[1].decode()


def check_seal(previous: str, line: bytes) -> str:
    """Return the seal of a line; `SealError` if it does not fit the line and the seal before."""
    usual = blake2b(b"%b%b}" % (previous.encode(), line[:-_ENDING_BYTES]), digest_size=SEAL_BYTES).hexdigest()
    if line[-_ENDING_BYTES:] == b'%b%b"}\n' % (_BEGIN, usual.encode()):
        return usual
    unsealed, seal = split_seal(line)
    expected, _ = add_seal(previous, unsealed, len(seal) // 2)
    if seal != expected:
        raise SealError("this line was altered, or a line directly before it was added, dropped or moved")
    return seal
