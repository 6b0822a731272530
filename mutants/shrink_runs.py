"""`python mutants --shrink`: shrink the failures of mutants, and write how small they get to docs/shrink.md.

Each mutant runs in its scenario with `sendproof run`, and `sendproof shrink` makes that scenario smaller. The results
are in `shrunk.json`, one line for each mutant. A mutant whose line is up to date is left out, so an interrupted run
goes on where it was.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

from catalogue import HERE, ROOT, Mutant, Trial, build
from sendproof_harness.run.processes import Child, Program, wait_until
from trial_runs import SENDPROOF, TrialError, cancelled_on_error

FILE = HERE / "shrunk.json"
PAGE = ROOT / "docs" / "shrink.md"
BEGIN, END = "<!-- table: python mutants --shrink -->\n", "<!-- end of the table -->\n"
#: Failures of many kinds: pages, times, texts, numbers, faults, cancellations, triggers, opt-outs, receipts, reports.
SHRUNK = (
    "summer_time_as_utc",
    "lost_response_retried_blindly",
    "cancellation_ignored",
    "last_page_dropped",
    "rate_limit_is_final",
    "testing_mode_ignored",
    "rename_not_synced",
    "text_of_trigger_kept",
    "stop_ignored",
    "cancelled_on_one_channel",
    "lost_response_given_up",
    "duplicate_event_processed_twice",
    "acknowledged_before_stored",
    "text_cut_at_70",
    "national_zero_kept",
    "page_step_9999",
    "one_template_for_all",
    "provider_list_ignored",
    "receipts_counted_twice",
    "trigger_once_per_customer",
)
_RUN_S, _SHRINK_S = 900.0, 7_200.0
_BUDGET = "120"
_writing = Lock()
_SIZES = ("customers", "steps", "templates", "faults")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkMutant:
    """How far the failure of a mutant shrank. A size has the customers, steps, templates and faults."""

    digest: str
    scenario: str
    requirement: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    runs: int


def shrink_mutants(mutants: Sequence[Mutant], at_once: int) -> Sequence[str]:
    """Shrink the failures, write results and page, and return what went wrong, by mutant."""
    known = read()
    left = [mutant for mutant in mutants if mutant.name not in known or known[mutant.name].digest != mutant.digest]
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name, cancelled_on_error(at_once) as pool:
        results = pool.map(lambda mutant: _shrunk_or_error(mutant, Path(name) / mutant.name), left)
        for mutant, result in zip(left, results, strict=True):
            if isinstance(result, str):
                wrong.append(f"{mutant.name}: {result}")
    write_page()
    return wrong


def _shrunk_or_error(mutant: Mutant, folder: Path) -> ShrunkMutant | str:
    try:
        shrunk = _shrink(mutant, folder)
    except TrialError as error:
        return str(error)
    # At once: the whole table takes hours on a busy machine.
    with _writing:
        write({**read(), mutant.name: shrunk})
    return shrunk


def _shrink(mutant: Mutant, folder: Path) -> ShrunkMutant:
    build(mutant, folder)
    trial = mutant.trials[0]
    results = folder / "results"
    provider = ["--provider", trial.provider]
    _command(["run", str(trial.scenario), *provider, "--results", str(results), "--json"], folder, _RUN_S)
    run = next(file.parent for file in sorted(results.rglob("history.ndjson")))
    words = ["shrink", str(run), "--requirement", mutant.check, "--budget", _BUDGET, "--json"]
    shrunk = _command(words, folder, _SHRINK_S)
    return ShrunkMutant(
        digest=mutant.digest,
        scenario=_scenario_name(trial),
        requirement=shrunk["failed"]["number"],
        before=_size(shrunk["before"]),
        after=_size(shrunk["after"]),
        runs=shrunk["runs"],
    )


def _command(words: Sequence[str], folder: Path, seconds: float) -> Any:
    """Run `sendproof` with the mutant in `folder`, and return the JSON that it prints."""
    log = folder / f"{words[0]}.log"
    program = Program(
        name=words[0], command=[*SENDPROOF, *words], log=log, environment={"PYTHONPATH": str(folder)}, folder=folder
    )
    with Child(program) as child:
        wait_until(lambda: child.exit_status is not None, seconds)
        lines = child.output().splitlines()
    found = [line for line in lines if line.startswith(("{", "["))]
    if not found:
        raise TrialError(f"{words[0]}: expected JSON within {seconds:.0f} s, got\n" + "\n".join(lines[-15:]))
    return json.loads(found[-1])


def _scenario_name(trial: Trial) -> str:
    return str(trial.scenario.relative_to(ROOT).with_suffix(""))


def _size(size: Mapping[str, Any]) -> Mapping[str, int]:
    return {name: size[name] for name in _SIZES}


# -- results and page ------------------------------------------------------------------------------------


def read(file: Path = FILE) -> dict[str, ShrunkMutant]:
    """Return the results by the name of the mutant; none without a file."""
    if not file.exists():
        return {}
    return {name: ShrunkMutant(**shrunk) for name, shrunk in json.loads(file.read_text("utf-8")).items()}


def write(results: Mapping[str, ShrunkMutant], file: Path = FILE) -> None:
    """Write the results, one line for each mutant."""
    lines = [f"  {json.dumps(name)}: {json.dumps(asdict(results[name]))}" for name in sorted(results)]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def write_page(file: Path = PAGE) -> None:
    """Replace the table of the page."""
    text = file.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{BEGIN}{table(read())}{END}{after}", encoding="utf-8")


def table(results: Mapping[str, ShrunkMutant]) -> str:
    """Return the table of the page, with the medians."""
    lines = [
        "| mutant | requirement | customers | steps | templates | faults | runs |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {one.requirement} | {_change(one, 'customers')} | {_change(one, 'steps')} | "
        f"{_change(one, 'templates')} | {_change(one, 'faults')} | {one.runs} |"
        for name, one in sorted(results.items())
    ]
    shrunk = list(results.values())
    if shrunk:
        medians = [_medians(shrunk, key) for key in _SIZES]
        runs = median(one.runs for one in shrunk)
        lines.append(f"| **median of {len(shrunk)}** | | {' | '.join(medians)} | {runs:g} |")
    return "\n".join(lines) + "\n"


def _change(one: ShrunkMutant, key: str) -> str:
    return f"{one.before[key]:,} → {one.after[key]:,}"


def _medians(shrunk: Sequence[ShrunkMutant], key: str) -> str:
    return f"{median(one.before[key] for one in shrunk):,g} → {median(one.after[key] for one in shrunk):,g}"
