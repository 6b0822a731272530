"""`reference/scenarios.md`: every scenario of the library, from the files."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from sendproof_harness.scenario.library import library_summaries
from tables import table

_HEAD = """# Scenario library

This page lists every scenario of the library, with the mistake that a wrong bridge makes in it. The [scenario
library](../../scenarios/README.md) explains the themes. `sendproof scenarios` prints the same list.
"""


def page() -> str:
    """Return the page: a table for each theme."""
    themes = groupby(library_summaries(), itemgetter("theme"))
    return "\n".join([_HEAD, *(line for theme, scenarios in themes for line in _theme_lines(theme, scenarios))])


def _theme_lines(theme: str, scenarios: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield f"## {theme}\n"
    yield table(("scenario", "name", "purpose", "providers", "customers", "virtual time"), map(_row, scenarios))


def _row(scenario: Mapping[str, Any]) -> Iterator[str]:
    theme, name = scenario["theme"], scenario["scenario"]
    yield f"[`{theme}/{name}`](../../scenarios/{theme}/{name}.yaml)"
    yield scenario["name"]
    yield scenario["about"]
    yield ", ".join(scenario["providers"])
    yield f"{scenario['customers']:,}"
    yield scenario["virtual_time"]
