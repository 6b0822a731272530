"""The templates of a run as patterns: the values in a text, and the versions that a template had."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sendproof_harness.history.parts import TemplateId
from sendproof_harness.history.records import History, Obligation
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.findings import cached_per_history

#: A placeholder in the syntax of any provider: `{{NAME}}`, `%%|NAME%%` or `%%|NAME^{...}%%`.
PLACEHOLDER = re.compile(r"%%\|(.*?)(?:\^\{.*?\})?%%|\{\{\s*(.*?)\s*\}\}", re.DOTALL)

#: The values of the placeholders of a text, by name.
Values = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateText:
    """The text of a template: the `names` of its placeholders, and the `pattern` of the texts made from it."""

    body: str
    names: tuple[str, ...]
    pattern: re.Pattern[str]

    def values(self, text: str) -> Values | None:
        """Return the values in a text; None if the text cannot be made from this template."""
        found = self.pattern.fullmatch(text)
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))

    def text(self, values: Values) -> str:
        """Return the text for some values; a placeholder without a value is replaced by nothing."""
        return PLACEHOLDER.sub(lambda match: values.get(_name(match), ""), self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateVersion:
    """One text of a provider's template, which it had from `at` until the next version."""

    service: str
    id: TemplateId
    title: str
    at: int
    text: TemplateText


@lru_cache(maxsize=1_000)
def template_text(body: str) -> TemplateText:
    """Parse the body of a template."""
    parts: list[str] = []
    names: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(body):
        parts.append(re.escape(body[end : match.start()]))
        names.append(_name(match))
        end = match.end()
    parts.append(re.escape(body[end:]))
    return TemplateText(body=body, names=tuple(names), pattern=re.compile("(.*?)".join(parts), re.DOTALL))


def _name(match: re.Match[str]) -> str:
    return (match[1] or match[2] or "").strip()


# -- the templates of a run -------------------------------------------------------------------------


@cached_per_history
def versions(history: History) -> tuple[TemplateVersion, ...]:
    """Return every text that a template of a provider had, in order of time."""
    return tuple(_versions(history))


def _versions(history: History) -> Iterator[TemplateVersion]:
    titles: dict[tuple[str, TemplateId], str] = {}
    for change in history.provider_templates:
        title = titles[change.service, change.id] = change.title or titles.get((change.service, change.id), "")
        if change.body is not None:
            text = template_text(change.body)
            yield TemplateVersion(service=change.service, id=change.id, title=title, at=change.at, text=text)


@cached_per_history
def campaign_templates(history: History) -> Mapping[CampaignKey, Mapping[str, TemplateVersion]]:
    """Return the templates of each scheduled campaign, by their id on the channel."""
    return {
        campaign_key(campaign): {
            str(split.template): TemplateVersion(
                service=campaign.provider,
                id=split.template,
                title=split.title,
                at=campaign.at,
                text=template_text(split.body),
            )
            for split in campaign.splits
        }
        for campaign in history.campaigns
    }


def due_template(history: History, obligation: Obligation) -> TemplateVersion | None:
    """Return the template of an obligation: the campaign's, or the newest fitting version with its id or listed name.

    The text of a campaign's template may have changed before the announcement.
    """
    planned = campaign_templates(history).get(campaign_key(obligation), {}).get(str(obligation.template))
    if planned is not None and (obligation.text is None or planned.text.values(obligation.text) is not None):
        return planned
    name = _listed_names(history).get((obligation.channel, str(obligation.template)), "")
    fitting = [
        version
        for version in versions(history)
        if version.at <= obligation.due
        and (str(version.id) == str(obligation.template) or name in {version.title, f"{version.id} - {version.title}"})
        and obligation.text is not None
        and version.text.values(obligation.text) is not None
    ]
    return fitting[-1] if fitting else planned


@cached_per_history
def _listed_names(history: History) -> Mapping[tuple[int, str], str]:
    """Return the names of the templates that are listed on each channel."""
    return {
        (change.channel, str(template.id)): template.name
        for change in history.channel_templates
        for template in change.templates
        if template.name is not None
    }
