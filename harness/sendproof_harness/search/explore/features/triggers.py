"""Triggers: their criteria, events, and the data that their events leave out."""

from datetime import timedelta

from sendproof_harness.search.explore.builder import (
    EVENT,
    TITLE,
    TRIGGER_CHANNEL,
    TRIGGERED,
    ScenarioBuilder,
    parameters,
)
from sendproof_harness.search.explore.feature import Feature

_MINUTES = timedelta(minutes=1)


def _third_visit(builder: ScenarioBuilder) -> None:
    builder.trigger["criteria"][0] |= {"count": 3, "within": "2 hours"}
    builder.add_events(builder.announced + 10 * _MINUTES, times=2, every="20 minutes", parameters=parameters("/offers"))


def _two_criteria(builder: ScenarioBuilder) -> None:
    builder.trigger["criteria"].append({"event": "basket"})
    builder.add_events(builder.announced + 5 * _MINUTES, "basket", parameters={"item": "a lamp"})


def _with_parameter(builder: ScenarioBuilder) -> None:
    builder.trigger["criteria"][0]["where"] = {"page": "/offers"}
    builder.add_events(builder.announced - 5 * _MINUTES, parameters=parameters("/jobs"))


def _in_text(builder: ScenarioBuilder) -> None:
    builder.add_template("Come back", "{{FIRST_NAME}}, {{page}} is {{price}} ({{in_stock}}). Reply STOP to opt out.")
    builder.trigger["template"] = "Come back"


def _again_soon(builder: ScenarioBuilder) -> None:
    builder.trigger["repeat"] = True
    builder.add_events(builder.announced + 20 * _MINUTES, parameters=parameters("/lamps"))


def _again_at_once(builder: ScenarioBuilder) -> None:
    builder.trigger["repeat"] = True
    builder.add_events(builder.announced + 0.5 * _MINUTES, parameters=parameters("/lamps"))


def _met_again(builder: ScenarioBuilder) -> None:
    builder.add_events(builder.announced + 60 * _MINUTES, parameters=parameters("/lamps"))


def leave_out_name(builder: ScenarioBuilder) -> None:
    """Leave the name and the city out of the events of the first trigger."""
    builder.trigger["exclude"] = ["FIRST_NAME", "CITY"]


def _exclude_number(builder: ScenarioBuilder) -> None:
    channel = next(channel for channel in builder.channels if channel["id"] == TRIGGER_CHANNEL)
    channel["exclude"] = [builder.name_of("PHONENUMBER")]


def _visitors(builder: ScenarioBuilder) -> None:
    builder.add_events(builder.announced - _MINUTES, visitors=3, parameters=parameters("/offers"))


def _two_triggers(builder: ScenarioBuilder) -> None:
    builder.add_template("Back in stock", "{{FIRST_NAME}}, it is back. Reply STOP to opt out.")
    builder.add_trigger("Back in stock", 8002, "Back in stock", [{"event": EVENT}])


def _one_after_the_other(builder: ScenarioBuilder) -> None:
    builder.add_trigger("Basket left", 8003, TITLE, [{"event": "basket"}])
    builder.add_events(builder.announced + 30 * _MINUTES, "basket", spread="10 minutes", parameters={"item": "a lamp"})


FEATURES = tuple(
    Feature(name=name, topic="trigger", apply=apply, flows=frozenset({TRIGGERED}))
    for name, apply in (
        ("trigger of a third visit", _third_visit),
        ("trigger with two events", _two_criteria),
        ("trigger with a parameter", _with_parameter),
        ("parameters in the text", _in_text),
        ("trigger that repeats", _again_soon),
        ("trigger that repeats within a minute", _again_at_once),
        ("trigger met again in vain", _met_again),
        ("event without name and city", leave_out_name),
        ("event without the number", _exclude_number),
        ("events of visitors", _visitors),
        ("two triggers of one event", _two_triggers),
        ("events one after the other", _one_after_the_other),
    )
)
