"""`reference/faults.md`: every fault, from its class."""

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_simulators.core.faults.spec import catalogue, summary
from tables import table

_HEAD = """# Every fault

For who plays under faults ([how to](../faults.md)): what each does, where it can strike, and what can be set of it.
`sendproof faults` says the same in a terminal, and `sendproof faults --json` with a JSON Schema of each setting.

The settings are those of the control API, where times in the sandbox's clock are milliseconds. A scenario file writes
them as lengths of time, and one has another name there: [scenario files](scenario-file.md#fault).
"""


def page() -> str:
    """One table."""
    head = ("fault", "on", "when", "what it does", "settings (type, default)")
    return _HEAD + "\n" + table(head, map(_fault, catalogue()))


def _fault(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"`{one['fault']}`"
    yield ", ".join(one["on"])
    yield ", ".join(one["when"])
    yield one["summary"]
    yield "<br>".join(summary(name, field) for name, field in one["fields"].items())
