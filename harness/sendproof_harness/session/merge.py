"""Merging the results folders of several jobs into one, with one verdict: `sendproof merge`."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from sendproof_harness.judge.verdict import Status
from sendproof_harness.report.combined.record import (
    EARLIER,
    VERDICT,
    Outcome,
    Record,
    RecordError,
    is_hidden,
    read_record,
    write_record,
)
from sendproof_harness.report.overview.index import write_index
from sendproof_harness.run.results_folder import FILES, UNFINISHED_HISTORY, fresh_folder, locked_folder
from sendproof_harness.session.finish import report
from sendproof_harness.session.session import print_summary

# One of these shows that a folder is that of a client.
_OF_CLIENT = ("history.ndjson", UNFINISHED_HISTORY, VERDICT)


def merge(folders: Sequence[Path], results: Path, console: Console) -> Status:
    """Copy the runs of all folders to `results`, write the reports of all, and return the worst status.

    A scenario of a shard without a folder is an error. `RecordError` if the folders do not belong together,
    `RunOptionsError` if `results` cannot be used.
    """
    records = {folder: read_record(folder) for folder in folders}
    if results.exists() and any(folder.samefile(results) for folder in folders):
        raise RecordError(f"--results: expected another folder than those to merge, got {results}")
    merged = merge_records(records)
    for folder, record in records.items():
        _refuse_links(record.outcomes, folder)
    with locked_folder(results):
        _clear(merged.outcomes, results)
        for folder, record in records.items():
            _copy(record.outcomes, folder, results)
        write_record(results, merged)
        report(results, merged, console)
        index = write_index(results)
    for outcome in merged.outcomes:
        if not outcome.has_reports:
            console.print(f"{outcome.scenario}: {outcome.reason}", markup=False, highlight=False, soft_wrap=True)
    print_summary({outcome.scenario: outcome.status for outcome in merged.outcomes}, results, console)
    if index is not None:
        console.print(f" all runs    {index}", markup=False, highlight=False, soft_wrap=True)
    return merged.status


def merge_records(records: Mapping[Path, Record]) -> Record:
    """Return one record of all folders; `RecordError` if they do not belong together."""
    versions = sorted({record.sendproof for record in records.values()})
    if len(versions) > 1:
        raise RecordError(f"expected results of one version of Sendproof, got {' and '.join(versions)}")
    merged: dict[str, tuple[Outcome, Path]] = {}
    for folder, record in records.items():
        for outcome in record.outcomes:
            known = merged.get(outcome.scenario)
            if known is not None:
                _check_same_shards(outcome, folder, *known)
            if known is None or _has_run(outcome):
                merged[outcome.scenario] = outcome, folder
    outcomes = tuple(outcome for outcome, _ in merged.values())
    return Record(sendproof=versions[0], outcomes=outcomes, unused=tuple(_unused(records, merged)))


def _has_run(outcome: Outcome) -> bool:
    return outcome.verdict is not None or bool(outcome.why)


def _check_same_shards(outcome: Outcome, folder: Path, known: Outcome, known_folder: Path) -> None:
    if (outcome.shard, outcome.shards) != (known.shard, known.shards):
        raise RecordError(
            f"expected shards of the same scenarios, but {known_folder} has {outcome.scenario} in {_shard(known)}, "
            f"and {folder} in {_shard(outcome)}"
        )
    if _has_run(outcome) and _has_run(known):
        raise RecordError(
            f"expected each scenario in one folder, but both {known_folder} and {folder} have run {outcome.scenario}"
        )


def _shard(outcome: Outcome) -> str:
    return "no shard" if outcome.shard is None else f"shard {outcome.shard}/{outcome.shards}"


def _unused(records: Mapping[Path, Record], merged: Mapping[str, tuple[Outcome, Path]]) -> Iterator[str]:
    """Yield what no folder has run, and what the folder that has run the scenario does not know, such as a client."""
    for name in dict.fromkeys(name for record in records.values() for name in record.unused):
        known = merged.get(name.partition("/")[0])
        if known is None or name in records[known[1]].unused:
            yield name


def _refuse_links(outcomes: Iterable[Outcome], folder: Path) -> None:
    """Raise `RecordError` for a symbolic link in place of what a run writes: without its content, results are lost."""
    for outcome in outcomes:
        if _has_run(outcome):
            for path in _written(folder / outcome.scenario):
                if path.is_symlink():
                    raise RecordError(f"{path} is a symbolic link; copy what it leads to first")


def _written(source: Path) -> Iterator[Path]:
    """Yield the folder of a scenario, those of its clients, and the files that a run writes there."""
    for place in (source, *_clients(source)):
        yield place
        yield from (place / name for name in FILES)


def _clients(source: Path) -> list[Path]:
    """Return the folders of the clients of a scenario: those with a history, complete or not, or a verdict."""
    below = source.iterdir() if source.is_dir() else ()
    folders = [path for path in below if path.name != EARLIER and not is_hidden(path.name)]
    return [path for path in folders if any(os.path.lexists(path / name) for name in _OF_CLIENT)]


def _clear(outcomes: Iterable[Outcome], results: Path) -> None:
    """Move what an earlier merge left of these scenarios to `earlier`."""
    for outcome in outcomes:
        target = results / outcome.scenario
        if target.is_dir():
            fresh_folder(target, [path.name for path in target.iterdir() if path.name != EARLIER])


def _copy(outcomes: Iterable[Outcome], folder: Path, results: Path) -> None:
    """Copy what a run writes of each scenario that has run. Other files, such as `.git/config`, could be commands."""
    for outcome in outcomes:
        source = folder / outcome.scenario
        if _has_run(outcome) and source.is_dir():
            for path in _written(source):
                target = results / path.relative_to(folder)
                if path.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                elif path.is_file() and not path.is_symlink():
                    shutil.copy2(path, target)
