"""`reference/dialects.md`: every open question about a service, and the answers that a sandbox can give."""

from collections.abc import Iterator

from sendproof_simulators.core.dialects import Dialect
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.services.discovery import discover
from tables import table

_HEAD = """# Every dialect

For who wants to know what of the real services is not known, and whether a bridge depends on what we assumed
([how to](../dialect-matrix.md)). A *dialect* is one answer to one open question. A sandbox gives the first answer
unless it is told otherwise. `sendproof dialects` says the same in a terminal.
"""


def page() -> str:
    """A section for each service, and a table for each question."""
    asked = (provider for _, provider in sorted(discover().items()) if provider.dialects)
    return "\n".join([_HEAD, *(line for provider in asked for line in _provider(provider))])


def _provider(provider: Simulator) -> Iterator[str]:
    yield f"## {provider.name}\n"
    for dialect in provider.dialects:
        yield f"### `{provider.name}.{dialect.name}`\n"
        yield f"{dialect.question}\n"
        yield table(("answer", "meaning", "evidence", "source"), _answers(dialect))


def _answers(dialect: Dialect) -> Iterator[tuple[str, ...]]:
    for answer in dialect.options:
        default = " (default)" if answer.value == dialect.default else ""
        yield (f"`{answer.value}`{default}", answer.meaning, answer.evidence, answer.source)
