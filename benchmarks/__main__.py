"""The benchmarks: `python benchmarks --help` lists them."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from flow import compare
from revisions import RevisionError, check_out, working_tree
from usage import CommandFailedError

app = typer.Typer(help="Measure the programs.", no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()

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


def _run(work: Callable[[], None]) -> None:
    try:
        work()
    except (CommandFailedError, RevisionError, OSError) as error:
        console.print(f"[red]benchmark:[/] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    app()
