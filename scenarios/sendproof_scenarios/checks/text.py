"""Whether each recipient got their own text, and if not, what most likely went wrong."""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from sendproof_scenarios.checks.delivery import of_obligation
from sendproof_scenarios.checks.ledger import Fate, ledger
from sendproof_scenarios.checks.matching import letters
from sendproof_scenarios.findings import Check, Finding, Observed
from sendproof_scenarios.history import Campaign, History
from sendproof_scenarios.requirements import RIGHT_TEXT

_ID = "delivery.text"

_PLACEHOLDER = re.compile(r"%%\|.*?%%|\{\{.*?\}\}", re.DOTALL)


def right_text(history: History) -> Observed:
    """Compare the text of every matched delivery with the text that was owed."""
    met = [fate for fate in ledger(history).fates if fate.obligation.owed and fate.deliveries]
    templates = _templates(history.campaigns)
    findings = [_wrong(fate, templates) for fate in met if fate.deliveries[0].text != fate.obligation.text]
    return Observed(looked_at=len(met), unit="texts", findings=tuple(findings))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Template:
    """A template of a campaign, and what any text made from it looks like."""

    id: str
    title: str
    shape: re.Pattern[str]


_Templates = Mapping[tuple[int, int], tuple[_Template, ...]]


def _templates(campaigns: Iterable[Campaign]) -> _Templates:
    return {
        (campaign.campaign, campaign.channel): tuple(
            _Template(id=str(split.template), title=split.title, shape=_shape(split.body)) for split in campaign.splits
        )
        for campaign in campaigns
    }


def _shape(body: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in _PLACEHOLDER.split(body)), re.DOTALL)


def _wrong(fate: Fate, templates: _Templates) -> Finding:
    got, expected = fate.deliveries[0].text, fate.obligation.text or ""
    campaign = templates.get((fate.obligation.campaign, fate.obligation.channel), ())
    others = [template for template in campaign if template.id != str(fate.obligation.template)]
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"wrong text: {_diagnosis(got, expected, others)}",
        expected=expected,
        got=got,
        where=of_obligation(fate.obligation),
        at=fate.deliveries[0].send_at,
    )


def _diagnosis(got: str, expected: str, others: Iterable[_Template]) -> str:
    if _PLACEHOLDER.search(got):
        return "a placeholder was not filled in"
    for template in others:
        if got.strip() and template.shape.fullmatch(got):
            return f"it is made from another template of the campaign, {template.title!r}"
    return next((says for applies, says in _DAMAGES if applies(got, expected)), "something other than what was owed")


# What may happen to the right text on its way, the surest sign first.
_DAMAGES: tuple[tuple[Callable[[str, str], bool], str], ...] = (
    (lambda got, _: not got.strip(), "it is empty"),
    (lambda got, expected: expected.startswith(got), "its end was cut off"),
    (lambda got, expected: expected in {unquote_plus(got), html.unescape(got)}, "it was encoded once too often"),
    (lambda got, expected: got.split() == expected.split(), "white space differs"),
    (lambda got, expected: letters(got) == letters(expected), "characters outside ASCII were damaged"),
)

CHECKS = (
    Check(
        id=_ID,
        title="Every recipient gets their own text",
        requirement=RIGHT_TEXT,
        run=right_text,
    ),
)
