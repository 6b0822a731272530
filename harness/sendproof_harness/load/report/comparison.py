"""Reports of the comparison of two load tests: text for a terminal, and JSON for programs."""

from collections.abc import Mapping

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from sendproof_harness.load.analysis.comparison import Compared, Comparison
from sendproof_harness.load.formatting import format_duration, format_number, format_size
from sendproof_harness.report.formatting import capitalised
from sendproof_harness.report.text import STYLES
from sendproof_harness.terminal import Text

_STYLES = {"better": STYLES["pass"], "worse": STYLES["fail"], "unknown": STYLES["unknown"], "same": ""}


def render(comparison: Comparison) -> str:
    """Return the comparison as JSON."""
    return msgspec.json.format(msgspec.json.encode(document(comparison)), indent=2).decode() + "\n"


def document(comparison: Comparison) -> Mapping[str, object]:
    """Return the comparison as plain values."""
    return {
        "report": "sendproof-load-comparison",
        "version": 1,
        "verdict": comparison.status,
        "earlier": {"title": comparison.earlier.title, "began": comparison.earlier.began},
        "later": {"title": comparison.later.title, "began": comparison.later.began},
        "different_settings": comparison.settings,
        "ended_early": comparison.early_ends,
        "measures": [{**msgspec.to_builtins(compared), "ratio": compared.ratio} for compared in comparison.measures],
    }


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print each measure with its ratio, and the verdict."""
    table = Table(box=None, pad_edge=True, header_style="dim")
    for column in ("measure", "earlier", "later", "ratio", "difference"):
        table.add_column(column, justify="right" if column in {"earlier", "later", "ratio"} else "left")
    for compared in comparison.measures:
        table.add_row(*_cells(compared))
    console.print(Padding(table, (0, 0, 1, 0), expand=False))
    console.print(Padding(_conclusion(comparison), (0, 0, 0, 1), expand=False))


def _cells(compared: Compared) -> list[Text]:
    ratio = "" if compared.ratio is None else f"{compared.ratio:.2f}"
    values = [_text(compared, compared.earlier), _text(compared, compared.later), ratio]
    cells = [Text(text) for text in (capitalised(compared.measure), *values)]
    return [*cells, Text(compared.difference, style=_STYLES[compared.difference])]


def _text(compared: Compared, value: float | None) -> str:
    if value is None:
        return ""
    if compared.unit == "ms":
        return format_duration(value)
    if compared.unit == "MB":
        return format_size(value)
    return f"{format_number(value)}/s" if compared.unit == "per second" else f"{value:,.0f}"


def _conclusion(comparison: Comparison) -> Text:
    text = Text.assemble(
        ("load        ", "bold"),
        comparison.later.title,
        ("\nearlier     ", "bold"),
        comparison.earlier.began,
        ("\nlater       ", "bold"),
        comparison.later.began,
        ("\nverdict     ", "bold"),
        (comparison.status, STYLES[comparison.status]),
        f"  {summary(comparison)}",
    )
    for why in dict.fromkeys(compared.why for compared in comparison.measures if compared.why):
        measures = [compared.measure for compared in comparison.measures if compared.why == why]
        text.append("\nunknown     ", style="bold").append(f"{why}: {', '.join(measures)}")
    return text


def summary(comparison: Comparison) -> str:
    """Return what got worse and what got better, in one sentence."""
    parts = []
    for difference in ("worse", "better"):
        measures = [
            f"{compared.measure} ({_ratio(compared)})"
            for compared in comparison.measures
            if compared.difference == difference
        ]
        if measures:
            parts.append(f"{capitalised(difference)}: {', '.join(measures)}.")
    return " ".join(parts) or "No difference matters."


def _ratio(compared: Compared) -> str:
    return (
        f"{compared.earlier:,.0f} to {compared.later:,.0f}" if compared.ratio is None else f"{compared.ratio:.2f} times"
    )
