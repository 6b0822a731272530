"""The event loop of the simulators' processes."""

import asyncio
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the function that makes an event loop."""
    import uvloop  # noqa: PLC0415 - other commands start faster without it

    return uvloop.new_event_loop
