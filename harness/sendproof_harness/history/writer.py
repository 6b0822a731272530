"""What a run leaves in its folder, and what it notes in a history that the simulators cannot know."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sendproof_harness.run.aborted import RunAborted
from sendproof_harness.scenario.model import ProbeListeners, Scenario

# What a run leaves in its folder; a new run replaces these and touches nothing else.
FILES = (
    "report.html",
    "junit.xml",
    "verdict.json",
    "history.ndjson",
    "handover.json",
    "bridge.toml",
    "bridge.log",
    "simulators.log",
    "faults.yaml",
    "result.json",
    "locust.log",
)

# The last line of a history is some 100 bytes long.
_TAIL_BYTES = 4096


class RunError(Exception):
    """The run could not be made: the harness broke, or was told something impossible. Says nothing of the bridge."""


def fresh_folder(folder: Path) -> Path:
    """The folder of a run, without what an earlier one has left there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            (folder / file).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"the results folder {folder} cannot be used: {error.strerror}; choose another with --results"
        ) from error
    return folder


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OtherClient:
    """Another client of the same bridge, with the ids of the templates that its provider holds."""

    client: str
    templates: tuple[int | str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the simulators cannot know of a run: what was played, from which file, and why it ended early if it did.

    `probes` are the calls that the harness itself made at the bridge, as lines of the history.
    """

    scenario: Scenario
    file: str
    trouble: RunAborted | None
    probes: Sequence[Mapping[str, object]] = ()


def note(what: Note, neighbours: Sequence[OtherClient], now: str, history: Path) -> None:
    """Put it into the history: whoever judges that file must come to the same verdict."""
    # Not events of the sandbox, so they have neither a number nor a real time there.
    head = {"n": 0, "at": now, "real": 0.0}
    asks = {"asks": "contract"} if any(isinstance(step, ProbeListeners) for step in what.scenario.steps) else {}
    lines: list[dict[str, object]] = [
        {**head, "kind": "scenario", "name": what.scenario.name, "file": what.file, **asks}
    ]
    lines += [{**head, **probe} for probe in what.probes]
    lines += [{**head, "kind": "neighbour", **dataclasses.asdict(one)} for one in neighbours]
    if what.trouble is not None:
        lines.append({**head, "kind": "trouble", **dataclasses.asdict(what.trouble)})
    insert_before_end(history, lines)


def insert_before_end(history: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """The last line says how many there are, so it is written anew. A history of millions is not read for it."""
    with history.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _TAIL_BYTES)
        file.seek(start)
        last = file.read().splitlines(keepends=True)[-1:]
        end = _end_of(last[0]) if last else None
        if end is None:
            raise RunError(f"the history in {history} broke off: expected a last line of the kind 'end'; run again")
        file.seek(size - len(last[0]))
        for line in (*lines, end | {"lines": end["lines"] + len(lines)}):
            file.write(json.dumps(line).encode() + b"\n")


def _end_of(line: bytes) -> dict[str, Any] | None:
    try:
        end: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return end if end.get("kind") == "end" else None
