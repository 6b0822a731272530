"""`make kills`: kill the reference bridge with SIGKILL at random instants of real runs, and start it again.

Each run has five kills, drawn from its seed: before or after a call or a webhook, and how long the bridge stays down.
The judge then compares what each recipient got with what was due: nothing is lost, and nothing is sent twice. The exit
status is 0 if every run passes, else 1.
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import yaml
from rich.console import Console

from catalogue import ROOT, Trial
from postgres_server import URL_VARIABLE, postgres_server
from trial_runs import cancelled_on_error, exit_on_sigterm, run_trial, simulators

SCENARIO = ROOT / "scenarios" / "failures" / "bridge_killed.yaml"
PROVIDERS = ("textlocal", "xtremepush", "delivyr")
POSTGRES_BRIDGE = Path(__file__).with_name("postgres_bridge.py")
KILLS_PER_RUN = 5
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


def write_scenario(seed: int, file: Path) -> Path:
    """Write the scenario of a seed; return its file."""
    text = SCENARIO.read_text("utf-8")
    steps = text[text.index("steps:\n") :]
    faults = yaml.safe_dump({"faults": kills(seed)}, sort_keys=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text[: text.index("faults:\n")] + faults + steps, "utf-8")
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


def run_seed(seed: int, provider: str, folder: Path, url: str, options: Sequence[str] = ()) -> tuple[str, int]:
    """Run the bridge with the kills of a seed; return the verdict, and the number of kills that took place."""
    scenario = write_scenario(seed, folder / "kills.yaml")
    result = run_trial(Trial(scenario, provider), folder / "results", url, options=options)
    (history,) = folder.rglob("history.ndjson")
    with history.open(encoding="utf-8") as file:
        done = sum(json.loads(line)["fault"] == "kill" for line in file if '"kind":"fault"' in line)
    causes = [f"{check.check}: {cause}" for check in result.failed for cause in check.causes]
    console.print(f"{provider} seed {seed}: {result.verdict}, {done} kills", *causes, sep="\n  ", markup=False)
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
    options = parser.parse_args()
    exit_on_sigterm()
    passed = True
    with (
        tempfile.TemporaryDirectory(prefix="sendproof-") as name,
        simulators(Path(name)) as url,
        database_options(postgresql=options.postgresql) as database,
    ):
        for provider in PROVIDERS:
            seeds = range(options.first, options.first + -(-options.kills // KILLS_PER_RUN))
            folder = Path(name) / provider
            with cancelled_on_error(2) as pool:
                runs = list(
                    pool.map(lambda seed, at=folder: run_seed(seed, at.name, at / str(seed), url, database), seeds)
                )
            good = sum(verdict == "pass" for verdict, _ in runs)
            total = sum(done for _, done in runs)
            console.print(f"{provider}: {total} kills in {len(runs)} runs, {good} passed")
            passed &= good == len(runs)
    return 0 if passed else 1
