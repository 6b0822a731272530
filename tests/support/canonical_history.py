"""Canonical form: two runs with one seed give the same history, byte for byte.

What may differ between two such runs is left out: line numbers (and what refers to them), real time, ports, and the
order of lines within one instant, which depends on how two programs happened to overlap.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

_ORIGIN = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):\d+")


def canonical(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a history in canonical form, the header first and the end last; without line ends."""
    stream = iter(lines)
    header = msgspec.json.decode(next(stream))
    roles = {
        origin: "{" + name + "}" for name, url in header.get("services", {}).items() for origin in _ORIGIN.findall(url)
    }
    yield _encode(_plain(header, roles))
    rest = (_plain(msgspec.json.decode(line), roles) for line in stream if line.strip())
    yield from (text for *_, text in sorted((*_place(line), _encode(line)) for line in rest))


def digest(lines: Iterable[bytes]) -> str:
    """SHA-256 of the canonical form, in lower-case hex: equal digests are equal runs."""
    total = hashlib.sha256()
    for line in canonical(lines):
        total.update(line + b"\n")
    return total.hexdigest()


_LEFT_OUT = frozenset({"n", "real"})
# A delivery names the line of its request; a notification was answered within some real time.
_LEFT_OUT_OF = {"delivery": _LEFT_OUT | {"request"}, "webhook": _LEFT_OUT | {"duration_ms"}}

_encode = msgspec.json.Encoder(order="sorted").encode


def _place(line: Mapping[str, object]) -> tuple[bool, str, str]:
    return line["kind"] == "end", str(line["at"]), str(line["kind"])


def _plain(line: Mapping[str, object], roles: Mapping[str, str]) -> dict[str, object]:
    left_out = _LEFT_OUT_OF.get(str(line["kind"]), _LEFT_OUT)
    return {key: _without_origins(value, roles) for key, value in line.items() if key not in left_out}


def _without_origins(value: object, roles: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _ORIGIN.sub(lambda found: roles.get(found[0], "{bridge}"), value) if "://" in value else value
    if isinstance(value, Mapping):
        return {key: _without_origins(item, roles) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_origins(item, roles) for item in value]
    return value
