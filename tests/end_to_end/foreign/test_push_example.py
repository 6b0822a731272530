"""The example for push notifications, in a campaign. Its page runs it with triggers."""

import shlex
import sys
from pathlib import Path

import pytest

from judged_run import run_scenario
from repository import ROOT

APP = ROOT / "bridge" / "examples" / "push_bridge" / "bridge.py"
COMMAND = shlex.join([sys.executable, str(APP)])
SCENARIO = """
sendproof: 1
name: A campaign of push notifications
about: It goes to users, and some have no device.
seed: 7
starts: 2026-03-02T06:00:00Z
audience:
  customers: 30
  unusable_numbers: 20%
  devices: {none: 10%, several: 15%, new_token: 10%, unsubscribed: 5%, no_consent: 10%}
  outcomes: {"delivered, opened": 20%, "delivered, replies STOP": 10%}
channels:
  - {id: 506, provider: xtremepush, message: push}
templates:
  - {provider: xtremepush, title: News, message: push, heading: "{{FIRST_NAME}}, news", body: "It waits in {{CITY}}."}
campaigns:
  - campaign: 7001
    channel: 506
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: News, send_at: 2026-03-02T10:00:00Z}]
bridge: {consent: attribute, account_webhooks: true, reports: campaign_metrics, opt_outs: preference}
steps:
  - wait_for: {listeners: 1, templates: 1}
  - plan: 7001
  - advance: 2 days
"""


@pytest.mark.slow
def test_push_example_passes_a_campaign(tmp_path: Path) -> None:
    scenario = tmp_path / "push.yaml"
    scenario.write_text(SCENARIO)

    run = run_scenario(scenario, "--command", COMMAND)

    assert run.command.status == 0, run.command.out + run.command.err
    assert run.not_passed() == {}
