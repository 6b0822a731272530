"""A sandbox for load tests of the simulators alone, without a bridge."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from sendproof_harness.control_client import ControlClient
from sendproof_harness.handover.format import Listen
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import (
    CAMPAIGN_ID,
    SCHEDULED_CHANNEL,
    SEND_AT,
    TEMPLATE_TITLE,
    LoadOptions,
    campaign_scenario,
)
from sendproof_harness.run.runner import HOST
from sendproof_harness.run.sandboxes import SandboxOptions, create_sandboxes
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.scenario.values import iso_utc

# The address of a bridge that does not exist. No listener is registered, so nothing is ever posted to it.
_NO_BRIDGE = Listen(host=HOST, port=1)
_TIMEOUT_S = 30


def create_sandbox(
    options: LoadOptions, folder: Path, progress: LoadProgress, stack: ExitStack
) -> tuple[ControlClient, dict[str, Any]]:
    """Start simulators unless some are given. Return their client and a new sandbox, as the API returns it."""
    progress.phase("starting the simulators")
    url = options.control_url or start_simulators(folder / "simulators.log", stack)
    control = stack.enter_context(ControlClient(url))
    # The test measures the speed of the simulators. Rate limits would only measure the waiting time of clients.
    scenario = replace(campaign_scenario(options), rate_limits=False)
    (created,) = create_sandboxes(SandboxOptions(control=control, name=None, listen=_NO_BRIDGE, rate=None), scenario)
    if options.control_url:
        stack.callback(control.delete_sandbox, created["sandbox"])
    return control, created


def announce_campaign(control: ControlClient, created: Mapping[str, Any], options: LoadOptions) -> Any:
    """Announce a campaign for all customers, as a bridge and a marketer would. Return the template's id."""
    optimove = created["services"]["optimove"]
    (template,) = control.templates(created["sandbox"], options.provider)
    response = requests.post(
        f"{optimove['url']}/current/integrations/AddChannelTemplates",
        params={"ChannelID": str(SCHEDULED_CHANNEL)},
        json=[{"TemplateID": template["id"], "TemplateName": TEMPLATE_TITLE}],
        headers={"X-API-KEY": optimove["credentials"]["api_key"]},
        timeout=_TIMEOUT_S,
    )
    response.raise_for_status()
    split = {"share": 1, "template": TEMPLATE_TITLE, "send_at": iso_utc(SEND_AT)}
    plan = {"campaign": CAMPAIGN_ID, "channel": SCHEDULED_CHANNEL, "customers": options.customers, "splits": [split]}
    control.schedule_campaign(created["sandbox"], plan)
    control.advance(created["sandbox"], {"by_ms": 1_000}, _TIMEOUT_S)
    return template["id"]
