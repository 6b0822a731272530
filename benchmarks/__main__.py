"""The benchmarks: `python benchmarks --help` lists them."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from against_peers import measure_all, peer_table, process_table, wait_lines
from flow import compare
from load import LoadError
from revisions import RevisionError, check_out, working_tree
from server import BenchmarkError
from usage import CommandFailedError

app = typer.Typer(help="Measure the programs.", no_args_is_help=True, pretty_exceptions_enable=False)
# A file has no width.
console = Console(width=None if sys.stdout.isatty() else 140)

Against = Annotated[str | None, typer.Option(help="Revision to compare with: a commit, a branch or a tag.")]


@app.callback()
def benchmarks() -> None:
    """Measure the programs."""


@app.command()
def flow(
    customers: Annotated[int, typer.Option(min=100, help="Customers of the campaign.")] = 5_000,
    provider: Annotated[str, typer.Option(help="Provider that carries the messages.")] = "textlocal",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each revision.")] = 1,
    against: Against = None,
) -> None:
    """Measure a whole campaign: processor time per recipient, by stage and process."""
    revisions = [working_tree(), *([] if against is None else [check_out(against)])]
    _run(lambda: compare(revisions, customers, provider, rounds, console))


@app.command()
def peers(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which all servers take turns.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of each measurement.")] = 1.0,
    starts: Annotated[int, typer.Option(min=1, help="Measured starts of each server.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="Beginning of a peer's name; repeat it for several.")] = None,
) -> None:
    """Measure the simulators beside Prism, Mockoon, WireMock, MockServer and nginx."""

    def work() -> None:
        measured = measure_all(console, rounds, seconds, starts, only or ())
        console.print(peer_table(measured))
        console.print(process_table(measured))
        console.print("Small requests while two connections read different pages:")
        for line in wait_lines(measured):
            console.print(f"  {line}")

    _run(work)


def _run(work: Callable[[], None]) -> None:
    try:
        work()
    except (BenchmarkError, CommandFailedError, LoadError, RevisionError, OSError) as error:
        console.print(f"[red]benchmark:[/] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    app()
