"""How the cost of a recipient grows: with the size of the campaign, with opt-outs, and with the number of clients."""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from flow import BUSY, EXPLAIN, FLOW, JUDGE, Flow, play
from report import Sheet
from revisions import Revision, working_tree
from usage import ROLES, measure

# Enough customers that the start of the programs does not count.
VARIANT_CUSTOMERS = 20_000
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "one client, 4% opted out": {},
    "99% opted out": {"opted_out": "99%"},
    "10 clients": {"clients": 10},
}


def growth_sheet(flows: Sequence[Flow]) -> Sheet:
    """Return processor µs per recipient by stage and size, with the exponent of the whole cost between the ends.

    The exponent of work that grows with the campaign is 1. That of fixed work is 0, and that of squares is 2.
    """
    stages: list[tuple[str, Sequence[str]]] = [(stage, (stage,)) for stage in (*BUSY, JUDGE, EXPLAIN)]
    rows = []
    for title, parts in (*stages, ("all without start and end", FLOW)):
        costs = [sum(flow.per_recipient(part) for part in parts) for flow in flows]
        rows.append([title, *(f"{cost:,.1f}" for cost in costs), f"{exponent(flows, costs):.2f}"])
    rows += [[f"peak MB, {role}", *(f"{flow.peak_mb[role]:,.0f}" for flow in flows), ""] for role in flows[0].peak_mb]
    rows.append(["processors in use", *(f"{flow.cores:.2f}" for flow in flows), ""])
    columns = ("CPU µs per recipient", *(f"{flow.recipients:,} recipients" for flow in flows), "exponent")
    return Sheet(columns=columns, rows=rows)


def exponent(flows: Sequence[Flow], costs: Sequence[float]) -> float:
    """Return the exponent of the cost of all recipients between the smallest and the largest flow."""
    sizes = [flow.recipients for flow in flows]
    if sizes[0] == sizes[-1] or min(costs) <= 0:
        return 1.0
    return log(costs[-1] * sizes[-1] / (costs[0] * sizes[0])) / log(sizes[-1] / sizes[0])


def measure_growth(sizes: Sequence[int], console: Console) -> list[Sheet]:
    """Play campaigns of all sizes and the variants, and return their tables."""
    flows = []
    for customers in sorted(sizes):
        console.print(f"A campaign of {customers:,} customers", style="dim")
        flows.append(play(working_tree(), customers, "textlocal"))
    return [growth_sheet(flows), variant_sheet(list(_variants(working_tree(), console)))]


def variant_sheet(rows: Sequence[Sequence[str]]) -> Sheet:
    """Return the processor µs per customer of whole runs with their start, by variant."""
    columns = (f"CPU µs per customer of {VARIANT_CUSTOMERS:,}, with start and judge", *ROLES, "all")
    return Sheet(columns=columns, rows=rows)


def _variants(revision: Revision, console: Console) -> Iterator[list[str]]:
    for name, settings in VARIANTS.items():
        console.print(f"A run: {name}", style="dim")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "variant.yaml"
            file.write_text(yaml.safe_dump(scenario_of(**settings)))
            line = [sys.executable, "-m", "sendproof_harness", "run", str(file), "--results", folder]
            run = measure(line, revision.environment, Path(folder) / "run.log")
        seconds = [usage.seconds[-1] for usage in run.usages.values()]
        yield [name, *(f"{1e6 * used / VARIANT_CUSTOMERS:,.1f}" for used in (*seconds, sum(seconds)))]


def scenario_of(clients: int = 0, opted_out: str = "4%") -> dict[str, object]:
    """Return a scenario with one campaign for each client."""
    split = {"share": "100%", "template": "News", "send_at": "2026-03-02T09:00:00Z"}
    names = {"clients": [f"client{number}" for number in range(clients)]} if clients else {}
    return {
        "sendproof": 1,
        "name": "Growth",
        "about": "One campaign for each client.",
        "seed": 1,
        "starts": "2026-03-02T06:00:00Z",
        **names,
        "audience": {
            "customers": VARIANT_CUSTOMERS // max(1, clients),
            "opted_out": opted_out,
            "unusable_numbers": "0%",
        },
        "channels": [{"id": 505, "provider": "textlocal"}],
        "templates": [
            {"provider": "textlocal", "title": "News", "body": "Hello {{FIRST_NAME}}. Reply STOP to opt out."}
        ],
        "campaigns": [{"campaign": 7001, "channel": 505, "announced": "2026-03-02T06:30:00Z", "splits": [split]}],
        "steps": [{"wait_for": {"listeners": 1, "templates": 1}}, {"plan": 7001}, {"advance": "8 days"}],
    }
