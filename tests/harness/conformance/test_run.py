"""The scenario of `sendproof contract`, before anything starts."""

import pytest

from sendproof_harness.conformance.run import ConformanceOptions, conformance_scenario, require_packages
from sendproof_harness.scenario.model import CustomerEvents, DefineTrigger, PlanCampaign, ProbeListeners, WaitFor
from sendproof_harness.session.selection import RunRefusedError

OPTIONS = ConformanceOptions(provider="textlocal", seed=None, examples=7, within_s=3, triggers=True)


def test_listeners_are_probed_before_the_last_campaign() -> None:
    """So the bridge is observed before the probe, and has to work after it."""
    steps = conformance_scenario(OPTIONS).steps
    probe = steps.index(ProbeListeners(examples=7, within_s=3))
    assert steps[probe + 1] == PlanCampaign(campaign=7002)
    assert PlanCampaign(campaign=7001) in steps[:probe]


def test_seed_option_replaces_the_seed_of_the_scenario() -> None:
    other = ConformanceOptions(provider="delivyr", seed=8, examples=7, within_s=3, triggers=True)
    assert (conformance_scenario(OPTIONS).seed, conformance_scenario(other).seed) == (4711, 8)
    assert {channel.provider for channel in conformance_scenario(other).channels} == {"delivyr"}


def test_scenario_without_triggers_has_no_trigger_channel_or_events() -> None:
    options = ConformanceOptions(provider="textlocal", seed=None, examples=7, within_s=3, triggers=False)
    scenario = conformance_scenario(options)
    assert ([channel.kind for channel in scenario.channels], scenario.triggers) == (["scheduled"], ())
    assert not [step for step in scenario.steps if isinstance(step, DefineTrigger | CustomerEvents)]
    assert scenario.steps[0] == WaitFor(listeners=1, synchronised=True)


def test_missing_package_is_named_with_the_install_command() -> None:
    with pytest.raises(RunRefusedError, match=r"no_such_package is not .* install .*schemathesis"):
        require_packages(["schemathesis", "no_such_package"])
