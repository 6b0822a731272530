"""Absences: findings about something that never happened, with the stage of a campaign at which it is missing.

Only an absence can follow from an earlier failure. A wrong text, a duplicate or a message to the wrong person happened,
so no earlier failure explains it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY
from sendproof_harness.judge.facts.consent_reports import consent_reports
from sendproof_harness.judge.facts.deliveries.ledger import ResultKind, ledger
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.metrics import pushes
from sendproof_harness.judge.facts.pages import pages
from sendproof_harness.judge.findings import Finding, cached_per_history

#: What is missing: the start of the run, a registration, listed templates, an acknowledged webhook, a clearance, read
#: pages, sent messages, reports of three kinds, or opt-outs. `stopped`: totals came for a while, and then no more.
#: `unobserved`: a check could not look at something.
Stage = Literal[
    "start",
    "registered",
    "templates",
    "notified",
    "cleared",
    "read",
    "sent",
    "metrics",
    "interactions",
    "events",
    "opt_outs",
    "stopped",
    "unobserved",
]

_MISSING: frozenset[ResultKind] = frozenset({"lost", "pending", "indefinite"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """Something that never happened, or that the run did not observe (`is_unobserved`).

    A subject of None is the whole run; `at` is when it was due, if that is known.
    """

    stage: Stage
    is_unobserved: bool
    campaign: int | None
    channel: int | None
    customer: str | None
    at: int | None


def absence(history: History, finding: Finding) -> Absence | None:
    """Return the absence that a finding is about, None for a finding about something that did happen."""
    stage = _stage(history, finding)
    if stage is None:
        return None
    where = finding.where
    return Absence(
        stage=stage,
        is_unobserved=finding.level == "unknown",
        campaign=where.campaign,
        channel=where.channel,
        customer=where.customer,
        at=finding.at,
    )


def _stage(history: History, finding: Finding) -> Stage | None:
    of_check = _STAGES.get(finding.check)
    if of_check is not None:
        stage, is_absent = of_check
        if is_absent(history, finding):
            return stage
    if finding.check == "metrics.cadence" and _metrics_stopped(history, finding):
        return "stopped"
    return "unobserved" if finding.level == "unknown" else None


# -- facts about one finding -----------------------------------------------------------------------------


def _always(history: History, finding: Finding) -> bool:
    del history, finding
    return True


def _never_began(history: History, finding: Finding) -> bool:
    """Return True if the run ended before any campaign: later, the end of a bridge is a failure of its own."""
    del finding
    return not history.campaigns and not history.triggers


def _lists_nothing(history: History, finding: Finding) -> bool:
    return not any(change.channel == finding.where.channel for change in history.channel_templates)


def _is_uncleared(history: History, finding: Finding) -> bool:
    return not any(
        clearance.action == "given" and clearance.campaign == finding.where.campaign for clearance in history.clearances
    )


def _is_unread(history: History, finding: Finding) -> bool:
    return not any(page.rows for key in _keys(history, finding) for page in pages(history).get(key, ()))


def _is_unsent(history: History, finding: Finding) -> bool:
    where = finding.where
    kinds = _result_kinds(history).get((where.campaign, where.channel, where.customer), frozenset())
    return bool(kinds & _MISSING)


@cached_per_history
def _result_kinds(history: History) -> Mapping[tuple[int | None, int | None, str | None], frozenset[ResultKind]]:
    kinds: dict[tuple[int | None, int | None, str | None], frozenset[ResultKind]] = {}
    for recipient in ledger(history).recipients:
        if recipient.kind in _MISSING:
            obligation = recipient.obligation
            key = obligation.campaign, obligation.channel, obligation.customer
            kinds[key] = kinds.get(key, frozenset()) | {recipient.kind}
    return kinds


def _has_no_metrics(history: History, finding: Finding) -> bool:
    return not any(pushes(history).get(key) for key in _keys(history, finding))


def _metrics_stopped(history: History, finding: Finding) -> bool:
    """Return True if no totals came after the day that the finding is about."""
    last = max((at for key in _keys(history, finding) for at in pushes(history).get(key, ())), default=0)
    return finding.at is not None and last < finding.at + DAY


def _has_no_interactions(history: History, finding: Finding) -> bool:
    keys = set(_keys(history, finding))
    return not any((report.campaign, report.channel) in keys for report in history.interactions)


def _has_no_events(history: History, finding: Finding) -> bool:
    del finding
    return not history.engagements


def _has_no_opt_outs(history: History, finding: Finding) -> bool:
    del finding
    return not consent_reports(history)


def _keys(history: History, finding: Finding) -> list[CampaignKey]:
    """Return the campaigns that a finding is about; all of them if it names none."""
    where = finding.where
    if where.campaign is not None and where.channel is not None:
        return [(where.campaign, where.channel)]
    known = {*map(campaign_key, history.campaigns), *map(campaign_key, history.triggers)}
    return [key for key in known if where.campaign in {None, key[0]}]


#: By check: the stage of its absences, and the function that recognises them.
_STAGES: Mapping[str, tuple[Stage, Callable[[History, Finding], bool]]] = {
    "run.completed": ("start", _never_began),
    "webhooks.registered": ("registered", _always),
    "webhooks.acknowledged": ("notified", _always),
    "templates.synchronised": ("templates", _lists_nothing),
    "campaigns.clearance": ("cleared", _is_uncleared),
    "paging.complete": ("read", _is_unread),
    "delivery.once": ("sent", _is_unsent),
    "metrics.cadence": ("metrics", _has_no_metrics),
    "metrics.accurate": ("metrics", _has_no_metrics),
    "interactions.complete": ("interactions", _has_no_interactions),
    "events.cadence": ("events", _has_no_events),
    "events.accurate": ("events", _has_no_events),
    "opt_outs.synced": ("opt_outs", _has_no_opt_outs),
}
