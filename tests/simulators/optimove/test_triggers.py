"""Triggers: firing, the body of event 11, and the message that is then due."""

from uuid import UUID

import pytest

from instants import SIX
from optimove_alone import Optimove, SentWebhook, condition, plan, sandbox_context, trigger, trigger_access
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE
from sendproof_simulators.core.plans import CustomerEvent, TriggerPlan
from sendproof_simulators.core.simulator import Channel

CUSTOMER = "C0000042"


@pytest.fixture
def listening(optimove: Optimove) -> Optimove:
    """Return a simulator with a listener for event 11 on the triggered channel."""
    optimove.listen(11, 250)
    return optimove


def visits(optimove: Optimove, number: int, customer: str = CUSTOMER, page: str = "/offers") -> list[list[SentWebhook]]:
    """Return the webhooks of each of `number` visits."""
    return [optimove.record_event(customer, "page_visit", page=page) for _ in range(number)]


def firings(webhooks: list[list[SentWebhook]]) -> list[int]:
    """Return the number of firings at each visit."""
    return [len(sent) for sent in webhooks]


def test_trigger_without_repeat_fires_once(listening: Optimove) -> None:
    """Later visits do not fire it again."""
    listening.add_trigger(trigger(conditions=(condition(count=3),)))
    assert firings(visits(listening, 7)) == [0, 0, 1, 0, 0, 0, 0]


def test_repeating_trigger_starts_counting_from_zero(listening: Optimove) -> None:
    """Each firing has its own key."""
    listening.add_trigger(trigger(conditions=(condition(count=3),), repeat=True))
    webhooks = visits(listening, 7)
    assert firings(webhooks) == [0, 0, 1, 0, 0, 1, 0]
    assert [sent.webhook.key for visit in webhooks for sent in visit] == [
        f"11:Visit:{CUSTOMER}:1",
        f"11:Visit:{CUSTOMER}:2",
    ]


def test_events_are_counted_per_customer(listening: Optimove) -> None:
    listening.add_trigger(trigger(conditions=(condition(count=3),)))
    assert firings(visits(listening, 2)) + firings(visits(listening, 2, "C0000043")) == [0, 0, 0, 0]


def test_only_events_with_matching_name_and_parameters_count(listening: Optimove) -> None:
    listening.add_trigger(trigger(conditions=(condition(where={"page": "/offers", "vip": True}),)))
    assert listening.record_event(CUSTOMER, "page_visit", page="/offers") == []
    assert listening.record_event(CUSTOMER, "page_visit", page="/other", vip=True) == []
    assert listening.record_event(CUSTOMER, "page_visit", page="/offers", vip=1) == []
    assert listening.record_event(CUSTOMER, "purchase", page="/offers", vip=True) == []
    assert len(listening.record_event(CUSTOMER, "page_visit", page="/offers", vip=True)) == 1


def test_events_must_be_within_the_time_of_the_condition(listening: Optimove) -> None:
    """If the oldest event is too old, the newer ones still count."""
    listening.add_trigger(trigger(conditions=(condition(count=2, within_ms=MINUTE),)))
    visits(listening, 1)
    listening.advance(SIX + MINUTE + 1)
    assert firings(visits(listening, 1)) == [0]
    listening.advance(SIX + 2 * MINUTE + 1)
    assert firings(visits(listening, 1)) == [1]


def test_all_conditions_must_be_met_in_any_order(listening: Optimove) -> None:
    """The event contains the newest parameters of each customer event."""
    listening.add_trigger(trigger(conditions=(condition(count=2), condition("basket_left"))))
    assert listening.record_event(CUSTOMER, "basket_left", value=12.5) == []
    assert listening.record_event(CUSTOMER, "page_visit", page="/a") == []
    (sent,) = listening.record_event(CUSTOMER, "page_visit", page="/b")
    personalization = sent.body["personalization"]
    assert (personalization["page_visit"], personalization["basket_left"]) == ({"page": "/b"}, {"value": 12.5})


def test_event_11_carries_the_parameters_of_all_events_that_met_the_criteria(listening: Optimove) -> None:
    """Of several values of one parameter, the newest counts. An event that was too early has no part in it."""
    listening.add_trigger(trigger(conditions=(condition(count=2),)))
    listening.add_trigger(trigger("Late", campaign=8002, conditions=(condition(count=3),)))
    listening.record_event(CUSTOMER, "page_visit", page="/a", referrer="mail")
    (second,) = listening.record_event(CUSTOMER, "page_visit", page="/b")
    (third,) = listening.record_event(CUSTOMER, "page_visit", page="/c", seconds=7)
    assert second.body["personalization"]["page_visit"] == {"page": "/b", "referrer": "mail"}
    assert third.body["personalization"]["page_visit"] == {"page": "/c", "referrer": "mail", "seconds": 7}


def test_event_11_leaves_out_parameters_of_events_that_do_not_count_any_more(listening: Optimove) -> None:
    listening.add_trigger(trigger(conditions=(condition(count=2, within_ms=MINUTE),)))
    listening.record_event(CUSTOMER, "page_visit", referrer="mail")
    listening.advance(SIX + HOUR)
    listening.record_event(CUSTOMER, "page_visit", page="/a")
    (sent,) = listening.record_event(CUSTOMER, "page_visit", page="/b")
    assert sent.body["personalization"]["page_visit"] == {"page": "/b"}


def test_dialect_sends_the_parameters_of_the_newest_event() -> None:
    optimove = Optimove(sandbox_context(dialects={"optimove.trigger_parameters": "newest"}))
    optimove.listen(11, 250)
    optimove.add_trigger(trigger(conditions=(condition(count=2),)))
    optimove.record_event(CUSTOMER, "page_visit", page="/a", referrer="mail")
    (sent,) = optimove.record_event(CUSTOMER, "page_visit", page="/b")
    assert sent.body["personalization"]["page_visit"] == {"page": "/b"}


def test_event_11_carries_attributes_that_the_api_added(listening: Optimove) -> None:
    """The due text may contain them too."""
    callback = {"CallbackURL": "http://127.0.0.1:9000/callbacks"}
    level = {"Name": "LEVEL", "Type": "VARCHAR(10)", "DefaultValue": "blue", **callback}
    listening.apply(listening.call("AddCustomerAttribute", level))
    listening.advance(SIX + HOUR)
    listening.add_trigger(trigger(render=lambda body, values: f"{body} {values['LEVEL']}"))
    ((sent,),) = visits(listening, 1)
    assert sent.body["personalization"]["personalInfo"]["LEVEL"] == "blue"
    assert [obligation["text"] for obligation in listening.obligations()] == ["Dear NAME blue"]


def test_attributes_and_parameters_are_excluded_for_a_channel() -> None:
    """Other channels get them."""
    channels = (
        Channel(id=250, provider="textlocal", kind="triggered", exclude=frozenset({"BALANCE", "referrer"})),
        Channel(id=251, provider="textlocal", kind="triggered"),
    )
    optimove = Optimove(sandbox_context(channels=channels))
    optimove.listen(11)
    optimove.add_trigger(trigger())
    optimove.add_trigger(trigger("Other", campaign=8002, channel=251))
    sent = optimove.record_event(CUSTOMER, "page_visit", page="/offers", referrer="mail")
    infos = [webhook.body["personalization"] for webhook in sent]
    assert ["BALANCE" in info["personalInfo"] for info in infos] == [False, True]
    assert [sorted(info["page_visit"]) for info in infos] == [["page"], ["page", "referrer"]]


def test_visitor_meets_a_trigger_and_is_due_no_message(listening: Optimove) -> None:
    """Optimove knows no attributes of a visitor."""
    listening.add_trigger(trigger())
    (sent,) = listening.apply(
        trigger_access().record(
            listening.context,
            listening.state,
            SIX,
            [CustomerEvent(customer="V42", event="page_visit", parameters={"page": "/a"}, is_visitor=True)],
        )
    )
    assert (sent.body["isVisitor"], sent.body["customerID"]) == (True, "V42")
    assert sent.body["personalization"] == {"page_visit": {"page": "/a"}}
    (obligation,) = listening.obligations()
    assert (obligation["owed"], obligation["reason"], obligation["number"]) == (False, "visitor", None)


def test_visitor_with_the_id_of_a_customer_is_refused(listening: Optimove) -> None:
    visitor = CustomerEvent(customer=CUSTOMER, event="page_visit", is_visitor=True)
    with pytest.raises(ValueError, match="expected a visitor with another id than every customer"):
        trigger_access().record(listening.context, listening.state, SIX, [visitor])


def test_one_event_fires_several_triggers_in_order_of_definition(listening: Optimove) -> None:
    listening.add_trigger(trigger("A"))
    listening.add_trigger(trigger("B", campaign=8002))
    assert [sent.body["triggerName"] for sent in visits(listening, 1)[0]] == ["A", "B"]


def test_event_11_has_members_and_types_of_the_sample(listening: Optimove) -> None:
    """The sample is from a vendor's guide."""
    listening.add_trigger(trigger())
    ((sent,),) = visits(listening, 1)
    body = {name: value for name, value in sent.body.items() if name not in {"requestId", "personalization"}}
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
    assert str(UUID(sent.body["requestId"])) == sent.body["requestId"]


def test_event_11_contains_all_attributes_and_parameters(listening: Optimove) -> None:
    listening.add_trigger(trigger())
    (sent,) = listening.record_event(CUSTOMER, "page_visit", page="/offers", seconds=7)
    customer = listening.context.audience.customer(42)
    assert sent.body["personalization"] == {
        "personalInfo": {"ClientCustomerId": CUSTOMER, **customer.attributes},
        "page_visit": {"page": "/offers", "seconds": 7},
    }


def test_excluded_attributes_and_parameters_are_absent(listening: Optimove) -> None:
    listening.add_trigger(trigger(exclude=frozenset({"BALANCE", "referrer"})))
    (sent,) = listening.record_event(CUSTOMER, "page_visit", page="/offers", referrer="mail")
    personalization = sent.body["personalization"]
    assert "BALANCE" not in personalization["personalInfo"]
    assert "EMAIL" in personalization["personalInfo"]
    assert personalization["page_visit"] == {"page": "/offers"}


def test_dialects_omit_attributes_and_event_type() -> None:
    """A bridge then requests the attributes by customer, and identifies the event by its listener."""
    options = {"optimove.personal_info": "absent", "optimove.trigger_event_type": "absent"}
    optimove = Optimove(sandbox_context(dialects=options))
    optimove.listen(11)
    optimove.add_trigger(trigger())
    ((sent,),) = visits(optimove, 1)
    assert "eventTypeID" not in sent.body
    assert sent.body["personalization"] == {"page_visit": {"page": "/offers"}}


def test_message_is_due_at_the_instant_of_the_firing(listening: Optimove) -> None:
    """Its text contains attributes and parameters."""
    listening.add_trigger(trigger(body="NAME: page"))
    listening.advance(SIX + HOUR)
    visits(listening, 1)
    (obligation,) = listening.obligations()
    customer = listening.context.audience.customer(42)
    assert obligation == {
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


def test_opted_out_customer_fires_event_but_is_due_no_message(listening: Optimove) -> None:
    """The bridge has to exclude the customer."""
    customers = enumerate(listening.context.audience.customers(0, 500))
    index = next(index for index, customer in customers if customer.opted_out)
    listening.add_trigger(trigger())
    assert len(visits(listening, 1, f"C{index:07d}")[0]) == 1
    (obligation,) = listening.obligations()
    assert (obligation["owed"], obligation["reason"], obligation["text"]) == (False, "opted_out", None)


def test_future_event_fires_at_its_instant(listening: Optimove) -> None:
    listening.add_trigger(trigger())
    listening.record_events(CUSTOMER, event="page_visit", at=SIX + HOUR, page="/offers")
    assert listening.advance(SIX + HOUR - 1) == []
    assert [sent.at for sent in listening.advance(SIX + HOUR)] == [SIX + HOUR]


def test_impossible_event_rejects_the_whole_report(listening: Optimove) -> None:
    """An event is impossible if its customer is unknown or its instant is past."""
    listening.add_trigger(trigger())
    with pytest.raises(ValueError, match="expected a customer of this sandbox such as C0000000, got 'C42'"):
        listening.record_events(CUSTOMER, "C42", event="page_visit")
    with pytest.raises(ValueError, match="expected an instant not before"):
        listening.record_events(CUSTOMER, event="page_visit", at=SIX - 1)
    assert listening.obligations() == []


@pytest.mark.parametrize(
    ("trigger_plan", "message"),
    [
        (trigger(channel=505), r"expected one of the channels for triggered campaigns \[250\], got 505"),
        (trigger(campaign=7001), "expected a campaign id that no scheduled campaign has, got 7001"),
        (trigger("Taken"), "expected a trigger name that is not taken, got 'Taken'"),
        (trigger(conditions=()), "expected at least one condition"),
    ],
)
def test_impossible_trigger_is_refused(listening: Optimove, trigger_plan: TriggerPlan, message: str) -> None:
    """Scheduled and triggered campaigns have different channels and ids."""
    listening.announce(plan())
    listening.add_trigger(trigger("Taken"))
    with pytest.raises(ValueError, match=message):
        listening.add_trigger(trigger_plan)
    assert list(listening.state.triggers.plans) == ["Taken"]


def test_campaign_id_of_a_trigger_is_taken(listening: Optimove) -> None:
    """Its results are accepted on its channel only."""
    listening.add_trigger(trigger())
    with pytest.raises(ValueError, match="expected a campaign id that is not taken, got 8001"):
        listening.schedule(plan(8001))
    item = {"ChannelID": 250, "CampaignID": 8001, "TemplateID": 21, "MetricID": 0, "MetricValue": 3}
    assert listening.call("UpdateCampaignMetrics", [item]).response.status == 200
    assert listening.call("UpdateCampaignMetrics", [{**item, "ChannelID": 505}]).response.status == 404


def test_thousand_customers_meet_a_trigger_at_one_instant(listening: Optimove) -> None:
    """Each has an event and an obligation of that instant."""
    listening.add_trigger(trigger())
    webhooks = listening.record_events(*(f"C{index:07d}" for index in range(1_000)), event="page_visit", page="/offers")
    assert len({sent.webhook.key for sent in webhooks}) == 1_000
    assert {sent.at for sent in webhooks} == {SIX}
    assert [obligation["due"] for obligation in listening.obligations()] == ["2026-03-02T06:00:00.000Z"] * 1_000


def test_customer_created_by_an_upsert_meets_a_trigger(listening: Optimove) -> None:
    """A new customer writes the number as the guide demands: with the country code, without + and 00."""
    attributes = [{"RealFieldName": "PHONENUMBER", "Value": "353851234567"}]
    listening.call("UpsertCustomer", {"CustomerId": "N1", "Attributes": attributes})
    listening.add_trigger(trigger(conditions=(condition(count=1),)))
    ((sent,),) = visits(listening, 1, "N1")
    assert sent.body["personalization"]["personalInfo"]["PHONENUMBER"] == "353851234567"
    assert listening.obligations()[-1]["number"] == "353851234567"
