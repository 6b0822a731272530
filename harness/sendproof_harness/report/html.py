"""The verdict for people: one self-contained HTML file, for light and dark mode."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from sendproof_harness.history.header import Channel
from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS, RESULT_MEANINGS, result_meaning
from sendproof_harness.judge.facts.wishes import is_conformance_run
from sendproof_harness.judge.findings import Blame, Evidence
from sendproof_harness.judge.verdict import Status, Verdict
from sendproof_harness.output import visible
from sendproof_harness.report.calls import calls
from sendproof_harness.report.formatting import capitalised
from sendproof_harness.report.identity import identity_texts
from sendproof_harness.report.people.recipients import BRIEF_MAX, recipients
from sendproof_harness.report.people.stories import stories
from sendproof_harness.report.summary import example_argument, summary
from sendproof_harness.report.template_cache import TemplateCache
from sendproof_harness.report.timeline import LANE_HEIGHT, WIDTH, timeline

HEADLINES: Mapping[Status, str] = {
    "pass": "This bridge did its job",
    "fail": "This bridge is not ready",
    "unknown": "Not everything could be judged",
    "error": "The run itself failed",
}

_CONTRACT_HEADLINE = "Listeners and requests match the contracts"

#: The mark of a status or level, because colour alone is not accessible.
MARKS: Mapping[str, str] = {"pass": "✓ pass", "fail": "✕ fail", "unknown": "? unknown", "error": "! error"}

BLAMES: Mapping[Blame, str] = {
    "bridge": "To be fixed in the bridge.",
    "config": "To be fixed in the configuration of the bridge or of the run.",
    "harness": "Not a defect of the bridge.",
    "network": "Caused by the network between the bridge and the services.",
}
_EVIDENCE_LABELS: Mapping[Evidence, str] = {
    "documented": "Documented",
    "observed": "Observed in clients of the live service",
    "assumed": "Assumed, because nothing is published",
}

#: The terms that pages explain, with their meanings; `docs/generators/report_terms.py` copies them from the glossary.
TERMS_FILE = Path(__file__).with_name("terms.json")
# The facts of a run whose names are terms.
_FACT_TERMS: Mapping[str, str] = {
    "Scenario": "scenario",
    "Sandbox": "sandbox",
    "Seed": "seed",
    "Clock": "virtual clock",
    "Channels": "channel",
    "Contracts": "contract",
    "History seal": "seal",
}
_PAGES = Path(__file__).parent / "pages"

# One lost recipient in a million must be visible in the bar; a narrower segment would not be.
_SEGMENT_PERCENT_MIN = 0.6


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One result in the bar of the delivery ledger."""

    name: str
    slug: str
    count: int
    percent: float
    meaning: str


def render(verdict: Verdict, history: History) -> str:
    """Return the page as text."""
    people = recipients(history)
    return template("report.html.j2").render(
        verdict=verdict,
        headline=_headline(verdict, history),
        summary=summary(verdict),
        example_argument=example_argument(verdict),
        facts=_facts(verdict, history),
        segments=_segments(verdict, history),
        timeline=timeline(history),
        size={"width": WIDTH, "lane": LANE_HEIGHT},
        groups=[group for group in verdict.groups if group.level != "note"],
        notes=[group for group in verdict.groups if group.level == "note"],
        recipients=people,
        brief=BRIEF_MAX,
        stories=stories(verdict, history, people),
        calls=calls(history),
        meanings=RESULT_MEANINGS,
        shown_kinds={row.name for row in people.rows},
        checks={result.check.id: result.check for result in verdict.results},
        blames=BLAMES,
        evidence_labels=_EVIDENCE_LABELS,
    )


def _headline(verdict: Verdict, history: History) -> str:
    return _CONTRACT_HEADLINE if verdict.status == "pass" and is_conformance_run(history) else HEADLINES[verdict.status]


def template(name: str, *folders: Path) -> Template:
    """Return a template from the folder `pages` or from other folders, with the filters that all templates use."""
    environment = Environment(
        loader=FileSystemLoader([*folders, _PAGES]),
        autoescape=select_autoescape(enabled_extensions=("j2",), default=True),
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=TemplateCache(),
    )
    environment.filters["spoken"] = spoken
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["capitalised"] = capitalised
    environment.globals["counted"] = counted
    environment.globals["marks"] = MARKS
    environment.globals["terms"] = _terms()
    environment.globals["fact_terms"] = _FACT_TERMS
    environment.globals["page_file"] = _page_file
    return environment.get_template(name)


@cache
def _terms() -> Mapping[str, str]:
    content: dict[str, str] = json.loads(TERMS_FILE.read_text(encoding="utf-8"))
    return content


def _page_file(name: str) -> str:
    """Return a file of the folder `pages`; the template must not interpret the braces of scripts."""
    return (_PAGES / name).read_text(encoding="utf-8")


def _visible(value: object) -> object:
    """Return a text with escapes for control characters, of the same type: text that is already HTML has its own."""
    return type(value)(visible(value)) if isinstance(value, str) else value


def _facts(verdict: Verdict, history: History) -> Mapping[str, str]:
    header, scenario = history.header, verdict.scenario
    facts = {
        "Scenario": "" if scenario is None else f"{scenario.name} ({scenario.file})",
        "Sandbox": header.sandbox,
        "Seed": str(verdict.seed),
        "Clock": _clock_text(history),
        "Channels": ", ".join(map(_channel_text, header.channels)),
        "Requests of the bridge": f"{len(history.requests):,}",
        "Messages accepted": f"{history.alike.count_messages(delivery.message for delivery in history.deliveries):,}",
        "History ends": spoken(header.ended),
        **identity_texts(history),
        "Accepted failures": "; ".join(acceptance.text for acceptance in verdict.acceptances),
    }
    return {name: value for name, value in facts.items() if value}


def _channel_text(channel: Channel) -> str:
    type_ = "" if channel.message == SMS else f", {channel.message.replace('_', ' ')}"
    return f"{channel.id} {channel.provider} ({channel.kind}{type_})"


def _clock_text(history: History) -> str:
    clock = history.header.clock
    if clock.start is None:
        return clock.mode
    if clock.mode == "virtual" and clock.rate is not None:
        return f"{clock.mode}, at rate {clock.rate:g} while work was outstanding"
    return f"{clock.mode}, {span(history.header.ended - clock.start)}"


def _segments(verdict: Verdict, history: History) -> list[Segment]:
    total = sum(verdict.ledger.values())
    counts = [(kind, verdict.ledger.get(kind, 0)) for kind in RESULT_KINDS]
    return [
        Segment(
            name=kind,
            slug=kind.replace(" ", "-"),
            count=count,
            percent=max(_SEGMENT_PERCENT_MIN, round(100 * count / total, 2)),
            meaning=result_meaning(history, kind),
        )
        for kind, count in counts
        if count
    ]
