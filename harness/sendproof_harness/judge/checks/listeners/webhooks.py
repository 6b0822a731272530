"""Check that the bridge listens to campaigns, and acknowledges every webhook."""

from bisect import bisect_right
from collections.abc import Collection, Mapping

from sendproof_harness.history.records import Campaign, History, Trigger, Webhook
from sendproof_harness.history.run_records import RunAborted
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.connection_errors import NO_LISTENER, NO_SERVER, connection_problem
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, is_of_another_system, message_of_webhook, was_received
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.wishes import is_conformance_run, listen_address
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import LISTENER_REGISTERED, WEBHOOKS_ACKNOWLEDGED

_REGISTERED = "webhooks.registered"
_ACKNOWLEDGED = "webhooks.acknowledged"

# Optimove announces a campaign when it is executed on a channel (13) or, before that, processed (1).
_CAMPAIGN_EVENTS = frozenset({1, 13})
# Optimove announces a customer who met a trigger.
_TRIGGER_EVENTS = frozenset({11})


# -- listeners --------------------------------------------------------------------------------------


def check_listener_registered(history: History) -> CheckResult:
    """Find campaigns and triggers that no listener was registered for on their channel."""
    announced = [campaign for campaign in history.campaigns if campaign.announced_at is not None]
    triggered = {campaign_key(trigger): trigger for trigger in reversed(history.triggers)}
    findings = [
        *(
            _no_listener(history, campaign, campaign.announced_at, _CAMPAIGN_EVENTS)
            for campaign in announced
            if campaign.announced_at is not None
            and not _has_listener(history, _CAMPAIGN_EVENTS, campaign.channel, campaign.announced_at)
        ),
        *(_no_listener(history, trigger, trigger.at, _TRIGGER_EVENTS) for trigger in _unheard(history).values()),
        *(
            _no_channel(trigger)
            for trigger in triggered.values()
            if _has_listener(history, _TRIGGER_EVENTS, trigger.channel, trigger.at)
            and not _has_own_listener(history, _TRIGGER_EVENTS, {trigger.channel}, trigger.at)
        ),
        *(
            _never_registered(history, aborted, *missing)
            for aborted in history.aborted
            for missing in aborted.unregistered
        ),
    ]
    never = sum(len(aborted.unregistered) for aborted in history.aborted)
    return CheckResult(looked_at=len(announced) + len(triggered) + never, unit="campaigns", findings=tuple(findings))


def _unheard(history: History) -> Mapping[CampaignKey, Trigger]:
    """Return the first trigger of each campaign without a listener: the bridge may also have deleted it later."""
    listened = [listener.at for listener in history.listeners if listener.event_type in _TRIGGER_EVENTS]
    # Between two changes of the listeners, one trigger of a campaign is as good as any other.
    first = {(campaign_key(trigger), bisect_right(listened, trigger.at)): trigger for trigger in history.triggers[::-1]}
    return {
        campaign_key(trigger): trigger
        for trigger in sorted(first.values(), key=lambda trigger: trigger.at, reverse=True)
        if not _has_listener(history, _TRIGGER_EVENTS, trigger.channel, trigger.at)
    }


def _has_listener(history: History, events: Collection[int], channel: int, at: int) -> bool:
    return _has_own_listener(history, events, {None, channel}, at)


def _has_own_listener(history: History, events: Collection[int], channels: Collection[int | None], at: int) -> bool:
    registered: dict[tuple[int, int | None], bool] = {}
    for listener in history.listeners:
        if listener.at <= at:
            registered[listener.event_type, listener.channel] = listener.action == "registered"
    return any(
        is_registered and event in events and listener_channel in channels
        for (event, listener_channel), is_registered in registered.items()
    )


def _never_registered(history: History, aborted: RunAborted, event: int, channel: int) -> Finding:
    return Finding(
        check=_REGISTERED,
        level="fail",
        blame="bridge",
        cause=NO_LISTENER,
        expected=f"RegisterEventListener for event {event} and channel {channel} before the campaign",
        got="no such listener when the run ended, before the first campaign",
        where=Location(channel=channel),
        at=aborted.at,
        remedy=_register_text(history, event, channel),
    )


def _register_text(history: History, event: int, channel: int) -> str:
    text = f"call POST /current/general/RegisterEventListener with EventTypeID {event} and ChannelID {channel}"
    if event in _TRIGGER_EVENTS and is_conformance_run(history):
        return f"{text}; if the bridge only serves scheduled campaigns, run `sendproof contract` with --no-triggers"
    return text


def _no_listener(history: History, announced: Campaign | Trigger, at: int, events: Collection[int]) -> Finding:
    return Finding(
        check=_REGISTERED,
        level="fail",
        blame="bridge",
        cause=NO_LISTENER,
        expected=f"RegisterEventListener for event {max(events)} and channel {announced.channel} before the campaign",
        got="no such listener",
        where=Location(campaign=announced.campaign, channel=announced.channel),
        at=at,
        remedy=_register_text(history, max(events), announced.channel),
    )


def _no_channel(trigger: Trigger) -> Finding:
    """Return the finding about a general listener for triggers.

    documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (the real-time listener is
    registered for the exact channel)
    """
    return Finding(
        check=_REGISTERED,
        level="fail",
        blame="bridge",
        cause="event 11 is registered without a channel",
        expected=f"RegisterEventListener for event 11 with ChannelID {trigger.channel}",
        got="a listener for event 11 without ChannelID",
        where=Location(campaign=trigger.campaign, channel=trigger.channel),
        at=trigger.at,
        remedy=f"add ChannelID {trigger.channel} to the call of RegisterEventListener",
    )


# -- acknowledgements -------------------------------------------------------------------------------


def check_acknowledged(history: History) -> CheckResult:
    """Find webhooks that never got a 2xx response in any attempt; unknown if later ones will come, or were lost."""
    decisive = _decisive_attempts(history)
    reached = {_origin(attempt.url) for attempt in history.webhooks if attempt.status is not None}
    failed = [a for a in decisive.values() if not is_success(a.status) and not _may_be_refused(a)]
    last = {(attempt.key, attempt.resend): attempt for attempt in history.webhooks}
    findings = [
        _not_acknowledged(attempt, reached, listen_address(history))
        if attempt.retry_at is None
        else _undecided(attempt, last[attempt.key, attempt.resend])
        for attempt in failed
    ]
    looked_at = sum(_webhooks_like(history, attempt) for attempt in decisive.values())
    return CheckResult(looked_at=looked_at, unit="webhooks", findings=tuple(findings))


def _may_be_refused(attempt: Webhook) -> bool:
    """Return True for a refusal of a webhook about another system's message: no document says how to respond to it."""
    return is_of_another_system(attempt) and attempt.status is not None and attempt.status < _SERVER_ERRORS


def _webhooks_like(history: History, attempt: Webhook) -> int:
    """Return the number of webhooks that one of a condensed history represents."""
    return 1 if attempt.service == OPTIMOVE else history.alike.messages.get(message_of_webhook(attempt.key), 1)


def _decisive_attempts(history: History) -> Mapping[str, Webhook]:
    """Return the decisive attempt of each webhook: the acknowledged one, or else the last.

    Attempts that a fault kept from the bridge, or that came while the harness had killed it, prove nothing.
    """
    decisive: dict[str, Webhook] = {}
    for attempt in history.webhooks:
        if not was_received(history, attempt):
            continue
        earlier = decisive.get(attempt.key)
        if earlier is None or not is_success(earlier.status):
            decisive[attempt.key] = attempt
    return decisive


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _undecided(attempt: Webhook, last: Webhook) -> Finding:
    """Return the finding about a webhook that the bridge refused, and whose last attempt proves nothing yet."""
    if last.retry_at is None:
        return _unproven(
            attempt,
            "network",
            "refused, and every later attempt was lost, or came while the bridge was down",
            "a later attempt that reaches the bridge",
        )
    return _unproven(
        attempt,
        "harness",
        "still being retried at the end of the history; continue the run until every webhook is acknowledged",
        f"a history that includes the next attempt at {spoken(last.retry_at)}",
    )


def _unproven(attempt: Webhook, blame: Blame, cause: str, expected: str) -> Finding:
    return Finding(
        check=_ACKNOWLEDGED,
        level="unknown",
        blame=blame,
        cause=cause,
        expected=expected,
        got=f"{_result_text(attempt)}, at {attempt.url}",
        where=Location(webhook=attempt.key),
        at=attempt.at,
    )


def _not_acknowledged(attempt: Webhook, reached: Collection[str], listen: str | None) -> Finding:
    cause, blame, remedy = _OF_ANOTHER if is_of_another_system(attempt) else _cause(attempt, reached, listen)
    return Finding(
        check=_ACKNOWLEDGED,
        level="fail",
        blame=blame,
        cause=f"{attempt.service} event {attempt.event}: {cause}",
        expected="a 2xx status in one of the attempts",
        got=f"{_result_text(attempt)}, the last {spoken(attempt.at)}, at {attempt.url}",
        where=Location(webhook=attempt.key),
        at=attempt.at,
        remedy=remedy,
    )


def _result_text(attempt: Webhook) -> str:
    result = attempt.error or f"status {attempt.status}"
    return f"{result} after 1 attempt" if attempt.attempt == 1 else f"{result} after {attempt.attempt} attempts"


def _cause(attempt: Webhook, reached: Collection[str], listen: str | None) -> tuple[str, Blame, str]:
    """Return cause, blame and remedy."""
    if attempt.status is not None:
        remedy = _not_found_remedy(attempt) if attempt.status == _NOT_FOUND else ""
        return f"every attempt failed, the last with status {attempt.status}", "bridge", remedy
    problem = connection_problem(attempt.error)
    if _origin(attempt.url) in reached:
        if _is_timeout(attempt):
            return "answered too late in every attempt", "bridge", _RESPOND_FIRST
        remedy = "keep the listener up until the end of the run" if problem is not None else ""
        return "no attempt got a response", "bridge", remedy
    registered = _address(attempt.url)
    if problem is not None and problem.cause == NO_SERVER and listen not in {None, registered}:
        remedy = f"register {listen}, the `listen` address of the handover file, instead of {registered}"
        return f"{NO_SERVER}, which is not that of the handover", "bridge", remedy
    if problem is not None:
        return problem.cause, problem.blame, problem.remedy
    return _no_response(attempt.error)


def _not_found_remedy(attempt: Webhook) -> str:
    """Return what to do about a path that the bridge does not know: its own, or that of the provider's account."""
    if f"/webhooks/{attempt.service}/" in attempt.url:
        return "serve the URL that `account_webhooks` of the handover file names: 404 means that the path is unknown"
    return "register the path that the bridge serves: 404 means that it does not know this one"


def _no_response(error: str | None) -> tuple[str, Blame, str]:
    """Return cause, blame and remedy of a server that accepts connections, and never responded to any webhook."""
    if error is not None and error.startswith(_NO_RESPONSE_WITHIN):
        return "the server accepts the connection, and never responds in time", "bridge", _RESPOND_FIRST
    return "the server closes the connection without a response", "bridge", "see the log of the bridge for its error"


def _is_timeout(attempt: Webhook) -> bool:
    return attempt.error is not None and attempt.error.startswith(_NO_RESPONSE_WITHIN)


def _address(url: str) -> str:
    """Return host and port of a URL."""
    return _origin(url).partition("://")[2]


_NOT_FOUND = 404
_SERVER_ERRORS = 500
_OF_ANOTHER: tuple[str, Blame, str] = (
    "about a message of another system, every attempt failed",
    "bridge",
    "ignore the status of a message that the bridge did not send, and respond with 2xx",
)
_NO_RESPONSE_WITHIN = "no response within"
_RESPOND_FIRST = "store the event and respond at once; do the work afterwards"


CHECKS = (
    Check(
        id=_REGISTERED,
        title="A listener is registered in time",
        requirement=LISTENER_REGISTERED,
        run=check_listener_registered,
    ),
    Check(
        id=_ACKNOWLEDGED,
        title="Every webhook is acknowledged",
        requirement=WEBHOOKS_ACKNOWLEDGED,
        run=check_acknowledged,
    ),
)
