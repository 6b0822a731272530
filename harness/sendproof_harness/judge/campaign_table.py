"""One row per campaign: what was owed, what became of it, and what was reported."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import Campaign, History
from sendproof_harness.judge.checks.metrics import METRIC_NAMES, last_value, pushes, reports
from sendproof_harness.judge.checks.paging import pages
from sendproof_harness.judge.facts.delivery_ledger import ledger


@dataclass(frozen=True, kw_only=True)
class CampaignRow:
    """`counts` is the ledger of this campaign alone; `reported` the last totals by the name of the metric."""

    campaign: int
    channel: int
    provider: str
    customers: int
    owed: int
    announced_at: int | None
    send_times: tuple[int, ...]
    templates: tuple[str, ...]
    counts: Mapping[str, int]
    reported: Mapping[str, int]
    pages: int
    pushes: int


def campaign_table(history: History) -> tuple[CampaignRow, ...]:
    """The campaigns in the order of the history."""
    counts: dict[tuple[int, int], Counter[str]] = {}
    owed: Counter[tuple[int, int]] = Counter()
    for fate in ledger(history).fates:
        key = fate.obligation.campaign, fate.obligation.channel
        counts.setdefault(key, Counter())[fate.name] += 1
        owed[key] += fate.obligation.owed
    return tuple(_row(campaign, history, counts, owed) for campaign in history.campaigns)


def _row(
    campaign: Campaign,
    history: History,
    counts: Mapping[tuple[int, int], Mapping[str, int]],
    owed: Mapping[tuple[int, int], int],
) -> CampaignRow:
    key = campaign.campaign, campaign.channel
    return CampaignRow(
        campaign=campaign.campaign,
        channel=campaign.channel,
        provider=campaign.provider,
        customers=campaign.customers,
        owed=owed.get(key, 0),
        announced_at=campaign.announced_at,
        send_times=tuple(sorted({split.send_at for split in campaign.splits})),
        templates=tuple(split.title for split in campaign.splits),
        counts=dict(counts.get(key, {})),
        reported=_reported(key, history),
        pages=len(pages(history).get(key, ())),
        pushes=len(pushes(history).get(key, ())),
    )


def _reported(key: tuple[int, int], history: History) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for (campaign, channel, _), metrics in reports(history).items():
        if (campaign, channel) == key:
            for metric, values in metrics.items():
                total[METRIC_NAMES.get(metric, f"metric {metric}")] += last_value(values)
    return dict(total)
