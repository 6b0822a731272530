"""`make chaos`: play the reference bridge under fault schedules that are drawn from seeds, which it must survive.

A judge that fails a right bridge would be as useless as one that passes a wrong one. Each seed is another audience and
other faults, in a line with the verdict. Ends with status 0 when all are `pass`, else 1.
"""

import argparse
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console

from catalogue import HERE, ROOT, Trial
from trial_runs import Played, PlayError, end_in_order, play, simulators

EVERYDAY = HERE / "scenarios" / "everyday.yaml"
STOP = HERE / "scenarios" / "stop.yaml"
#: Where seeds play, in turn.
TRIALS = (
    Trial(EVERYDAY, "textlocal"),
    Trial(STOP, "textlocal"),
    Trial(STOP, "xtremepush"),
    Trial(STOP, "delivyr"),
)
#: How many faults a seed brings: from one to this many.
MOST_FAULTS = 8

console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """One seed: where it plays, and how many faults are drawn."""

    seed: int
    trial: Trial
    faults: int

    @property
    def again(self) -> str:
        """The command that plays it by itself."""
        file = self.trial.scenario.relative_to(ROOT).as_posix()
        return f"sendproof run {file} --provider {self.trial.provider} --seed {self.seed} --random-faults {self.faults}"


def storm(seed: int) -> Storm:
    """The same for the same seed, always."""
    return Storm(seed=seed, trial=TRIALS[seed % len(TRIALS)], faults=1 + seed // len(TRIALS) % MOST_FAULTS)


def weather(one: Storm, folder: Path, url: str) -> Played:
    """Play it."""
    return play(one.trial, folder, url, options=("--seed", str(one.seed), "--random-faults", str(one.faults)))


def main() -> int:
    """Play all seeds, a few at once, and say how each ended."""
    options = _options()
    end_in_order()
    seeds = range(options.first, options.first + options.seeds)
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name, ThreadPoolExecutor(options.at_once) as pool:
        folder = options.results or Path(name)
        with simulators(folder) as url:
            passed = list(pool.map(lambda seed: _play(storm(seed), folder / f"seed-{seed}", url), seeds))
    console.print(f"{sum(passed)} of {len(passed)} seeds passed")
    return 0 if all(passed) else 1


def _play(one: Storm, folder: Path, url: str) -> bool:
    try:
        played = weather(one, folder, url)
    except PlayError as error:
        console.print(f"! seed {one.seed}: {error}", markup=False, highlight=False)
        return False
    right = played.verdict == "pass"
    lines = [f"{'  ' if right else '! '}seed {one.seed}: {played.verdict}, {one.trial.name}: {_faults(folder)}"]
    if not right:
        lines += [f"      {failed.check}: {cause}" for failed in played.failed for cause in failed.causes]
        lines.append(f"      again: {one.again}")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    return right


def _faults(folder: Path) -> str:
    (file,) = folder.rglob("faults.yaml")
    return "; ".join(map(_written, yaml.safe_load(file.read_text("utf-8"))["faults"]))


def _written(fault: dict[str, object]) -> str:
    at = fault.get("call", fault.get("webhook"))
    rest = [f"{name} {value}" for name, value in fault.items() if name not in {"fault", "call", "webhook", "where"}]
    return " ".join([f"{fault['fault']} at {at}", *([f"({', '.join(rest)})"] if rest else [])])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python chaos", description="Show that the judge is just.")
    parser.add_argument("--seeds", type=int, default=50, metavar="N", help="how many seeds; default 50")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first of them; default 1")
    parser.add_argument(
        "--at-once", type=int, default=2, metavar="N", help="how many runs share the machine; default 2"
    )
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="keep what the runs leave; default: throw it away"
    )
    return parser.parse_args()
