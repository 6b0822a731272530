"""Adding to a recorded history what the simulators cannot know about the run."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from sendproof_harness.history.reader import HistoryError
from sendproof_harness.history.seal import TOTAL_BYTES, SealError, add_seal, split_seal

# The last line of a history has about 100 bytes.
_TAIL_BYTES = 4096
_NO_TEXT = re.compile("[\ud800-\udfff]")


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
    listeners: tuple[tuple[int, int | None, str], ...] = ()
    calls: tuple[str, ...] = ()
    opt_outs: tuple[Mapping[str, object], ...] = ()
    sent: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The facts of a run: its scenario with the name of its file, and the reason if it was aborted.

    With `conformance_only`, only the contracts are judged. `wishes` are fields of the line `scenario`: the client's
    wishes that the judge needs. `probes` are the requests that the harness sent to the bridge; they, `aborted` and the
    requests `unauthenticated` have the fields of their kinds of line, as has `identity`. `leaks` are the credentials in
    the bridge's log; None if the run has no log. `log_is_cut` is true if the middle of it was left
    out. `secrets` are removed from all of it.
    """

    scenario: str
    file: str
    conformance_only: bool = False
    wishes: Mapping[str, object] = field(default_factory=dict)
    identity: Mapping[str, object] | None = None
    leaks: Sequence[Mapping[str, object]] | None = None
    log_is_cut: bool = False
    aborted: Mapping[str, object] | None = None
    probes: Sequence[Mapping[str, object]] = ()
    other_clients: Sequence[OtherClient] = ()
    unauthenticated: Sequence[Mapping[str, object]] = ()
    secrets: Sequence[str] = ()


def add_run_facts(history: Path, facts: RunFacts, now: str) -> None:
    """Add the facts of a run to a history file, as lines at the virtual time `now`."""
    # They are no events of the sandbox, so they have neither a number nor a real time there.
    head = {"n": 0, "at": now, "real": 0.0}
    scenario = scenario_line(facts.scenario, facts.file, facts.wishes, conformance_only=facts.conformance_only)
    lines: list[dict[str, object]] = [scenario]
    if facts.identity is not None:
        lines.append({"kind": "run", **facts.identity})
    lines += [dict(probe) for probe in facts.probes]
    lines += [{"kind": "other_client", **asdict(client)} for client in facts.other_clients]
    lines += [{"kind": "unauthenticated", **request} for request in facts.unauthenticated]
    if facts.leaks is not None:
        lines.append({"kind": "bridge_log", "leaks": facts.leaks, **({"cut": True} if facts.log_is_cut else {})})
    if facts.aborted is not None:
        lines.append({"kind": "aborted", **facts.aborted})
    insert_before_end(history, [_without_secrets({**head, **line}, facts.secrets) for line in lines])


def scenario_line(name: str, file: str, wishes: Mapping[str, object], *, conformance_only: bool) -> dict[str, object]:
    """Return the line about the scenario of a run, without a time."""
    asks = {"asks": "contract"} if conformance_only else {}
    return {"kind": "scenario", "name": name, "file": file, **asks, **wishes}


def _without_secrets(line: Mapping[str, object], secrets: Sequence[str]) -> Mapping[str, object]:
    """Return a line with the names that the simulators give to secrets in their lines."""
    text = _encoded(line)
    for secret in secrets:
        name = f"secret-{blake2b(secret.encode(), digest_size=4).hexdigest()}"
        text = text.replace(secret.encode(), name.encode())
    redacted: dict[str, object] = msgspec.json.decode(text)
    return redacted


def insert_before_end(history: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """Insert lines before the last line, which has the number of lines, without reading the whole file."""
    with history.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read().splitlines(keepends=True)[-2:]
        try:
            seal, end = _seal_before_end(tail)
        except (SealError, ValueError) as error:
            raise HistoryError(
                f"{history}: expected a last line of the kind 'end', got none; run the scenario again"
            ) from error
        file.seek(size - len(tail[-1]))
        for line in lines:
            seal, text = add_seal(seal, _encoded(line))
            file.write(text + b"\n")
        last = msgspec.json.encode(end | {"lines": end["lines"] + len(lines)})
        file.write(add_seal(seal, last, TOTAL_BYTES)[1] + b"\n")


def _encoded(line: Mapping[str, object]) -> bytes:
    r"""Return JSON. The name of a file can hold bytes that are no text; they become an escape such as `\\udcff`."""
    try:
        return msgspec.json.encode(line)
    except UnicodeEncodeError:
        text = json.dumps(line, ensure_ascii=False)
        return _NO_TEXT.sub(lambda match: rf"\\u{ord(match[0]):04x}", text).encode()


def _seal_before_end(tail: Sequence[bytes]) -> tuple[str, dict[str, Any]]:
    """Return the seal of the last line but one, and the last line; `ValueError` if it is no end."""
    before, last = [b"", b"", *tail][-2:]
    end: dict[str, Any] = json.loads(split_seal(last)[0])
    if end.get("kind") != "end":
        raise ValueError(end)
    return split_seal(before)[1], end
