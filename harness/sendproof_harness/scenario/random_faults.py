"""Random faults: a pure function of the scenario, the seed and the number.

A fault that is never injected proves nothing. So the positions are ones that every bridge reaches in this scenario, and
no two faults share a position. The result can be written as part of a scenario file, to run it again or to reduce it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

import yaml

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.customer_selection import seeded_number
from sendproof_harness.scenario.fault_kinds import CALL, DURATION_KEYS, KILL, WEBHOOK, generalize_target, resolve_target
from sendproof_harness.scenario.model import ANY, Campaign, CancelCampaign, Fault, Scenario, WaitFor, virtual_duration
from sendproof_harness.scenario.values import duration_text

# With at least this many due messages, every bridge makes a call to send them.
_MIN_DUE_MESSAGES = 20
# A bridge reports a campaign at least three times a day from its first message on.
_REPORTED_WITHIN = timedelta(days=1)

#: Faults for any call. Their real times are short, because the bridge may wait for nothing else.
CALL_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"fault": "status", "status": 503},
    {"fault": "status", "status": 500, "when": "after"},
    {"fault": "rate_limited", "retry_after": 30},
    {"fault": "rate_limited"},
    {"fault": "connection_reset", "when": "before"},
    {"fault": "connection_reset", "when": "after"},
    {"fault": "truncated_response"},
    {"fault": "html_response", "when": "before"},
    {"fault": "html_response", "when": "after"},
    {"fault": "no_response", "seconds": 1, "when": "after"},
    {"fault": "slow_response", "seconds": 1},
    {"fault": "duplicate_response"},
    {"fault": KILL, "when": "before"},
    {"fault": KILL, "when": "after"},
    {"fault": KILL, "when": "after", "down": 60_000},
)
#: Faults for any webhook.
WEBHOOK_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"fault": "drop_webhook", "attempts": 1},
    {"fault": "duplicate_webhook", "copies": 1},
    {"fault": "duplicate_webhook", "copies": 3},
    {"fault": KILL, "when": "before"},
    {"fault": KILL, "when": "after"},
)
#: Faults for receipts. Only they are delayed: a delayed event of a campaign would excuse late messages.
RECEIPT_FAULTS: tuple[Mapping[str, Any], ...] = (
    *WEBHOOK_FAULTS,
    {"fault": "delay_webhook", "by": 1_800_000},
    {"fault": "reorder_webhook", "behind": 3},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """A call or webhook that occurs with every bridge, and the faults that are possible there."""

    target: Mapping[str, Any]
    faults: tuple[Mapping[str, Any], ...]


class TooManyFaultsError(ValueError):
    """A number of faults that is larger than the number of positions in the scenario."""


def generate_faults(scenario: Scenario, seed: int, number: int, *, kills: bool = True) -> tuple[Fault, ...]:
    """Generate `number` faults; with `kills=False` none of them kills the bridge.

    Raises `TooManyFaultsError` if the scenario has fewer positions.
    """
    positions = list(_positions(scenario))
    if number > len(positions):
        raise TooManyFaultsError(
            f"expected at most {len(positions)} faults, the number of positions that every bridge reaches in this"
            f" scenario, got {number}"
        )
    faults = []
    for index in range(number):
        position = positions.pop(seeded_number(seed, f"fault {index} place") % len(positions))
        possible = [fault for fault in position.faults if kills or fault["fault"] != KILL]
        fault = possible[seeded_number(seed, f"fault {index} kind") % len(possible)]
        settings = {key: value for key, value in fault.items() if key != "fault"}
        faults.append({"fault": fault["fault"], **position.target, **settings})
    return tuple(faults)


def faults_yaml(faults: tuple[Fault, ...], provider: str | None = None) -> str:
    """Return the faults as a part of a scenario file, one line each; `any` replaces `provider`."""
    lines = [
        yaml.safe_dump(_file_content(fault, provider), default_flow_style=True, sort_keys=False, width=1_000).strip()
        for fault in faults
    ]
    return "".join(["faults:\n", *(f"  - {line}\n" for line in lines)])


def _file_content(fault: Fault, provider: str | None) -> dict[str, object]:
    content = {
        key: generalize_target(key, str(value), provider) if key in {CALL, WEBHOOK} else value
        for key, value in fault.items()
    }
    for key in DURATION_KEYS & content.keys():
        content[key] = duration_text(timedelta(milliseconds=int(str(content[key]))))
    return content


def _positions(scenario: Scenario) -> Iterator[_Position]:
    """Yield all positions in a fixed order: the start, then each campaign, then those that campaigns share."""
    yield _call("optimove.RegisterEventListener", 1)
    yield from _template_positions(scenario)
    campaigns = [campaign for campaign in scenario.campaigns if _is_surely_sent(scenario, campaign)]
    for campaign in campaigns:
        where = {"CampaignID": campaign.campaign}
        yield _Position(target={CALL: "optimove.GetCustomerSendDetailsByChannel", "where": where}, faults=CALL_FAULTS)
        yield _Position(target={WEBHOOK: "optimove.13", "where": where}, faults=WEBHOOK_FAULTS)
    if campaigns:
        yield from _sending_positions(scenario, campaigns)


def _template_positions(scenario: Scenario) -> Iterator[_Position]:
    if not any(isinstance(step, WaitFor) and (step.templates or step.synchronised) for step in scenario.steps):
        return
    yield _call("optimove.AddChannelTemplates", 1)
    with_templates = {template.provider for template in scenario.templates}
    for provider in dict.fromkeys(channel.provider for channel in scenario.channels):
        if provider in with_templates:
            yield _call(resolve_target(CALL, f"{ANY}.templates", provider), 1)


def _sending_positions(scenario: Scenario, campaigns: list[Campaign]) -> Iterator[_Position]:
    for provider, calls in _min_send_calls(scenario, campaigns).items():
        for nth in range(1, calls + 1):
            yield _call(resolve_target(CALL, f"{ANY}.send", provider), nth)
        if scenario.bridge.account_webhooks or not provider_record(provider).receipts_need_account_webhook:
            for nth in range(1, 1 + _MIN_DUE_MESSAGES // 2):
                target = {WEBHOOK: resolve_target(WEBHOOK, f"{ANY}.receipt", provider), "nth": nth}
                yield _Position(target=target, faults=RECEIPT_FAULTS)
    if scenario.bridge.reports != "save_event":
        for nth in range(1, 4):
            yield _call("optimove.UpdateCampaignMetrics", nth)


def _min_send_calls(scenario: Scenario, campaigns: list[Campaign]) -> dict[str, int]:
    """Return the minimum number of send calls by provider: one for each template and due time of a part."""
    providers = {channel.id: channel.provider for channel in scenario.channels}
    calls: dict[str, int] = {}
    for campaign in campaigns:
        for part in campaign.parts:
            provider = providers[part.channel]
            calls[provider] = calls.get(provider, 0) + len({(split.template, split.send_at) for split in part.splits})
    return calls


def _call(target: str, nth: int) -> _Position:
    return _Position(target={CALL: target, "nth": nth}, faults=CALL_FAULTS)


def _is_surely_sent(scenario: Scenario, campaign: Campaign) -> bool:
    """Return True if each split has enough due messages and the run lasts until the campaign is reported."""
    audience = scenario.audience
    excluded = audience.opted_out + audience.unusable_numbers + sum(audience.outcomes.values(), Fraction(0))
    reached = campaign.customers * max(Fraction(0), 1 - excluded)
    splits = [split for part in campaign.parts for split in part.splits]
    has_enough_messages = all(reached * split.share >= _MIN_DUE_MESSAGES for split in splits)
    end = scenario.starts + virtual_duration(scenario)
    is_reported = max(split.send_at for split in splits) + _REPORTED_WITHIN <= end
    has_testing = any(channel.testing for channel in scenario.channels)
    return has_enough_messages and is_reported and not has_testing and not _can_be_cancelled(scenario, campaign)


def _can_be_cancelled(scenario: Scenario, campaign: Campaign) -> bool:
    if campaign.cancel_at is not None or campaign.clearance_by is not None:
        return True
    return any(isinstance(step, CancelCampaign) and step.campaign == campaign.campaign for step in scenario.steps)
