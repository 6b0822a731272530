"""The content of the handover file for a sandbox, and writing it."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sendproof_harness.bounded_file import Kind, named_by_user, replaceable
from sendproof_harness.handover.format import ADMIN_KEY, CLIENT, PLATFORM, Listen, optimove_key_name
from sendproof_harness.handover.webhooks import account_webhooks, webhook_proofs, webhook_token
from sendproof_harness.interruption import delayed_signals
from sendproof_harness.providers import discover, provider
from sendproof_harness.replacement import replacing
from sendproof_harness.scenario.model import NO_SENDER, SMS, Scenario

SENDER = "Sendproof"
_HANDOVER = Kind("a handover", re.compile(rb'\{\s*("clients": \[\s*\{\s*)?"client": .*"clock_url": ', re.DOTALL))
_LOGIN = frozenset({"username", "password"})
# documented: https://docs.xtremepush.com/docs/optimove ("only support token-based authentication" from this day on)
_LOGINS_END = datetime(2024, 2, 1, tzinfo=UTC)


def handover_content(
    control_url: str,
    sandbox: Mapping[str, Any],
    listen: Listen | None,
    scenario: Scenario | None = None,
    client: str = CLIENT,
) -> dict[str, Any]:
    """Return the handover of one client. `sandbox` is the response of the control API.

    The webhook token is derived from the sandbox's seed. Without `listen`, the content has no address for the
    bridge. The scenario adds its wishes for the bridge, and settings of the channels.
    """
    token = webhook_token(sandbox["seed"])
    webhooks = account_webhooks(scenario, listen, client, token)
    wishes = _wishes(scenario)
    return {
        "client": client,
        "sandbox": sandbox["sandbox"],
        "clock_url": f"{control_url}/control/sandboxes/{sandbox['sandbox']}/clock",
        "services": _services(
            sandbox["services"], optimove_key_name({"bridge": wishes}), may_log_in=_may_log_in(scenario)
        ),
        "channels": list(_channels(sandbox["channels"], scenario)),
        "attributes": sandbox["attributes"],
        "country": sandbox["country"],
        **({} if (name := sender(scenario)) is None else {"sender": name}),
        **({} if listen is None else {"listen": {"host": listen.host, "port": listen.port}}),
        "webhook_token": token,
        "bridge": wishes,
        "account_webhooks": webhooks,
        **webhook_proofs(scenario, webhooks, sandbox["seed"]),
    }


def write_handover(content: Mapping[str, Any], file: Path) -> None:
    """Write the handover file, which replaces no other file than a handover. It contains credentials."""
    write_private(json.dumps(content, indent=2) + "\n", file, _HANDOVER)


def write_private(text: str, file: Path, kind: Kind | None = None) -> None:
    """Write a file that other users can never read. `OSError` if that is impossible.

    Write it atomically: a bridge that waits for it never sees a part of it, and an interrupt leaves none.
    """
    target = replaceable(file, kind)
    with delayed_signals(), named_by_user(file), replacing(target, private=True) as output:
        output.write(text.encode())


def _services(services: Mapping[str, Any], key: str, *, may_log_in: bool) -> dict[str, Any]:
    """Return the services without the credentials for Optimove that a bridge of this client may not use.

    A vendor gets one key of the type that its tasks need. documented: https://docs.delivyr.net/docs/optimove ("Do NOT
    use Admin or Transaction Access Types").
    """
    dropped = ({ADMIN_KEY} - {key}) | (frozenset() if may_log_in else _LOGIN)
    platform = services.get(PLATFORM)
    if platform is None:
        return dict(services)
    credentials = {name: value for name, value in platform["credentials"].items() if name not in dropped}
    return {**services, PLATFORM: {**platform, "credentials": credentials}}


def _may_log_in(scenario: Scenario | None) -> bool:
    """Return True if Optimove accepts the legacy login at the start of a scenario."""
    if scenario is None:
        return False
    return scenario.dialects.get("optimove.password_login") == "accepted" or scenario.starts < _LOGINS_END


def _carries_messages(channel: Mapping[str, Any]) -> bool:
    """Return False for a channel that only carries subscriptions back: a bridge has nothing to send there."""
    return channel["id"] not in provider(channel["provider"]).subscription_channels


def _channels(channels: Sequence[Mapping[str, Any]], scenario: Scenario | None) -> Iterator[dict[str, Any]]:
    """Yield the channels that carry messages, with the settings that the scenario adds to them.

    If Optimove has a channel for the subscriptions of a provider, opt-outs from SMS are reported there.
    """
    post_back = {channel["provider"]: channel["id"] for channel in channels if not _carries_messages(channel)}
    planned = {} if scenario is None else {channel.id: channel for channel in scenario.channels}
    for channel in filter(_carries_messages, channels):
        is_sms = channel.get("message", SMS) == SMS
        own = post_back.get(channel["provider"]) if is_sms else None
        plan, added = planned.get(channel["id"]), {"preference_channel": own}
        if plan is not None:
            added["preference_channel"] = plan.preference_channel or added["preference_channel"]
            added["overrides"] = plan.overrides
            added["apps"] = [{"id": id_, "name": name} for id_, name in plan.apps.items()] or None
        yield {**channel, **{name: value for name, value in added.items() if value is not None}}


def sender(scenario: Scenario | None) -> str | None:
    """Return the sender that the handover names; None if the client keeps the default of its account."""
    if scenario is not None and scenario.sender == NO_SENDER:
        return None
    options = [] if scenario is None else [f"{name}={option}" for name, option in scenario.dialects.items()]
    senders = {option: name for record in discover().values() for option, name in record.senders.items()}
    own = SENDER if scenario is None or scenario.sender is None else scenario.sender
    return next((senders[option] for option in options if option in senders), own)


def _wishes(scenario: Scenario | None) -> dict[str, Any]:
    """Return the wishes of the scenario; a bridge decides the rest itself."""
    if scenario is None:
        return {}
    wanted = dataclasses.asdict(scenario.bridge)
    names = ("consent", "reports", "reports_a_day", "opt_outs", "clears_campaigns")
    wishes = {name: wanted[name] for name in names if wanted[name]}
    return {**wishes, **_optimove_facts(scenario)}


def _optimove_facts(scenario: Scenario) -> dict[str, Any]:
    """Return facts that no request reveals but Optimove gives to a client, if they differ from the default."""
    dialects = scenario.dialects
    facts: dict[str, Any] = {}
    if dialects.get("optimove.metric_values") == "additive":
        facts["metric_values"] = "additive"
    if dialects.get("optimove.communication_modes") == "0_is_out":
        facts["opt_out_mode"] = 0
    # An event that leaves out attributes is useless to a bridge with a key that may not read them.
    may_look_up = (
        dialects.get("optimove.customer_look_up") != "refused"
        or dialects.get("optimove.unlisted_functions") == "allowed"
    )
    excluded = [
        *(channel.exclude for channel in scenario.channels),
        *(trigger.exclude for trigger in scenario.triggers),
    ]
    leaves_out = dialects.get("optimove.personal_info") == "absent" or any(excluded)
    if leaves_out and not may_look_up:
        facts["looks_up_customers"] = True
    return facts
