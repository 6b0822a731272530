"""What the commands of the simulators share: the status of an error, and output as JSON."""

import msgspec
import typer

from sendproof_simulators.output import echo
from sendproof_simulators.program import EXIT_ERROR


def failure(reason: object) -> typer.Exit:
    """Print why a command failed, and return the exception that ends it."""
    echo(f"sendproof: {reason}", err=True)
    return typer.Exit(EXIT_ERROR)


def print_json(value: object) -> None:
    """Print a value as JSON in one line."""
    echo(msgspec.json.encode(value).decode())
