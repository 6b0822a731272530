"""Load on the simulators alone: no bridge, a sandbox with a campaign that a bridge could read."""

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

# The door of a bridge that does not exist: nothing is ever posted to it, as nobody registers a listener.
_NOWHERE = Listen(host=HOST, port=1)
_ANSWER_S = 30


def sandbox_of(
    wanted: LoadOptions, folder: Path, telling: LoadProgress, stack: ExitStack
) -> tuple[ControlClient, dict[str, Any]]:
    """Simulators and a sandbox in them, as a bridge is told of it."""
    telling.phase("starting the simulators")
    url = wanted.control_url or start_simulators(folder / "simulators.log", stack)
    control = stack.enter_context(ControlClient(url))
    # What is measured is how quick the simulators are, not how long a client has to wait by the rules.
    scenario = replace(campaign_scenario(wanted), rate_limits=False)
    (told,) = create_sandboxes(SandboxOptions(control=control, name=None, listen=_NOWHERE, rate=None), scenario)
    if wanted.control_url:
        stack.callback(control.delete_sandbox, told["sandbox"])
    return control, told


def announced(control: ControlClient, told: Mapping[str, Any], wanted: LoadOptions) -> Any:
    """Let a campaign for everybody be announced, as a bridge and a marketer would; answers the template's id."""
    optimove = told["services"]["optimove"]
    (template,) = control.templates(told["sandbox"], wanted.provider)
    synchronised = requests.post(
        f"{optimove['url']}/current/integrations/AddChannelTemplates",
        params={"ChannelID": str(SCHEDULED_CHANNEL)},
        json=[{"TemplateID": template["id"], "TemplateName": TEMPLATE_TITLE}],
        headers={"X-API-KEY": optimove["credentials"]["api_key"]},
        timeout=_ANSWER_S,
    )
    synchronised.raise_for_status()
    split = {"share": 1, "template": TEMPLATE_TITLE, "send_at": iso_utc(SEND_AT)}
    plan = {"campaign": CAMPAIGN_ID, "channel": SCHEDULED_CHANNEL, "customers": wanted.customers, "splits": [split]}
    control.schedule_campaign(told["sandbox"], plan)
    control.advance(told["sandbox"], {"by_ms": 1_000}, _ANSWER_S)
    return template["id"]
