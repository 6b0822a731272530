"""One row per campaign: the due messages, their results, and the metrics that the bridge reported."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import Campaign, History
from sendproof_harness.judge.facts.deliveries.ledger import count_of, ledger
from sendproof_harness.judge.facts.deliveries.message_types import message_type
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.metrics import last_value, metric_name, pushes, reported_values
from sendproof_harness.judge.facts.pages import pages


@dataclass(frozen=True, kw_only=True)
class CampaignRow:
    """`counts` is the ledger of this campaign alone, `reported` the last totals by metric name.

    `message` is the type of its messages. `owed` are those that a bridge can deliver: without those that the provider
    refuses from any bridge, so a right campaign has as many `ok` results. `control_group` of the `customers` are kept
    from the campaign, and `groups` are those of an A/B test.
    """

    campaign: int
    channel: int
    provider: str
    message: str
    customers: int
    control_group: int
    groups: tuple[int, ...]
    owed: int
    announced_at: int | None
    send_times: tuple[int, ...]
    templates: tuple[str, ...]
    counts: Mapping[str, int]
    reported: Mapping[str, int]
    pages: int
    pushes: int


def campaign_table(history: History) -> tuple[CampaignRow, ...]:
    """Return the campaigns in the order of the history."""
    counts: dict[CampaignKey, Counter[str]] = {}
    due: Counter[CampaignKey] = Counter()
    for recipient in ledger(history).recipients:
        key = campaign_key(recipient.obligation)
        count = count_of(history, recipient)
        counts.setdefault(key, Counter())[recipient.kind] += count
        due[key] += count * (recipient.obligation.owed and recipient.kind != "refused")
    return tuple(_row(campaign, history, counts, due) for campaign in history.campaigns)


def _row(
    campaign: Campaign,
    history: History,
    counts: Mapping[CampaignKey, Mapping[str, int]],
    due: Mapping[CampaignKey, int],
) -> CampaignRow:
    key = campaign_key(campaign)
    return CampaignRow(
        campaign=campaign.campaign,
        channel=campaign.channel,
        provider=campaign.provider,
        message=message_type(history, campaign.channel),
        customers=campaign.customers,
        control_group=campaign.control_group,
        groups=tuple(sorted({split.group for split in campaign.splits})),
        owed=due.get(key, 0),
        announced_at=campaign.announced_at,
        send_times=tuple(sorted({split.send_at for split in campaign.splits})),
        templates=tuple(split.title for split in campaign.splits),
        counts=dict(counts.get(key, {})),
        reported=_reported_totals(key, history),
        pages=len(pages(history).get(key, ())),
        pushes=len(pushes(history).get(key, ())),
    )


def _reported_totals(campaign: CampaignKey, history: History) -> Mapping[str, int]:
    totals: Counter[str] = Counter()
    for key, metrics in reported_values(history).items():
        if key[:2] == campaign:
            for metric, values in metrics.items():
                totals[metric_name(metric)] += last_value(values)
    return dict(totals)
