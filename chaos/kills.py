"""`make kills`: kill the reference bridge with SIGKILL at random instants of real runs, and start it again.

Each run has five kills, drawn from its seed: before or after a call or a webhook, and how long the bridge stays down.
The judge then compares what each recipient got with what was due: nothing is lost, and nothing is sent twice. The exit
status is 0 if every run passes, else 1.

With `--processes`, the bridge is three workers and two webhook processes on one PostgreSQL database. One of them is
killed or hangs, or the database crashes, while the others go on (`bridge_group.py`).
"""

import argparse
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from pathlib import Path

import yaml
from rich.console import Console

from catalogue import ROOT, Trial
from postgres_server import URL_VARIABLE, postgres_server
from sendproof_harness.run.error_excerpt import crash_errors, headline
from trial_runs import TrialError, TrialResult, cancelled_on_error, exit_on_sigterm, run_trial, simulators

SCENARIO = ROOT / "scenarios" / "failures" / "bridge_killed.yaml"
PROVIDERS = ("textlocal", "xtremepush", "delivyr")
POSTGRES_BRIDGE = Path(__file__).with_name("postgres_bridge.py")
BRIDGE_GROUP = Path(__file__).with_name("bridge_group.py")
KILLS_PER_RUN = 5
# A guard against hanging only.
_GUARD_S = 600
#: Where to kill, and how many such calls or webhooks every run has at least.
PLACES = (
    ("call", "optimove.RegisterEventListener", 2),
    ("call", "optimove.AddChannelTemplates", 1),
    ("webhook", "optimove.13", 1),
    ("call", "optimove.GetCustomerSendDetailsByChannel", 2),
    ("call", "any.send", 2),
    ("webhook", "any.receipt", 300),
    ("call", "optimove.UpdateCampaignMetrics", 4),
)

console = Console()


def kills(seed: int) -> list[dict[str, object]]:
    """Return the kills of a seed, each at another instant."""
    drawn: dict[tuple[str, str, int], dict[str, object]] = {}
    attempt = 0
    while len(drawn) < KILLS_PER_RUN:
        attempt += 1
        draw = f"{seed} {attempt}"
        # Each kind of place is as likely as the others, however many of it there are.
        kind, name, count = PLACES[_number(f"{draw} place", len(PLACES))]
        nth = 1 + _number(f"{draw} nth", count)
        when, down = ("before", "after")[_number(f"{draw} when", 2)], 1 + _number(f"{draw} down", 30)
        kill = {"fault": "kill", kind: name, "nth": nth, "when": when, "down": f"{down} minutes"}
        drawn.setdefault((kind, name, nth), kill)
    return list(drawn.values())


def _number(name: str, below: int) -> int:
    """Return a whole number below a limit: a pure function of its name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") % below


def write_scenario(faults: Sequence[Mapping[str, object]], file: Path, customers: int = 400) -> Path:
    """Write the scenario with these faults, and fewer customers; return its file."""
    text = SCENARIO.read_text("utf-8")
    steps = text[text.index("steps:\n") :]
    section = yaml.safe_dump({"faults": faults}, sort_keys=False) if faults else ""
    file.parent.mkdir(parents=True, exist_ok=True)
    head = text[: text.index("faults:\n")].replace("customers: 400", f"customers: {customers}")
    file.write_text(head + section + steps, "utf-8")
    return file


@contextmanager
def database_options(*, postgresql: bool) -> Iterator[Sequence[str]]:
    """Return the options of a run with the bridge's own database, or with a PostgreSQL server that runs meanwhile."""
    if not postgresql:
        yield ()
        return
    with postgres_server() as server:
        os.environ[URL_VARIABLE] = server.url()
        yield "--command", shlex.join([sys.executable, str(POSTGRES_BRIDGE)])


def group_options(seed: int, disturbances: int = KILLS_PER_RUN, server: str | None = None) -> Sequence[str]:
    """Return the options of a run with several processes, disturbances of the seed, and the URL of its own server."""
    command = [sys.executable, str(BRIDGE_GROUP), "--seed", str(seed), "--disturbances", str(disturbances)]
    command += [] if server is None else ["--server", server]
    # Disturbances of the setup last half a minute on an idle machine.
    return "--command", shlex.join(command), "--timeout", str(_GUARD_S)


def run_seed(seed: int, provider: str, folder: Path, url: str, options: Sequence[str] = ()) -> tuple[str, int]:
    """Run the bridge with the kills of a seed; return the verdict, and the number of kills that took place."""
    result = run_trial(
        Trial(write_scenario(kills(seed), folder / "kills.yaml"), provider), folder / "results", url, options=options
    )
    (history,) = folder.rglob("history.ndjson")
    with history.open(encoding="utf-8") as file:
        done = sum(json.loads(line)["fault"] == "kill" for line in file if '"kind":"fault"' in line)
    return _result(seed, result, done)


def run_group(seed: int, provider: str, folder: Path, url: str) -> tuple[str, int]:
    """Run the bridge as several processes with the disturbances of a seed; return as `run_seed` does.

    The server is its own: a crash would be one of all runs at it, and those of other seeds would not know of it.
    """
    scenario = write_scenario((), folder / "processes.yaml", customers=150)
    with postgres_server() as server:
        options = group_options(seed, server=server.url())
        result = run_trial(Trial(scenario, provider), folder / "results", url, options=options)
    (log,) = folder.rglob("bridge.log")
    return _result(seed, result, log.read_text("utf-8").count("\ndisturbance "))


def run_and_keep(run: Callable[[], tuple[str, int]], name: str, folder: Path, kept: Path) -> tuple[str, int]:
    """Run a seed and return its result. A run that does not pass keeps its files: it may not fail again."""
    try:
        verdict, done = run()
    except TrialError as error:
        console.print(f"{name}: no verdict", str(error), sep="\n  ", markup=False)
        verdict, done = "error", 0
    if verdict != "pass" and folder.exists():
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        console.print(f"  kept: {kept}", *_bridge_errors(kept), sep="\n  ", markup=False, soft_wrap=True)
    return verdict, done


def _bridge_errors(folder: Path) -> Iterator[str]:
    """Yield the first and the last error in each log of a bridge."""
    for log in sorted(folder.rglob("bridge.log")):
        for error in crash_errors(log.read_text("utf-8", "replace")):
            yield f"{log.relative_to(folder)}: {headline(error)}"


def _result(seed: int, result: TrialResult, done: int) -> tuple[str, int]:
    causes = [f"{check.check}: {cause}" for check in result.failed for cause in check.causes]
    text = f"{result.trial.provider} seed {seed}: {result.verdict}, {done} kills"
    console.print(text, *causes, sep="\n  ", markup=False)
    return result.verdict, done


def main() -> int:
    """Run all seeds with each provider and print the figures. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python chaos kills", description="Kill the bridge at random instants.")
    parser.add_argument(
        "--kills",
        type=int,
        default=100,
        metavar="N",
        help="Kills per provider; a run has 5. Default: 100.",
    )
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="First seed. Default: 1.")
    parser.add_argument("--postgresql", action="store_true", help="The bridge has its state in PostgreSQL.")
    parser.add_argument("--processes", action="store_true", help="It is five processes, one of which is killed.")
    parser.add_argument("--at-once", type=int, metavar="N", help="Runs side by side. Default: 2; 3 with --processes.")
    parser.add_argument("--provider", choices=PROVIDERS, help="Only this provider. Default: all.")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results/kills"),
        metavar="FOLDER",
        help="Folder for the files of runs that do not pass. Default: results/kills.",
    )
    options = parser.parse_args()
    exit_on_sigterm()
    passed = True
    with (
        tempfile.TemporaryDirectory(prefix="sendproof-") as name,
        simulators(Path(name)) as url,
        database_options(postgresql=options.postgresql) as database,
    ):
        for provider in PROVIDERS if options.provider is None else (options.provider,):
            seeds = range(options.first, options.first + -(-options.kills // KILLS_PER_RUN))
            folder = Path(name) / provider
            run = run_group if options.processes else partial(run_seed, options=database)
            # A group of processes waits for much of its time: for the database, and for those that hang or restart.
            with cancelled_on_error(options.at_once or (3 if options.processes else 2)) as pool:
                runs = list(
                    pool.map(
                        lambda seed, at=folder, run=run: run_and_keep(
                            partial(run, seed, at.name, at / str(seed), url=url),
                            f"{at.name} seed {seed}",
                            at / str(seed),
                            options.results / at.name / str(seed),
                        ),
                        seeds,
                    )
                )
            good = sum(verdict == "pass" for verdict, _ in runs)
            total = sum(done for _, done in runs)
            console.print(f"{provider}: {total} kills in {len(runs)} runs, {good} passed")
            passed &= good == len(runs)
    return 0 if passed else 1
