"""The keys by which facts and checks group records: a campaign on a channel, and one template of it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from sendproof_harness.history.parts import TemplateId

#: Campaign and channel.
CampaignKey = tuple[int, int]
#: Campaign, channel and template; the template as text, because ids may be numbers or strings.
TemplateKey = tuple[int, int, str]
K = TypeVar("K", CampaignKey, TemplateKey)


class _OfCampaign(Protocol):
    @property
    def campaign(self) -> int: ...

    @property
    def channel(self) -> int: ...


class _OfTemplate(_OfCampaign, Protocol):
    @property
    def template(self) -> TemplateId: ...


def campaign_key(record: _OfCampaign) -> CampaignKey:
    """Return the campaign and channel of a record."""
    return record.campaign, record.channel


def template_key(record: _OfTemplate) -> TemplateKey:
    """Return the campaign, channel and template of a record."""
    return record.campaign, record.channel, str(record.template)


def template_id(key: TemplateKey) -> TemplateId:
    """Return the template id in the form that it has on the wire, for display."""
    return int(key[2]) if key[2].isdigit() else key[2]


def channel_text(key: CampaignKey, others: Iterable[CampaignKey]) -> str:
    """Return words that limit a finding to one channel, if `others` have the campaign on another channel."""
    channels = sorted({channel for campaign, channel in others if campaign == key[0] and channel != key[1]})
    return f" on channel {key[1]}, but on channel {', '.join(map(str, channels))}" if channels else ""


def unions_of_overlapping(sets: Collection[frozenset[K]]) -> Sequence[frozenset[K]]:
    """Return each set, and each union of sets that overlap; the smallest first."""
    unions: list[frozenset[K]] = []
    for elements in sets:
        overlapping = [union for union in unions if union & elements]
        unions = [union for union in unions if not union & elements] + [elements.union(*overlapping)]
    return sorted(set(sets).union(unions), key=lambda elements: (len(elements), sorted(elements)))
