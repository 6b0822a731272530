"""The life cycle of campaigns beyond the announcement: several channels, cancellation and clearance."""

import pytest

from instants import NINE, SIX, TEN
from optimove_alone import CHANNELS, Optimove, part, plan, sandbox_context, split
from sendproof_simulators.core.clock.wall_clock import HOUR
from sendproof_simulators.core.simulator import Channel

EIGHT = SIX + 2 * HOUR
CONDITIONAL = plan(clearance_by=EIGHT)


def simulator_with_two_channels() -> Optimove:
    """Return a simulator with two channels for scheduled campaigns."""
    return Optimove(sandbox_context(channels=(*CHANNELS, Channel(id=506, provider="textlocal", kind="scheduled"))))


def send_statuses(optimove: Optimove, is_cleared: dict[str, bool], campaign: int = 7001) -> tuple[int, str]:
    """Send the statuses of customers, and return status and text of the response."""
    promos = [{"CustomerID": customer, "Status": status} for customer, status in is_cleared.items()]
    body = {"TimeStamp": "2026-03-02 06:00:00", "CampaignID": campaign, "PromosUpdated": promos}
    response = optimove.call("UpdateCustomerPromotionStatus", body).response
    return response.status, response.body.decode()


def reasons(optimove: Optimove) -> list[str | None]:
    """Return the reason why each customer is due no message."""
    return [obligation["reason"] for obligation in optimove.obligations()]


# Several channels.


def test_customer_is_due_a_message_on_every_channel() -> None:
    """Each channel has its own template and time."""
    optimove = simulator_with_two_channels()
    optimove.schedule(plan(customers=2, parts=(part(505, split(14)), part(506, split(15, send_at=TEN)))))
    optimove.advance(SIX)
    fields = ("channel", "customer", "template")
    assert [tuple(obligation[name] for name in fields) for obligation in optimove.obligations()] == [
        (505, "C0000000", 14),
        (505, "C0000001", 14),
        (506, "C0000000", 15),
        (506, "C0000001", 15),
    ]


def test_customer_is_on_the_pages_of_every_channel() -> None:
    """A bridge that handles a customer once per campaign loses the second channel."""
    optimove = simulator_with_two_channels()
    optimove.schedule(plan(customers=1, parts=(part(505, split(14)), part(506, split(15, send_at=TEN)))))
    optimove.advance(SIX)
    pages = [
        optimove.read("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=channel) for channel in (505, 506)
    ]
    assert [[row["TemplateID"] for row in page] for page in pages] == [[14], [15]]


def test_general_listener_receives_event_13_per_channel_and_event_1_once() -> None:
    optimove = simulator_with_two_channels()
    optimove.listen(1)
    optimove.listen(13)
    optimove.schedule(plan(parts=(part(505, split(14)), part(506, split(15)))))
    sent = [(sent.body["EventTypeID"], sent.body.get("ChannelID")) for sent in optimove.advance(SIX)]
    assert sent == [(1, None), (13, 505), (13, 506)]


@pytest.mark.parametrize("channels", [(), (505, 505)])
def test_campaign_without_different_channels_is_refused(optimove: Optimove, channels: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected one or more different channels"):
        optimove.schedule(plan(parts=tuple(part(channel, split()) for channel in channels)))
    assert optimove.state.campaigns == {}


# Cancelled.


def test_cancelled_campaign_sends_event_4_and_has_no_pages(optimove: Optimove) -> None:
    optimove.listen(4)
    optimove.announce(plan())
    (sent,) = optimove.cancel()
    assert sent.body == {"EventTypeID": 4, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001}
    response = optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505).response
    assert (response.status, response.body) == (404, b"CampaignID 7001 is not known")


def test_cancelled_planned_campaign_sends_no_event(optimove: Optimove) -> None:
    """No listener has received an event of the campaign, so no message is due."""
    for event in (1, 4, 13):
        optimove.listen(event)
    optimove.schedule(plan(announce_at=NINE))
    assert optimove.cancel() == []
    assert optimove.advance(TEN) == []
    assert optimove.obligations() == []


def test_second_cancellation_is_refused(optimove: Optimove) -> None:
    """An unknown campaign has another error."""
    optimove.announce(plan())
    optimove.cancel()
    with pytest.raises(ValueError, match="expected campaign 7001 to be planned or on hold or announced"):
        optimove.cancel()
    with pytest.raises(KeyError, match="campaign 1 is not known"):
        optimove.cancel(1)


def test_planned_cancellation_happens_unless_already_cancelled(optimove: Optimove) -> None:
    optimove.listen(4)
    optimove.schedule(plan(1, cancel_at=NINE))
    optimove.schedule(plan(2, cancel_at=NINE))
    optimove.advance(SIX)
    optimove.cancel(2)
    assert [(sent.at, sent.body["CampaignID"]) for sent in optimove.advance(TEN)] == [(NINE, 1)]


def test_customers_of_cancelled_campaign_are_readable_for_two_hours(optimove: Optimove) -> None:
    optimove.announce(plan(customers=3))
    optimove.cancel()
    optimove.now = SIX + 2 * HOUR
    rows = optimove.read("GetCanceledCampaignCustomers", CampaignID=7001)
    assert [row["CustomerID"] for row in rows] == ["C0000000", "C0000001", "C0000002"]
    optimove.now += 1
    assert optimove.call("GetCanceledCampaignCustomers", CampaignID=7001).response.status == 404


def test_messages_scheduled_up_to_the_cancellation_stay_due(optimove: Optimove) -> None:
    """A message scheduled at the instant of the cancellation is due."""
    splits = (split(1, send_at=NINE), split(2, send_at=NINE + 1))
    optimove.schedule(plan(customers=200, splits=splits, cancel_at=NINE))
    optimove.advance(TEN)
    reasons_by_template = {(obligation["template"], obligation["reason"]) for obligation in optimove.obligations()}
    assert {pair for pair in reasons_by_template if pair[1] in {None, "cancelled"}} == {(1, None), (2, "cancelled")}


def test_results_of_cancelled_campaign_are_accepted(optimove: Optimove) -> None:
    """A part of it may have been sent."""
    optimove.announce(plan())
    optimove.cancel()
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": 3}
    assert optimove.call("UpdateCampaignMetrics", [item]).response.status == 200


# Conditional.


def test_conditional_campaign_sends_event_5_with_its_deadline(optimove: Optimove) -> None:
    """Its send details are unknown until then, but its customers can be read."""
    for event in (1, 5, 13):
        optimove.listen(event)
    optimove.schedule(CONDITIONAL)
    (sent,) = optimove.advance(SIX)
    assert sent.body == {
        "EventTypeID": 5,
        "TimeStamp": "2026-03-02 06:00:00",
        "CampaignID": 7001,
        "ClearanceRequiredBy": "2026-03-02 08:00:00",
    }
    assert optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505).response.status == 404
    assert len(optimove.read("GetProcessedCampaignCustomers", CampaignID=7001)) == 10


def test_only_cleared_customers_are_announced(optimove: Optimove) -> None:
    """A customer without a status is not cleared."""
    optimove.listen(13)
    optimove.schedule(CONDITIONAL)
    optimove.advance(SIX)
    assert send_statuses(optimove, {"C0000007": True, "C0000003": True, "C0000004": False})[0] == 200
    (sent,) = optimove.advance(EIGHT)
    assert (sent.at, sent.body["EventTypeID"]) == (EIGHT, 13)
    assert [row["CustomerID"] for row in optimove.rows(attributes="EMAIL")] == ["C0000003", "C0000007"]
    assert [
        obligation["customer"] for obligation in optimove.obligations() if obligation["reason"] != "not_cleared"
    ] == ["C0000003", "C0000007"]


def test_later_status_replaces_earlier_status(optimove: Optimove) -> None:
    """Customers that are not in the campaign are ignored."""
    optimove.schedule(CONDITIONAL)
    optimove.advance(SIX)
    send_statuses(optimove, {"C0000001": True, "C0000002": True, "C0000999": True, "unknown": True})
    send_statuses(optimove, {"C0000001": False})
    optimove.advance(EIGHT)
    assert [row["CustomerID"] for row in optimove.rows()] == ["C0000002"]


def test_status_at_the_deadline_is_too_late(optimove: Optimove) -> None:
    """The campaign may not be announced yet at that instant."""
    optimove.schedule(CONDITIONAL)
    optimove.advance(EIGHT - 1)
    assert send_statuses(optimove, {"C0000001": True})[0] == 200
    optimove.now = EIGHT
    error = "expected the statuses of CampaignID 7001 before 2026-03-02 08:00:00"
    assert send_statuses(optimove, {"C0000002": True}) == (400, error)
    optimove.advance(EIGHT + 1)
    assert send_statuses(optimove, {"C0000003": True}) == (400, error)
    assert [row["CustomerID"] for row in optimove.rows()] == ["C0000001"]


def test_status_for_campaign_without_clearance_is_not_found(optimove: Optimove) -> None:
    optimove.announce(plan())
    assert [send_statuses(optimove, {"C0000001": True}, id_)[0] for id_ in (7001, 1)] == [404, 404]


def test_campaign_without_cleared_customers_is_announced_empty(optimove: Optimove) -> None:
    optimove.listen(13)
    optimove.schedule(CONDITIONAL)
    assert len(optimove.advance(EIGHT)) == 1
    assert optimove.rows() == []
    assert set(reasons(optimove)) == {"not_cleared"}


def test_campaign_on_hold_can_be_cancelled(optimove: Optimove) -> None:
    """It is never announced, and no message is due."""
    optimove.listen(4)
    optimove.listen(13)
    optimove.schedule(CONDITIONAL)
    optimove.advance(SIX)
    assert [sent.body["EventTypeID"] for sent in optimove.cancel()] == [4]
    assert optimove.advance(TEN) == []
    assert set(reasons(optimove)) <= {"cancelled", "opted_out", "unusable_number"}
    assert not any(obligation["owed"] for obligation in optimove.obligations())


@pytest.mark.parametrize(
    ("clearance_by", "message"),
    [
        (SIX, "expected a clearance after the campaign is processed"),
        (NINE + 1, "expected a clearance no later than the first send time"),
    ],
)
def test_clearance_must_be_between_processing_and_first_send(
    optimove: Optimove, clearance_by: int, message: str
) -> None:
    """The first send time itself is early enough."""
    with pytest.raises(ValueError, match=message):
        optimove.schedule(plan(clearance_by=clearance_by))
    optimove.schedule(plan(clearance_by=NINE))


def test_call_accepts_up_to_10000_statuses() -> None:
    optimove = Optimove(sandbox_context(20_000))
    optimove.schedule(plan(customers=10_001, clearance_by=SIX + HOUR))
    optimove.advance(SIX)
    promos = [{"CustomerID": f"C{index:07d}", "Status": True} for index in range(10_001)]
    body = {"TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "PromosUpdated": promos[:-1]}
    assert optimove.call("UpdateCustomerPromotionStatus", body).response.status == 200
    violations = optimove.violations("UpdateCustomerPromotionStatus", body | {"PromosUpdated": promos})
    assert violations == ["maxItems body.PromosUpdated"]
    optimove.advance(SIX + HOUR)
    assert len(optimove.rows()) == 10_000
