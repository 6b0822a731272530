"""The index of a large history: where the lines about each customer are, and which lines condense it.

It is a file next to the history, made when the history is judged. With it, `sendproof explain` reads a few lines
instead of millions. An index that does not belong to its history is ignored: it can be made again at any time.
"""

from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from sendproof_harness.history.seal import SealError, split_seal

_SUFFIX = ".index"
# Longer than the last line of any history.
_TAIL_BYTES = 4096
_SIGNIFICANT_DIGITS = 10


class CustomerIndex(msgspec.Struct, frozen=True, kw_only=True):
    """What one reading of a history found; the place of a customer is its position among all obligations.

    `customers` and `numbers` have one line of JSON for each place, after an empty one. `representatives` has, for each
    place, that of the customer who represents it. `places` and `offsets` belong together: one of each for every line
    about a customer, in the order of the file. `kept_places` and `kept_offsets` are those of the representatives, and
    `other_offsets` those of all other lines. `strangers` are customers without an obligation whom lines name. `named`
    and `accepted` are as in `Alike`.
    """

    size: int
    modified_ns: int
    seal: str
    entries: int
    customers: bytes
    numbers: bytes
    representatives: bytes
    places: bytes
    offsets: bytes
    kept_places: bytes
    kept_offsets: bytes
    other_offsets: bytes
    strangers: tuple[str, ...]
    named: Mapping[int, int]
    accepted: Mapping[int, int]

    def find(self, name: str) -> int | None:
        """Return the place of the customer with this id or number, if there is exactly one."""
        digits = "".join(filter(str.isdecimal, name))[-_SIGNIFICANT_DIGITS:]
        by_id = _lines_equal(self.customers, msgspec.json.encode(name))
        by_number = _lines_equal(self.numbers, digits.encode()) if len(digits) == _SIGNIFICANT_DIGITS else []
        return next(iter([*by_id, *by_number]), None) if len({*by_id, *by_number}) == 1 else None

    def lines_of(self, place: int) -> Iterator[int]:
        """Yield the offsets of the lines about a customer."""
        offsets, pattern = array("q", self.offsets), array("i", [place]).tobytes()
        position = self.places.find(pattern)
        while position >= 0:
            if position % len(pattern) == 0:
                yield offsets[position // len(pattern)]
            position = self.places.find(pattern, position + 1)


def joined_lines(names: Iterator[bytes]) -> bytes:
    """Return names as the index holds them."""
    return b"\n" + b"".join(b"%b\n" % name for name in names)


def _lines_equal(lines: bytes, line: bytes) -> list[int]:
    """Return the first two numbers of the lines with this content."""
    found: list[int] = []
    pattern = b"\n%b\n" % line
    position = lines.find(pattern)
    while position >= 0 and len(found) < 2:  # noqa: PLR2004 - the second shows that there are several
        found.append(lines.count(b"\n", 0, position))
        position = lines.find(pattern, position + 1)
    return found


def save_index(history: Path, index: CustomerIndex) -> None:
    """Write the index next to its history, unless the folder cannot be written to.

    It replaces what has its name: in a folder of others, that may be a symbolic link to another file of the user.
    """
    file = _index_file(history)
    new = file.with_name(f"{file.name}.new")
    try:
        new.unlink(missing_ok=True)
        # A file that is created follows no link either.
        with new.open("xb") as output:
            output.write(msgspec.msgpack.encode(index))
        new.replace(file)
    except OSError:
        return


def load_index(history: Path) -> CustomerIndex | None:
    """Return the index of a history; None without one that belongs to it."""
    file = _index_file(history)
    try:
        # An index is much shorter than its history, and no pipe or device.
        if not file.is_file() or file.stat().st_size > history.stat().st_size:
            return None
        index = msgspec.msgpack.decode(file.read_bytes(), type=CustomerIndex)
    except (OSError, msgspec.DecodeError):
        return None
    return index if (index.size, index.modified_ns, index.seal) == identity_of(history) else None


def identity_of(history: Path) -> tuple[int, int, str]:
    """Return size, time of the last change, and seal of the last line; the seal is empty if there is none."""
    state = history.stat()
    with history.open("rb") as file:
        file.seek(max(0, state.st_size - _TAIL_BYTES))
        lines = file.read().splitlines()
    try:
        seal = split_seal(lines[-1])[1] if lines else ""
    except SealError:
        seal = ""
    return state.st_size, state.st_mtime_ns, seal


def _index_file(history: Path) -> Path:
    return history.with_name(history.name + _SUFFIX)
