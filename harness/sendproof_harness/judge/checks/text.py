"""Whether each recipient got their own text, and if not, what most likely went wrong."""

import html
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from sendproof_harness.history.records import Campaign, History
from sendproof_harness.judge.checks.delivery import of_obligation
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult, is_owed_something, ledger
from sendproof_harness.judge.facts.delivery_matching import letters
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.requirements import RIGHT_TEXT

_ID = "delivery.text"

_PLACEHOLDER = re.compile(r"%%\|.*?%%|\{\{.*?\}\}", re.DOTALL)


def right_text(history: History) -> CheckResult:
    """Compare the text of every matched delivery with the text that was owed."""
    met = [fate for fate in ledger(history).fates if fate.obligation.owed and fate.deliveries]
    templates = _templates(history.campaigns)
    wrong = [fate for fate in met if fate.deliveries[0].text != fate.obligation.text]
    one_for_all = _one_for_all(met, {_campaign(fate) for fate in wrong}, templates)
    findings = [_wrong(fate, templates, one_for_all.get(_campaign(fate))) for fate in wrong]
    return CheckResult(looked_at=len(met), unit="texts", findings=tuple(findings))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Template:
    """A template of a campaign, and what any text made from it looks like."""

    id: str
    title: str
    shape: re.Pattern[str]


_Templates = Mapping[tuple[int, int], tuple[_Template, ...]]
_OneForAll = Mapping[tuple[int, int], _Template]


def _templates(campaigns: Iterable[Campaign]) -> _Templates:
    return {
        (campaign.campaign, campaign.channel): tuple(
            _Template(id=str(split.template), title=split.title, shape=_shape(split.body)) for split in campaign.splits
        )
        for campaign in campaigns
    }


def _shape(body: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in _PLACEHOLDER.split(body)), re.DOTALL)


def _campaign(fate: RecipientResult) -> tuple[int, int]:
    return fate.obligation.campaign, fate.obligation.channel


def _one_for_all(
    met: Iterable[RecipientResult], campaigns: Collection[tuple[int, int]], templates: _Templates
) -> _OneForAll:
    """By campaign: the template that each of its messages could be made from, though the campaign has several."""
    left = {key: list(some) for key in campaigns if len(some := templates.get(key, ())) > 1}
    for fate in met:
        key = _campaign(fate)
        if left.get(key):
            left[key] = [one for one in left[key] if one.shape.fullmatch(fate.deliveries[0].text)]
    return {key: some[0] for key, some in left.items() if len(some) == 1}


def _wrong(fate: RecipientResult, templates: _Templates, one_for_all: _Template | None) -> Finding:
    got, expected = fate.deliveries[0].text, fate.obligation.text or ""
    campaign = templates.get((fate.obligation.campaign, fate.obligation.channel), ())
    others = [template for template in campaign if template.id != str(fate.obligation.template)]
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"wrong text: {_diagnosis(got, expected, others, one_for_all)}",
        expected=expected,
        got=got,
        where=of_obligation(fate.obligation),
        at=fate.deliveries[0].send_at,
    )


def _diagnosis(got: str, expected: str, others: Iterable[_Template], one_for_all: _Template | None) -> str:
    if _PLACEHOLDER.search(got):
        return "a placeholder was not filled in"
    if one_for_all is not None:
        return f"one template for all: everybody got {one_for_all.title!r}, whichever was theirs"
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
        applies=is_owed_something,
        asked_of="runs in which a message is owed",
    ),
)
