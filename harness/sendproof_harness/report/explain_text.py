"""The explanation of one customer for a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.console import Group as Stack
from rich.padding import Padding
from rich.table import Table

from sendproof_harness.explain.customer import CampaignResult, Explanation
from sendproof_harness.explain.entry import Actor, TimelineEntry
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.findings import Finding
from sendproof_harness.report.text import hanging, result_style
from sendproof_harness.terminal import Text

_ACTOR_STYLES: Mapping[Actor, str] = {
    "optimove": "cyan",
    "bridge": "green",
    "provider": "magenta",
    "customer": "blue",
    "expected": "yellow",
    "fault": "red",
}


def print_explanation(explanation: Explanation, run: str, console: Console) -> None:
    """Print the customer with their results, what ended the run early, the timeline, and the findings.

    `run` is the name of the run with its circumstances, in one line.
    """
    console.print(_head(explanation, run))
    if explanation.run_findings:
        console.print(Padding(_findings("about the whole run", explanation.run_findings), (1, 0, 0, 0), expand=False))
    console.print(Padding(_timeline(explanation.timeline), (1, 0, 0, 0), expand=False))
    for title, findings in (
        ("about this customer", explanation.findings),
        ("about their campaigns", explanation.campaign_findings),
    ):
        if findings:
            console.print(Padding(_findings(title, findings), (1, 0, 0, 0), expand=False))


def _head(explanation: Explanation, run: str) -> Text:
    name = explanation.subject.customer or "number without a customer"
    text = Text.assemble((name, "bold"), "  ", explanation.number, (f"\nrun  {run}", "dim"))
    for campaign in explanation.campaigns:
        text.append("\n").append(_campaign_result(campaign))
    if not explanation.campaigns:
        text.append("\nno campaign has a message due to this number", style="yellow")
    return text


def _campaign_result(result: CampaignResult) -> Text:
    where = f"campaign {result.campaign} on channel {result.channel}  "
    return Text.assemble(where, (result.kind, result_style(result.kind)), f"  {result.meaning}")


def _timeline(timeline: Sequence[TimelineEntry]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("UTC", "who", "what"):
        table.add_column(column, no_wrap=column != "what")
    day = ""
    for entry in timeline:
        date, _, time = spoken(entry.at).removesuffix(" UTC").partition(" ")
        if date != day:
            table.add_row(Text(date, style="bold"), "", "")
            day = date
        table.add_row(time, Text(entry.actor, style=_ACTOR_STYLES[entry.actor]), _entry_text(entry))
    return table


def _entry_text(entry: TimelineEntry) -> Text:
    text = Text(entry.text, style="red" if entry.wrong else "")
    if entry.line:
        text.append(f"  #{entry.line}", style="dim")
    if entry.detail:
        text.append(f"\n{entry.detail}", style="dim")
    return text


def _findings(title: str, findings: Sequence[Finding]) -> Stack:
    texts = (Padding(_finding_text(finding), (0, 0, 0, 2), expand=False) for finding in findings)
    return Stack(Text(title, style="bold"), *texts)


def _finding_text(finding: Finding) -> Text:
    return Text.assemble(
        (finding.level, "bold red" if finding.level in {"fail", "error"} else "yellow"),
        f"  {finding.cause}",
        (f"  ({finding.check}, blame: {finding.blame})", "dim"),
        ("\n  expected ", "dim"),
        hanging(finding.expected),
        ("\n  got      ", "dim"),
        hanging(finding.got),
    )
