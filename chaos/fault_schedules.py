"""`make chaos`: run the reference bridge, and variants of it, with random faults, which they must survive.

A judge that fails a correct bridge is as useless as a judge that passes a wrong one. Each seed has its own audience,
faults and variant, and prints one line with the verdict. The exit status is 0 if no verdict is `fail` or `error`,
else 1: a run whose faults hit another place than planned may be `unknown`.
"""

import argparse
import tempfile
from collections import Counter
from dataclasses import dataclass
from math import lcm
from pathlib import Path

import yaml
from rich.console import Console

from catalogue import HERE, ROOT, Trial
from trial_runs import TrialError, TrialResult, cancelled_on_error, exit_on_sigterm, run_trial, simulators
from variants import Variant, variants

EVERYDAY = HERE / "scenarios" / "everyday.yaml"
STOP = HERE / "scenarios" / "stop.yaml"
TRIGGERS = HERE / "scenarios" / "triggers.yaml"
#: The trials, which the seeds use in turn, each with the largest number of faults of a seed; the smallest is 1.
MOST_FAULTS = {
    Trial(EVERYDAY, "textlocal"): 8,
    Trial(STOP, "textlocal"): 8,
    Trial(STOP, "xtremepush"): 8,
    Trial(STOP, "delivyr"): 8,
    Trial(TRIGGERS, "textlocal"): 3,
}
TRIALS = tuple(MOST_FAULTS)
#: The bridges, which the seeds use in turn: first the reference bridge itself.
BRIDGES = (None, *variants())
# After so many seeds, the same bridges would meet the same trials again.
_CYCLE = lcm(len(TRIALS), len(BRIDGES))
#: The verdicts of a run that blames nobody.
HARMLESS = frozenset({"pass", "unknown"})

console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSchedule:
    """A seed, its trial, its number of random faults, and the variant of the bridge, if any."""

    seed: int
    trial: Trial
    faults: int
    variant: Variant | None

    @property
    def name(self) -> str:
        """Bridge and trial, for messages."""
        return f"{self.variant.name if self.variant else 'the reference bridge'} in {self.trial.name}"

    @property
    def command(self) -> str:
        """The command that repeats it, apart from the variant."""
        file = self.trial.scenario.relative_to(ROOT).as_posix()
        return f"sendproof run {file} --provider {self.trial.provider} --seed {self.seed} --random-faults {self.faults}"


def fault_schedule(seed: int) -> FaultSchedule:
    """Return the schedule of a seed; equal seeds have equal schedules."""
    trial = TRIALS[seed % len(TRIALS)]
    return FaultSchedule(
        seed=seed,
        trial=trial,
        faults=1 + seed // len(TRIALS) % MOST_FAULTS[trial],
        variant=BRIDGES[(seed + seed // _CYCLE) % len(BRIDGES)],
    )


def run_schedule(schedule: FaultSchedule, folder: Path, url: str) -> TrialResult:
    """Run the bridge with the faults of a schedule."""
    options = ("--seed", str(schedule.seed), "--random-faults", str(schedule.faults))
    package = None
    if schedule.variant is not None:
        package = folder / "variant"
        schedule.variant.build(package)
    return run_trial(schedule.trial, folder / "results", url, package, options)


def main() -> int:
    """Run all seeds and print their results. Return the exit status."""
    options = _options()
    exit_on_sigterm()
    seeds = range(options.first, options.first + options.seeds)
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name, cancelled_on_error(options.at_once) as pool:
        folder = options.results or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with simulators(folder) as url:
            verdicts = list(
                pool.map(lambda seed: _run_and_print(fault_schedule(seed), folder / f"seed-{seed}", url), seeds)
            )
    counts = Counter(verdicts)
    figures = ", ".join(f"{counts[verdict]} {verdict}" for verdict in sorted(counts))
    console.print(f"{len(verdicts)} seeds over {len(BRIDGES)} bridges and {len(TRIALS)} trials: {figures}")
    return 0 if set(verdicts) <= HARMLESS else 1


def _run_and_print(schedule: FaultSchedule, folder: Path, url: str) -> str:
    try:
        result = run_schedule(schedule, folder, url)
    except TrialError as error:
        console.print(f"! seed {schedule.seed}: {schedule.name}: {error}", markup=False, highlight=False)
        return "error"
    mark = "  " if result.verdict in HARMLESS else "! "
    lines = [f"{mark}seed {schedule.seed}: {result.verdict}, {schedule.name}: {_faults_text(folder)}"]
    if result.verdict != "pass":
        checks = (*result.failed, *result.checks("unknown"))
        lines += [f"      {check.check}: {cause}" for check in checks for cause in check.causes]
        lines.append(f"      repeat with: {schedule.command}")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    return result.verdict


def _faults_text(folder: Path) -> str:
    (file,) = folder.rglob("faults.yaml")
    return "; ".join(map(_fault_text, yaml.safe_load(file.read_text("utf-8"))["faults"]))


def _fault_text(fault: dict[str, object]) -> str:
    at = fault.get("call", fault.get("webhook"))
    rest = [f"{name} {value}" for name, value in fault.items() if name not in {"fault", "call", "webhook", "where"}]
    return " ".join([f"{fault['fault']} at {at}", *([f"({', '.join(rest)})"] if rest else [])])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python chaos", description="Run the reference bridge and its variants with random faults."
    )
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="Number of seeds. Default: 200.")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="First seed. Default: 1.")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="Number of parallel runs. Default: 2.")
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="Folder for the result files. Default: they are deleted."
    )
    return parser.parse_args()
