"""What `sendproof contract` plays, before anything is started."""

import pytest

from sendproof_harness.conformance.run import ConformanceOptions, conformance_scenario, require_packages
from sendproof_harness.scenario.model import CustomerEvents, DefineTrigger, PlanCampaign, ProbeListeners, WaitFor
from sendproof_harness.session.selection import RunRefusedError

EVERYTHING = ConformanceOptions(provider="textlocal", seed=None, examples=7, within_s=3, triggers=True)


def test_listeners_are_posted_to_before_the_last_campaign() -> None:
    """So much is seen of the bridge before, and it is seen to work afterwards."""
    steps = conformance_scenario(EVERYTHING).steps
    place = steps.index(ProbeListeners(examples=7, within_s=3))
    assert steps[place + 1] == PlanCampaign(campaign=7002)
    assert PlanCampaign(campaign=7001) in steps[:place]


def test_another_seed_asks_other_things() -> None:
    """Without one, that of the scenario counts."""
    other = ConformanceOptions(provider="delivyr", seed=8, examples=7, within_s=3, triggers=True)
    assert (conformance_scenario(EVERYTHING).seed, conformance_scenario(other).seed) == (4711, 8)
    assert {channel.provider for channel in conformance_scenario(other).channels} == {"delivyr"}


def test_a_bridge_without_triggers_hears_of_none() -> None:
    """Neither a channel, nor a listener to wait for, nor anybody who meets one."""
    scenario = conformance_scenario(
        ConformanceOptions(provider="textlocal", seed=None, examples=7, within_s=3, triggers=False)
    )
    assert ([channel.kind for channel in scenario.channels], scenario.triggers) == (["scheduled"], ())
    assert not [step for step in scenario.steps if isinstance(step, DefineTrigger | CustomerEvents)]
    assert scenario.steps[0] == WaitFor(listeners=1, synchronised=True)


def test_what_is_not_installed_is_named() -> None:
    """With the command that installs it."""
    with pytest.raises(RunRefusedError, match=r'no_such_package is not .*pip install "sendproof\[contract\]"'):
        require_packages(["schemathesis", "no_such_package"])
