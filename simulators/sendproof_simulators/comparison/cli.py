"""The command `diff`. Heavy modules are imported when it is called, so that other commands start quickly."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_simulators.bounded_file import Kind, write_whole
from sendproof_simulators.command_line import failure, print_json
from sendproof_simulators.output import echo

if TYPE_CHECKING:
    from sendproof_simulators.comparison.allowed_changes import AllowedChange
    from sendproof_simulators.comparison.changes import Change
    from sendproof_simulators.comparison.contract_sets import ContractSet
    from sendproof_simulators.comparison.impacts import BridgeImpact

_CHANGES = Kind("changes of contracts", re.compile(rb"# Changes of the contracts\r?\n"))


def diff(
    old: Annotated[str, typer.Argument(help="Older contracts: a file, a folder, REVISION or REVISION:PATH of git.")],
    new: Annotated[
        str | None,
        typer.Argument(help="Newer contracts. Default: those of this version of Sendproof.", show_default=False),
    ] = None,
    allowed: Annotated[
        Path | None, typer.Option(help="YAML file with the changes that you allow, each with a reason.")
    ] = None,
    histories: Annotated[
        Path | None,
        typer.Option(help="Folder with results of runs or HAR files: say which of these bridges would break."),
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

    Exit status: 0 harmless, 1 breaking, 2 risky, 3 error. Allowed changes do not count. With --histories, it is 1 if a
    recorded bridge breaks, and 2 if one may break.

    Example: sendproof diff v1.0 HEAD --allowed allowed_changes.yaml
    """
    from sendproof_simulators.comparison import rendering  # noqa: PLC0415 - see the docstring of this module
    from sendproof_simulators.comparison.allowed_changes import allow  # noqa: PLC0415
    from sendproof_simulators.comparison.comparing import alike, compare  # noqa: PLC0415
    from sendproof_simulators.comparison.contract_sets import read_set  # noqa: PLC0415
    from sendproof_simulators.comparison.known_services import known_services  # noqa: PLC0415
    from sendproof_simulators.core.clock.wall_clock import today  # noqa: PLC0415
    from sendproof_simulators.services.discovery import CONTRACTS  # noqa: PLC0415

    try:
        before, after = alike(read_set(old), read_set(str(CONTRACTS) if new is None else new))
        comparison = compare(before, after, known_services())
        found = allow(comparison.changes, _entries(allowed), today())
        bridges = None if histories is None else _impacts(histories, found.changes, before, after)
    except ValueError as error:
        raise failure(error) from None
    if markdown is not None:
        _write(markdown, rendering.markdown(comparison, found, bridges or ()))
    if json:
        print_json(rendering.as_json(comparison, found, bridges or ()))
    else:
        _print_text(rendering.text_lines(comparison, found, with_harmless=harmless))
        _print_text(rendering.bridge_lines(bridges or ()))
    raise typer.Exit(rendering.exit_status(found, bridges))


def _impacts(folder: Path, changes: "Sequence[Change]", old: "ContractSet", new: "ContractSet") -> "list[BridgeImpact]":
    """Return what the changes mean for each recorded bridge in a folder; `ValueError` names a wrong recording."""
    from sendproof_simulators.comparison.impacts import ImpactJudge  # noqa: PLC0415 - as above
    from sendproof_simulators.comparison.known_services import known_services  # noqa: PLC0415
    from sendproof_simulators.comparison.recorded_bridges import read_bridges  # noqa: PLC0415
    from sendproof_simulators.recordings.known_contracts import KnownContracts  # noqa: PLC0415

    known = KnownContracts()
    judge = ImpactJudge(changes, old, new, known_services(), known)
    return [judge.judge(bridge) for bridge in read_bridges(folder, known)]


def _entries(allowed: Path | None) -> "list[AllowedChange]":
    from sendproof_simulators.comparison.allowed_changes import read_allowed  # noqa: PLC0415 - as above

    return [] if allowed is None else read_allowed(allowed)


def _print_text(lines: Iterable[str]) -> None:
    for line in lines:
        echo(line)


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text, _CHANGES)
    except OSError as error:
        raise failure(f"--markdown: {path}: {error.strerror}; choose another file") from None
