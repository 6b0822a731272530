"""The root causes of a run, the deepest first: what had to fail first, so that other things could not happen.

absent           there was no bridge: one that was said to run already made no request
refused call     a wrong credential, path, method or content type, or a key whose scope is too small (`refused_calls`)
ended, stuck     the bridge's process ended, or it never became idle
unregistered     no listener for a channel
unreachable      no webhook reached the listener, or it refused every attempt
not ready        anything else that kept the bridge from being ready
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sendproof_harness.history.records import History, Webhook
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.connection_errors import NO_LISTENER
from sendproof_harness.judge.facts.keys import CampaignKey
from sendproof_harness.judge.findings import Finding
from sendproof_harness.judge.roots.absences import Stage
from sendproof_harness.judge.roots.refused_calls import hidden_attributes, refused_calls
from sendproof_harness.judge.roots.root import (
    AFTER_NOTIFICATION,
    EVERYTHING,
    SET_UP,
    RecipientKey,
    Root,
)

_RUN, _REGISTERED, _ACKNOWLEDGED = "run.completed", "webhooks.registered", "webhooks.acknowledged"
_TEMPLATES = "templates.synchronised"
# What a bridge that is gone no longer does.
_WHEN_GONE: frozenset[Stage] = (EVERYTHING - SET_UP) | {"stopped"}
_CAMPAIGN_EVENTS = frozenset({"1", "13"})
_ON_HOLD_EVENT, _TRIGGER_EVENT = "5", "11"


def root_causes(history: History, findings: Sequence[Finding]) -> tuple[Root, ...]:
    """Return the root causes among the findings of all checks, the deepest first."""
    failed = [finding for finding in findings if finding.level == "fail"]
    return (
        *_absent(history, findings),
        *refused_calls(history, failed),
        *hidden_attributes(history, failed),
        *_ended_or_stuck(history, failed),
        *_unregistered(failed),
        *_unreachable(history, failed),
        *_not_ready(history, failed),
    )


def _absent(history: History, findings: Sequence[Finding]) -> Iterator[Root]:
    """Yield that there was no bridge at all: nothing else could be seen."""
    if _abort_reason(history) == "absent":
        for finding in _of(_RUN, findings):
            yield Root(check=_RUN, cause=finding.cause, stages=EVERYTHING)


def _of(check: str, findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.check == check]


def _abort_reason(history: History) -> str:
    return next((aborted.reason for aborted in history.aborted), "")


# -- the process -----------------------------------------------------------------------------------------


def _ended_or_stuck(history: History, findings: Sequence[Finding]) -> Iterator[Root]:
    """Yield the end of a run after its bridge ended or hung: what it did not observe follows from that.

    Failures before that are not excused, because the bridge was still at work.
    """
    if _abort_reason(history) in {"ended", "stuck"}:
        for finding in _of(_RUN, findings):
            yield Root(check=_RUN, cause=finding.cause, stages=frozenset({"unobserved"}))


# -- registrations ---------------------------------------------------------------------------------------


def _unregistered(findings: Sequence[Finding]) -> Iterator[Root]:
    """Yield missing registrations: nothing of these campaigns could happen.

    If templates are missing as well, the bridge did not get that far, so the registrations are not the root.
    """
    missing = [finding for finding in _of(_REGISTERED, findings) if finding.cause == NO_LISTENER]
    aborted = [finding for finding in missing if finding.where.campaign is None]
    if aborted and _of(_TEMPLATES, findings):
        return
    for cause in dict.fromkeys(finding.cause for finding in missing):
        wheres = [finding.where for finding in missing if finding.cause == cause]
        yield Root(
            check=_REGISTERED,
            cause=cause,
            stages=AFTER_NOTIFICATION | {"notified", "start", "unobserved"},
            campaigns=frozenset(
                (where.campaign, where.channel)
                for where in wheres
                if where.campaign is not None and where.channel is not None
            ),
            channels=frozenset(where.channel for where in wheres if where.campaign is None and where.channel),
        )


# -- webhooks --------------------------------------------------------------------------------------------


def _unreachable(history: History, findings: Sequence[Finding]) -> Iterator[Root]:
    """Yield webhooks that no attempt brought to the bridge: what they announced could not happen."""
    by_cause: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in _of(_ACKNOWLEDGED, findings):
        by_cause[finding.cause].append(finding)
    since = _gone_since(history)
    for cause, same_cause in by_cause.items():
        keys = {finding.where.webhook for finding in same_cause if finding.where.webhook is not None}
        reason = cause.partition(": ")[2]
        same_causes = frozenset(other for other in by_cause if other.partition(": ")[2] == reason)
        if since is not None and any(finding.at is not None and finding.at >= since for finding in same_cause):
            yield Root(check=_ACKNOWLEDGED, cause=cause, stages=_WHEN_GONE, since=since, same_causes=same_causes)
            continue
        yield Root(
            check=_ACKNOWLEDGED,
            cause=cause,
            stages=AFTER_NOTIFICATION | {"unobserved"},
            campaigns=frozenset(_campaigns(keys)),
            recipients=frozenset(_recipients(history, keys)),
            same_causes=same_causes,
        )


def _campaigns(keys: set[str]) -> Iterator[CampaignKey]:
    """Yield the campaigns that Optimove announces by these webhooks: `13:campaign:channel`."""
    for key in keys:
        event, *parts = key.split(":")
        if event in _CAMPAIGN_EVENTS and len(parts) > 1 and all(part.isdigit() for part in parts[:2]):
            yield int(parts[0]), int(parts[1])
        elif event == _ON_HOLD_EVENT and parts and parts[0].isdigit():
            yield int(parts[0]), 0


def _recipients(history: History, keys: set[str]) -> Iterator[RecipientKey]:
    """Yield the customers whose triggers Optimove announces by these webhooks: `11:trigger:customer:number`.

    Names and ids may contain colons, so they cannot be read from the key.
    """
    announced = {key.rpartition(":")[0] for key in keys if key.startswith(f"{_TRIGGER_EVENT}:")}
    for trigger in history.triggers if announced else ():
        if f"{_TRIGGER_EVENT}:{trigger.trigger}:{trigger.customer}" in announced:
            yield trigger.campaign, trigger.channel, trigger.customer


def _gone_since(history: History) -> int | None:
    """Return the last sign of life of a bridge that answered webhooks, and then never did anything again."""
    unanswered = [attempt for attempt in history.webhooks if attempt.status is None and not attempt.dropped]
    answered = [attempt.at for attempt in history.webhooks if is_success(attempt.status)]
    if not unanswered or not answered or not _same_origin(unanswered, history.webhooks):
        return None
    signs = [*answered, *(request.at for request in history.requests)]
    return max(signs) if max(signs) <= unanswered[-1].at and max(answered) < unanswered[-1].at else None


def _same_origin(unanswered: Sequence[Webhook], attempts: Sequence[Webhook]) -> bool:
    reached = {_origin(attempt.url) for attempt in attempts if is_success(attempt.status)}
    return _origin(unanswered[-1].url) in reached


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


# -- readiness -------------------------------------------------------------------------------------------


def _not_ready(history: History, findings: Sequence[Finding]) -> Iterator[Root]:
    """Yield what kept the run from starting: missing templates if these are all, else the end of the run itself."""
    reason = _abort_reason(history)
    if reason not in {"unready", "rejected"}:
        return
    templates, listeners = _of(_TEMPLATES, findings), _of(_REGISTERED, findings)
    if templates and not listeners:
        for cause in dict.fromkeys(finding.cause for finding in templates):
            yield Root(check=_TEMPLATES, cause=cause, stages=frozenset({"start", "unobserved"}))
    elif reason == "unready":
        for finding in _of(_RUN, findings):
            yield Root(check=_RUN, cause=finding.cause, stages=SET_UP | {"unobserved"})
