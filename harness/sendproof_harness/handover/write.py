"""What a bridge is told about the sandbox it works in: a JSON file for any bridge, a TOML file for ours (`own_bridge`).

The bridge of a real client gets the same things by mail: addresses, credentials, channel numbers, attribute names. With
several clients the file has one such description for each.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sendproof_harness.providers import discover
from sendproof_harness.scenario.model import Scenario

#: The environment variable that names the handover file.
VARIABLE = "SENDPROOF_HANDOVER"
SENDER = "Sendproof"
ATTRIBUTES = {"phone": "PHONENUMBER", "consent": "SMS_OPT_IN"}
CLIENT = "sendproof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the bridge is expected to listen."""

    host: str
    port: int


def handover(
    control_url: str,
    sandbox: Mapping[str, Any],
    listen: Listen | None,
    scenario: Scenario | None = None,
    client: str = CLIENT,
) -> dict[str, Any]:
    """All that a bridge needs. `sandbox` is the control API's answer; the token is drawn from its seed.

    Without `listen` it does not say where the bridge listens. What the scenario asks of the bridge stands beside it:
    wishes, and what each channel is to be like.
    """
    token = hashlib.sha256(f"sendproof webhook token {sandbox['seed']}".encode()).hexdigest()[:32]
    return {
        "client": client,
        "sandbox": sandbox["sandbox"],
        "clock_url": f"{control_url}/control/sandboxes/{sandbox['sandbox']}/clock",
        "services": sandbox["services"],
        "channels": [_channel(channel, scenario) for channel in sandbox["channels"]],
        "attributes": ATTRIBUTES,
        "country": sandbox["country"],
        "sender": _sender(scenario),
        **({} if listen is None else {"listen": {"host": listen.host, "port": listen.port}}),
        "webhook_token": token,
        "bridge": _wishes(scenario),
        "account_webhooks": _account_webhooks(scenario, listen, client, token),
    }


def _channel(channel: Mapping[str, Any], scenario: Scenario | None) -> dict[str, Any]:
    """The channel, and what is asked for beyond what every channel has."""
    asked = next((one for one in scenario.channels if one.id == channel["id"]), None) if scenario else None
    if asked is None:
        return dict(channel)
    more = {"preference_channel": asked.preference_channel, "overrides": asked.overrides}
    return {**channel, **{name: value for name, value in more.items() if value is not None}}


def _sender(scenario: Scenario | None) -> str:
    options = [] if scenario is None else [f"{name}={option}" for name, option in scenario.dialects.items()]
    approved = (
        record.senders[option] for record in discover().values() for option in options if option in record.senders
    )
    return next(approved, SENDER)


def _wishes(scenario: Scenario | None) -> dict[str, Any]:
    """Only what is asked for; how it reports, when nothing is said, is the bridge's own matter."""
    if scenario is None:
        return {}
    asked = dataclasses.asdict(scenario.bridge)
    wishes = {name: asked[name] for name in ("reports", "opt_outs", "clears_campaigns") if asked[name]}
    return {**wishes, **_of_its_optimove(scenario)}


def _of_its_optimove(scenario: Scenario) -> dict[str, Any]:
    """What no call tells, and a client learns from Optimove: only where the sandbox does not answer as is usual."""
    spoken = scenario.dialects
    told: dict[str, Any] = {}
    if spoken.get("optimove.metric_values") == "additive":
        told["metric_values"] = "additive"
    if spoken.get("optimove.communication_modes") == "0_is_out":
        told["opt_out_mode"] = 0
    # An event without attributes is of no use to a bridge whose key may not ask for them.
    if spoken.get("optimove.personal_info") == "absent" and spoken.get("optimove.unlisted_functions") != "allowed":
        told["looks_up_customers"] = True
    return told


def _account_webhooks(scenario: Scenario | None, listen: Listen | None, client: str, token: str) -> dict[str, str]:
    if scenario is None or listen is None or not scenario.bridge.account_webhooks:
        return {}
    providers = dict.fromkeys(channel.provider for channel in scenario.channels)
    door = f"http://{listen.host}:{listen.port}/webhooks"
    return {provider: f"{door}/{provider}/{client}/{token}" for provider in providers}


def of_all(clients: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The content of the file: that of the one client, or a list."""
    return dict(clients[0]) if len(clients) == 1 else {"clients": list(clients)}


def clients_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The description of each client."""
    listed: list[dict[str, Any]] = content.get("clients", [content])
    return listed


def key_name(content: Mapping[str, Any]) -> str:
    """Which of Optimove's keys a client's bridge shows.

    To change attributes, to read who waits for clearance, and to look up customers, it has to be the admin's: none of
    these is on the list of functions for third parties.
    """
    asked = content.get("bridge", {})
    more = asked.get("opt_outs") == "attribute" or asked.get("clears_campaigns") or asked.get("looks_up_customers")
    return "admin_key" if more else "api_key"


def write_handover(content: Mapping[str, Any], file: Path) -> None:
    """Save it for a bridge to read; one that waits for the file never sees a part of it."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(file)
