"""Whether the bridge hears of campaigns, and says that it heard."""

from collections.abc import Mapping

from sendproof_harness.history.records import Campaign, History, Listener, Trigger, Webhook
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.fault_effects import has_come
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import LISTENER_REGISTERED, WEBHOOKS_ACKNOWLEDGED

_REGISTERED = "webhooks.registered"
_ACKNOWLEDGED = "webhooks.acknowledged"

# A campaign is announced as executed on a channel (13), or, before that, as processed (1).
_ANNOUNCING = frozenset({1, 13})
# Whoever meets the criteria of a trigger is announced by event 11.
_TRIGGERING = frozenset({11})


def registered(history: History) -> CheckResult:
    """Campaigns that were announced while nobody listened on their channel."""
    announced = [(c.channel, c.announced_at, c) for c in history.campaigns if c.announced_at is not None]
    triggered = {(t.campaign, t.channel): (t.channel, t.at, t) for t in reversed(history.triggers)}
    findings = [
        _unheard(cause, events)
        for causes, events in ((announced, _ANNOUNCING), (triggered.values(), _TRIGGERING))
        for channel, at, cause in causes
        if not _somebody_listens(events, channel, at, history.listeners)
    ]
    return CheckResult(looked_at=len(announced) + len(triggered), unit="campaigns", findings=tuple(findings))


def acknowledged(history: History) -> CheckResult:
    """Notifications that never got a 2xx, however often they were tried; those still being tried are unknown."""
    last = _last_attempts(history)
    reached = {_origin(attempt.url) for attempt in history.webhooks if attempt.status is not None}
    failed = [attempt for attempt in last.values() if not is_success(attempt.status)]
    findings = [_waiting(some) if some.retry_at is not None else _unanswered(some, reached) for some in failed]
    return CheckResult(looked_at=len(last), unit="notifications", findings=tuple(findings))


def _somebody_listens(events: frozenset[int], channel: int, at: int, listeners: tuple[Listener, ...]) -> bool:
    listening: dict[tuple[int, int | None], bool] = {}
    for listener in listeners:
        if listener.at <= at:
            listening[listener.event_type, listener.channel] = listener.action == "registered"
    return any(on and event in events and of in {None, channel} for (event, of), on in listening.items())


def _last_attempts(history: History) -> Mapping[str, Webhook]:
    """The attempt that decides for each notification: the one that got through, else the last.

    What a policy of the sandbox kept from the bridge says nothing about the bridge; nor does what came while the
    harness had killed it.
    """
    last: dict[str, Webhook] = {}
    for attempt in history.webhooks:
        if not has_come(history, attempt):
            continue
        known = last.get(attempt.key)
        if known is None or not is_success(known.status):
            last[attempt.key] = attempt
    return last


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def is_success(status: int | None) -> bool:
    """Whether the bridge acknowledged."""
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - the range of success


def _unheard(cause: Campaign | Trigger, events: frozenset[int]) -> Finding:
    return Finding(
        check=_REGISTERED,
        level="fail",
        blame="config",
        cause="nobody listens on the channel of a campaign",
        expected=f"RegisterEventListener for event {max(events)} and channel {cause.channel} before the campaign",
        got="no such listener",
        where=Location(campaign=cause.campaign, channel=cause.channel),
        at=cause.at if isinstance(cause, Trigger) else cause.announced_at,
    )


def _waiting(attempt: Webhook) -> Finding:
    return Finding(
        check=_ACKNOWLEDGED,
        level="unknown",
        blame="harness",
        cause="still being retried when the history ended; let the run go on until every notification is through",
        expected=f"a history that reaches beyond the next attempt at {spoken(attempt.retry_at or attempt.at)}",
        got=f"{_answer(attempt)}, at {attempt.url}",
        where=Location(webhook=attempt.key),
        at=attempt.at,
    )


def _unanswered(attempt: Webhook, reached: set[str]) -> Finding:
    cause, blame = _why(attempt, reached)
    return Finding(
        check=_ACKNOWLEDGED,
        level="fail",
        blame=blame,
        cause=f"{attempt.service} event {attempt.event}: {cause}",
        expected="a 2xx status in the end",
        got=f"{_answer(attempt)}, the last {spoken(attempt.at)}, at {attempt.url}",
        where=Location(webhook=attempt.key),
        at=attempt.at,
    )


def _answer(attempt: Webhook) -> str:
    answer = attempt.error or f"status {attempt.status}"
    return f"{answer} after 1 attempt" if attempt.attempt == 1 else f"{answer} after {attempt.attempt} attempts"


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
