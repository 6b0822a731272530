"""Whether the bridge hears of campaigns, and says that it heard."""

from collections.abc import Mapping

from sendproof_scenarios.findings import Blame, Check, Finding, Observed, Where
from sendproof_scenarios.history import Campaign, History, Listener, Webhook
from sendproof_scenarios.instants import spoken
from sendproof_scenarios.requirements import LISTENER_REGISTERED, WEBHOOKS_ACKNOWLEDGED

_REGISTERED = "webhooks.registered"
_ACKNOWLEDGED = "webhooks.acknowledged"

# A campaign is announced as executed on a channel (13), or, before that, as processed (1).
_ANNOUNCING = frozenset({1, 13})


def registered(history: History) -> Observed:
    """Campaigns that were announced while nobody listened on their channel."""
    announced = [campaign for campaign in history.campaigns if campaign.announced_at is not None]
    findings = [_unheard(campaign) for campaign in announced if not _somebody_listens(campaign, history.listeners)]
    return Observed(looked_at=len(announced), unit="campaigns", findings=tuple(findings))


def acknowledged(history: History) -> Observed:
    """Notifications that never got a 2xx, however often they were tried."""
    last = _last_attempts(history)
    reached = {_origin(attempt.url) for attempt in history.webhooks if attempt.status is not None}
    findings = [_unanswered(attempt, reached) for attempt in last.values() if not is_success(attempt.status)]
    return Observed(looked_at=len(last), unit="notifications", findings=tuple(findings))


def _somebody_listens(campaign: Campaign, listeners: tuple[Listener, ...]) -> bool:
    listening: dict[tuple[int, int | None], bool] = {}
    for listener in listeners:
        if listener.at <= (campaign.announced_at or 0):
            listening[listener.event_type, listener.channel] = listener.action == "registered"
    return any(
        on and event in _ANNOUNCING and channel in {None, campaign.channel}
        for (event, channel), on in listening.items()
    )


def _last_attempts(history: History) -> Mapping[str, Webhook]:
    """The attempt that decides for each notification: the one that got through, else the last."""
    last: dict[str, Webhook] = {}
    for attempt in history.webhooks:
        known = last.get(attempt.key)
        if known is None or not is_success(known.status):
            last[attempt.key] = attempt
    return last


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def is_success(status: int | None) -> bool:
    """Whether the bridge acknowledged."""
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - the range of success


def _unheard(campaign: Campaign) -> Finding:
    return Finding(
        check=_REGISTERED,
        level="fail",
        blame="config",
        cause="nobody listens on the channel of a campaign",
        expected=f"RegisterEventListener for event 13 and channel {campaign.channel} before the campaign",
        got="no such listener",
        where=Where(campaign=campaign.campaign, channel=campaign.channel),
        at=campaign.announced_at,
    )


def _unanswered(attempt: Webhook, reached: set[str]) -> Finding:
    cause, blame = _why(attempt, reached)
    answer = attempt.error or f"status {attempt.status}"
    tries = "1 attempt" if attempt.attempt == 1 else f"{attempt.attempt} attempts"
    return Finding(
        check=_ACKNOWLEDGED,
        level="fail",
        blame=blame,
        cause=f"{attempt.service} event {attempt.event}: {cause}",
        expected="a 2xx status in the end",
        got=f"{answer} after {tries}, the last {spoken(attempt.at)}, at {attempt.url}",
        where=Where(webhook=attempt.key),
        at=attempt.at,
    )


def _why(attempt: Webhook, reached: set[str]) -> tuple[str, Blame]:
    if attempt.status is not None:
        return f"always answered with a failure, lastly {attempt.status}", "bridge"
    if _origin(attempt.url) in reached:
        return "never answered", "bridge"
    return "nothing answers at the given address", "config"


CHECKS = (
    Check(id=_REGISTERED, title="A listener is registered in time", requirement=LISTENER_REGISTERED, run=registered),
    Check(
        id=_ACKNOWLEDGED,
        title="Every notification is acknowledged",
        requirement=WEBHOOKS_ACKNOWLEDGED,
        run=acknowledged,
    ),
)
