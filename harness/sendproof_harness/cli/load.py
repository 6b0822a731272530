"""The commands `sendproof load ...`: each starts Locust as a process of its own, which does all the rest.

Locust patches whatever process imports it, so this one does not.
"""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from sendproof_harness.cli.options import (
    EXIT_ERROR,
    Bridge,
    Command,
    ControlUrl,
    Results,
    Timeout,
    refuse,
    refuse_two_bridges,
)
from sendproof_harness.providers import DEFAULT_PROVIDER

_INSTALL = 'Load tests need Locust: pip install "sendproof[load]"'
_VERDICTS = frozenset({0, 1, 2, 3})
_SPAWN_A_SECOND = "100"
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
_PACKAGE = Path(__file__).parent.parent

load = typer.Typer(
    help="Load before go-live: recipients a second, percentiles, losses, and who was the limit.", no_args_is_help=True
)

Customers = Annotated[int | None, typer.Option(min=1, max=10_000_000, help="How many there are.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the sandbox.")]
Provider = Annotated[str, typer.Option(help="Provider that carries the messages.")]
ThresholdsFile = Annotated[
    Path | None, typer.Option("--thresholds", help="File of service levels; they decide the exit status.")
]
Processes = Annotated[
    int, typer.Option(min=1, max=64, help="Processes that generate load; with more than one, Locust's own workers.")
]
Users = Annotated[int, typer.Option(min=1, max=1_000, help="Users of Locust, all calling at once.")]
NoRateLimits = Annotated[bool, typer.Option("--no-rate-limits", help="Let the services take any number of calls.")]
Days = Annotated[int, typer.Option(min=1, max=30, help="Virtual days of receipts and reports.")]
KeepHistory = Annotated[
    bool, typer.Option("--keep-history", help="Save the history, too, for `sendproof judge` and `sendproof explain`.")
]


@load.command(context_settings=_PASSED_ON)
def paging(
    context: typer.Context,
    customers: Customers = 1_000_000,
    users: Users = 4,
    processes: Processes = 1,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: ThresholdsFile = None,
) -> None:
    """Read all pages of a campaign of up to 10,000,000, and check every row. No bridge takes part.

    What stands after the options goes to Locust.

    Example: sendproof load paging --customers 10000000 --processes 2
    """
    _run("paging", context)


@load.command(context_settings=_PASSED_ON)
def campaign(
    context: typer.Context,
    customers: Customers = 100_000,
    provider: Provider = DEFAULT_PROVIDER,
    days: Days = 7,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: ThresholdsFile = None,
    timeout: Timeout = 60.0,
    no_rate_limits: NoRateLimits = False,
    keep_history: KeepHistory = False,
) -> None:
    """Send a large scheduled campaign through a bridge, until its last receipt and report.

    Without --bridge and --command the reference bridge is tested. What stands after the options goes to Locust.

    Example: sendproof load campaign --customers 1000000 --command "./my-bridge --port 9000" --thresholds slo.yaml
    """
    _run("campaign", context)


@load.command(context_settings=_PASSED_ON)
def triggers(
    context: typer.Context,
    rate: Annotated[
        float, typer.Option(min=0.1, max=10_000, help="Triggers a second at the height of the shape.")
    ] = 200,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="For how long triggers come.")] = 60,
    shape: Annotated[str, typer.Option(help="How the rate changes: steady, ramp, step or spike.")] = "steady",
    customers: Customers = 100_000,
    provider: Provider = DEFAULT_PROVIDER,
    processes: Processes = 1,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: ThresholdsFile = None,
    timeout: Timeout = 60.0,
    no_rate_limits: NoRateLimits = False,
) -> None:
    """Fire triggers at a rate, whether the bridge keeps up or not; latencies count from when each was to be fired.

    Without --bridge and --command the reference bridge is tested. What stands after the options goes to Locust.

    Example: sendproof load triggers --rate 200 --seconds 60 --command "./my-bridge --port 9000"
    """
    _run("triggers", context)


@load.command(context_settings=_PASSED_ON)
def receipts(
    context: typer.Context,
    customers: Customers = 20_000,
    duplicates: Annotated[int, typer.Option(min=0, max=10, help="How many times more every receipt comes.")] = 1,
    provider: Provider = DEFAULT_PROVIDER,
    days: Days = 1,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: ThresholdsFile = None,
    timeout: Timeout = 60.0,
) -> None:
    """Post receipts to a bridge as quick as it takes them, each more than once, and look at what it reports.

    Without --bridge and --command the reference bridge is tested. What stands after the options goes to Locust.

    Example: sendproof load receipts --customers 50000 --duplicates 2 --command "./my-bridge --port 9000"
    """
    _run("receipts", context)


@load.command(context_settings=_PASSED_ON)
def preferences(
    context: typer.Context,
    customers: Customers = 1_000_000,
    users: Users = 4,
    processes: Processes = 1,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: ThresholdsFile = None,
) -> None:
    """Tell Optimove who may be written to, 50,000 a call, and look whether it was kept. No bridge takes part.

    What stands after the options goes to Locust.

    Example: sendproof load preferences --customers 5000000
    """
    _run("preferences", context)


@load.command()
def judge(
    result: Annotated[Path, typer.Argument(help="A result.json that a load test has left.", show_default=False)],
    thresholds: ThresholdsFile = None,
    results: Annotated[Path | None, typer.Option(help="Write the reports to this folder, too.")] = None,
) -> None:
    """Judge the result of a load test again, perhaps against other service levels.

    Example: sendproof load judge results/load_campaign/result.json --thresholds thresholds.yaml
    """
    from sendproof_harness.load.finish import judge_and_report  # noqa: PLC0415 - `--help` stays quick
    from sendproof_harness.load.model import read_result  # noqa: PLC0415
    from sendproof_harness.load.service_levels import ServiceLevels, load_levels  # noqa: PLC0415

    try:
        wanted = ServiceLevels() if thresholds is None else load_levels(thresholds)
        raise typer.Exit(judge_and_report(read_result(result), wanted, results, Console()))
    except (OSError, ValueError) as error:
        refuse(str(error))


def _run(kind: str, context: typer.Context) -> NoReturn:
    """Start Locust with the options that were given; leave with the status of its verdict."""
    if importlib.util.find_spec("locust") is None:
        refuse(_INSTALL)
    given = dict(context.params)
    refuse_two_bridges(given.get("bridge"), given.get("command"))
    result = given["results"] / f"load_{kind}" / "result.json"
    try:
        result.parent.mkdir(parents=True, exist_ok=True)
        result.unlink(missing_ok=True)
    except OSError as error:
        refuse(f"the results folder {result.parent} cannot be used: {error.strerror}; choose another with --results")
    processes = given.pop("processes", 1)
    # One user for each process that generates load, where the command does not say how many.
    users = given.pop("users", processes)
    words = [sys.executable, "-m", "locust", "-f", str(locustfiles() / f"{kind}.py"), "--headless"]
    words += ["--users", str(users), "--spawn-rate", _SPAWN_A_SECOND, "--loglevel", "WARNING"]
    words += ["--processes", str(processes)] if processes > 1 else []
    words += [word for name, value in given.items() for word in _as_words(name, value)]
    status = _status_of([*words, *context.args])
    # Without a result Locust itself has failed, or the world could not be made; it has said why.
    raise typer.Exit(status if result.exists() and status in _VERDICTS else EXIT_ERROR)


def _as_words(name: str, value: object) -> list[str]:
    """An option as Locust takes it."""
    word = "--" + {"control_url": "host"}.get(name, name.replace("_", "-"))
    if value is None or value is False:
        return []
    return [word] if value is True else [word, str(value)]


def _status_of(words: list[str]) -> int:
    """Run it to its end; Ctrl-C and SIGTERM reach it, and it is waited for then, too."""
    child = subprocess.Popen(words, env={**os.environ, "SENDPROOF_LOAD": "1"})  # noqa: S603 - our own words
    signal.signal(signal.SIGTERM, lambda number, _: child.send_signal(number))
    # The terminal sends Ctrl-C to both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return child.wait()


def locustfiles() -> Path:
    """The folder with the files that Locust runs: in the repository, or inside the package once it is installed."""
    installed = _PACKAGE / "loadtests"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "loadtests"
