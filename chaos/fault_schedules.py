"""`make chaos`: run the reference bridge with random faults, which it must survive.

A judge that fails a correct bridge is as useless as a judge that passes a wrong one. Each seed has its own audience and
faults, and prints one line with the verdict. The exit status is 0 if all verdicts are `pass`, else 1.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console

from catalogue import HERE, ROOT, Trial
from trial_runs import TrialError, TrialResult, cancelled_on_error, exit_on_sigterm, run_trial, simulators

EVERYDAY = HERE / "scenarios" / "everyday.yaml"
STOP = HERE / "scenarios" / "stop.yaml"
#: The trials, which the seeds use in turn.
TRIALS = (
    Trial(EVERYDAY, "textlocal"),
    Trial(STOP, "textlocal"),
    Trial(STOP, "xtremepush"),
    Trial(STOP, "delivyr"),
)
#: The largest number of faults of a seed; the smallest is 1.
MAX_FAULTS = 8

console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSchedule:
    """A seed, its trial, and its number of random faults."""

    seed: int
    trial: Trial
    faults: int

    @property
    def command(self) -> str:
        """The command that repeats it."""
        file = self.trial.scenario.relative_to(ROOT).as_posix()
        return f"sendproof run {file} --provider {self.trial.provider} --seed {self.seed} --random-faults {self.faults}"


def fault_schedule(seed: int) -> FaultSchedule:
    """Return the schedule of a seed; equal seeds have equal schedules."""
    return FaultSchedule(seed=seed, trial=TRIALS[seed % len(TRIALS)], faults=1 + seed // len(TRIALS) % MAX_FAULTS)


def run_schedule(schedule: FaultSchedule, folder: Path, url: str) -> TrialResult:
    """Run the reference bridge with the faults of a schedule."""
    options = ("--seed", str(schedule.seed), "--random-faults", str(schedule.faults))
    return run_trial(schedule.trial, folder, url, options=options)


def main() -> int:
    """Run all seeds and print their results. Return the exit status."""
    options = _options()
    exit_on_sigterm()
    seeds = range(options.first, options.first + options.seeds)
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name, cancelled_on_error(options.at_once) as pool:
        folder = options.results or Path(name)
        with simulators(folder) as url:
            passed = list(
                pool.map(lambda seed: _run_and_print(fault_schedule(seed), folder / f"seed-{seed}", url), seeds)
            )
    console.print(f"{sum(passed)} of {len(passed)} seeds passed")
    return 0 if all(passed) else 1


def _run_and_print(schedule: FaultSchedule, folder: Path, url: str) -> bool:
    try:
        result = run_schedule(schedule, folder, url)
    except TrialError as error:
        console.print(f"! seed {schedule.seed}: {error}", markup=False, highlight=False)
        return False
    is_passed = result.verdict == "pass"
    mark = "  " if is_passed else "! "
    lines = [f"{mark}seed {schedule.seed}: {result.verdict}, {schedule.trial.name}: {_faults_text(folder)}"]
    if not is_passed:
        lines += [f"      {failed.check}: {cause}" for failed in result.failed for cause in failed.causes]
        lines.append(f"      repeat with: {schedule.command}")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    return is_passed


def _faults_text(folder: Path) -> str:
    (file,) = folder.rglob("faults.yaml")
    return "; ".join(map(_fault_text, yaml.safe_load(file.read_text("utf-8"))["faults"]))


def _fault_text(fault: dict[str, object]) -> str:
    at = fault.get("call", fault.get("webhook"))
    rest = [f"{name} {value}" for name, value in fault.items() if name not in {"fault", "call", "webhook", "where"}]
    return " ".join([f"{fault['fault']} at {at}", *([f"({', '.join(rest)})"] if rest else [])])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python chaos", description="Run the reference bridge with random faults, which it must survive."
    )
    parser.add_argument("--seeds", type=int, default=50, metavar="N", help="Number of seeds. Default: 50.")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="First seed. Default: 1.")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="Number of parallel runs. Default: 2.")
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="Folder for the result files. Default: they are deleted."
    )
    return parser.parse_args()
