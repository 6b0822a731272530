"""Edits of the times of a document: fewer and shorter steps `advance`, and shorter durations in other steps."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sendproof_harness.scenario.document import Document
from sendproof_harness.scenario.values import duration_text, parse_duration
from sendproof_harness.search.shrinking.edits import edited

_LADDER = tuple(
    timedelta(minutes=minutes)
    for minutes in (
        1,
        5,
        15,
        30,
        60,
        120,
        180,
        240,
        360,
        540,
        720,
        1_440,
        2_160,
        *(1_440 * day for day in range(2, 31)),
    )
)


def advances(document: Document) -> list[int]:
    """Return the positions of the steps that let time pass, the longest first."""
    found = [index for index, step in enumerate(document["steps"]) if "advance" in step]
    return sorted(found, key=lambda index: -parse_duration(document["steps"][index]["advance"]))


def shorter_durations(document: Document, index: int) -> Sequence[timedelta]:
    """Return durations below that of the step at a position, in ascending order."""
    now = parse_duration(document["steps"][index]["advance"])
    return [duration for duration in _LADDER if duration < now]


def with_duration(document: Document, index: int, duration: timedelta) -> dict[str, Any]:
    """Return the document with another duration of the step at a position."""

    def change(content: dict[str, Any]) -> None:
        content["steps"][index] = {"advance": duration_text(duration)}

    return edited(document, change)


def with_joined_advances(document: Document) -> dict[str, Any]:
    """Return the document with one step in place of several that follow one another and only let time pass."""

    def join(content: dict[str, Any]) -> None:
        steps: list[dict[str, Any]] = []
        for step in content["steps"]:
            if "advance" in step and steps and "advance" in steps[-1]:
                total = parse_duration(steps[-1]["advance"]) + parse_duration(step["advance"])
                steps[-1] = {"advance": duration_text(total)}
            else:
                steps.append(step)
        content["steps"] = steps

    return edited(document, join)
