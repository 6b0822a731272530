"""The settings of a scenario's sandbox."""

import dataclasses
from typing import Any

from repository import ROOT
from sendproof_harness.control_client import ControlClient
from sendproof_harness.handover.format import Listen
from sendproof_harness.run.sandboxes import SandboxOptions, create_sandboxes, sandbox_settings
from sendproof_harness.scenario.load import load_scenarios, parse_scenarios
from sendproof_harness.scenario.values import LARGEST_SEED

FILE = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience:
  customers: 10
  attributes: [{name: gamStop, type: VARCHAR(5), default: "false", values: {"true": 90%}}]
  individuals:
    - {customer: 0, protection: none}
    - {customer: 1, protection: none, attributes: {gamStop: "true"}}
    - {customer: 2, spelling: digits}
channels: [{id: 505, provider: xtremepush}]
suppression: {attribute: gamStop}
templates: [{provider: xtremepush, title: News, body: Hello}]
steps:
  - wait_for: {listeners: 1}
  - advance: 1 day
"""


def individuals(file: str) -> list[Any]:
    """Return the attributes of the individuals, as the simulators get them."""
    (scenario,) = parse_scenarios(file, "my.yaml")
    options = SandboxOptions(
        control=ControlClient("http://127.0.0.1:1"), name=None, listen=Listen(host="127.0.0.1", port=1), rate=None
    )
    settings: dict[str, Any] = sandbox_settings(options, scenario, None, {})
    return [individual["attributes"] for individual in settings["audience"]["individuals"]]


def test_suppression_attribute_is_not_drawn_where_the_protection_is_given() -> None:
    """A value that the file spells out stays."""
    assert individuals(FILE) == [{"gamStop": "false"}, {"gamStop": "true"}, {}]


def test_suppressed_default_is_replaced_by_a_value_that_suppresses_nobody() -> None:
    file = FILE.replace('default: "false", values: {"true": 90%}', 'default: "true", values: {no: 5%}')
    assert individuals(file)[0] == {"gamStop": "no"}


def test_client_after_the_one_with_the_largest_seed_has_the_smallest(simulators: Any) -> None:
    scenario = load_scenarios(ROOT / "scenarios" / "multi_client" / "one_client_cancels.yaml")[0]
    with ControlClient(simulators.control) as control:
        options = SandboxOptions(control=control, name=None, listen=Listen(host="127.0.0.1", port=1), rate=None)
        handovers = create_sandboxes(options, dataclasses.replace(scenario, seed=LARGEST_SEED))
        seeds = [control.sandbox(handover["sandbox"])["seed"] for handover in handovers]
    assert seeds == [LARGEST_SEED, 0]


def test_only_receipts_are_forged_with_the_token_of_another_client(simulators: Any) -> None:
    """Each client has the campaign: for a bridge that goes by tokens, the event could be the other client's own."""
    scenario = load_scenarios(ROOT / "scenarios" / "multi_client" / "forged_by_another_client.yaml")[0]
    with ControlClient(simulators.control) as control:
        options = SandboxOptions(control=control, name=None, listen=Listen(host="127.0.0.1", port=1), rate=None)
        (first, _) = create_sandboxes(options, scenario)
        faults = simulators.call("GET", f"/sandboxes/{first['sandbox']}/faults")
    assert {fault["webhook"]: bool(fault["other_secret"]) for fault in faults} == {
        "textlocal.receipt": True,
        "optimove.13": False,
    }
