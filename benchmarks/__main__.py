"""The benchmarks: `python benchmarks --help` lists them."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import requests
import typer
from rich.console import Console

from against_peers import measure_all, peer_sheet, process_sheet, wait_sheet
from flow import compare
from growth import measure_growth
from load import LoadError
from report import Sheet, print_sheet, write_section
from revisions import RevisionError, check_out, working_tree
from server import BenchmarkError
from usage import CommandFailedError
from virtual_time import measure_time
from workers import measure_workers

# The start of a program is not its compilation.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
app = typer.Typer(help="Measure the programs.", no_args_is_help=True, pretty_exceptions_enable=False)
# A file has no width.
console = Console(width=None if sys.stdout.isatty() else 160)

Write = Annotated[bool, typer.Option("--write", help="Write the tables to docs/speed.md, too.")]
_ERRORS = (BenchmarkError, CommandFailedError, LoadError, RevisionError, requests.RequestException, OSError)


@app.command()
def flow(
    customers: Annotated[int, typer.Option(min=100, help="Customers of the campaign.")] = 5_000,
    provider: Annotated[str, typer.Option(help="Provider that carries the messages.")] = "textlocal",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each revision.")] = 1,
    against: Annotated[str | None, typer.Option(help="Revision to compare with: a commit, a branch or a tag.")] = None,
    *,
    write: Write = False,
) -> None:
    """Measure a whole campaign: processor time per recipient, by stage and process."""
    _run(
        "flow",
        lambda: compare(
            [working_tree(), *([] if against is None else [check_out(against)])], customers, provider, rounds, console
        ),
        write=write,
    )


@app.command()
def growth(
    customers: Annotated[list[int] | None, typer.Option(help="Size of a campaign; repeat it for several.")] = None,
    *,
    write: Write = False,
) -> None:
    """Measure how the cost of a recipient grows with the campaign, with opt-outs and with clients."""
    _run("growth", lambda: measure_growth(customers or (10_000, 100_000, 1_000_000), console), write=write)


@app.command()
def peers(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which all servers take turns.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of each measurement.")] = 1.0,
    starts: Annotated[int, typer.Option(min=1, help="Measured starts of each server.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="Beginning of a peer's name; repeat it for several.")] = None,
    *,
    write: Write = False,
) -> None:
    """Measure the simulators beside Prism, Mockoon, WireMock, MockServer and nginx."""

    def work() -> list[Sheet]:
        measured = measure_all(console, rounds, seconds, starts, only or ())
        return [peer_sheet(measured), process_sheet(measured), wait_sheet(measured)]

    _run("peers", work, write=write)


@app.command()
def workers(
    customers: Annotated[int, typer.Option(min=100, help="Customers of the campaign.")] = 5_000,
    most: Annotated[int, typer.Option(min=1, max=8, help="Largest number of workers.")] = 4,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each number of workers.")] = 1,
    *,
    write: Write = False,
) -> None:
    """Measure a bridge of several processes on PostgreSQL, and size the machine for 100 million recipients a day."""
    _run("workers", lambda: measure_workers(customers, range(1, most + 1), rounds, console), write=write)


@app.command("time")
def virtual_time(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds.")] = 3,
    *,
    write: Write = False,
) -> None:
    """Measure the start of the simulators, an idle virtual week, and the week of the demo."""
    _run("time", lambda: measure_time(rounds), write=write)


def _run(name: str, work: Callable[[], Sequence[Sheet]], *, write: bool) -> None:
    try:
        sheets = work()
    except _ERRORS as error:
        console.print(f"[red]benchmark:[/] {error}", highlight=False)
        sys.exit(1)
    for sheet in sheets:
        print_sheet(sheet, console)
    if write:
        words = (word for word in sys.argv[1:] if word != "--write")
        write_section(name, sheets, f"python benchmarks {' '.join(words)}")


if __name__ == "__main__":
    app()
