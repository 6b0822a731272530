"""Triggers: when they fire, what they say, and what is owed then."""

from uuid import UUID

import pytest

from instants import SIX
from optimove_alone import Optimove, SentWebhook, condition, plan, sandbox_context, trigger
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE
from sendproof_simulators.core.simulator import TriggerPlan

CUSTOMER = "C0000042"


@pytest.fixture
def listening(optimove: Optimove) -> Optimove:
    """A simulator with a listener for event 11 on the triggered channel."""
    optimove.listen(11, 250)
    return optimove


def visits(optimove: Optimove, number: int, customer: str = CUSTOMER, page: str = "/offers") -> list[list[SentWebhook]]:
    """What each of so many visits leads to."""
    return [optimove.record_event(customer, "page_visit", page=page) for _ in range(number)]


def fired(said: list[list[SentWebhook]]) -> list[int]:
    """How often a trigger fired at each step."""
    return [len(some) for some in said]


def test_the_third_visit_fires_once(listening: Optimove) -> None:
    """Neither the fourth nor the sixth does."""
    listening.add_trigger(trigger(conditions=(condition(count=3),)))
    assert fired(visits(listening, 7)) == [0, 0, 1, 0, 0, 0, 0]


def test_a_trigger_that_repeats_counts_anew(listening: Optimove) -> None:
    """Every third visit fires, each under its own name."""
    listening.add_trigger(trigger(conditions=(condition(count=3),), repeat=True))
    said = visits(listening, 7)
    assert fired(said) == [0, 0, 1, 0, 0, 1, 0]
    assert [one.webhook.key for some in said for one in some] == [f"11:Visit:{CUSTOMER}:1", f"11:Visit:{CUSTOMER}:2"]


def test_customers_are_counted_apart(listening: Optimove) -> None:
    """Two visits of one and two of another are not three."""
    listening.add_trigger(trigger(conditions=(condition(count=3),)))
    assert fired(visits(listening, 2)) + fired(visits(listening, 2, "C0000043")) == [0, 0, 0, 0]


def test_only_matching_events_count(listening: Optimove) -> None:
    """By name, and by every parameter that the condition names."""
    listening.add_trigger(trigger(conditions=(condition(where={"page": "/offers", "vip": True}),)))
    assert listening.record_event(CUSTOMER, "page_visit", page="/offers") == []
    assert listening.record_event(CUSTOMER, "page_visit", page="/other", vip=True) == []
    assert listening.record_event(CUSTOMER, "page_visit", page="/offers", vip=1) == []
    assert listening.record_event(CUSTOMER, "purchase", page="/offers", vip=True) == []
    assert len(listening.record_event(CUSTOMER, "page_visit", page="/offers", vip=True)) == 1


def test_the_events_must_lie_within_their_time(listening: Optimove) -> None:
    """Exactly that far apart is within; a millisecond more is not, but then the newer ones still count."""
    listening.add_trigger(trigger(conditions=(condition(count=2, within_ms=MINUTE),)))
    visits(listening, 1)
    listening.advance(SIX + MINUTE + 1)
    assert fired(visits(listening, 1)) == [0]
    listening.advance(SIX + 2 * MINUTE + 1)
    assert fired(visits(listening, 1)) == [1]


def test_several_conditions_must_all_be_met_in_any_order(listening: Optimove) -> None:
    """Each event's newest parameters go along."""
    listening.add_trigger(trigger(conditions=(condition(count=2), condition("basket_left"))))
    assert listening.record_event(CUSTOMER, "basket_left", value=12.5) == []
    assert listening.record_event(CUSTOMER, "page_visit", page="/a") == []
    (said,) = listening.record_event(CUSTOMER, "page_visit", page="/b")
    personalization = said.body["personalization"]
    assert (personalization["page_visit"], personalization["basket_left"]) == ({"page": "/b"}, {"value": 12.5})


def test_one_event_can_fire_several_triggers(listening: Optimove) -> None:
    """Each in the order in which it was defined."""
    listening.add_trigger(trigger("A"))
    listening.add_trigger(trigger("B", campaign=8002))
    assert [said.body["triggerName"] for said in visits(listening, 1)[0]] == ["A", "B"]


def test_the_event_names_customer_campaign_action_channel_and_template(listening: Optimove) -> None:
    """Each member has the type that it has in the vendor's sample."""
    listening.add_trigger(trigger())
    ((said,),) = visits(listening, 1)
    body = {name: value for name, value in said.body.items() if name not in {"requestId", "personalization"}}
    assert body == {
        "eventTypeID": 11,
        "triggerName": "Visit",
        "customerID": CUSTOMER,
        "isVisitor": False,
        "actionID": 2,
        "promotions": [],
        "promoCode": [],
        "channelID": 250,
        "channelAdditionalData": None,
        "campaignID": "8001",
        "campaignSeriesID": "8001",
        "templateID": 21,
        "templateName": "T21 - Come back",
        "timestamp": str(SIX // 1000),
    }
    assert str(UUID(said.body["requestId"])) == said.body["requestId"]


def test_attributes_and_parameters_are_sent_along(listening: Optimove) -> None:
    """All of them, by default."""
    listening.add_trigger(trigger())
    (said,) = listening.record_event(CUSTOMER, "page_visit", page="/offers", seconds=7)
    customer = listening.world.audience.customer(42)
    assert said.body["personalization"] == {
        "personalInfo": {"ClientCustomerId": CUSTOMER, **customer.attributes},
        "page_visit": {"page": "/offers", "seconds": 7},
    }


def test_what_is_excluded_is_absent(listening: Optimove) -> None:
    """Attributes and parameters alike; the rest stays."""
    listening.add_trigger(trigger(exclude=frozenset({"BALANCE", "referrer"})))
    (said,) = listening.record_event(CUSTOMER, "page_visit", page="/offers", referrer="mail")
    personalization = said.body["personalization"]
    assert "BALANCE" not in personalization["personalInfo"]
    assert "EMAIL" in personalization["personalInfo"]
    assert personalization["page_visit"] == {"page": "/offers"}


def test_the_dialect_can_leave_attributes_and_type_out() -> None:
    """The bridge then asks for them by customer, and knows the event by its listener."""
    answers = {"optimove.personal_info": "absent", "optimove.trigger_event_type": "absent"}
    optimove = Optimove(sandbox_context(dialects=answers))
    optimove.listen(11)
    optimove.add_trigger(trigger())
    ((said,),) = visits(optimove, 1)
    assert "eventTypeID" not in said.body
    assert said.body["personalization"] == {"page_visit": {"page": "/offers"}}


def test_what_is_owed_is_due_when_the_criteria_are_met(listening: Optimove) -> None:
    """Its text is made of attributes and parameters."""
    listening.add_trigger(trigger(body="NAME: page"))
    listening.advance(SIX + HOUR)
    visits(listening, 1)
    (owed,) = listening.obligations()
    customer = listening.world.audience.customer(42)
    assert owed == {
        "campaign": 8001,
        "channel": 250,
        "customer": CUSTOMER,
        "template": 21,
        "number": customer.number,
        "text": f"{customer.attributes['FIRST_NAME']}: /offers",
        "due": "2026-03-02T07:00:00.000Z",
        "owed": True,
        "reason": None,
        "trigger": "Visit",
    }


def test_who_opted_out_is_told_of_and_owed_nothing(listening: Optimove) -> None:
    """To leave the customer out is the bridge's duty."""
    people = enumerate(listening.world.audience.customers(0, 500))
    out = next(index for index, customer in people if customer.opted_out)
    listening.add_trigger(trigger())
    assert len(visits(listening, 1, f"C{out:07d}")[0]) == 1
    assert [(one["owed"], one["reason"], one["text"]) for one in listening.obligations()] == [
        (False, "opted_out", None)
    ]


def test_an_event_to_come_happens_at_its_instant(listening: Optimove) -> None:
    """Not a moment before."""
    listening.add_trigger(trigger())
    listening.record_events(CUSTOMER, event="page_visit", at=SIX + HOUR, page="/offers")
    assert listening.advance(SIX + HOUR - 1) == []
    assert [said.at for said in listening.advance(SIX + HOUR)] == [SIX + HOUR]


def test_an_unknown_customer_stops_a_whole_report(listening: Optimove) -> None:
    """Nothing of it is counted, nor of one that comes too late."""
    listening.add_trigger(trigger())
    with pytest.raises(ValueError, match="expected a customer of this sandbox such as C0000000, got 'C42'"):
        listening.record_events(CUSTOMER, "C42", event="page_visit")
    with pytest.raises(ValueError, match="expected an instant not before"):
        listening.record_events(CUSTOMER, event="page_visit", at=SIX - 1)
    assert listening.obligations() == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (trigger(channel=505), r"expected one of the channels for triggered campaigns \[250\], got 505"),
        (trigger(campaign=7001), "expected a campaign id that no scheduled campaign has, got 7001"),
        (trigger("Taken"), "expected a trigger name that is not taken, got 'Taken'"),
        (trigger(conditions=()), "expected at least one condition"),
    ],
)
def test_impossible_triggers_are_refused(listening: Optimove, wanted: TriggerPlan, message: str) -> None:
    """Scheduled and triggered channels are different ones, and so are their campaigns."""
    listening.announce(plan())
    listening.add_trigger(trigger("Taken"))
    with pytest.raises(ValueError, match=message):
        listening.add_trigger(wanted)
    assert list(listening.state.triggers.plans) == ["Taken"]


def test_a_triggered_campaigns_id_is_taken(listening: Optimove) -> None:
    """A scheduled campaign cannot have it, and its results are taken in."""
    listening.add_trigger(trigger())
    with pytest.raises(ValueError, match="expected a campaign id that is not taken, got 8001"):
        listening.schedule(plan(8001))
    item = {"ChannelID": 250, "CampaignID": 8001, "TemplateID": 21, "MetricID": 0, "MetricValue": 3}
    assert listening.call("UpdateCampaignMetrics", [item]).reply.status == 200
    assert listening.call("UpdateCampaignMetrics", [{**item, "ChannelID": 505}]).reply.status == 404


def test_a_thousand_customers_meet_a_trigger_at_one_instant(listening: Optimove) -> None:
    """Each has an event and an obligation of that instant."""
    listening.add_trigger(trigger())
    said = listening.record_events(*(f"C{index:07d}" for index in range(1_000)), event="page_visit", page="/offers")
    assert len({one.webhook.key for one in said}) == 1_000
    assert {one.at for one in said} == {SIX}
    assert [one["due"] for one in listening.obligations()] == ["2026-03-02T06:00:00.000Z"] * 1_000
