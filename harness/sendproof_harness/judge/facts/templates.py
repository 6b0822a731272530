"""The templates of a run as patterns: the values in a text, and the versions that a template had."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sendproof_harness.history.parts import TemplateId
from sendproof_harness.history.records import History, Obligation
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.findings import cached_per_history

#: A placeholder in the syntax of any provider: `{{NAME}}`, `%%|NAME%%` or `%%|NAME^{...}%%`. A name has no braces, and
#: nothing in a placeholder begins another: whatever a text repeats without end, each character is looked at only once.
PLACEHOLDER = re.compile(r"%%\|((?:(?!%%|\^\{).)*+)(?:\^\{(?:(?!\}%%|%%\|).)*+\})?%%|\{\{([^{}]*+)\}\}", re.DOTALL)

# The characters that may be looked at, all ways to divide the texts between placeholders together: about 0.1 s of work.
_MOST_WORK = 100_000_000

#: The values of the placeholders of a text, by name.
Values = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateText:
    """The text of a template: the `names` of its placeholders, and the `pattern` of the texts made from it.

    `fixed` are the parts before, between and after the placeholders.
    """

    body: str
    names: tuple[str, ...]
    fixed: tuple[str, ...]
    pattern: re.Pattern[str]

    def values(self, text: str) -> Values | None:
        """Return the values in a text; None if the text cannot be made from this template."""
        found = self.pattern.fullmatch(text)
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))

    def agrees(self, text: str, due: "TemplateText", due_text: str) -> bool:
        """Return True if a text was made from this template with the values of a due text of another template.

        Values with spaces can be divided between placeholders in several ways, of which any may be right. If there are
        too many ways to try, only the one with the shortest values counts.
        """
        own, values = self.values(text), due.values(due_text)
        if own is None or values is None:
            return False
        if all(values.get(name, value) == value for name, value in own.items()):
            return True
        # The pattern tries all of the due text's ways, and within each those of the values that only this text has.
        ways = due.ways(due_text) * (1 if set(self.names) <= set(due.names) else self.ways(text))
        if ways * (len(text) + len(due_text)) > _MOST_WORK:
            return False
        joint = "\0".join(one.replace("\0", _NO_NUL) for one in (due_text, text))
        return _joint_pattern(due.body, self.body).fullmatch(joint) is not None

    def ways(self, text: str) -> int:
        """Return the number of ways to divide a text between the placeholders, with those that lead to no end.

        A way is known by the places of the fixed parts so far.
        """
        first, *fixed = self.fixed
        before, total = {len(first): 1}, 1
        for part in fixed:
            after: dict[int, int] = {}
            begun, starts = 0, iter(sorted(before))
            start = next(starts, None)
            for place in _places(part, text):
                while start is not None and start <= place:
                    begun += before[start]
                    start = next(starts, None)
                if begun:
                    after[place + len(part)] = begun
            before, total = after, total + sum(after.values())
        return total

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
    places = [match.span() for match in PLACEHOLDER.finditer(body)]
    begins, ends = [0, *(end for _, end in places)], [*(start for start, _ in places), len(body)]
    fixed = tuple(body[begin:end] for begin, end in zip(begins, ends, strict=True))
    names = tuple(map(_name, PLACEHOLDER.finditer(body)))
    return TemplateText(body=body, names=names, fixed=fixed, pattern=re.compile(_shortest_values(fixed), re.DOTALL))


def _shortest_values(fixed: Sequence[str]) -> str:
    """Return the pattern of the texts with some fixed parts, whose groups are the shortest values between them.

    A part that is found once is not looked for again further on: if the rest does not fit after its first place, it
    fits after no other. Without atomic groups, a text that does not fit would take exponential time.
    """
    first, *others = map(re.escape, fixed)
    *inner, last = (f"(.*?){part}" for part in others) if others else ("",)
    return first + "".join(f"(?>{part})" for part in inner) + last


def _places(part: str, text: str) -> Iterator[int]:
    """Yield the places of a part in a text, also those that overlap."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


@lru_cache(maxsize=1_000)
def _joint_pattern(due: str, other: str) -> re.Pattern[str]:
    """Return the pattern of a text of each of two templates, with a NUL between them and the same values in both."""
    groups = {name: f"value{place}" for place, name in enumerate(dict.fromkeys(template_text(due).names))}
    first = {name: f"(?P<{group}>[^\0]*?)" for name, group in groups.items()}
    again = {name: f"(?P={group})" for name, group in groups.items()}
    begin = _pattern_of(due, lambda name: first.pop(name, _ANYTHING))
    return re.compile(f"{begin}\0{_pattern_of(other, lambda name: again.get(name, _ANYTHING))}")


_ANYTHING = "[^\0]*?"
# A character that no text means, in place of a NUL in a text.
_NO_NUL = "\ufdd0"


def _pattern_of(body: str, value: Callable[[str], str]) -> str:
    """Return the pattern of the texts of a template; `value` gives the pattern of a placeholder's value."""
    parts, end = [], 0
    for match in PLACEHOLDER.finditer(body):
        parts += [re.escape(body[end : match.start()]), value(_name(match))]
        end = match.end()
    return "".join((*parts, re.escape(body[end:])))


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
