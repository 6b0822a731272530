"""The verdict of a load test in Markdown, for a comment or the summary of a CI job: `summary.md`."""

from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.verdict import LoadVerdict
from sendproof_harness.output import visible
from sendproof_harness.report.markdown import MARKS, escaped


def render(verdict: LoadVerdict) -> str:
    """Return the summary as text: verdict, bottleneck and service levels."""
    lines = [
        f"## {MARKS[verdict.status]}: {escaped(verdict.result.title)}",
        "",
        escaped(summary(verdict)),
        "",
        escaped(verdict.bottleneck.sentence),
        "",
        "| verdict | level | expected | got |",
        "|---|---|---|---|",
        *(
            f"| {MARKS[level.status]} | {escaped(level.title)} | {escaped(level.expected)} | {escaped(level.got)} |"
            for level in verdict.levels
        ),
        "",
        f"Seed {verdict.result.seed}.",
        "",
    ]
    return visible("\n".join(lines))
