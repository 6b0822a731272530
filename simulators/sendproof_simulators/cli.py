"""The simulators' own commands: `up`, `simulators`, `dialects`, `faults` and the like.

The harness adds them to its `sendproof` command; `python -m sendproof_simulators` runs them alone. Heavy modules are
imported when a command is called, because `sendproof` imports this module for each of its commands.
"""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from sendproof_simulators.command_line import failure, print_json
from sendproof_simulators.comparison.cli import diff
from sendproof_simulators.core.suggestions import suggestion
from sendproof_simulators.output import echo, visible
from sendproof_simulators.program import EXIT_ERROR, EXIT_INTERRUPTED, run_program
from sendproof_simulators.recordings.cli import (
    CallbackUrls,
    ServiceUrls,
    judge_recording,
    print_observed_dialects,
    proxy,
)
from sendproof_simulators.services.variables import CONTRACTS_VARIABLE, FOLDERS_VARIABLE
from sendproof_simulators.start import STRICT_VARIABLE, TOKEN_VARIABLE, WORKERS_VARIABLE, start
from sendproof_simulators.tables import new_table, print_table
from sendproof_simulators.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_simulators.core.simulator import Simulator

#: The exit status of a check that found a problem.
EXIT_PROBLEM = 1

#: What the harness uses: the commands, and the judgement of recorded traffic for its command `contract`.
__all__ = ["app", "judge_recording", "main"]

app = typer.Typer(
    name="sendproof",
    help="Start and describe the simulated services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


SimulatorsPath = Annotated[
    Path | None,
    typer.Option(help=f"Folder with more simulators, each with its contract next to it. Same as {FOLDERS_VARIABLE}."),
]
ContractsPath = Annotated[
    Path | None,
    typer.Option(
        "--contracts",
        help=f"Folder with changed copies of contracts, which replace Sendproof's own. Same as {CONTRACTS_VARIABLE}.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for use by a program.")]


PublicHost = Annotated[
    str | None,
    typer.Option(help="Host name in the URLs, for clients in other containers. Default: the address to listen on."),
]
AllowedHosts = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Another host name that clients use. Repeat it for more."),
]
ControlToken = Annotated[
    str | None,
    typer.Option(
        envvar=TOKEN_VARIABLE,
        help="Token that clients of the control API need. Default: none on loopback, else a random one."
        " Same as SENDPROOF_CONTROL_TOKEN, which does not appear in lists of processes.",
    ),
]

Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        envvar=STRICT_VARIABLE,
        help="Check every response and webhook against its contract; violations end in status 3.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        envvar=WORKERS_VARIABLE,
        help="Number of processes for the sandboxes; each sandbox is in one of them. Same as SENDPROOF_WORKERS.",
        min=1,
        max=64,
    ),
]


@app.command()
def up(
    port: Annotated[
        int,
        typer.Option(help="Port of the control API; services use the next ones. 0: any free.", min=0, max=65_535),
    ] = 4100,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 or :: for all.")] = "127.0.0.1",
    public_host: PublicHost = None,
    allow_host: AllowedHosts = None,
    control_token: ControlToken = None,
    seed: Annotated[int, typer.Option(help="Seed of the default sandbox.", min=0, max=9_007_199_254_740_991)] = 1,
    customers: Annotated[int, typer.Option(help="Customers in the default sandbox.", min=0, max=10_000_000)] = 1_000,
    allow_remote_webhooks: Annotated[
        bool, typer.Option("--allow-remote-webhooks", help="Let the default sandbox send webhooks to other machines.")
    ] = False,
    no_rate_limits: Annotated[
        bool, typer.Option("--no-rate-limits", help="Accept any number of requests in the default sandbox.")
    ] = False,
    examples: Annotated[
        bool,
        typer.Option(
            "--examples",
            help="Fill the default sandbox for the examples in the contracts; its time starts on 2 March 2026.",
        ),
    ] = False,
    strict: Strict = False,
    workers: Workers = 1,
    simulators_path: SimulatorsPath = None,
    contracts: ContractsPath = None,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON, for use by a program.")] = False,
) -> None:
    """Start the simulators and print their URLs and credentials.

    Example: sendproof up
    """
    gc.disable()  # until `serve` has exempted what lives as long as the process
    # Other commands start faster without the servers.
    from sendproof_simulators.server.addresses import Listening  # noqa: PLC0415
    from sendproof_simulators.server.default_sandbox import DefaultSandbox  # noqa: PLC0415

    if sys.stderr.isatty() and not json:
        echo("Starting the simulators; reading the contracts takes a few seconds.", err=True)
    _discover(simulators_path, contracts)
    default = DefaultSandbox(
        seed=seed,
        customers=customers,
        allow_remote_webhooks=allow_remote_webhooks,
        rate_limits=not no_rate_limits,
        examples=examples,
    )
    listening = Listening(
        host=host,
        port=port,
        public_host=public_host,
        allowed_hosts=tuple(allow_host or ()),
        control_token=control_token,
    )
    announce = print_json if json else _print_addresses
    raise typer.Exit(start(listening, default, announce, strict=strict, workers=workers))


@app.command()
def simulators(simulators_path: SimulatorsPath = None, json: Json = False) -> None:
    """List the simulated services, their contracts and the evidence.

    Example: sendproof simulators --simulators-path my_simulators
    """
    from sendproof_simulators.reference.services import catalogue  # noqa: PLC0415 - other commands read no contracts

    entries = catalogue(_discover(simulators_path))
    if json:
        print_json(entries)
        return
    table = new_table("service", "title", "contract", "operations", "documented", "observed", "assumed")
    for entry in entries:
        counts = [str(entry[column]) for column in ("operations", "documented", "observed", "assumed")]
        table.add_row(_bold(entry["name"]), entry["title"], Path(entry["contract"]).name, *counts)
    print_table(table)


@app.command()
def evidence(
    message: Annotated[
        str | None,
        typer.Argument(help="List each statement about one type of messages, such as push.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Show how well each contract and each type of messages is supported by evidence.

    Operations, fields, rules and behaviour are documented, observed or assumed. Without an argument, the first table
    counts the statements of each contract, and the second one those about each type of messages.

    Example: sendproof evidence push
    """
    from sendproof_simulators.core.messaging.message_types import MESSAGE_TYPES  # noqa: PLC0415 - as in `simulators`
    from sendproof_simulators.reference.evidence_tables import print_evidence, print_statements  # noqa: PLC0415

    if message is None:
        print_evidence(as_json=json)
    elif message in MESSAGE_TYPES:
        print_statements(message, as_json=json)
    else:
        raise failure(f"MESSAGE: expected a type of messages, got {message!r}; {suggestion(message, MESSAGE_TYPES)}")


@app.command()
def operations(
    service: Annotated[str | None, typer.Argument(help="One service only.", show_default=False)] = None,
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=OPTION",
            help="Show the limits with this option, for example optimove.page_maximum=20000. Repeat it for more.",
        ),
    ] = None,
    contracts: ContractsPath = None,
    json: Json = False,
) -> None:
    """List the operations with the limits in force, errors and evidence.

    Example: sendproof operations optimove --dialect optimove.page_maximum=20000
    """
    from sendproof_simulators.reference.operations import in_force, marked, service_summaries  # noqa: PLC0415 - as above

    known = _discover(None, contracts)
    if service is not None and service not in known:
        raise failure(f"no service is named {service!r}; {suggestion(service, known)}")
    try:
        summaries = service_summaries(known, _options(dialect or []))
    except ValueError as error:
        raise failure(error) from None
    summaries = [summary for summary in summaries if service in {None, summary.name}]
    if json:
        print_json(summaries)
        return
    table = new_table("operation", "call", "limits", "errors", "evidence")
    for service_summary in summaries:
        table.add_row(
            _bold(service_summary.name),
            "all operations",
            marked(in_force(service_summary.limits)),
            "",
            "",
        )
        for operation in service_summary.operations:
            sources = ", ".join(f"{statement.text} {statement.evidence}" for statement in operation.evidence)
            cells = (operation.call, marked(in_force(operation.limits)), marked(operation.errors), sources)
            table.add_row(_bold(operation.name), *cells)
    print_table(table)


@app.command()
def dialects(
    from_har: Annotated[
        Path | None, typer.Option(help="Recorded traffic of real services (HAR); print the options that it shows.")
    ] = None,
    service: ServiceUrls = None,
    callbacks: CallbackUrls = None,
    json: Json = False,
) -> None:
    """List the dialects (open questions about services) and their options.

    With --from-har, the command prints which options recorded traffic shows.

    Example: sendproof dialects
    """
    if from_har is not None:
        print_observed_dialects(from_har, service, callbacks, as_json=json)
        return
    known = _discover(None)
    if json:
        print_json({name: [asdict(dialect) for dialect in found.dialects] for name, found in known.items()})
        return
    table = new_table("dialect", "option", "meaning", "evidence")
    for name, simulator in known.items():
        for dialect in simulator.dialects:
            table.add_row(_bold(f"{name}.{dialect.name}"), "", dialect.question, "")
            for option in dialect.options:
                default = " (default)" if option.value == dialect.default else ""
                table.add_row("", option.value + default, option.meaning, f"{option.evidence}: {option.source}")
    print_table(table)


@app.command()
def check_contracts(
    files: Annotated[list[Path], typer.Argument(help="Contracts in OpenAPI 3.0, such as openapi/textlocal.yaml.")],
    simulators_path: SimulatorsPath = None,
    json: Json = False,
) -> None:
    """Check that contracts are valid, and state what their services need.

    For a pre-commit hook or an editor. The exit status is 1 if a contract has a problem.

    Example: sendproof check-contracts openapi/textlocal.yaml
    """
    from sendproof_simulators.contract_check import contract_problems  # noqa: PLC0415

    _discover(simulators_path)
    problems = [problem for file in files for problem in contract_problems(file)]
    if json:
        print_json({"problems": problems})
    else:
        for problem in problems:
            echo(problem, err=True)
    if problems:
        raise typer.Exit(EXIT_PROBLEM)


@app.command()
def faults(json: Json = False) -> None:
    """List the faults that can be injected, with their settings.

    Example: sendproof faults
    """
    from sendproof_simulators.core.faults.spec import catalogue, summary  # noqa: PLC0415 - see the docstring of this module

    if json:
        print_json(catalogue())
        return
    table = new_table("fault", "on", "when", "description and settings")
    for fault in catalogue():
        targets, moments = ", ".join(fault["on"]), ", ".join(fault["when"])
        table.add_row(_bold(fault["fault"]), targets, moments, fault["summary"])
        for name, field in fault["fields"].items():
            table.add_row("", "", "", f"- {summary(name, field)}")
    print_table(table)


@app.command()
def test_numbers(json: Json = False) -> None:  # noqa: PT028 - a command, not a test
    """List the test numbers: the last two digits select the outcome.

    Example: sendproof test-numbers
    """
    from sendproof_simulators.core.messaging.delivery_outcomes import (  # noqa: PLC0415 - see the docstring of this module
        COUNTRIES,
        TEST_NUMBERS,
        number_for_code,
    )

    rows = [
        (found.code, found.name, {country: number_for_code(country, found.code) for country in COUNTRIES})
        for found in TEST_NUMBERS
    ]
    if json:
        print_json([{"code": code, "outcome": outcome, "numbers": numbers} for code, outcome, numbers in rows])
        return
    table = new_table("code", "outcome of a message", *COUNTRIES)
    for code, outcome, numbers in rows:
        table.add_row(code, outcome, *numbers.values())
    print_table(table)
    echo("\nFree digits: GB 44 7555 ssss cc, US and Canada 1 aaa 555 ss cc (any area code; cc is the code).")


app.command()(diff)
app.command()(proxy)


def _options(texts: Sequence[str]) -> dict[str, str]:
    """Return the options of dialects in `NAME=OPTION`; `ValueError` names a text of another form."""
    for text in texts:
        if "=" not in text:
            raise ValueError(f"--dialect: expected NAME=OPTION, got {text!r}; list them with: sendproof dialects")
    return dict(text.split("=", 1) for text in texts)


def _discover(folder: Path | None, contracts: Path | None = None) -> "Mapping[str, Simulator]":
    """Return all simulators, including those of a folder; exit with an error if one is invalid.

    `contracts` is the folder with changed contracts.
    """
    for option, path in (("--contracts", contracts), ("--simulators-path", folder)):
        if path is not None and not path.is_dir():
            raise failure(f"{option}: expected a folder, got {str(path)!r}, which is no folder")
    if contracts is not None:
        os.environ[CONTRACTS_VARIABLE] = str(contracts.resolve())
    if folder is not None:
        folders = os.environ.get(FOLDERS_VARIABLE)
        os.environ[FOLDERS_VARIABLE] = os.pathsep.join([folders, str(folder)] if folders else [str(folder)])
    from sendproof_simulators.services.discovery import discover  # noqa: PLC0415 - see the docstring of this module

    try:
        return discover()
    except ValueError as error:
        raise failure(error) from None


def _bold(text: str) -> Text:
    return Text(visible(text), style="bold")


def _print_addresses(addresses: dict[str, Any]) -> None:
    control = addresses["control"]
    rows = [
        ("service", "URL, and credentials of the default sandbox"),
        ("control", control["url"].partition("/token/")[0] + "/control"),
    ]
    if "token" not in control:
        rows.append(("live page", addresses["page"]))
    for name, service in addresses["services"].items():
        rows.append((name, service["url"]))
        if "mail_url" in service:
            rows.append(("", service["mail_url"]))
        rows += [("", f"  {credential}={value}") for credential, value in service["credentials"].items()]
    console, width = Terminal(), max(len(name) for name, _ in rows)
    for name, text in rows:
        # In one piece, to be copied.
        console.print(f"{name:<{width}}  {text}", soft_wrap=True)
    if "token" in control:
        console.print("\nClients of the control API need its token, as Authorization: Bearer TOKEN or in the URL:")
        console.print(control["url"], soft_wrap=True)
        console.print("\nThe live page, with the token:")
        console.print(addresses["page"], soft_wrap=True)
    console.print("\nPoint a bridge at these URLs. Stop the simulators with Ctrl-C.")


def main() -> None:
    """Run the command line. A wrong command line ends with status 3, because 2 means that a verdict is unknown."""
    run_program(_run_app)


def _run_app() -> int:
    try:
        return app(standalone_mode=False) or 0
    except typer.Abort:
        return EXIT_INTERRUPTED
    except typer.TyperException as error:
        error.show()  # type: ignore[attr-defined] # every exception that typer raises has it
        return EXIT_ERROR


if __name__ == "__main__":
    main()
