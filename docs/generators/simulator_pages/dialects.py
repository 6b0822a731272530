"""`reference/dialects.md`: every dialect of every service, with its options."""

from collections.abc import Iterator

from sendproof_simulators.core.dialects import Dialect
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.services.discovery import discover
from tables import table

_HEAD = """# Dialects

A *dialect* is a named setting for one open question about a real API. Its possible values are its *options*. A sandbox
uses the first option of each dialect unless you choose another one. Use this page to find out what is unknown about the
real services, and [test whether your bridge depends on our assumptions](../dialect-matrix.md). `sendproof dialects`
prints the same list.
"""


def page() -> str:
    """Return the page: a section for each service, and a table for each dialect."""
    simulators = (simulator for _, simulator in sorted(discover().items()) if simulator.dialects)
    return "\n".join([_HEAD, *(line for simulator in simulators for line in _service_lines(simulator))])


def _service_lines(simulator: Simulator) -> Iterator[str]:
    yield f"## {simulator.name}\n"
    for dialect in simulator.dialects:
        yield f"### `{simulator.name}.{dialect.name}`\n"
        yield f"{dialect.question}\n"
        yield table(("option", "meaning", "evidence", "source"), _option_rows(dialect))


def _option_rows(dialect: Dialect) -> Iterator[tuple[str, ...]]:
    for option in dialect.options:
        default = " (default)" if option.value == dialect.default else ""
        yield (f"`{option.value}`{default}", option.meaning, option.evidence, option.source)
