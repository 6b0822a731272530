"""The library as a list: what there is to play."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sendproof_scenarios.instants import span
from sendproof_scenarios.library import find, library
from sendproof_scenarios.loading import load
from sendproof_scenarios.model import whole
from sendproof_scenarios.values import milliseconds


def listed(folder: Path) -> Iterator[dict[str, Any]]:
    """Every scenario of a folder: theme, scenario, name, about, providers, customers, virtual_time."""
    for file in find(folder):
        every = load(file)
        providers = {channel.provider for scenario in every for channel in scenario.channels}
        first = every[0]
        length = whole(first)
        yield {
            "theme": file.parent.name,
            "scenario": file.stem,
            "name": first.name,
            "about": first.about,
            "providers": sorted(providers),
            "customers": first.audience.customers * max(1, len(first.clients)),
            "virtual_time": span(milliseconds(length)),
        }


def of_library() -> list[dict[str, Any]]:
    """Every scenario that comes with Sendproof."""
    return list(listed(library()))


def print_list(scenarios: list[dict[str, Any]], console: Console) -> None:
    """A table, by theme."""
    table = Table(box=None, header_style="dim")
    for column in ("scenario", "shows", "providers"):
        table.add_column(column)
    table.add_column("customers", justify="right")
    table.add_column("virtual time", justify="right")
    for one in scenarios:
        table.add_row(
            f"{one['theme']}/{one['scenario']}",
            one["name"],
            ", ".join(one["providers"]),
            f"{one['customers']:,}",
            one["virtual_time"],
        )
    console.print(table)
