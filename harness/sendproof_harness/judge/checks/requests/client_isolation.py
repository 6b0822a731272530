"""Check that a multi-client bridge uses the API key of the client that each request belongs to.

Channels, campaigns and customers of different clients may have the same ids. Only the templates of a provider account
belong to one client. A request that names a template of another client was therefore sent with the wrong key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import ChannelTemplates, History, Request, TemplateId
from sendproof_harness.judge.facts.requests import request_before
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import CLIENTS_ISOLATED

_ID = "contract.client_isolation"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Statement:
    """A template that a request named, and the line `n` of the request's effect."""

    operation: str
    n: int
    at: int
    channel: int
    campaign: int | None
    template: TemplateId


def check_client_isolation(history: History) -> CheckResult:
    """Find requests with this client's key that name a template which only another client has."""
    own, clients = _own_templates(history), _clients_by_template(history)
    statements = list(_statements(history))
    findings = [
        _wrong_client(history, statement, clients[str(statement.template)])
        for statement in statements
        if str(statement.template) in clients and str(statement.template) not in own
    ]
    return CheckResult(looked_at=len(statements), unit="statements", findings=tuple(findings))


def _own_templates(history: History) -> frozenset[str]:
    held = (str(template.id) for template in history.provider_templates)
    planned = (str(split.template) for campaign in history.campaigns for split in campaign.splits)
    return frozenset((*held, *planned))


def _clients_by_template(history: History) -> Mapping[str, str]:
    return {str(template): other.client for other in history.other_clients for template in other.templates}


def _statements(history: History) -> Iterator[_Statement]:
    for push in history.metrics:
        for item in push.items:
            yield _Statement(
                operation="UpdateCampaignMetrics",
                n=push.n,
                at=push.at,
                channel=item.channel,
                campaign=item.campaign,
                template=item.template,
            )
    for report in history.interactions:
        yield _Statement(
            operation="UpdateCampaignInteractions",
            n=report.n,
            at=report.at,
            channel=report.channel,
            campaign=report.campaign,
            template=report.template,
        )
    for update in history.channel_templates:
        yield from (_template_statement(update, template.id) for template in update.templates)


def _template_statement(update: ChannelTemplates, template: TemplateId) -> _Statement:
    operation = "DeleteChannelTemplates" if update.action == "deleted" else "AddChannelTemplates"
    return _Statement(
        operation=operation, n=update.n, at=update.at, channel=update.channel, campaign=None, template=template
    )


def _wrong_client(history: History, statement: _Statement, client: str) -> Finding:
    request = request_before(history.requests, statement.n)
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{statement.operation}: one client's key was used for another client",
        expected=f"the key of {client!r}, the only client with this template",
        got=f"{_credential_text(request)} of the client of this history",
        where=Location(
            campaign=statement.campaign,
            channel=statement.channel,
            template=statement.template,
            request=None if request is None else request.n,
        ),
        at=statement.at,
    )


def _credential_text(request: Request | None) -> str:
    return "the key" if request is None or not request.credential_name else f"the {request.credential_name}"


CHECKS = (
    Check(
        id=_ID,
        title="Each client uses its own API key",
        requirement=CLIENTS_ISOLATED,
        run=check_client_isolation,
        applies=lambda history: bool(history.other_clients),
        scope="runs with several clients",
    ),
)
