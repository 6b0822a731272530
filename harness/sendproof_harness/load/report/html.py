"""The verdict on a load test for people: one HTML file that needs nothing else, in light and dark.

The plots are drawn by uPlot, which travels inside the page with its licence. Whoever has no script, or cannot see,
finds the same in words and tables.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sendproof_harness.load.formatting import length, number, size
from sendproof_harness.load.report.plots import columns, plots
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.verdict import LoadVerdict
from sendproof_harness.report.html import BLAMES, template

_FOLDER = Path(__file__).parent


def render(verdict: LoadVerdict) -> str:
    """The whole page as text."""
    drawn = plots(verdict.result)
    return template("load.html.j2", _FOLDER / "pages").render(
        verdict=verdict,
        result=verdict.result,
        summary=summary(verdict),
        facts=_facts(verdict),
        blames=BLAMES,
        plots=drawn,
        columns=columns(verdict.result, drawn),
        verbatim=_verbatim,
        number=number,
        length=length,
        size=size,
    )


def _facts(verdict: LoadVerdict) -> Mapping[str, str]:
    result = verdict.result
    return {
        **result.settings,
        "Seed": str(result.seed),
        "Began": f"{datetime.fromisoformat(result.began):%Y-%m-%d %H:%M:%S} UTC",
        "Took": length(1000 * result.seconds),
        "Processors of the machine": str(result.processors),
    }


def _verbatim(file: str) -> str:
    """A file of this folder as it is: scripts hold braces, which are not the template's."""
    return (_FOLDER / file).read_text(encoding="utf-8")
