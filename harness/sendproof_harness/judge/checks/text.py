"""Check that each recipient got their own text, and find the most likely cause of a wrong one."""

import html
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from sendproof_harness.history.records import Campaign, History
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, has_due_message, matched_recipients
from sendproof_harness.judge.facts.deliveries.matching import letters
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.findings import Check, CheckResult, Finding, recipient_location
from sendproof_harness.judge.requirements import RIGHT_TEXT

_ID = "delivery.text"

_PLACEHOLDER = re.compile(r"%%\|.*?%%|\{\{.*?\}\}", re.DOTALL)


def check_right_text(history: History) -> CheckResult:
    """Compare the text of every matched delivery with the due text."""
    recipients = matched_recipients(history)
    templates = _templates(history.campaigns)
    wrong = [recipient for recipient in recipients if recipient.deliveries[0].text != recipient.obligation.text]
    campaigns = {campaign_key(recipient.obligation) for recipient in wrong}
    single_templates = _single_templates(recipients, campaigns, templates)
    findings = [
        _wrong_text(recipient, templates, single_templates.get(campaign_key(recipient.obligation)))
        for recipient in wrong
    ]
    return CheckResult(looked_at=len(recipients), unit="texts", findings=tuple(findings))


# -- templates --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Template:
    """A template of a campaign, with the pattern of the texts made from it."""

    id: str
    title: str
    pattern: re.Pattern[str]


_Templates = Mapping[CampaignKey, tuple[_Template, ...]]


def _templates(campaigns: Iterable[Campaign]) -> _Templates:
    return {
        campaign_key(campaign): tuple(
            _Template(id=str(split.template), title=split.title, pattern=_text_pattern(split.body))
            for split in campaign.splits
        )
        for campaign in campaigns
    }


def _text_pattern(body: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in _PLACEHOLDER.split(body)), re.DOTALL)


def _single_templates(
    recipients: Iterable[RecipientResult], campaigns: Collection[CampaignKey], templates: _Templates
) -> Mapping[CampaignKey, _Template]:
    """Return, for campaigns with several templates, the one that fits all of their messages, if there is one."""
    fitting = {key: list(of_key) for key in campaigns if len(of_key := templates.get(key, ())) > 1}
    for recipient in recipients:
        key, text = campaign_key(recipient.obligation), recipient.deliveries[0].text
        if fitting.get(key):
            fitting[key] = [template for template in fitting[key] if template.pattern.fullmatch(text)]
    return {key: of_key[0] for key, of_key in fitting.items() if len(of_key) == 1}


# -- findings ---------------------------------------------------------------------------------------


def _wrong_text(recipient: RecipientResult, templates: _Templates, single_template: _Template | None) -> Finding:
    got, expected = recipient.deliveries[0].text, recipient.obligation.text or ""
    campaign_templates = templates.get(campaign_key(recipient.obligation), ())
    others = [template for template in campaign_templates if template.id != str(recipient.obligation.template)]
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"wrong text: {_cause(got, expected, others, single_template)}",
        expected=expected,
        got=got,
        where=recipient_location(recipient.obligation),
        at=recipient.deliveries[0].send_at,
    )


def _cause(got: str, expected: str, others: Iterable[_Template], single_template: _Template | None) -> str:
    if _PLACEHOLDER.search(got):
        return "a placeholder was not filled in"
    if single_template is not None:
        return f"one template for all: every recipient got {single_template.title!r} instead of their own"
    for template in others:
        if got.strip() and template.pattern.fullmatch(got):
            return f"made from another template of the campaign, {template.title!r}"
    return next((cause for applies, cause in _DAMAGES if applies(got, expected)), "a text other than the due one")


# Ways to damage the right text, the most certain first.
_DAMAGES: tuple[tuple[Callable[[str, str], bool], str], ...] = (
    (lambda got, _: not got.strip(), "the text is empty"),
    (lambda got, expected: expected.startswith(got), "the end was cut off"),
    (lambda got, expected: expected in {unquote_plus(got), html.unescape(got)}, "encoded once too often"),
    (lambda got, expected: got.split() == expected.split(), "whitespace differs"),
    (lambda got, expected: letters(got) == letters(expected), "non-ASCII characters were damaged"),
)

CHECKS = (
    Check(
        id=_ID,
        title="Each recipient gets their own text",
        requirement=RIGHT_TEXT,
        run=check_right_text,
        applies=has_due_message,
        scope="runs with a due message",
    ),
)
