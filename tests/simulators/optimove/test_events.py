"""The body of each event, and the listeners that receive it."""

from collections.abc import Callable
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from instants import SIX
from optimove_alone import CHANNELS, Optimove, SentWebhook, plan, sandbox_context, split, trigger
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.simulator import Channel
from sendproof_simulators.services.discovery import CONTRACTS

OWN = "http://127.0.0.1:9000/own"
GENERAL = "http://127.0.0.1:9000/general"
LISTENER = load_contract(CONTRACTS / "listener.yaml")
MEDIA = LISTENER.document["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]
VALIDATOR = LISTENER.validator(MEDIA["schema"])

TOMORROW = SIX - 6 * HOUR + DAY
SPLITS = (split(send_at=TOMORROW + 9 * HOUR),)


def simulator(**dialects: str) -> Optimove:
    """Return a simulator with a nightly run at 02:00, two scheduled channels and a triggered one."""
    channels = (*CHANNELS, Channel(id=506, provider="textlocal", kind="scheduled"))
    options = {f"optimove.{name}": option for name, option in dialects.items()}
    optimove = Optimove(sandbox_context(channels=channels, nightly_at=2 * HOUR, dialects=options))
    optimove.begin()
    return optimove


def announce(optimove: Optimove) -> list[SentWebhook]:
    """Announce a campaign on channel 505 at night, and return the webhooks."""
    optimove.schedule(plan(splits=SPLITS))
    return optimove.advance(TOMORROW + 3 * HOUR)


def cancel(optimove: Optimove) -> list[SentWebhook]:
    """Announce a campaign, cancel it, and return the webhooks of the cancellation."""
    announce(optimove)
    return optimove.cancel()


def hold(optimove: Optimove) -> list[SentWebhook]:
    """Put a campaign on hold for clearance, and return the webhooks."""
    optimove.schedule(plan(splits=SPLITS, clearance_by=TOMORROW + 8 * HOUR))
    return optimove.advance(TOMORROW + 3 * HOUR)


def meet_trigger(optimove: Optimove) -> list[SentWebhook]:
    """Let a customer meet the criteria of a trigger on channel 250, and return the webhooks."""
    optimove.add_trigger(trigger())
    return optimove.record_event("C0000042", "page_visit", page="/offers")


ACTIONS: dict[int, Callable[[Optimove], list[SentWebhook]]] = {
    1: announce, 2: announce, 3: announce, 4: cancel, 5: hold, 11: meet_trigger, 13: announce,
}  # fmt: skip
CHANNEL_OF = {event: 250 if event == 11 else 505 for event in ACTIONS}
LISTENERS = [(event, own) for event in ACTIONS for own in (True, False) if not (event == 5 and own)]


def sent_webhooks(optimove: Optimove, event: int) -> list[SentWebhook]:
    """Cause an event, and return its webhooks."""
    return [sent for sent in ACTIONS[event](optimove) if sent.webhook.event == str(event)]


@pytest.mark.parametrize(("event", "own"), LISTENERS)
def test_event_reaches_channel_listener_and_general_listener(event: int, own: bool) -> None:
    """Event 5 has a general listener only. The body keeps the listener contract."""
    optimove = simulator()
    optimove.listen(event, CHANNEL_OF[event] if own else None, OWN if own else GENERAL)
    (sent,) = sent_webhooks(optimove, event)
    assert sent.webhook.url == (OWN if own else GENERAL)
    VALIDATOR.validate(sent.body)


@pytest.mark.parametrize("event", sorted(set(ACTIONS) - {2, 3, 5}))
def test_channel_listener_replaces_general_listener(event: int) -> None:
    optimove = simulator()
    optimove.listen(event, None, GENERAL)
    optimove.listen(event, CHANNEL_OF[event], OWN)
    assert [sent.webhook.url for sent in sent_webhooks(optimove, event)] == [OWN]


@pytest.mark.parametrize("event", [1, 4, 11, 13])
def test_listener_of_another_channel_receives_nothing(event: int) -> None:
    """Listeners do not interfere."""
    optimove = simulator()
    optimove.listen(event, 506)
    assert sent_webhooks(optimove, event) == []


@pytest.mark.parametrize("event", [2, 3])
def test_night_events_reach_every_listener(event: int) -> None:
    """They belong to no channel."""
    optimove = simulator()
    for channel in (None, 505, 506):
        optimove.listen(event, channel)
    keys = [sent.webhook.key for sent in sent_webhooks(optimove, event)]
    assert keys == [f"{event}:2026-03-03:general", f"{event}:2026-03-03:505", f"{event}:2026-03-03:506"]


@pytest.mark.parametrize("option", ["as_seen", "pascal"])
def test_forged_copy_of_event_13_cancels_the_campaign(option: str) -> None:
    """It is as valid as a real event 4, but for its proof of origin."""
    optimove = simulator(event_keys=option)
    optimove.listen(13, 505)
    (sent,) = sent_webhooks(optimove, 13)
    assert sent.webhook.forged_body is not None
    forged = msgspec.json.decode(sent.webhook.forged_body)
    VALIDATOR.validate(forged)
    assert {name.lower(): value for name, value in forged.items()}["eventtypeid"] == 4


@pytest.mark.parametrize("event", ACTIONS)
def test_event_without_listener_sends_no_webhook(event: int) -> None:
    assert sent_webhooks(simulator(), event) == []


@pytest.mark.parametrize("event", ACTIONS)
def test_contract_has_a_valid_example_of_each_event(event: int) -> None:
    """The same example with an unknown member is invalid."""
    example = MEDIA["examples"][str(event)]["value"]
    VALIDATOR.validate(example)
    with pytest.raises(jsonschema_rs.ValidationError):
        VALIDATOR.validate({**example, "Remark": "not known"})


@pytest.mark.parametrize(
    ("option", "scheduled", "triggered"),
    [
        ("as_seen", {"EventTypeID", "TimeStamp", "CampaignID", "ChannelID"}, {"requestId", "campaignID"}),
        ("pascal", {"EventTypeID", "TimeStamp", "CampaignID", "ChannelID"}, {"RequestID", "CampaignID"}),
        ("camel", {"eventTypeId", "timeStamp", "campaignId", "channelId"}, {"requestId", "campaignId"}),
        ("camel_id", {"eventTypeID", "timeStamp", "campaignID", "channelID"}, {"requestID", "campaignID"}),
    ],
)
def test_members_are_spelled_according_to_dialect(option: str, scheduled: set[str], triggered: set[str]) -> None:
    """Nested members do not change."""
    optimove = simulator(event_keys=option)
    optimove.listen(13)
    optimove.listen(11)
    (executed,), (fired,) = sent_webhooks(optimove, 13), sent_webhooks(optimove, 11)
    assert set(executed.body) == scheduled
    assert set(fired.body) > triggered
    personalization: dict[str, Any] = fired.body["Personalization" if option == "pascal" else "personalization"]
    assert personalization["page_visit"] == {"page": "/offers"}


@pytest.mark.parametrize(
    ("option", "minutes"), [("ladder", [1, 5, 15, 60]), ("none", []), ("day", [1, 10, 60, 360, 1020])]
)
def test_retries_follow_the_dialect(option: str, minutes: list[int]) -> None:
    """Each delay counts from the previous attempt."""
    optimove = simulator(webhook_retries=option)
    optimove.listen(13)
    (sent,) = sent_webhooks(optimove, 13)
    assert [delay // MINUTE for delay in sent.webhook.retry.delays_ms] == minutes
