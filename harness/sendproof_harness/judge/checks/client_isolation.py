"""Whether a bridge of several clients makes each call with the key of the client whose matter it is.

Clients have channels, campaigns and customers of the same numbers; what is only one's own are the templates of their
provider's account. So a call that names a template which only another client has was made with the wrong key.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import ChannelTemplates, History, Request, TemplateId
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import CLIENTS_ISOLATED

_ID = "contract.client_isolation"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Statement:
    """A template that a call named, and the line of what came of the call."""

    call: str
    n: int
    at: int
    channel: int
    campaign: int | None
    template: TemplateId


def kept_apart(history: History) -> CheckResult:
    """Calls made with this client's key that name a template which only another client has."""
    own, others = _own_templates(history), _templates_of_others(history)
    statements = list(_statements(history))
    findings = [
        _strange(history, one, others[str(one.template)])
        for one in statements
        if str(one.template) in others and str(one.template) not in own
    ]
    return CheckResult(looked_at=len(statements), unit="statements", findings=tuple(findings))


def _own_templates(history: History) -> frozenset[str]:
    held = (str(one.id) for one in history.provider_templates)
    planned = (str(split.template) for campaign in history.campaigns for split in campaign.splits)
    return frozenset((*held, *planned))


def _templates_of_others(history: History) -> Mapping[str, str]:
    return {str(template): other.client for other in history.other_clients for template in other.templates}


def _statements(history: History) -> Iterator[_Statement]:
    for push in history.metrics:
        for item in push.items:
            yield _Statement(
                call="UpdateCampaignMetrics",
                n=push.n,
                at=push.at,
                channel=item.channel,
                campaign=item.campaign,
                template=item.template,
            )
    for report in history.interactions:
        yield _Statement(
            call="UpdateCampaignInteractions",
            n=report.n,
            at=report.at,
            channel=report.channel,
            campaign=report.campaign,
            template=report.template,
        )
    for told in history.channel_templates:
        yield from (_of_template(told, template.id) for template in told.templates)


def _of_template(told: ChannelTemplates, template: TemplateId) -> _Statement:
    call = "DeleteChannelTemplates" if told.action == "deleted" else "AddChannelTemplates"
    return _Statement(call=call, n=told.n, at=told.at, channel=told.channel, campaign=None, template=template)


def _strange(history: History, one: _Statement, client: str) -> Finding:
    # What comes of a call stands right behind it.
    place = bisect_right(history.requests, one.n, key=lambda request: request.n) - 1
    request = history.requests[place] if place >= 0 else None
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{one.call}: one client's key was shown for another client",
        expected=f"the key of {client!r}, the only client who has the template",
        got=f"{_shown(request)} of the client whose history this is",
        where=Location(
            campaign=one.campaign,
            channel=one.channel,
            template=one.template,
            request=None if request is None else request.n,
        ),
        at=one.at,
    )


def _shown(request: Request | None) -> str:
    return "the key" if request is None or not request.credential_name else f"the {request.credential_name}"


CHECKS = (
    Check(
        id=_ID,
        title="Each call shows the key of the client it is for",
        requirement=CLIENTS_ISOLATED,
        run=kept_apart,
        applies=lambda history: bool(history.other_clients),
        asked_of="runs with several clients",
    ),
)
