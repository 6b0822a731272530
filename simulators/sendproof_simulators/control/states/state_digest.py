"""A digest of the state of a sandbox: equal digests mean that nothing changed that a later request could see.

The digest follows every object from the states of the services, the records of the customers, the clock, the faults
and the webhooks. So it needs no list of what belongs to a state, and a new part of a state is in it at once. It leaves
out what only describes past requests: the journal, rate limits, and the names of clients.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import cache, cached_property
from hashlib import sha256
from typing import Any

import msgspec

from sendproof_simulators.core.sandbox import Sandbox

_PLAIN = (str, bytes, bytearray, array, int, float, bool, type(None), Enum)
# Most values are of these types, and looking for one takes a fraction of the time.
_USUAL = frozenset({str, int, float, bool, type(None)})
_SEQUENCES = (list, tuple, deque)


def state_digest(sandbox: Sandbox) -> dict[str, str]:
    """Return the digests (SHA-256, hex) of the parts of a sandbox: of each service, and of what the services share."""
    clock = sandbox.clock
    # Time that passes by itself is no change.
    now = clock.now() if clock.rate is None else None
    parts = {
        **sandbox.states,
        "customers": sandbox.customers,
        "clock": (now, clock.rate, clock.participants, sandbox.scheduled()),
        "faults": sandbox.faults,
        "webhooks": sandbox.dispatcher.log,
    }
    return {name: digest_of(part) for name, part in parts.items()}


def digest_of(value: object) -> str:
    """Return the digest of a value and of everything that it refers to."""
    hashed = sha256()
    _feed(value, lambda text: hashed.update(text.encode("utf-8", "surrogatepass")), set())
    return hashed.hexdigest()


def _feed(value: object, write: Callable[[str], None], open_objects: set[int]) -> None:
    kind = type(value)
    if kind in _USUAL or isinstance(value, _PLAIN):
        write(f"{kind.__name__}:{value!r};")
        return
    if id(value) in open_objects:
        write("cycle;")
        return
    open_objects.add(id(value))
    write(f"{kind.__name__}(")
    for member in _members(value):
        _feed(member, write, open_objects)
    write(")")
    open_objects.discard(id(value))


def _members(value: object) -> Iterator[object]:
    if isinstance(value, dict | Mapping):
        for key, member in value.items():
            yield key
            yield member
    elif isinstance(value, _SEQUENCES):
        yield from value
    elif isinstance(value, AbstractSet):
        yield from sorted(value, key=repr)
    elif isinstance(value, msgspec.Struct):
        yield from (getattr(value, name) for name in value.__struct_fields__)
    elif not getattr(value, "is_cache", False):
        yield from _attributes(value)


def _attributes(value: Any) -> Iterator[object]:
    """Yield the attributes of an object of our own, computed ones included: some become state at their first use."""
    if callable(value) or not type(value).__module__.startswith("sendproof_simulators"):
        return
    slots, computed = _names(type(value))  # type: ignore[arg-type] # mypy takes object.__hash__ for it
    for name in computed:
        getattr(value, name)
    for name in slots:
        yield getattr(value, name, None)
    # In the order of their names: the first use of a computed attribute adds it to the end.
    for _, member in sorted(getattr(value, "__dict__", {}).items()):
        yield member


@cache
def _names(kind: type) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the slots and of the computed attributes of a class."""
    classes = kind.__mro__
    slots = [name for parent in classes for name in getattr(parent, "__slots__", ())]
    computed = [n for parent in classes for n, member in vars(parent).items() if isinstance(member, cached_property)]
    return tuple(slots), tuple(computed)
