"""HTML report of a load test: one self-contained page, in light and dark.

The page includes uPlot, which draws the plots, and its licence. Without scripts, and for screen readers, tables and
text alternatives have the same values.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sendproof_harness.load.analysis.generator_limit import limit_of
from sendproof_harness.load.formatting import format_duration, format_number, format_rate, format_size
from sendproof_harness.load.report.plots import build_plots, plot_data
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.verdict import LoadVerdict
from sendproof_harness.report.html import template

_FOLDER = Path(__file__).parent


def render(verdict: LoadVerdict) -> str:
    """Return the page as text."""
    plots = build_plots(verdict.result)
    return template("load.html.j2", _FOLDER / "pages").render(
        verdict=verdict,
        result=verdict.result,
        summary=summary(verdict),
        facts=_facts(verdict),
        limit=limit_of(verdict.result),
        plots=plots,
        plot_data=plot_data(verdict.result, plots),
        read_file=_read_file,
        format_number=format_number,
        format_rate=format_rate,
        format_duration=format_duration,
        format_size=format_size,
    )


def _facts(verdict: LoadVerdict) -> Mapping[str, str]:
    result = verdict.result
    return {
        **result.settings,
        "Seed": str(result.seed),
        "Start": f"{datetime.fromisoformat(result.began):%Y-%m-%d %H:%M:%S} UTC",
        "Duration": format_duration(1000 * result.seconds),
        "Processors of the machine": str(result.processors),
    }


def _read_file(file: str) -> str:
    """Return a file of this folder; the template must not interpret the braces of scripts."""
    return (_FOLDER / file).read_text(encoding="utf-8")
