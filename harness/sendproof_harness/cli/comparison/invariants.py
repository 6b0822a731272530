"""The command `invariants`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_harness.cli.options import (
    AsJson,
    Command,
    ControlUrl,
    ScenarioSeed,
    Timeout,
    print_json,
    refuse,
)
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.comparison.checking import CheckedInvariant
    from sendproof_harness.comparison.invariants.invariant import Invariant
    from sendproof_harness.scenario.model import Scenario


def invariants(
    files: Annotated[list[Path], typer.Argument(help="Scenario files or folders.", show_default=False)],
    command: Command = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Check only this invariant, such as days. Can be repeated.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="The only provider that the bridge supports.")] = None,
    seed: ScenarioSeed = None,
    control_url: ControlUrl = None,
    results: Annotated[Path, typer.Option(help="Folder for the runs.")] = Path("results/invariants"),
    timeout: Timeout = 60.0,
    json: AsJson = False,
) -> None:
    """Check that irrelevant changes of a scenario make no difference.

    The scenario is run once as it is, and once for each change: other rows first, another page border, two campaigns
    instead of one, other titles, other days, another provider, twice the audience, other names. No expected value is
    needed, so this also finds defects that the judge has no rule for. Without --command, the reference bridge is
    tested.

    Exit status: 0 all hold, 1 one is broken, 2 not everything was observed, 3 error.

    Example: sendproof invariants scheduled/one_text_one_time --command "./my-bridge"
    """
    from sendproof_harness.comparison.bridges import (  # noqa: PLC0415 - see the docstring
        REFERENCE,
        ComparedBridge,
        parse_bridge,
    )
    from sendproof_harness.comparison.checking import check_scenarios, overall  # noqa: PLC0415
    from sendproof_harness.comparison.documents import invariants_document  # noqa: PLC0415
    from sendproof_harness.comparison.play import PlayError  # noqa: PLC0415
    from sendproof_harness.comparison.text import print_checked, print_invariants_conclusion  # noqa: PLC0415
    from sendproof_harness.comparison.two_bridges import PlaySettings  # noqa: PLC0415
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415

    tested = ComparedBridge(kind="command", text=command) if command else parse_bridge(REFERENCE)
    wanted, scenarios = _wanted(only), _select(files, provider, seed)
    console = Terminal(sys.stderr if json else None)
    settings = PlaySettings(results=results, control_url=control_url, timeout_s=timeout)
    checked: dict[str, list[CheckedInvariant]] = {}
    try:
        for name, one in check_scenarios(tested, scenarios, wanted, settings):
            if name not in checked:
                console.print(name, markup=False, highlight=False)
            checked.setdefault(name, []).append(one)
            print_checked(one, console)
    except PlayError as error:
        refuse(str(error))
    status = overall(found for of_scenario in checked.values() for found in of_scenario)
    print_invariants_conclusion(status, console)
    if json:
        print_json(invariants_document(tested, checked, status))
    raise typer.Exit(EXIT_STATUS[status])


def _wanted(names: list[str] | None) -> "Sequence[Invariant]":
    """Return the invariants of --only, or all; refuse an unknown name."""
    from sendproof_harness.comparison.invariants import INVARIANTS  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.suggestions import suggestion  # noqa: PLC0415

    known = [invariant.name for invariant in INVARIANTS]
    for name in names or ():
        if name not in known:
            refuse(f"--only: expected the name of an invariant, got {name!r}; {suggestion(name, known)}")
    return [invariant for invariant in INVARIANTS if not names or invariant.name in names]


def _select(
    files: list[Path], provider: str | None, seed: int | None
) -> "Mapping[str, tuple[Scenario, Sequence[Scenario]]]":
    """Return each scenario with the same one for other providers; refuse wrong files."""
    from sendproof_harness.comparison.checking import with_other_providers  # noqa: PLC0415 - as above
    from sendproof_harness.run.runner import RunOptions  # noqa: PLC0415
    from sendproof_harness.session.selection import RunRefusedError, Selection, select_scenarios  # noqa: PLC0415

    try:
        selected = select_scenarios(files, Selection(seed=seed, provider=provider), RunOptions())
    except RunRefusedError as error:
        refuse(str(error))
    return with_other_providers(selected)
