"""The number of function calls of a small piece of work, which is the same on a quick and on a slow machine.

Processor time would need a margin of several times on a busy machine; the number of calls needs one for other versions
of Python and of libraries only. A change that makes the work slower nearly always makes more calls.
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType

#: Calls of each piece of work, as counted when its code was last made faster. Raise one only for a reason.
EXPECTED = {
    "bridge: read, plan and send a message": 40,
    "bridge: apply a receipt": 28,
    "simulators: accept a message": 135,
    "simulators: small request": 390,
    "simulators: send a receipt": 180,
    "judge: read and judge a recipient": 300,
    "judge: read and judge a recipient of many": 85,
    "load: count and check a message": 70,
}
# Versions of Python count comprehensions differently, and those of libraries differ.
_MARGIN = 2


def count_calls(work: Callable[[], object]) -> int:
    """Return the number of functions, in Python and in C, that this thread and the threads that it starts call."""
    calls = Counter[int]()

    def count(frame: FrameType, event: str, argument: object) -> None:
        del frame, argument
        if event in {"call", "c_call"}:
            calls[threading.get_ident()] += 1

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls.total()


def calls_per_item(work: Callable[[int], Callable[[], object]], few: int, many: int) -> float:
    """Return the calls of one more item: `work` prepares a piece of work with a number of items."""
    least, most = (count_calls(work(items)) for items in (few, many))
    return (most - least) / (many - few)


def assert_as_few_calls(name: str, counted: float) -> None:
    """Fail if a piece of work makes many more calls than expected."""
    limit = EXPECTED[name] * _MARGIN
    assert counted <= limit, f"{name}: expected at most {limit:,.0f} calls, got {counted:,.0f}; make it cheaper again"
