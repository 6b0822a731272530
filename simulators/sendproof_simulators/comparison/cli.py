"""The command `diff`. Heavy modules are imported when it is called, so that other commands start quickly."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_simulators.command_line import failure, print_json
from sendproof_simulators.terminal import echo

if TYPE_CHECKING:
    from sendproof_simulators.comparison.allowed_changes import AllowedChange
    from sendproof_simulators.comparison.comparing import Comparison


def diff(
    old: Annotated[str, typer.Argument(help="Older contracts: a file, a folder, REVISION or REVISION:PATH of git.")],
    new: Annotated[
        str | None,
        typer.Argument(help="Newer contracts. Default: those of this version of Sendproof.", show_default=False),
    ] = None,
    allowed: Annotated[
        Path | None, typer.Option(help="YAML file with the changes that you allow, each with a reason.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the changes to this file, for a pull request.")
    ] = None,
    harmless: Annotated[bool, typer.Option("--harmless", help="Also list the changes that no bridge notices.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with all changes.")] = False,
) -> None:
    """List the changes of contracts that can break a bridge.

    A change is breaking, risky or harmless for a bridge that keeps the older contracts. Who makes a call decides: a
    stricter request breaks the bridge that sends it, and a wider reply or event the bridge that reads it.

    Exit status: 0 harmless, 1 breaking, 2 risky, 3 error. Allowed changes do not count.

    Example: sendproof diff v1.0 HEAD --allowed allowed_changes.yaml
    """
    from sendproof_simulators.comparison.allowed_changes import allow  # noqa: PLC0415 - see the docstring of this module
    from sendproof_simulators.comparison.changes import most_severe  # noqa: PLC0415
    from sendproof_simulators.comparison.rendering import (  # noqa: PLC0415
        EXIT_STATUS,
        as_json,
        text_lines,
    )
    from sendproof_simulators.comparison.rendering import markdown as as_markdown  # noqa: PLC0415
    from sendproof_simulators.core.clock.wall_clock import today  # noqa: PLC0415

    try:
        comparison = _compared(old, new)
        found = allow(comparison.changes, _entries(allowed), today())
    except ValueError as error:
        raise failure(error) from None
    if markdown is not None:
        _write(markdown, as_markdown(comparison, found))
    if json:
        print_json(as_json(comparison, found))
    else:
        _print_text(text_lines(comparison, found, with_harmless=harmless))
    raise typer.Exit(EXIT_STATUS[most_severe(found.changes)])


def _compared(old: str, new: str | None) -> "Comparison":
    """Return the comparison of two sets, the second by default this version's; `ValueError` says what is wrong."""
    from sendproof_simulators.comparison.comparing import compare  # noqa: PLC0415 - as above
    from sendproof_simulators.comparison.contract_sets import read_set  # noqa: PLC0415
    from sendproof_simulators.comparison.known_services import known_services  # noqa: PLC0415
    from sendproof_simulators.services.discovery import CONTRACTS  # noqa: PLC0415

    return compare(read_set(old), read_set(str(CONTRACTS) if new is None else new), known_services())


def _entries(allowed: Path | None) -> "list[AllowedChange]":
    from sendproof_simulators.comparison.allowed_changes import read_allowed  # noqa: PLC0415 - as above

    return [] if allowed is None else read_allowed(allowed)


def _print_text(lines: Iterable[str]) -> None:
    for line in lines:
        echo(line)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise failure(f"{path}: {error.strerror}") from None
