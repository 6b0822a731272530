"""The base of all lines of a history, and the errors of reading one."""

import msgspec

from sendproof_harness.history.timestamps import Instant

#: What `msgspec.json.decode` raises for wrong content: not JSON, other types, texts that are no UTF-8, too deep.
JSON_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


# Decoded lines hold no cycles, so the garbage collector need not walk a million of them (`gc=False`).
class Record(msgspec.Struct, frozen=True, gc=False, tag_field="kind"):
    """One line. `at` is virtual time; for an expectation, the time since which it holds."""

    n: int
    at: Instant
