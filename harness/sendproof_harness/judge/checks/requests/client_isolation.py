"""Check that a multi-client bridge uses the API key of the client that each request belongs to.

Channels, campaigns and customers of different clients may have the same ids. A call is attributed by what only one
client has: the templates of a provider account, the numbers of customers, campaigns, customers who met a trigger, and
customers who opted out at the provider. A call in this history that concerns such a thing of another client presented
the wrong key.

An opt-out is between a customer and one client. If it keeps a message of another client from the same number or id, or
is reported to the other client's Optimove, the bridge has mixed up the two.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from sendproof_harness.history.parts import TemplateId
from sendproof_harness.history.records import ChannelTemplates, Delivery, History, Rejection, Request
from sendproof_harness.history.run_records import OtherClient
from sendproof_harness.judge.causes.client_opt_outs import withheld_for_other_clients
from sendproof_harness.judge.checks.requests.neglected_clients import listener_findings, look_up_findings
from sendproof_harness.judge.facts.clients.opt_outs import customer_opted_out_elsewhere
from sendproof_harness.judge.facts.consent import OPTED_OUT_VALUE, is_opted_out_in_record
from sendproof_harness.judge.facts.consent_reports import may_be_own_report
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.deliveries.refusals import numbers_refused_as_opted_out
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.pages import PAGE_OPERATION, interruptions, pages
from sendproof_harness.judge.facts.requests import request_before
from sendproof_harness.judge.findings import (
    Check,
    CheckResult,
    Finding,
    Location,
    cached_per_history,
    recipient_location,
)
from sendproof_harness.judge.requirements import CLIENTS_ISOLATED
from sendproof_harness.providers import provider

_ID = "contract.client_isolation"
_LOOK_UP = "GetCustomerAttributes"
_ADD = "AddChannelTemplates"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Statement:
    """A template that a request named, and the line `n` of the request's effect."""

    operation: str
    n: int
    at: int
    channel: int | None
    campaign: int | None
    template: TemplateId


def check_client_isolation(history: History) -> CheckResult:
    """Find calls with this client's key or account that concern another client."""
    own, clients = _own_templates(history), _clients_by_template(history)
    statements = list(_statements(history))
    findings = [
        _wrong_client(history, statement, clients[str(statement.template)])
        for statement in statements
        if str(statement.template) in clients and not _is_own(history, statement, own)
    ]
    subjects = [*_sends(history), *_page_requests(history), *_look_ups(history), *_reported_opt_outs(history)]
    findings += [_concerns_other(history, subject, other) for subject in subjects for other in _owner(history, subject)]
    findings += [*listener_findings(history, _ID), *look_up_findings(history, _ID), *_applied_opt_outs(history)]
    looked_at = len(statements) + sum(subject.count for subject in subjects)
    return CheckResult(looked_at=looked_at, unit="statements", findings=tuple(findings))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subject:
    """A thing that a call concerned: `field` of another client, which has `value`, names it.

    In a condensed history it represents `count` of them.
    """

    operation: str
    n: int
    at: int
    field: Literal["numbers", "campaigns", "unread", "triggered", "opted_out"]
    value: object
    where: Location
    count: int = 1


def _owner(history: History, subject: _Subject) -> Iterator[OtherClient]:
    """Yield the other client that the subject belongs to, if this client does not have it."""
    if subject.value not in _own(history)[subject.field]:
        others = (
            other for other in history.other_clients if subject.value in _others(history)[other.client][subject.field]
        )
        yield from islice(others, 1)


@cached_per_history
def _own(history: History) -> Mapping[str, frozenset[object]]:
    """Return the numbers, campaigns and customers of this client, by field."""
    numbers = {obligation.number: obligation.customer for obligation in history.obligations}
    customers = frozenset(obligation.customer for obligation in history.obligations)
    opted_out = numbers_refused_as_opted_out(history).union(opt_out.number for opt_out in history.opt_outs)
    return {
        "numbers": frozenset(numbers),
        "campaigns": frozenset((*map(campaign_key, history.campaigns), *map(campaign_key, history.triggers))),
        "unread": frozenset(),
        "triggered": customers | {trigger.customer for trigger in history.triggers},
        "opted_out": frozenset(
            obligation.customer
            for obligation in history.obligations
            if obligation.number in opted_out
            or (is_opted_out_in_record(obligation) and not may_be_own_report(history, obligation))
        ),
    }


@cached_per_history
def _others(history: History) -> Mapping[str, Mapping[str, frozenset[object]]]:
    """Return what each other client has, by client and field."""
    return {
        other.client: {
            "numbers": frozenset(other.numbers),
            "campaigns": frozenset(other.campaigns),
            "unread": frozenset(other.unread),
            "triggered": frozenset(other.triggered),
            "opted_out": frozenset(other.opted_out),
        }
        for other in history.other_clients
    }


def _sends(history: History) -> Iterator[_Subject]:
    """Yield the messages that this client's accounts accepted or rejected."""
    messages: tuple[Delivery | Rejection, ...] = (*history.deliveries, *history.rejections)
    for message in messages:
        request = request_before(history.requests, message.n)
        line = message.request if isinstance(message, Delivery) and message.request is not None else None
        is_carrier = request is not None and request.service == message.service
        line = request.n if line is None and request is not None and is_carrier else line
        yield _Subject(
            operation=f"{message.service}: a message",
            n=message.n,
            at=message.at,
            field="numbers",
            value=message.number,
            where=Location(number=message.number, request=line),
            count=history.alike.messages.get(message.message, 1) if isinstance(message, Delivery) else 1,
        )


def _page_requests(history: History) -> Iterator[_Subject]:
    """Yield the pages of campaigns, and apart from them, pages that were read again without a reason."""
    for key, campaign_pages in pages(history).items():
        seen: set[tuple[int, int | None]] = set()
        disturbed = any(interruptions(history).get(name) for name in (key, None))
        for page in campaign_pages:
            is_repeated = (page.skip, page.top) in seen and not disturbed
            seen.add((page.skip, page.top))
            yield _Subject(
                operation=PAGE_OPERATION,
                n=page.request,
                at=page.at,
                field="unread" if is_repeated else "campaigns",
                value=key,
                where=Location(campaign=key[0], channel=key[1], request=page.request),
            )


def _look_ups(history: History) -> Iterator[_Subject]:
    """Yield the look-ups of one customer's attributes."""
    for request in history.requests:
        if request.operation == _LOOK_UP and request.summary and "customer" in request.summary:
            customer = str(request.summary["customer"])
            where = Location(customer=customer, request=request.n)
            yield _Subject(
                operation=_LOOK_UP, n=request.n, at=request.at, field="triggered", value=customer, where=where
            )


def _reported_opt_outs(history: History) -> Iterator[_Subject]:
    """Yield the opt-outs that the bridge reported to Optimove with this client's key."""
    reports = [
        ("SetCustomerChannelPreference", preference, customer)
        for preference in history.preferences
        if preference.source == "api" and preference.opted_out
        for customer in preference.customers
    ]
    reports_by_attribute = [
        ("UpdateCustomerAttributes", update, change.customer)
        for update in history.attributes
        if update.source == "api"
        for change in update.changes
        if (change.field, change.value) == (history.header.attributes.consent, OPTED_OUT_VALUE)
    ]
    for operation, record, customer in (*reports, *reports_by_attribute):
        request = request_before(history.requests, record.n)
        where = Location(customer=customer, request=None if request is None else request.n)
        yield _Subject(
            operation=operation,
            n=record.n,
            at=record.at,
            field="opted_out",
            value=customer,
            where=where,
            count=history.alike.customers.get(customer, 1),
        )


def _applied_opt_outs(history: History) -> Iterator[Finding]:
    """Yield the opt-outs at another client that kept a message from this client's customer, or were reported for it."""
    withheld = withheld_for_other_clients(history)
    for recipient in ledger(history).recipients if withheld else ():
        opt_out = withheld.get(id(recipient.obligation))
        if opt_out is not None:
            cause, where = "applied to another client's customer", recipient_location(recipient.obligation)
            yield _foreign_opt_out(cause, f"no message, after {opt_out}", where, recipient.obligation.due)
    own = _own(history)["opted_out"]
    for report in _reported_opt_outs(history):
        opt_out = customer_opted_out_elsewhere(history, str(report.value), report.at)
        if opt_out is not None and report.value not in own:
            cause = "reported for another client's customer"
            yield _foreign_opt_out(cause, f"{report.operation}, after {opt_out}", report.where, report.at)


def _foreign_opt_out(what: str, got: str, where: Location, at: int) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"an opt-out at one client was {what}",
        expected="only opt-outs of this client",
        got=got,
        where=where,
        at=at,
    )


_REASONS: Mapping[str, str] = {
    "numbers": "the only client with this number",
    "campaigns": "the only client with this campaign",
    "unread": "the only client whose campaign was not read",
    "triggered": "the only client with a trigger of this customer",
    "opted_out": "the only client with an opt-out of this customer",
}


def _concerns_other(history: History, subject: _Subject, other: OtherClient) -> Finding:
    used = "account" if subject.field == "numbers" else "key"
    request = request_before(history.requests, subject.n)
    credential = _credential_text(request) if used == "key" else "the account"
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{subject.operation}: one client's {used} was used for another client",
        expected=f"the {used} of {other.client!r}, {_REASONS[subject.field]}",
        got=f"{credential} of the client of this history",
        where=subject.where,
        at=subject.at,
    )


def _own_templates(history: History) -> frozenset[str]:
    """Return the templates of this client's accounts, by the ids that are listed on a channel."""
    templates = history.provider_templates
    return frozenset(str(provider(template.service).listed_template(template.id)) for template in templates)


def _is_own(history: History, statement: _Statement, own: Container[str]) -> bool:
    """Return True for own templates, and in a report for those of own campaigns, which the bridge may have listed."""
    planned = (str(split.template) for campaign in history.campaigns for split in campaign.splits)
    return str(statement.template) in own or (statement.operation != _ADD and str(statement.template) in planned)


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
    for engagement in history.engagements:
        for value in engagement.context.values():
            yield _Statement(
                operation="saveEvent",
                n=engagement.n,
                at=engagement.at,
                channel=None,
                campaign=None,
                template=str(value),
            )
    for update in history.channel_templates:
        yield from (_template_statement(update, template.id) for template in update.templates)


def _template_statement(update: ChannelTemplates, template: TemplateId) -> _Statement:
    operation = "DeleteChannelTemplates" if update.action == "deleted" else _ADD
    return _Statement(
        operation=operation, n=update.n, at=update.at, channel=update.channel, campaign=None, template=template
    )


def _wrong_client(history: History, statement: _Statement, client: str) -> Finding:
    request = request_before(history.requests, statement.n)
    cause, expected = "one client's key was used for another client", f"the key of {client!r}"
    if statement.operation == _ADD and not _lists_own_templates(history):
        cause, expected = "templates were read from another client's account", "the templates of this client's account"
    if statement.operation != _ADD and _reports_itself(history, statement.operation, client):
        cause, expected = "data of another client was reported for this one", "only data of this client"
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{statement.operation}: {cause}",
        expected=f"{expected}; {client!r} is the only client with this template",
        got=f"{_credential_text(request)} of the client of this history",
        where=Location(
            campaign=statement.campaign,
            channel=statement.channel,
            template=statement.template,
            request=None if request is None else request.n,
        ),
        at=statement.at,
    )


def _reports_itself(history: History, operation: str, client: str) -> bool:
    """Return True if this call was made with the other client's key, too, so the key is no sign of a mix-up."""
    calls = (other.calls for other in history.other_clients if other.client == client)
    return any(call.endswith(f" {operation}") for of_client in calls for call in of_client)


def _lists_own_templates(history: History) -> bool:
    """Return True if the bridge listed a template of this client's accounts on a channel."""
    listed = {str(template.id) for update in history.channel_templates for template in update.templates}
    return not listed.isdisjoint(_own_templates(history))


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
