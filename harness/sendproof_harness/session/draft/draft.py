"""What a drafted scenario consists of, before it is text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sendproof_harness.scenario.values import duration_text, iso_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftStep:
    """One step at an instant, with its YAML and a comment; without a `key`, it is a comment only."""

    at: datetime
    key: str | None
    value: Any = None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One scenario. The parts are those of a scenario file, as plain values; times are `datetime`.

    `steps` are those after the bridge is ready, in order. `until` is the end of the run.
    """

    name: str
    about: str
    seed: int
    starts: datetime
    providers: Sequence[str]
    audience: Mapping[str, Any]
    channels: Sequence[Mapping[str, Any]]
    templates: Sequence[Mapping[str, Any]]
    campaigns: Sequence[Mapping[str, Any]]
    triggers: Sequence[Mapping[str, Any]]
    steps: Sequence[DraftStep]
    until: datetime
    bridge: Mapping[str, Any] = field(default_factory=dict)
    dialects: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[Mapping[str, Any]] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)


def plain_steps(draft: Draft) -> list[tuple[str | None, Any, str]]:
    """Return key, value and comment of each step, with the time between them as steps of its own."""
    steps: list[tuple[str | None, Any, str]] = []
    now = draft.starts
    for step in draft.steps:
        if step.at > now:
            steps.append(("advance", duration_text(step.at - now), f"to {iso_utc(step.at)}"))
            now = step.at
        steps.append((step.key, step.value, step.comment))
    if draft.until > now:
        steps.append(("advance", duration_text(draft.until - now), "the last messages, receipts and reports"))
    return steps
