"""What each event says, and who hears it."""

from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

from instants import SIX
from optimove_alone import CHANNELS, Optimove, SentWebhook, plan, sandbox_context, split, trigger
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.simulator import Channel
from sendproof_simulators.server.app import CONTRACTS

OWN = "http://127.0.0.1:9000/own"
GENERAL = "http://127.0.0.1:9000/general"
LISTENER = load_contract(CONTRACTS / "listener.yaml")
MEDIA = LISTENER.document["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]
VALIDATOR = LISTENER.validator(MEDIA["schema"])

TOMORROW = SIX - 6 * HOUR + DAY
SPLITS = (split(send_at=TOMORROW + 9 * HOUR),)


def simulator(**dialects: str) -> Optimove:
    """A simulator that processes campaigns at 02:00, with two scheduled channels and a triggered one."""
    channels = (*CHANNELS, Channel(id=506, provider="textlocal", kind="scheduled"))
    answers = {f"optimove.{name}": value for name, value in dialects.items()}
    optimove = Optimove(sandbox_context(channels=channels, nightly_at=2 * HOUR, dialects=answers))
    optimove.begin()
    return optimove


def announced(optimove: Optimove) -> list[SentWebhook]:
    """A night with one campaign, on channel 505."""
    optimove.schedule(plan(splits=SPLITS))
    return optimove.advance(TOMORROW + 3 * HOUR)


def cancelled(optimove: Optimove) -> list[SentWebhook]:
    """A campaign that was announced and is cancelled."""
    announced(optimove)
    return optimove.cancel()


def held(optimove: Optimove) -> list[SentWebhook]:
    """A campaign that waits for clearance."""
    optimove.schedule(plan(splits=SPLITS, clearance_by=TOMORROW + 8 * HOUR))
    return optimove.advance(TOMORROW + 3 * HOUR)


def met(optimove: Optimove) -> list[SentWebhook]:
    """A customer who meets the criteria of a trigger on channel 250."""
    optimove.add_trigger(trigger())
    return optimove.record_event("C0000042", "page_visit", page="/offers")


HAPPENS: dict[int, Callable[[Optimove], list[SentWebhook]]] = {
    1: announced, 2: announced, 3: announced, 4: cancelled, 5: held, 11: met, 13: announced,
}  # fmt: skip
CHANNEL_OF = {event: 250 if event == 11 else 505 for event in HAPPENS}
FORMS = [(event, own) for event in HAPPENS for own in (True, False) if not (event == 5 and own)]


def heard(optimove: Optimove, event: int) -> list[SentWebhook]:
    """What the listeners for an event hear when it happens."""
    return [said for said in HAPPENS[event](optimove) if said.webhook.event == str(event)]


@pytest.mark.parametrize(("event", "own"), FORMS)
def test_an_event_comes_to_its_listener_in_each_form(event: int, own: bool) -> None:
    """By channel or in general; event 5 in general only. It keeps the listener's contract."""
    optimove = simulator()
    optimove.listen(event, CHANNEL_OF[event] if own else None, OWN if own else GENERAL)
    (said,) = heard(optimove, event)
    assert said.webhook.url == (OWN if own else GENERAL)
    VALIDATOR.validate(said.body)


@pytest.mark.parametrize("event", sorted(set(HAPPENS) - {2, 3, 5}))
def test_the_channels_own_listener_hears_it_instead_of_the_general_one(event: int) -> None:
    """Not both of them."""
    optimove = simulator()
    optimove.listen(event, None, GENERAL)
    optimove.listen(event, CHANNEL_OF[event], OWN)
    assert [said.webhook.url for said in heard(optimove, event)] == [OWN]


@pytest.mark.parametrize("event", [1, 4, 11, 13])
def test_a_listener_of_another_channel_hears_nothing(event: int) -> None:
    """Listeners do not interfere."""
    optimove = simulator()
    optimove.listen(event, 506)
    assert heard(optimove, event) == []


@pytest.mark.parametrize("event", [2, 3])
def test_events_of_the_night_come_to_every_listener(event: int) -> None:
    """They are about no channel."""
    optimove = simulator()
    for channel in (None, 505, 506):
        optimove.listen(event, channel)
    keys = [said.webhook.key for said in heard(optimove, event)]
    assert keys == [f"{event}:2026-03-03:general", f"{event}:2026-03-03:505", f"{event}:2026-03-03:506"]


@pytest.mark.parametrize("event", HAPPENS)
def test_without_a_listener_nothing_is_said(event: int) -> None:
    """And nothing goes wrong."""
    assert heard(simulator(), event) == []


@pytest.mark.parametrize("event", HAPPENS)
def test_the_contract_shows_an_example_of_each_event(event: int) -> None:
    """It keeps the contract; with an unknown member it would not."""
    example = MEDIA["examples"][str(event)]["value"]
    VALIDATOR.validate(example)
    with pytest.raises(jsonschema_rs.ValidationError):
        VALIDATOR.validate({**example, "Remark": "not known"})


@pytest.mark.parametrize(
    ("spelling", "scheduled", "triggered"),
    [
        ("as_seen", {"EventTypeID", "TimeStamp", "CampaignID", "ChannelID"}, {"requestId", "campaignID"}),
        ("pascal", {"EventTypeID", "TimeStamp", "CampaignID", "ChannelID"}, {"RequestID", "CampaignID"}),
        ("camel", {"eventTypeId", "timeStamp", "campaignId", "channelId"}, {"requestId", "campaignId"}),
        ("camel_id", {"eventTypeID", "timeStamp", "campaignID", "channelID"}, {"requestID", "campaignID"}),
    ],
)
def test_members_are_spelled_as_the_dialect_says(spelling: str, scheduled: set[str], triggered: set[str]) -> None:
    """What is inside them stays as it is."""
    optimove = simulator(event_keys=spelling)
    optimove.listen(13)
    optimove.listen(11)
    (executed,), (fired,) = heard(optimove, 13), heard(optimove, 11)
    assert set(executed.body) == scheduled
    assert set(fired.body) > triggered
    personal: dict[str, Any] = fired.body["Personalization" if spelling == "pascal" else "personalization"]
    assert personal["page_visit"] == {"page": "/offers"}


@pytest.mark.parametrize(
    ("schedule", "minutes"), [("ladder", [1, 5, 15, 60]), ("none", []), ("day", [1, 10, 60, 360, 1020])]
)
def test_an_event_is_tried_again_as_the_dialect_says(schedule: str, minutes: list[int]) -> None:
    """Each wait counts from the attempt before."""
    optimove = simulator(webhook_retries=schedule)
    optimove.listen(13)
    (said,) = heard(optimove, 13)
    assert [delay // MINUTE for delay in said.webhook.retry.delays_ms] == minutes
