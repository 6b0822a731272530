"""Whether each recipient got their own text, and if not, what most likely went wrong."""

import html
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_plus

from sendproof_scenarios.checks.delivery import of_obligation
from sendproof_scenarios.checks.ledger import Fate, ledger
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


_Templates = Mapping[tuple[int, int], tuple[tuple[str, str, re.Pattern[str]], ...]]


def _templates(campaigns: Iterable[Campaign]) -> _Templates:
    return {
        (campaign.campaign, campaign.channel): tuple(
            (str(split.template), split.title, _shape(split.body)) for split in campaign.splits
        )
        for campaign in campaigns
    }


def _shape(body: str) -> re.Pattern[str]:
    """What any text made from this template looks like."""
    return re.compile(".*".join(re.escape(part) for part in _PLACEHOLDER.split(body)), re.DOTALL)


def _wrong(fate: Fate, templates: _Templates) -> Finding:
    got, expected = fate.deliveries[0].text, fate.obligation.text or ""
    campaign = templates.get((fate.obligation.campaign, fate.obligation.channel), ())
    others = [entry for entry in campaign if entry[0] != str(fate.obligation.template)]
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


def _diagnosis(got: str, expected: str, others: Iterable[tuple[str, str, re.Pattern[str]]]) -> str:
    if not got.strip():
        return "it is empty"
    if _PLACEHOLDER.search(got):
        return "a placeholder was not filled in"
    for _, title, shape in others:
        if shape.fullmatch(got):
            return f"it is made from another template of the campaign, {title!r}"
    if len(got) < len(expected) and expected.startswith(got):
        return "its end was cut off"
    if expected in {unquote_plus(got), html.unescape(got)}:
        return "it was encoded once too often"
    if " ".join(got.split()) == " ".join(expected.split()):
        return "white space differs"
    if _letters(got) == _letters(expected):
        return "characters outside ASCII were damaged"
    return "something other than what was owed"


def _letters(text: str) -> str:
    """The plain letters and digits of a text: what survives a wrong character set."""
    return "".join(character for character in text if character.isascii() and character.isalnum())


CHECKS = (
    Check(
        id=_ID,
        title="Every recipient gets their own text",
        requirement=RIGHT_TEXT,
        run=right_text,
    ),
)
