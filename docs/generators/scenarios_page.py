"""`reference/scenarios.md`: every scenario of the library, from the files."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sendproof_harness.scenario.library import library_summaries
from tables import table

_HEAD = """# Every scenario of the library

For who looks for something to play: every scenario that comes with Sendproof, with what a wrong bridge does there.
[What the themes are for](../../scenarios/README.md). `sendproof scenarios` lists them in a terminal.
"""


def page() -> str:
    """A table for each theme."""
    return "\n".join(
        [
            _HEAD,
            *(
                line
                for theme, some in groupby(library_summaries(), itemgetter("theme"))
                for line in _theme(theme, some)
            ),
        ]
    )


def _theme(theme: str, some: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield f"## {theme}\n"
    yield table(("scenario", "shows", "why", "providers", "customers", "virtual time"), map(_scenario, some))


def _scenario(one: dict[str, Any]) -> Iterator[str]:
    theme, name = one["theme"], one["scenario"]
    yield f"[`{theme}/{name}`](../../scenarios/{theme}/{name}.yaml)"
    yield one["name"]
    yield one["about"]
    yield ", ".join(one["providers"])
    yield f"{one['customers']:,}"
    yield one["virtual_time"]
