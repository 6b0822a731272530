"""Adding to a recorded history what the simulators cannot know about the run."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sendproof_harness.history.reader import HistoryError

# The last line of a history has about 100 bytes.
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherClient:
    """Another client of the same bridge, with the fields of its line in a history."""

    client: str
    templates: tuple[int | str, ...]
    numbers: tuple[str, ...] = ()
    campaigns: tuple[tuple[int, int], ...] = ()
    unread: tuple[tuple[int, int], ...] = ()
    triggered: tuple[str, ...] = ()
    opted_out: tuple[str, ...] = ()
    misdirected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The facts of a run: its scenario with the name of its file, and the reason if it was aborted.

    With `conformance_only`, only the contracts are judged. `wishes` are fields of the line `scenario`: the client's
    wishes that the judge needs. `probes` are the requests that the harness sent to the bridge; they, `aborted` and the
    requests `unauthenticated` have the fields of their kinds of line.
    """

    scenario: str
    file: str
    conformance_only: bool = False
    wishes: Mapping[str, object] = field(default_factory=dict)
    aborted: Mapping[str, object] | None = None
    probes: Sequence[Mapping[str, object]] = ()
    other_clients: Sequence[OtherClient] = ()
    unauthenticated: Sequence[Mapping[str, object]] = ()


def add_run_facts(history: Path, facts: RunFacts, now: str) -> None:
    """Add the facts of a run to a history file, as lines at the virtual time `now`."""
    # They are no events of the sandbox, so they have neither a number nor a real time there.
    head = {"n": 0, "at": now, "real": 0.0}
    asks = {"asks": "contract"} if facts.conformance_only else {}
    scenario = {"kind": "scenario", "name": facts.scenario, "file": facts.file, **asks, **facts.wishes}
    lines: list[dict[str, object]] = [scenario]
    lines += [dict(probe) for probe in facts.probes]
    lines += [{"kind": "other_client", **asdict(client)} for client in facts.other_clients]
    lines += [{"kind": "unauthenticated", **request} for request in facts.unauthenticated]
    if facts.aborted is not None:
        lines.append({"kind": "aborted", **facts.aborted})
    insert_before_end(history, [{**head, **line} for line in lines])


def insert_before_end(history: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """Insert lines before the last line, which has the number of lines, without reading the whole file."""
    with history.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        last = file.read().splitlines(keepends=True)[-1:]
        end = _parse_end(last[0]) if last else None
        if end is None:
            raise HistoryError(f"{history}: expected a last line of the kind 'end', got none; run the scenario again")
        file.seek(size - len(last[0]))
        for line in (*lines, end | {"lines": end["lines"] + len(lines)}):
            file.write(json.dumps(line).encode() + b"\n")


def _parse_end(line: bytes) -> dict[str, Any] | None:
    try:
        end: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return end if end.get("kind") == "end" else None
