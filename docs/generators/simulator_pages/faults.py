"""`reference/faults.md`: every kind of fault, from its class in the simulators."""

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_simulators.core.faults.spec import catalogue, summary
from tables import table

_HEAD = """# Faults

This page lists every kind of fault ([how to](../faults.md)): its effect, its possible positions and its settings.
`sendproof faults` prints the same list. `sendproof faults --json` adds a JSON Schema of each setting.

The settings are those of the control API, where virtual time is in milliseconds. In a [scenario
file](scenario-file.md#fault), you write them as durations, such as `30 minutes`.
"""


def page() -> str:
    """Return the page: one table."""
    head = ("fault", "on", "when", "effect", "settings (type, default)")
    return _HEAD + "\n" + table(head, map(_row, catalogue()))


def _row(fault: Mapping[str, Any]) -> Iterator[str]:
    yield f"`{fault['fault']}`"
    yield ", ".join(fault["on"])
    yield ", ".join(fault["when"])
    yield fault["summary"]
    yield "<br>".join(summary(name, field) for name, field in fault["fields"].items())
