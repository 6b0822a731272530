"""The example for push notifications, in a campaign with faults. Its page runs it with triggers."""

import shlex
import sys
from pathlib import Path

import pytest

from judged_run import run_scenario
from repository import ROOT

APP = ROOT / "bridge" / "examples" / "push_bridge" / "bridge.py"
SCENARIO = """
sendproof: 1
name: A campaign of push notifications
about: >-
  It goes to users, and some have no device. A call is refused, one is lost, and of one the response is lost. The bridge
  is killed when it looks for the messages, and reports on the next day.
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
    splits: [{share: 100%, template: News, send_at: 2026-03-02T23:30:00Z}]
bridge: {consent: attribute, account_webhooks: true, reports: campaign_metrics, opt_outs: preference}
faults:
  - {fault: rate_limited, call: xtremepush.execute_campaign}
  - {fault: connection_reset, call: xtremepush.execute_campaign, nth: 2}
  - {fault: connection_reset, call: xtremepush.execute_campaign, nth: 3, when: after}
  - {fault: kill, call: xtremepush.list_message, nth: 2, when: after}
steps:
  - wait_for: {listeners: 1, templates: 1}
  - plan: 7001
  - advance: 2 days
"""


@pytest.mark.slow
def test_push_example_passes_a_campaign_with_faults(tmp_path: Path) -> None:
    scenario, database = tmp_path / "push.yaml", tmp_path / "bridge.db"
    scenario.write_text(SCENARIO)
    command = shlex.join(["env", f"PUSH_BRIDGE_DATABASE={database}", sys.executable, str(APP)])

    run = run_scenario(scenario, "--command", command)

    assert run.command.status == 0, run.command.out + run.command.err
    assert run.not_passed() == {}
