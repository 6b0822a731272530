"""The commands `sendproof load ...`: each starts Locust as a process of its own.

Locust patches every process that imports it, so this one does not import it.
"""

import importlib.util
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sendproof_harness.cli.options import (
    CONTROL_URL_VARIABLE,
    AsJson,
    Bridge,
    Command,
    ControlUrl,
    Results,
    Timeout,
    refuse,
    refuse_two_bridges,
)
from sendproof_harness.cli.usage_errors import command_name
from sendproof_harness.interruption import enter_stage, keep
from sendproof_harness.output import echo
from sendproof_harness.program import EXIT_ERROR
from sendproof_harness.providers import DEFAULT_PROVIDER, discover
from sendproof_harness.scenario.values import LARGEST_SEED
from sendproof_harness.suggestions import closest, wrong_choice
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.run.keeping.kept_process import KeptProcess

_VERDICT_STATUSES = frozenset({0, 1, 2, 3})
_MASTER_HOST = "127.0.0.1"
# Locust's own ports.
_MASTER_PORT, _WEB_PORT = 5557, 8089
# Workers in containers may have to fetch their image first.
_WORKERS_S = 600
_KINDS = ("paging", "preferences", "campaign", "receipts", "day", "triggers", "soak")
_SPAWN_RATE = "100"
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
# For Locust to report what it has counted, and to stop the bridge and the simulators.
_REPORT_S = 5.0
_PACKAGE = Path(__file__).parent.parent
# A less similar word is an option of Locust.
_NEARLY = 0.8
# Of Locust, and similar to ours.
_LOCUST_OPTIONS = frozenset({"--user", "--process", "--stop-timeout", "--spawn-rate"})

group = typer.Typer(
    help="Test throughput, latency and correctness under load.",
    no_args_is_help=True,
)

Customers = Annotated[int | None, typer.Option(min=1, max=10_000_000, help="Number of customers.")]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the sandbox.")]
Provider = Annotated[str, typer.Option(help="Provider that carries the messages.")]
MessageType = Annotated[str, typer.Option(help="Type of the messages, such as push or email.")]
Thresholds = Annotated[
    Path | None, typer.Option(help="File with service-level thresholds; they decide the exit status.")
]
Processes = Annotated[int, typer.Option(min=1, max=64, help="Number of processes that generate load.")]
Workers = Annotated[
    int, typer.Option(min=0, max=1_000, help="Number of `sendproof load worker` to wait for, on any machines.")
]
Web = Annotated[bool, typer.Option("--web", help="Show Locust's page while the test runs, on this machine only.")]
Users = Annotated[int, typer.Option(min=1, max=1_000, help="Locust users that send requests at once.")]
NoRateLimits = Annotated[bool, typer.Option("--no-rate-limits", help="Turn off the rate limits of the services.")]
Days = Annotated[int, typer.Option(min=1, max=30, help="Virtual days of receipts and reports.")]
KeepHistory = Annotated[
    bool, typer.Option("--keep-history", help="Also save the history, for `sendproof judge` and `sendproof explain`.")
]


@group.command(context_settings=_PASSED_ON)
def paging(
    context: typer.Context,
    customers: Customers = 1_000_000,
    users: Users = 4,
    processes: Processes = 1,
    workers: Workers = 0,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: Thresholds = None,
    web: Web = False,
    json: AsJson = False,
) -> None:
    """Read all pages of a campaign and check every row.

    The simulators are tested alone, without a bridge. Further options are passed to Locust.

    Example: sendproof load paging --customers 10000000 --processes 2
    """
    _run_locust("paging", context)


@group.command(context_settings=_PASSED_ON)
def campaign(
    context: typer.Context,
    customers: Customers = 100_000,
    provider: Provider = DEFAULT_PROVIDER,
    message: MessageType = "sms",
    days: Days = 7,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: Thresholds = None,
    timeout: Timeout = 60.0,
    no_rate_limits: NoRateLimits = False,
    keep_history: KeepHistory = False,
    web: Web = False,
    json: AsJson = False,
) -> None:
    """Send a large campaign through a bridge, up to the last report.

    Without --bridge and --command, the reference bridge is tested. Further options are passed to Locust.

    Example: sendproof load campaign --customers 1000000 --command "./my-bridge --port 9000" --thresholds slo.yaml
    """
    _run_locust("campaign", context)


@group.command(context_settings=_PASSED_ON)
def day(
    context: typer.Context,
    customers: Customers = 10_000,
    days: Annotated[int, typer.Option(min=1, max=30, help="Number of mixed days; two days of reports follow.")] = 1,
    provider: Provider = DEFAULT_PROVIDER,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: Thresholds = None,
    timeout: Timeout = 60.0,
    no_rate_limits: NoRateLimits = False,
    keep_history: KeepHistory = False,
    web: Web = False,
    json: AsJson = False,
) -> None:
    """Run days with all traffic of a bridge together.

    Each has a nightly process, a changed template, two campaigns to all customers, triggers, opt-outs and reports. The
    checks of `sendproof run` judge it. Without --bridge and --command, the reference bridge is tested. Further options
    are passed to Locust.

    Example: sendproof load day --customers 50000 --command "./my-bridge --port 9000"
    """
    _run_locust("day", context)


@group.command(context_settings=_PASSED_ON)
def triggers(
    context: typer.Context,
    rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Triggers per second at the peak.")] = 200,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="Duration in real seconds.")] = 60,
    shape: Annotated[str, typer.Option(help="How the rate changes: steady, ramp, step or spike.")] = "steady",
    customers: Customers = 100_000,
    provider: Provider = DEFAULT_PROVIDER,
    processes: Processes = 1,
    workers: Workers = 0,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: Thresholds = None,
    timeout: Timeout = 60.0,
    no_rate_limits: NoRateLimits = False,
    web: Web = False,
    json: AsJson = False,
) -> None:
    """Fire triggers at a given rate, even if the bridge is slower.

    Each latency counts from the intended start of its trigger. Without --bridge and --command, the reference bridge is
    tested. Further options are passed to Locust.

    Example: sendproof load triggers --rate 200 --seconds 60 --command "./my-bridge --port 9000"
    """
    _run_locust("triggers", context)


@group.command(context_settings=_PASSED_ON)
def soak(
    context: typer.Context,
    rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Triggers per second.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, max=604_800, help="Duration in real seconds.")] = 600,
    customers: Customers = 100_000,
    provider: Provider = DEFAULT_PROVIDER,
    processes: Processes = 1,
    workers: Workers = 0,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: Thresholds = None,
    timeout: Timeout = 60.0,
    no_rate_limits: NoRateLimits = False,
    web: Web = False,
    json: AsJson = False,
) -> None:
    """Fire triggers for a long time, and check that nothing grows.

    Memory and open descriptors of the bridge and the latency of its messages must stay flat after the first quarter of
    the time. Without --bridge and --command, the reference bridge is tested. Further options are passed to Locust.

    Example: sendproof load soak --seconds 3600 --command "./my-bridge --port 9000"
    """
    _run_locust("soak", context)


@group.command(context_settings=_PASSED_ON)
def receipts(
    context: typer.Context,
    customers: Customers = 20_000,
    duplicates: Annotated[int, typer.Option(min=0, max=10, help="Extra copies of each receipt.")] = 1,
    provider: Provider = DEFAULT_PROVIDER,
    days: Days = 1,
    bridge: Bridge = None,
    command: Command = None,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: Thresholds = None,
    timeout: Timeout = 60.0,
    web: Web = False,
    json: AsJson = False,
) -> None:
    """Post receipts as fast as a bridge accepts them, with duplicates.

    Then the reports of the bridge are checked. Without --bridge and --command, the reference bridge is tested. Further
    options are passed to Locust.

    Example: sendproof load receipts --customers 50000 --duplicates 2 --command "./my-bridge --port 9000"
    """
    _run_locust("receipts", context)


@group.command(context_settings=_PASSED_ON)
def preferences(
    context: typer.Context,
    customers: Customers = 1_000_000,
    users: Users = 4,
    processes: Processes = 1,
    workers: Workers = 0,
    seed: Seed = 1,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    thresholds: Thresholds = None,
    web: Web = False,
    json: AsJson = False,
) -> None:
    """Set customers' preferences, 50,000 per request, and check them.

    The simulators are tested alone, without a bridge. Further options are passed to Locust.

    Example: sendproof load preferences --customers 5000000
    """
    _run_locust("preferences", context)


@group.command(context_settings=_PASSED_ON)
def worker(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="Kind of the load test, the same as on the master.", show_default=False)],
    master: Annotated[str, typer.Option(help="Host name or address of the machine with the load test.")],
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on which the master listens.")] = _MASTER_PORT,
    processes: Processes = 1,
) -> None:
    """Generate load for a load test on another machine.

    That test runs with `--workers`, and has the verdict. Further options are passed to Locust.

    Example: sendproof load worker triggers --master first
    """
    _expect_locust()
    if kind not in _KINDS:
        refuse(wrong_choice("KIND", kind, _KINDS))
    words = [*_locust(kind), "--worker", "--master-host", master, "--master-port", str(port)]
    words += ["--processes", str(processes)] if processes > 1 else []
    enter_stage("the worker of a load test ran")
    with _kept([*words, *context.args], {}) as locust:
        status = locust.wait()
    raise typer.Exit(EXIT_ERROR if status else 0)


@group.command()
def judge(
    result: Annotated[Path, typer.Argument(help="The result.json of a load test.", show_default=False)],
    thresholds: Thresholds = None,
    results: Annotated[Path | None, typer.Option(help="Folder for the reports; otherwise none are written.")] = None,
    json: AsJson = False,
) -> None:
    """Judge the result of a load test again, with other thresholds.

    Example: sendproof load judge results/load_campaign/result.json --thresholds thresholds.yaml
    """
    from sendproof_harness.load.finish import judge_and_report  # noqa: PLC0415 - `--help` stays quick
    from sendproof_harness.load.model import read_result  # noqa: PLC0415
    from sendproof_harness.load.report.json import render  # noqa: PLC0415
    from sendproof_harness.load.service_levels import ServiceLevels, load_levels  # noqa: PLC0415
    from sendproof_harness.load.verdict import judge as judge_result  # noqa: PLC0415
    from sendproof_harness.run.errors import RunOptionsError  # noqa: PLC0415
    from sendproof_harness.run.results_folder import locked_folder  # noqa: PLC0415

    try:
        levels = ServiceLevels() if thresholds is None else load_levels(thresholds)
        content = read_result(result)
        with nullcontext() if results is None else locked_folder(results):
            status = judge_and_report(content, levels, results, Terminal(sys.stderr if json else None))
    except (OSError, ValueError, RunOptionsError) as error:
        refuse(str(error))
    if json:
        echo(render(judge_result(content, levels)).rstrip("\n"))
    raise typer.Exit(status)


@group.command()
def compare(
    earlier: Annotated[Path, typer.Argument(help="The result.json of the earlier load test.", show_default=False)],
    later: Annotated[Path, typer.Argument(help="The result.json of the later load test.", show_default=False)],
    json: AsJson = False,
) -> None:
    """Compare two results of a load test: ratios, and what matters.

    Exit status: 0 if nothing got worse, 1 if something did. 2 if a test ended early, only one result has a loss or a
    check, or no speed or processor time could be compared.

    Example: sendproof load compare baseline/result.json results/load_campaign
    """
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415 - `--help` stays quick
    from sendproof_harness.load.analysis.comparison import compare as compare_results  # noqa: PLC0415
    from sendproof_harness.load.model import read_result  # noqa: PLC0415
    from sendproof_harness.load.report.comparison import print_comparison, render  # noqa: PLC0415

    try:
        comparison = compare_results(read_result(earlier), read_result(later))
    except ValueError as error:
        refuse(str(error))
    if json:
        echo(render(comparison).rstrip("\n"))
    else:
        print_comparison(comparison, Terminal())
    raise typer.Exit(EXIT_STATUS[comparison.status])


def _expect_locust() -> None:
    """Refuse the command if Locust is not installed."""
    if importlib.util.find_spec("locust") is None:
        from sendproof_harness.installation import install_command  # noqa: PLC0415 - `--help` stays quick

        refuse(f"load tests need Locust; install it with: {install_command('load')}")


def _run_locust(kind: str, context: typer.Context) -> NoReturn:
    """Run Locust with the options of the command line, and exit with the status of its verdict."""
    _expect_locust()
    options = dict(context.params)
    as_json = options.pop("json")
    refuse_two_bridges(options.get("bridge"), options.get("command"))
    _check_values(options)
    _refuse_misspelt(context)
    result = options["results"] / f"load_{kind}" / "result.json"
    earlier = _written_at(result)
    processes, workers = options.pop("processes", 1), options.pop("workers", 0)
    if processes > 1 and workers:
        refuse("--workers: cannot be combined with --processes; start one more worker on this machine")
    # One user for each process that generates load, where the command has no number of users.
    users = options.pop("users", max(processes, workers))
    words = [*_locust(kind), "--users", str(users), "--spawn-rate", _SPAWN_RATE]
    words += _page_options(context.args) if options.pop("web") else ["--headless"]
    words += _worker_options(processes) if processes > 1 else _master_options(workers)
    environment = {"SENDPROOF_LOAD": "1"}
    if (control_url := options.pop("control_url", None)) is not None:
        # Any user of the machine can read the options of a process, and the URL may contain a token.
        environment[CONTROL_URL_VARIABLE] = control_url
    words += [word for name, value in options.items() for word in _locust_option(name, value)]
    with _stdout_on_stderr() if as_json else nullcontext():
        status = _exit_status([*words, *context.args], environment, result, earlier)
    # Without a new result, Locust itself failed or the sandbox could not be created; Locust has printed why.
    has_result = _written_at(result) not in {None, earlier}
    if as_json and has_result:
        echo((result.parent / "verdict.json").read_text(encoding="utf-8").rstrip("\n"))
    raise typer.Exit(status if has_result and status in _VERDICT_STATUSES else EXIT_ERROR)


def _worker_options(processes: int) -> list[str]:
    """Return Locust's options for several processes, which meet at a port of this test alone.

    With Locust's own port, workers of two tests on one machine would join the same master. It would also listen on all
    addresses of the machine.
    """
    from sendproof_harness.run.processes import free_port  # noqa: PLC0415 - `--help` stays quick

    port = str(free_port(_MASTER_HOST))
    return [
        *("--processes", str(processes)),
        *("--master-bind-host", _MASTER_HOST, "--master-bind-port", port),
        *("--master-host", _MASTER_HOST, "--master-port", port),
    ]


def _locust(kind: str) -> list[str]:
    return [sys.executable, "-m", "locust", "-f", str(locustfiles() / f"{kind}.py"), "--loglevel", "WARNING"]


def _master_options(workers: int) -> list[str]:
    """Return Locust's options for workers of other machines; none without workers."""
    expected = ["--expect-workers", str(workers), "--expect-workers-max-wait", str(_WORKERS_S)]
    return ["--master", *expected] if workers else []


def _page_options(passed_on: Sequence[str]) -> list[str]:
    """Return Locust's options for its page, at its usual port if that is free and the user names no other."""
    from sendproof_harness.run.processes import free_port  # noqa: PLC0415 - `--help` stays quick

    if any(word.partition("=")[0] in {"--web-port", "-P"} for word in passed_on):
        return ["--autostart"]
    with socket.socket() as probe:
        is_free = probe.connect_ex((_MASTER_HOST, _WEB_PORT)) != 0
    return ["--autostart", "--web-port", str(_WEB_PORT if is_free else free_port(_MASTER_HOST))]


def _check_values(options: Mapping[str, Any]) -> None:
    """Refuse a wrong value before Locust starts: its own messages name no way out."""
    from sendproof_harness.load.arrivals import SHAPES  # noqa: PLC0415 - `--help` stays quick
    from sendproof_harness.run.errors import RunOptionsError  # noqa: PLC0415
    from sendproof_harness.run.runner import RunOptions, check_command_line  # noqa: PLC0415

    for name, known in (("provider", list(discover())), ("shape", list(SHAPES))):
        value = options.get(name)
        # The simulators of --control-url may have more providers.
        is_certain = name == "shape" or value is None or closest(value, known) is not None
        if value is not None and value not in known and is_certain:
            refuse(wrong_choice(f"--{name}", value, known))
    _check_message(options.get("provider"), options.get("message"))
    bridge, command, control_url = (options.get(name) for name in ("bridge", "command", "control_url"))
    try:
        check_command_line(RunOptions(bridge=bridge, command=command, control_url=control_url))
    except RunOptionsError as error:
        refuse(str(error))


def _check_message(provider: str | None, message: str | None) -> None:
    """Refuse a type of messages that the provider does not send."""
    from sendproof_harness.scenario.model import SMS  # noqa: PLC0415 - `--help` stays quick

    record = discover().get(provider or "")
    if record is None:
        return
    types = sorted(record.message_types)
    if message is None and SMS not in types:
        refuse(
            f"--provider: {provider} only sends {' and '.join(types)}, and this load test sends SMS; "
            f"use `sendproof load campaign --provider {provider} --message {types[0]}`"
        )
    if message is not None and message not in types:
        refuse(wrong_choice("--message", message, types) + f" with --provider {provider}")


def _refuse_misspelt(context: typer.Context) -> None:
    """Refuse an option that is nearly one of the command: Locust would take or refuse it without a hint."""
    known = [name for parameter in context.command.params for name in parameter.opts if name.startswith("--")]
    for word in context.args:
        name = word.partition("=")[0]
        if name.startswith("--") and name not in _LOCUST_OPTIONS and (match := closest(name, known, cutoff=_NEARLY)):
            refuse(f"no such option {name}; did you mean {match}? ({command_name(context)} --help)")


@contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Let the output of programs that start in the block go to stderr, so that stdout has JSON alone."""
    stdout, stderr = (stream.fileno() for stream in (sys.stdout, sys.stderr))
    saved = os.dup(stdout)
    os.dup2(stderr, stdout)
    try:
        yield
    finally:
        os.dup2(saved, stdout)
        os.close(saved)


def _locust_option(name: str, value: object) -> list[str]:
    """Return the words of an option for Locust, none if it has no value."""
    option = f"--{name.replace('_', '-')}"
    if value is None or value is False:
        return []
    return [option] if value is True else [option, str(value)]


def _exit_status(words: list[str], environment: dict[str, str], result: Path, earlier: int | None) -> int:
    """Run Locust to its end and return its exit status. An interrupt ends it, and it reports what it has counted."""
    enter_stage(f"the load test in {result.parent} ran")
    try:
        with _kept(words, environment) as locust:
            return locust.wait()
    finally:
        if _written_at(result) not in {None, earlier}:
            keep(f"Kept: {result} and the reports next to it, with the counts so far")
        elif result.parent.is_dir():
            keep(f"The load test has no result yet. Kept in {result.parent}: its logs")


@contextmanager
def _kept(words: list[str], environment: dict[str, str]) -> Iterator["KeptProcess"]:
    """Start Locust, which ends with the block."""
    from sendproof_harness.run.keeping.kept_process import KeptProcess  # noqa: PLC0415 - `--help` stays quick

    locust = KeptProcess(words, environment, log=None)
    try:
        yield locust
    finally:
        locust.stop(_REPORT_S)


def _written_at(file: Path) -> int | None:
    """Return when a file was written, in nanoseconds; None if it does not exist."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


def locustfiles() -> Path:
    """Return the folder of the Locust files: in the repository, or in the installed package."""
    installed = _PACKAGE / "loadtests"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "loadtests"
