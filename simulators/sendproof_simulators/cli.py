"""The front door: `sendproof`. The only module that may reach into the scenario package, and only when asked to."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sendproof_simulators.core.faults.spec import catalogue as known_faults
from sendproof_simulators.core.faults.spec import summary
from sendproof_simulators.core.messaging.delivery_outcomes import COUNTRIES, TEST_NUMBERS, number_for_code
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.services.discovery import FOLDERS_VARIABLE, discover

EXIT_ERROR = 3
# What a shell calls a program that Ctrl-C ended.
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="sendproof",
    help="Prove that an Optimove channel integration sends every message once, rightly, and reports honestly.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


Folder = Annotated[
    Path | None,
    typer.Option(
        help=f"A folder with more simulators, each with its contract beside it. {FOLDERS_VARIABLE} does the same."
    ),
]


@app.command()
def up(
    port: Annotated[
        int,
        typer.Option(help="Port of the control API; the services take the next ones. 0: any free.", min=0, max=65_535),
    ] = 4100,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Seed of the default sandbox.")] = 1,
    customers: Annotated[int, typer.Option(help="Customers in the default sandbox.", min=0, max=10_000_000)] = 1_000,
    allow_remote_webhooks: Annotated[
        bool, typer.Option("--allow-remote-webhooks", help="Let the default sandbox call listeners off this machine.")
    ] = False,
    simulators_path: Folder = None,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON instead, for a program.")] = False,
) -> None:
    """Start the simulators, and say where each answers and with which credentials.

    Example: sendproof up
    """
    from sendproof_simulators.server.server import serve  # noqa: PLC0415 - other commands start faster without the servers

    _found(simulators_path)
    try:
        serve(
            host,
            port,
            _print_json if json else _print_table,
            seed=seed,
            customers=customers,
            allow_remote_webhooks=allow_remote_webhooks,
        )
    except (OSError, ValueError) as error:
        typer.echo(f"sendproof: {error}", err=True)
        raise typer.Exit(EXIT_ERROR) from None


@app.command()
def simulators(
    simulators_path: Folder = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead, for a program.")] = False,
) -> None:
    """List the simulated services: what each can do, its contract, and how well that is founded.

    Example: sendproof simulators --simulators-path my_simulators
    """
    from sendproof_simulators.reference.services import catalogue  # noqa: PLC0415 - the other commands read no contract

    entries = catalogue(_found(simulators_path))
    if json:
        sys.stdout.write(msgspec.json.encode(entries).decode() + "\n")
        return
    table = _table("service", "is", "contract", "operations", "documented", "observed", "assumed")
    for entry in entries:
        counts = [str(entry[word]) for word in ("operations", "documented", "observed", "assumed")]
        table.add_row(f"[bold]{entry['name']}[/]", entry["title"], Path(entry["contract"]).name, *counts)
    Console().print(table)


@app.command()
def evidence(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead, for a program.")] = False,
) -> None:
    """Tell how many operations, fields and rules of each contract are documented, observed or assumed.

    Example: sendproof evidence
    """
    from sendproof_simulators.reference.evidence import LEVELS  # noqa: PLC0415 - the other commands read no contract
    from sendproof_simulators.reference.evidence import coverage as counted  # noqa: PLC0415 - as above

    counts = counted()
    if json:
        sys.stdout.write(msgspec.json.encode(counts).decode() + "\n")
        return
    table = _table("contract", "part", *LEVELS)
    for contract, parts in counts.items():
        for part, levels in parts.items():
            table.add_row(f"[bold]{contract}[/]", part, *(str(levels[level]) for level in LEVELS))
    Console().print(table)


@app.command()
def operations(
    service: Annotated[str | None, typer.Argument(help="One service only.", show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead, for a program.")] = False,
) -> None:
    """List every operation of the simulated services, with its limits, its errors and its evidence.

    Example: sendproof operations optimove
    """
    from sendproof_simulators.reference import operations as described  # noqa: PLC0415 - the other commands read no contract

    known = discover()
    if service is not None and service not in known:
        typer.echo(f"sendproof: expected a service, one of {', '.join(known)}, got {service!r}", err=True)
        raise typer.Exit(EXIT_ERROR)
    listed = described.services(known if service is None else {service: known[service]})
    if json:
        sys.stdout.write(msgspec.json.encode(listed).decode() + "\n")
        return
    table = _table("operation", "call", "limits", "errors", "evidence")
    for one in (one for each in listed for one in each.operations):
        founded = ", ".join(f"{told.text} {told.evidence}" for told in one.evidence)
        limits, errors = described.marked(one.limits), described.marked(one.errors)
        table.add_row(f"[bold]{one.name}[/]", *map(escape, (one.call, limits, errors, founded)))
    Console().print(table)


@app.command()
def dialects() -> None:
    """List the open questions about the real services, and the answers that a sandbox can give.

    Example: sendproof dialects
    """
    table = _table("dialect", "option", "meaning", "evidence")
    for name, simulator in discover().items():
        for dialect in simulator.dialects:
            table.add_row(f"[bold]{name}.{dialect.name}[/]", "", dialect.question, "")
            for option in dialect.options:
                default = " (default)" if option.value == dialect.default else ""
                table.add_row("", option.value + default, option.meaning, f"{option.evidence}: {option.source}")
    Console().print(table)


@app.command()
def faults(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead, for a program.")] = False,
) -> None:
    """List the faults: what each does to calls, webhooks or the bridge, and what can be set of it.

    Example: sendproof faults
    """
    if json:
        sys.stdout.write(msgspec.json.encode(known_faults()).decode() + "\n")
        return
    table = _table("fault", "on", "when", "what it does, and what can be set of it")
    for fault in known_faults():
        table.add_row(f"[bold]{fault['fault']}[/]", ", ".join(fault["on"]), ", ".join(fault["when"]), fault["summary"])
        for name, field in fault["fields"].items():
            table.add_row("", "", "", f"- {summary(name, field)}")
    Console().print(table)


@app.command()
def test_numbers() -> None:
    """List the magic numbers: what becomes of a message to a number is in its last two digits, at every provider.

    Example: sendproof test-numbers
    """
    table = _table("code", "what becomes of the message", *COUNTRIES)
    for test_number in TEST_NUMBERS:
        table.add_row(
            test_number.code, test_number.name, *(number_for_code(country, test_number.code) for country in COUNTRIES)
        )
    console = Console()
    console.print(table)
    console.print("\nFree digits: GB 44 7555 ssss cc, US and Canada 1 aaa 555 ss cc (any area code; cc is the code).")


def _found(folder: Path | None) -> Mapping[str, Simulator]:
    """Every simulator; ends the command when one of them, or the folder, is not as it should be."""
    if folder is not None:
        before = os.environ.get(FOLDERS_VARIABLE)
        os.environ[FOLDERS_VARIABLE] = os.pathsep.join([before, str(folder)] if before else [str(folder)])
    try:
        return discover()
    except ValueError as error:
        typer.echo(f"sendproof: {error}", err=True)
        raise typer.Exit(EXIT_ERROR) from None


def _table(*columns: str) -> Table:
    """A table that shows all that is in it, however narrow the terminal is."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print_json(addresses: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(addresses).decode() + "\n")
    sys.stdout.flush()


def _print_table(addresses: dict[str, Any]) -> None:
    table = _table("service", "url, and credentials of the default sandbox")
    table.add_row("control", addresses["control"]["url"] + "/control")
    for name, service in addresses["services"].items():
        table.add_row(name, service["url"])
        for credential, value in service["credentials"].items():
            table.add_row("", f"  {credential}={value}")
    console = Console()
    console.print(table)
    console.print("\nPoint a bridge at these. Ctrl-C stops them.")


def main() -> None:
    """Run the command line. A wrong command line ends with status 3: 2 would say that a verdict is unknown."""
    try:
        status = app(standalone_mode=False)
    except typer.Abort:
        status = EXIT_INTERRUPTED
    except typer.TyperException as error:
        error.show()  # type: ignore[attr-defined] # every one that typer raises has it
        status = EXIT_ERROR
    sys.exit(status)


if __name__ == "__main__":
    main()
