"""Images: the frozen copy of everything that an object refers to.

An image is bytes of pickle that never leave this process, so no one else can have written them. What never changes is
not copied: the copy refers to the same object. What cannot be copied is an error, never a part that is missing.
"""

import asyncio
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from types import BuiltinFunctionType, FunctionType, MappingProxyType, ModuleType
from typing import Any

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Simulator

# Code, and what a sandbox is created with. The records of the customers keep their identity; their content is copied.
_SHARED = (
    *(type, ModuleType, FunctionType, BuiltinFunctionType, re.Pattern),
    *(Audience, CustomerRecords, KeyedRandom, SandboxContext, Simulator),
)


class ImageError(ValueError):
    """An object that cannot be copied, or an image beyond its limit; the message says which."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image; `shared` are the objects that its copies refer to."""

    data: bytes
    shared: Sequence[object]

    def load(self) -> Any:
        """Return a new copy."""
        return _Unpickler(self).load()


def image_of(value: object, max_bytes: int) -> Image:
    """Return an image of at most `max_bytes`; `ImageError` if that is impossible."""
    shared: list[object] = []
    out = _BoundedOutput(max_bytes)
    try:
        _Pickler(out, shared).dump(value)
    except (TypeError, AttributeError, RecursionError, pickle.PicklingError) as error:
        raise ImageError(f"it contains what cannot be copied: {error}") from error
    return Image(b"".join(out.blocks), tuple(shared))


class _BoundedOutput:
    """A file in memory that refuses to grow beyond a limit."""

    def __init__(self, max_bytes: int) -> None:
        self.blocks: list[bytes] = []
        self._room = max_bytes
        self._max = max_bytes

    def write(self, block: Any) -> int:
        # The pickler passes large values as views of memory that may change.
        copied = bytes(block)
        self._room -= len(copied)
        if self._room < 0:
            raise ImageError(f"it needs more than {self._max:,} bytes")
        self.blocks.append(copied)
        return len(copied)


class _Pickler(pickle.Pickler):
    def __init__(self, out: _BoundedOutput, shared: list[object]) -> None:
        super().__init__(out, protocol=pickle.HIGHEST_PROTOCOL)
        self._shared = shared
        self._positions: dict[int, int] = {}

    def persistent_id(self, value: Any) -> int | None:
        """Return the position of a shared object, None for an object to copy."""
        if not isinstance(value, _SHARED):
            return None
        if isinstance(value, FunctionType) and value.__closure__:
            raise ImageError(f"the function {value.__qualname__} keeps values of its own")
        position = self._positions.get(id(value))
        if position is None:
            position = self._positions[id(value)] = len(self._shared)
            self._shared.append(value)
        return position

    def reducer_override(self, value: Any) -> Any:
        """Return how to copy an object that pickle itself cannot copy."""
        kind = type(value)
        if kind is MappingProxyType:
            return MappingProxyType, (dict(value),)
        # Nobody waits for it: a snapshot is only taken when nothing is in flight.
        if kind is asyncio.Event:
            return asyncio.Event, ()
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, image: Image) -> None:
        super().__init__(BytesIO(image.data))
        self._shared = image.shared

    def persistent_load(self, position: Any) -> object:
        """Return a shared object."""
        return self._shared[position]
