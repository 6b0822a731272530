"""The base of all lines of a history."""

import msgspec

from sendproof_harness.history.timestamps import Instant


# Decoded lines hold no cycles, so the garbage collector need not walk a million of them (`gc=False`).
class Record(msgspec.Struct, frozen=True, gc=False, tag_field="kind"):
    """One line. `at` is virtual time; for an expectation, the time since which it holds."""

    n: int
    at: Instant
