"""The canonical form of a history: two runs with one seed have the same one, byte for byte.

It leaves out everything that may differ between such runs: line numbers and references to them, real time, the
circumstances of the run, seals, ports, and the order of lines within one instant, which depends on the overlap of two
programs. On a slow machine, an advance of the clock continues in a second call, whose line is left out too.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

_ORIGIN = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):\d+")


def canonical(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the canonical lines of a history, the header first and the end last, without line ends."""
    stream = iter(lines)
    header = msgspec.json.decode(next(stream))
    roles = {
        origin: "{" + name + "}" for name, url in header.get("services", {}).items() for origin in _ORIGIN.findall(url)
    }
    yield _encode(_canonical_line(header, roles))
    decoded = _without_continued_advances(msgspec.json.decode(line) for line in stream if line.strip())
    rest = (_canonical_line(line, roles) for line in decoded)
    yield from (text for *_, text in sorted((*_sort_key(line), _encode(line)) for line in rest))


def digest(lines: Iterable[bytes]) -> str:
    """Return the SHA-256 of the canonical form, in lower-case hex: equal runs have equal digests."""
    total = hashlib.sha256()
    for line in canonical(lines):
        total.update(line + b"\n")
    return total.hexdigest()


_LEFT_OUT = frozenset({"n", "real", "seal"})
# Some lines name the line of a request; the response time of a webhook is real time; a body may contain ports, and
# `listen` is one.
_LEFT_OUT_OF = {
    "delivery": _LEFT_OUT | {"request"},
    "rejection": _LEFT_OUT | {"request"},
    "webhook": _LEFT_OUT | {"duration_ms", "held_call"},
    "run": _LEFT_OUT | {"began", "duration_s", "load"},
    "request": _LEFT_OUT | {"content"},
    "scenario": _LEFT_OUT | {"listen"},
}

_encode = msgspec.json.Encoder(order="sorted").encode


def _sort_key(line: Mapping[str, object]) -> tuple[bool, str, str]:
    return line["kind"] == "end", str(line["at"]), str(line["kind"])


def _without_continued_advances(lines: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Leave out each advance to the same instant as the one before it, and do not count it in the end line."""
    target, left_out = None, 0
    for line in lines:
        if line.get("action") == "advance":
            if line["to"] == target:
                left_out += 1
                continue
            target = line["to"]
        count = line.get("lines")
        yield line | {"lines": count - left_out} if isinstance(count, int) and line["kind"] == "end" else line


def _canonical_line(line: Mapping[str, object], roles: Mapping[str, str]) -> dict[str, object]:
    left_out = _LEFT_OUT_OF.get(str(line["kind"]), _LEFT_OUT)
    return {key: _without_local_origins(value, roles) for key, value in line.items() if key not in left_out}


def _without_local_origins(value: object, roles: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _ORIGIN.sub(lambda found: roles.get(found[0], "{bridge}"), value) if "://" in value else value
    if isinstance(value, Mapping):
        return {key: _without_local_origins(item, roles) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_local_origins(item, roles) for item in value]
    return value
