"""The verdict for people: one HTML file that needs nothing else, in light and dark."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.facts.delivery_ledger import CLASSES, MEANING
from sendproof_harness.judge.findings import Blame, Evidence
from sendproof_harness.judge.verdict import Verdict
from sendproof_harness.report.formatting import capitalised, counted
from sendproof_harness.report.recipients import recipients
from sendproof_harness.report.summary import sufferer, summary
from sendproof_harness.report.timeline import LANE_HEIGHT, WIDTH, timeline

HEADLINES: Mapping[str, str] = {
    "pass": "This bridge did its job",
    "fail": "This bridge is not ready",
    "unknown": "Not everything could be judged",
    "error": "The run itself broke",
}

#: How a standing, or the level of a finding, is marked; not by its colour alone.
MARKS: Mapping[str, str] = {"pass": "✓ pass", "fail": "✕ fail", "unknown": "? unknown", "error": "! error"}

BLAMES: Mapping[Blame, str] = {
    "bridge": "To be mended in the bridge.",
    "config": "To be mended in how the bridge or the run is set up.",
    "harness": "Not the fault of the bridge.",
    "network": "Something between the bridge and the services.",
}
_EVIDENCES: Mapping[Evidence, str] = {
    "documented": "Documented",
    "observed": "CheckResult in clients of the live service",
    "assumed": "Assumed, as nothing is published",
}

# Narrower than this a segment of the bar could not be seen, and one lost recipient in a million must be.
_SEGMENT_PERCENT_MIN = 0.6


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One class of recipients in the bar of the ledger."""

    name: str
    slug: str
    count: int
    percent: float
    meaning: str


def render(verdict: Verdict, history: History) -> str:
    """The whole page as text."""
    return template("report.html.j2").render(
        verdict=verdict,
        headline=HEADLINES[verdict.standing],
        summary=summary(verdict),
        somebody=sufferer(verdict),
        facts=_facts(verdict, history),
        segments=_segments(verdict),
        timeline=timeline(history),
        size={"width": WIDTH, "lane": LANE_HEIGHT},
        groups=[group for group in verdict.groups if group.level != "note"],
        notes=[group for group in verdict.groups if group.level == "note"],
        recipients=recipients(history),
        titles={result.check.id: result.check for result in verdict.results},
        blames=BLAMES,
        evidences=_EVIDENCES,
    )


def template(name: str, *folders: Path) -> Template:
    """A page of the folder `pages`, or of others that use its parts, with the filters that all of them use."""
    pages = Environment(
        loader=FileSystemLoader([*folders, Path(__file__).parent / "pages"]),
        autoescape=select_autoescape(enabled_extensions=("j2",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["spoken"] = spoken
    pages.filters["thousands"] = lambda number: f"{number:,}"
    pages.filters["capitalised"] = capitalised
    pages.globals["counted"] = counted
    pages.globals["marks"] = MARKS
    return pages.get_template(name)


def _slug(name: str) -> str:
    return name.replace(" ", "-")


def _facts(verdict: Verdict, history: History) -> Mapping[str, str]:
    header = history.header
    played = verdict.scenario
    facts = {
        "Scenario": "" if played is None else f"{played.name} ({played.file})",
        "Sandbox": header.sandbox,
        "Seed": str(verdict.seed),
        "Clock": _clock(history),
        "Channels": ", ".join(f"{channel.id} {channel.provider} ({channel.kind})" for channel in header.channels),
        "Calls of the bridge": f"{len(history.requests):,}",
        "Messages accepted": f"{len(history.deliveries):,}",
        "History ends": spoken(header.ended),
    }
    return {name: value for name, value in facts.items() if value}


def _clock(history: History) -> str:
    clock = history.header.clock
    if clock.start is None:
        return clock.mode
    return f"{clock.mode}, {span(history.header.ended - clock.start)}"


def _segments(verdict: Verdict) -> list[Segment]:
    total = sum(verdict.ledger.values())
    some = [(name, verdict.ledger.get(name, 0)) for name in CLASSES]
    return [
        Segment(
            name=name,
            slug=_slug(name),
            count=count,
            percent=max(_SEGMENT_PERCENT_MIN, round(100 * count / total, 2)),
            meaning=MEANING[name],
        )
        for name, count in some
        if count
    ]
