"""The explanation of one customer as one self-contained HTML file; every entry of the timeline has an anchor."""

from sendproof_harness.explain.customer import Explanation
from sendproof_harness.history.records import History
from sendproof_harness.report.html import BLAMES, template
from sendproof_harness.report.identity import identity_texts, run_name
from sendproof_harness.report.people.customer_timeline import days


def render(explanation: Explanation, history: History, source: str) -> str:
    """Return the page as text; `source` names the history."""
    return template("explain.html.j2").render(
        explanation=explanation,
        run=run_name(history),
        facts=_facts(history),
        source=source,
        days=days(explanation.timeline),
        blames=BLAMES,
    )


def _facts(history: History) -> dict[str, str]:
    scenario = next(iter(history.scenarios), None)
    shown = ("Run began", "Bridge", "Sendproof", "History seal")
    identity = identity_texts(history)
    return {
        **({} if scenario is None else {"Scenario": f"{scenario.name} ({scenario.file})"}),
        "Sandbox": history.header.sandbox,
        "Seed": str(history.header.seed),
        **{name: identity[name] for name in shown if name in identity},
    }
