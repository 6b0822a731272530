"""Faults drawn from a seed: a pure function of the scenario, the seed, and how many.

A fault that is never met would prove nothing, so they are drawn from places that every bridge surely comes to in this
scenario; no two strike one place. What was drawn is written as a scenario file has it, to be played again, and to be
made smaller line by line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

import yaml

from sendproof_harness.scenario.customer_selection import seeded_number
from sendproof_harness.scenario.fault_kinds import CALL, DURATION_KEYS, KILL, WEBHOOK, generalize_target, resolve_target
from sendproof_harness.scenario.model import ANY, Advance, Campaign, CancelCampaign, Fault, Scenario, WaitFor
from sendproof_harness.scenario.values import duration_text

# So many messages at least must be owed before we say that a call for them surely comes.
_SURELY = 20
# From its first message on a campaign is reported at least three times a day.
_REPORTED_WITHIN = timedelta(days=1)

# What can be done to any call. Real time is short here: a bridge that waits for nothing else is not kept waiting.
_ON_CALLS: tuple[Mapping[str, Any], ...] = (
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
_ON_WEBHOOKS: tuple[Mapping[str, Any], ...] = (
    {"fault": "drop_webhook", "attempts": 1},
    {"fault": "duplicate_webhook", "copies": 1},
    {"fault": "duplicate_webhook", "copies": 3},
    {"fault": KILL, "when": "before"},
    {"fault": KILL, "when": "after"},
)
# A notification of a campaign that comes much later would excuse the bridge for late messages.
_ON_RECEIPTS: tuple[Mapping[str, Any], ...] = (
    *_ON_WEBHOOKS,
    {"fault": "delay_webhook", "by": 1_800_000},
    {"fault": "reorder_webhook", "behind": 3},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Somewhere that every bridge comes to: a call or a notification, and which of them."""

    at: Mapping[str, Any]
    kinds: tuple[Mapping[str, Any], ...]


class TooManyFaultsError(ValueError):
    """More faults are wanted than the scenario has places for; the message says how many it has."""


def generate_faults(scenario: Scenario, seed: int, number: int, *, kills: bool = True) -> tuple[Fault, ...]:
    """Generate `number` faults; with `kills=False` none of them kills the bridge.

    Raises `TooManyFaultsError` if the scenario has fewer positions.
    """
    places = list(_places(scenario))
    if number > len(places):
        raise TooManyFaultsError(
            f"expected at most {len(places)} faults, as many as this scenario surely has places for, got {number}"
        )
    chosen = []
    for turn in range(number):
        place = places.pop(seeded_number(seed, f"fault {turn} place") % len(places))
        kinds = [kind for kind in place.kinds if kills or kind["fault"] != KILL]
        kind = kinds[seeded_number(seed, f"fault {turn} kind") % len(kinds)]
        chosen.append({"fault": kind["fault"], **place.at, **{k: v for k, v in kind.items() if k != "fault"}})
    return tuple(chosen)


def faults_yaml(faults: tuple[Fault, ...], provider: str | None = None) -> str:
    """The faults as the top of a scenario file has them, a line each; `provider` is the one that stands for `any`."""
    lines = [
        yaml.safe_dump(_written(fault, provider), default_flow_style=True, sort_keys=False, width=1_000).strip()
        for fault in faults
    ]
    return "".join(["faults:\n", *(f"  - {line}\n" for line in lines)])


def _written(fault: Fault, provider: str | None) -> dict[str, object]:
    written = {
        key: generalize_target(key, str(value), provider) if key in {CALL, WEBHOOK} else value
        for key, value in fault.items()
    }
    for key in DURATION_KEYS & written.keys():
        written[key] = duration_text(timedelta(milliseconds=int(str(written[key]))))
    return written


def _places(scenario: Scenario) -> Iterator[_Place]:
    """In a fixed order: the start, then each campaign, then what all of them have in common."""
    yield _call("optimove.RegisterEventListener", 1)
    providers = list(dict.fromkeys(channel.provider for channel in scenario.channels))
    with_templates = {template.provider for template in scenario.templates}
    if any(isinstance(step, WaitFor) and (step.templates or step.synchronised) for step in scenario.steps):
        yield _call("optimove.AddChannelTemplates", 1)
        for provider in providers:
            if provider in with_templates:
                yield _call(resolve_target(CALL, f"{ANY}.templates", provider), 1)
    sure = [campaign for campaign in scenario.campaigns if _surely_sent(scenario, campaign)]
    for campaign in sure:
        where = {"CampaignID": campaign.campaign}
        yield _Place(at={CALL: "optimove.GetCustomerSendDetailsByChannel", "where": where}, kinds=_ON_CALLS)
        yield _Place(at={WEBHOOK: "optimove.13", "where": where}, kinds=_ON_WEBHOOKS)
    if sure:
        yield from _of_sending(scenario, sure)


def _of_sending(scenario: Scenario, sure: list[Campaign]) -> Iterator[_Place]:
    provider_of = {channel.id: channel.provider for channel in scenario.channels}
    sendings: dict[str, int] = {}
    for campaign in sure:
        for part in campaign.parts:
            # One template at one time is at least one call.
            provider = provider_of[part.channel]
            sendings[provider] = sendings.get(provider, 0) + len({(s.template, s.send_at) for s in part.splits})
    for provider, calls in sendings.items():
        for nth in range(1, calls + 1):
            yield _call(resolve_target(CALL, f"{ANY}.send", provider), nth)
        if provider == "textlocal" or scenario.bridge.account_webhooks:
            for nth in range(1, 1 + _SURELY // 2):
                at = {WEBHOOK: resolve_target(WEBHOOK, f"{ANY}.receipt", provider), "nth": nth}
                yield _Place(at=at, kinds=_ON_RECEIPTS)
    if scenario.bridge.reports != "save_event":
        for nth in range(1, 4):
            yield _call("optimove.UpdateCampaignMetrics", nth)


def _call(target: str, nth: int) -> _Place:
    return _Place(at={CALL: target, "nth": nth}, kinds=_ON_CALLS)


def _surely_sent(scenario: Scenario, campaign: Campaign) -> bool:
    """Whether enough people are owed a message at each of its times, and it is reported for a day after the last."""
    audience = scenario.audience
    lost = audience.opted_out + audience.unusable_numbers + sum(audience.outcomes.values(), Fraction(0))
    reached = campaign.customers * max(Fraction(0), 1 - lost)
    splits = [split for part in campaign.parts for split in part.splits]
    ends = scenario.starts + sum((s.by for s in scenario.steps if isinstance(s, Advance)), timedelta())
    called_off = campaign.cancel_at is not None or campaign.clearance_by is not None
    testing = any(channel.testing for channel in scenario.channels)
    enough = all(reached * split.share >= _SURELY for split in splits)
    reported = max(split.send_at for split in splits) + _REPORTED_WITHIN <= ends
    return enough and reported and not called_off and not testing and not _cancelled(scenario, campaign)


def _cancelled(scenario: Scenario, campaign: Campaign) -> bool:
    return any(isinstance(step, CancelCampaign) and step.campaign == campaign.campaign for step in scenario.steps)
