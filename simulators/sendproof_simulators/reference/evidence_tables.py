"""The tables of the command `evidence`."""

from collections.abc import Iterator, Mapping

from rich.text import Text

from sendproof_simulators.command_line import print_json
from sendproof_simulators.output import echo
from sendproof_simulators.reference.evidence import (
    LEVELS,
    Statement,
    evidence_counts,
    message_evidence,
    statements_about,
)
from sendproof_simulators.tables import new_table, print_table


def print_evidence(*, as_json: bool) -> None:
    """Print the number of statements of each contract, and of those about each type of messages."""
    contracts, messages = evidence_counts(), message_evidence()
    if as_json:
        print_json({"contracts": contracts, "messages": [entry._asdict() for entry in messages]})
        return
    table = new_table("contract", "part", *LEVELS)
    for contract, parts in contracts.items():
        for row in _rows(parts):
            table.add_row(Text(contract, "bold"), *row)
    print_table(table)
    echo("")
    table = new_table("messages", "contract", "part", *LEVELS)
    for entry in messages:
        for row in _rows(entry.counts):
            if any(count != "0" for count in row[1:]):
                table.add_row(Text(entry.message, "bold"), entry.contract, *row)
    print_table(table)


def print_statements(message: str, *, as_json: bool) -> None:
    """Print each statement about a type of messages, with its evidence and source."""
    found = list(statements_about(message))
    if as_json:
        print_json([_statement_json(contract, statement) for contract, statement in found])
        return
    table = new_table("contract", "part", "statement", "evidence", "source")
    for contract, statement in found:
        cells = (statement.part, statement.about, statement.level, statement.source)
        table.add_row(Text(contract, "bold"), *cells)
    print_table(table)


def _rows(parts: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, ...]]:
    for part, levels in parts.items():
        yield (part, *(str(levels[level]) for level in LEVELS))


def _statement_json(contract: str, statement: Statement) -> dict[str, object]:
    return {
        "contract": contract,
        "part": statement.part,
        "statement": statement.about,
        "evidence": statement.level,
        "source": statement.source,
    }
