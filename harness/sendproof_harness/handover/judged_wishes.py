"""What the judge needs to know about a scenario: its subjects, and the wishes of the client in the handover."""

from dataclasses import asdict

from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.write import sender
from sendproof_harness.scenario.model import NO_SENDER, ProbeListeners, Scenario
from sendproof_harness.scenario.overrides import has_unknown_texts, overridden_link, overridden_variables
from sendproof_harness.scenario.subjects import required_subjects


def is_conformance_only(scenario: Scenario) -> bool:
    """Return True if only the listeners and the requests of the bridge are judged."""
    return any(isinstance(step, ProbeListeners) for step in scenario.steps)


def judged_wishes(scenario: Scenario, listen: Listen) -> dict[str, object]:
    """Return the wishes that the scenario does not leave to the bridge, its subjects, and where the bridge listens."""
    preference_channels = {
        str(channel.id): channel.preference_channel for channel in scenario.channels if channel.preference_channel
    }
    wishes = {
        "consent": scenario.bridge.consent,
        "reports": scenario.bridge.reports,
        "reports_a_day": scenario.bridge.reports_a_day,
        "opt_outs": scenario.bridge.opt_outs,
        "preference_channels": preference_channels,
        "links": {
            str(channel.id): url for channel in scenario.channels if (url := overridden_link(channel)) is not None
        },
        "overridden_values": {
            str(channel.id): dict(values) for channel in scenario.channels if (values := overridden_variables(channel))
        },
        "free_texts": [channel.id for channel in scenario.channels if has_unknown_texts(channel)],
        "sender": sender(scenario) or NO_SENDER,
        "apps": {str(channel.id): dict(channel.apps) for channel in scenario.channels if channel.apps},
        "subjects": [asdict(subject) for subject in required_subjects(scenario)],
        "listen": f"http://{listen.host}:{listen.port}",
    }
    return {name: wish for name, wish in wishes.items() if wish}
