"""Obligations of scheduled campaigns: the message that each customer is due, for the judge."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sendproof_simulators.core.audience.audience import BY_PROVIDER, Audience, Customer
from sendproof_simulators.core.audience.recipients import UNUSABLE_NUMBER, customer_facts, recipient
from sendproof_simulators.core.audience.records import CustomerRecords, many_customers
from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.message_types import SMS, expected_text
from sendproof_simulators.core.plans import ChannelPlan, ExpectedMessage, Split
from sendproof_simulators.services.optimove.campaigns.campaign import (
    CANCELLED,
    TEST_GROUP,
    Campaign,
    Execution,
    iso_or_none,
)
from sendproof_simulators.services.optimove.right_messages import with_alternatives, with_values_as_html

_BLOCK = 10_000


def expectations(records: CustomerRecords, since: Instant, campaign: Campaign) -> Iterator[JournalEntry]:
    """Yield for each channel the campaign, and then the obligation to each of its customers, in the order of its pages.

    `since` is the announcement. A customer with a record that changes after it and until the due time has
    `alternatives`: the documents leave open when a bridge must read the record, so a message after either is right.
    """
    for execution in campaign.executions.values():
        yield JournalEntry(kind="campaign", fields=_campaign_json(execution))
        yield from _obligations(records, since, execution)


def obligations_of_customer(
    records: CustomerRecords, now: Instant, campaign: Campaign, index: int
) -> Iterator[Mapping[str, object]]:
    """Yield the obligation of a campaign to one of its customers for each channel, even before the announcement."""
    customer = records.as_of(campaign.announced_at or campaign.processed_at or now).customer(index)
    for execution in campaign.executions.values():
        yield _obligation_json(records.audience, execution, index, customer, execution.splits([index])[0])


def _obligations(records: CustomerRecords, since: Instant, execution: Execution) -> Iterator[JournalEntry]:
    target_group, customers, audience = execution.campaign.target_group, records.as_of(since), records.audience
    changed = records.changes_between(since - 1, max(split.send_at for split in execution.plan.splits))
    for start in range(0, len(target_group), _BLOCK):
        block = target_group[start : start + _BLOCK]
        rows = zip(block, many_customers(customers, block.start, block.stop), execution.splits(block), strict=True)
        for index, customer, split in rows:
            later = [at for at in changed[index] if at <= split.send_at] if index in changed else []
            if since in later:
                later.remove(since)
                if index not in execution.campaign.changed_before:
                    # At the instant of the announcement, a bridge may have read the record before it changed.
                    later.append(since - 1)
            versions = [customer, *(records.as_of(at).customer(index) for at in later)]
            if (
                execution.plan.message == SMS
                and customer.opted_out_by == BY_PROVIDER
                and customer.number != audience.number(index)
            ):
                # A provider may know the opt-out by the old number, or by the customer.
                versions.append(replace(customer, opted_out_by=None))
            first, *others = (
                message
                for version in versions
                for message in with_values_as_html(
                    _obligation_json(audience, execution, index, version, split),
                    execution.plan,
                    split.body,
                    version.attributes,
                )
            )
            yield JournalEntry(kind="obligation", fields=with_alternatives(first, others) if others else first)


def _campaign_json(execution: Execution) -> dict[str, object]:
    campaign, plan = execution.campaign, execution.plan
    control = {"control_group": len(campaign.control)} if campaign.control else {}
    app = {} if plan.app is None else {"app": plan.app}
    message = {} if plan.message == SMS else {"message": plan.message}
    return {
        "campaign": campaign.plan.campaign,
        "channel": plan.channel,
        "provider": plan.provider,
        "customers": campaign.plan.customers,
        "rows": len(campaign.customers),
        "announced_at": iso_or_none(campaign.announced_at),
        "cancelled_at": iso_or_none(campaign.cancelled_at),
        "splits": [_split_json(split) for split in plan.splits],
        **control,
        **app,
        **message,
    }


def _split_json(split: Split) -> dict[str, object]:
    return {
        "template": split.template,
        "title": split.title,
        "body": split.body,
        "send_at": iso(split.send_at),
        "share": split.share,
        **({} if split.group == TEST_GROUP else {"group": split.group}),
    }


def _obligation_json(
    audience: Audience, execution: Execution, index: int, customer: Customer, split: Split
) -> dict[str, object]:
    plan = execution.plan
    if plan.message == SMS:
        expected, opted_out = _expected_message(plan, customer, split), customer.opted_out
        facts: Mapping[str, object] = customer_facts(customer)
    else:
        found = recipient(audience, index, customer, plan.message)
        expected = ExpectedMessage(number=found.address, text=None, reason=found.reason)
        if found.address is not None:
            text = expected_text(plan.message, plan.render, split.body, customer.attributes)
            expected = replace(expected, text=text)
        opted_out, facts = found.opted_out_by is not None, found.facts
    reason = _reason_for_no_message(execution.campaign, index, split, expected, opted_out=opted_out)
    return {
        "campaign": execution.campaign.plan.campaign,
        "channel": plan.channel,
        "customer": customer.id,
        "template": split.template,
        "number": expected.number,
        "text": expected.text if reason is None else None,
        "due": iso(split.send_at),
        "owed": reason is None,
        "reason": reason,
        **facts,
    }


def _expected_message(plan: ChannelPlan, customer: Customer, split: Split) -> ExpectedMessage:
    """Return the message by Optimove's records, or by the provider's where these decide."""
    if plan.expected is not None:
        return plan.expected(split, customer.id)
    if customer.number is None:
        return ExpectedMessage(number=None, text=None, reason=UNUSABLE_NUMBER)
    return ExpectedMessage(number=customer.number, text=plan.render(split.body, customer.attributes))


def _reason_for_no_message(
    campaign: Campaign, index: int, split: Split, expected: ExpectedMessage, *, opted_out: bool
) -> str | None:
    """Return why the customer is due no message, or None. Messages due by the instant of a cancellation stay due."""
    if index in campaign.control:
        return "control_group"
    if campaign.clearance is not None and campaign.clearance.excludes(index):
        return "not_cleared"
    if opted_out:
        return "opted_out"
    if expected.reason is not None:
        return expected.reason
    is_active = campaign.announced_at is not None or campaign.state != CANCELLED
    is_due = is_active and split.send_at <= (campaign.cancelled_at or split.send_at)
    return None if is_due else "cancelled"
