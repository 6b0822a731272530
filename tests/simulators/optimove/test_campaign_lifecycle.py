"""A campaign's life beyond its announcement: several channels, a cancellation, a clearance."""

import pytest

from instants import NINE, SIX, TEN
from optimove_alone import CHANNELS, Optimove, part, plan, sandbox_context, split
from sendproof_simulators.core.clock.wall_clock import HOUR
from sendproof_simulators.core.simulator import Channel

EIGHT = SIX + 2 * HOUR
CONDITIONAL = plan(clearance_by=EIGHT)


def two_channels() -> Optimove:
    """A simulator with two channels for scheduled campaigns."""
    return Optimove(sandbox_context(channels=(*CHANNELS, Channel(id=506, provider="textlocal", kind="scheduled"))))


def statuses(optimove: Optimove, given: dict[str, bool], campaign: int = 7001) -> tuple[int, str]:
    """Say who may be sent to; answers status and text."""
    promos = [{"CustomerID": customer, "Status": may} for customer, may in given.items()]
    body = {"TimeStamp": "2026-03-02 06:00:00", "CampaignID": campaign, "PromosUpdated": promos}
    reply = optimove.call("UpdateCustomerPromotionStatus", body).reply
    return reply.status, reply.body.decode()


def reasons(optimove: Optimove) -> list[str | None]:
    """Why each customer is owed nothing."""
    return [one["reason"] for one in optimove.obligations()]


# Several channels.


def test_a_customer_is_owed_a_message_on_every_channel() -> None:
    """Each channel has its own template and time."""
    optimove = two_channels()
    optimove.schedule(plan(customers=2, parts=(part(505, split(14)), part(506, split(15, send_at=TEN)))))
    optimove.advance(SIX)
    told = [(one["channel"], one["customer"], one["template"]) for one in optimove.obligations()]
    assert told == [(505, "C0000000", 14), (505, "C0000001", 14), (506, "C0000000", 15), (506, "C0000001", 15)]


def test_a_customer_is_on_the_pages_of_every_channel() -> None:
    """A bridge that takes a customer for done after one channel loses the other."""
    optimove = two_channels()
    optimove.schedule(plan(customers=1, parts=(part(505, split(14)), part(506, split(15, send_at=TEN)))))
    optimove.advance(SIX)
    pages = [optimove.read("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=c) for c in (505, 506)]
    assert [[row["TemplateID"] for row in page] for page in pages] == [[14], [15]]


def test_event_13_comes_for_every_channel_and_event_1_once() -> None:
    """The general listener hears of the campaign once and of each channel."""
    optimove = two_channels()
    optimove.listen(1)
    optimove.listen(13)
    optimove.schedule(plan(parts=(part(505, split(14)), part(506, split(15)))))
    told = [(said.body["EventTypeID"], said.body.get("ChannelID")) for said in optimove.advance(SIX)]
    assert told == [(1, None), (13, 505), (13, 506)]


@pytest.mark.parametrize("channels", [(), (505, 505)])
def test_channels_are_one_or_more_and_differ(optimove: Optimove, channels: tuple[int, ...]) -> None:
    """Nothing of a refused campaign stays."""
    with pytest.raises(ValueError, match="expected one or more different channels"):
        optimove.schedule(plan(parts=tuple(part(channel, split()) for channel in channels)))
    assert optimove.state.campaigns == {}


# Cancelled.


def test_a_cancelled_campaign_is_told_with_event_4(optimove: Optimove) -> None:
    """And its details cannot be read any more."""
    optimove.listen(4)
    optimove.announce(plan())
    (said,) = optimove.cancel()
    assert said.body == {"EventTypeID": 4, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001}
    reply = optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505).reply
    assert (reply.status, reply.body) == (404, b"CampaignID 7001 is not known")


def test_what_was_never_processed_is_cancelled_in_silence(optimove: Optimove) -> None:
    """Nobody has heard of it, so nobody is owed anything, and its instant passes without a word."""
    for event in (1, 4, 13):
        optimove.listen(event)
    optimove.schedule(plan(announce_at=NINE))
    assert optimove.cancel() == []
    assert optimove.advance(TEN) == []
    assert optimove.obligations() == []


def test_a_campaign_is_cancelled_once(optimove: Optimove) -> None:
    """The second time is a mistake, and an unknown one is told apart."""
    optimove.announce(plan())
    optimove.cancel()
    with pytest.raises(ValueError, match="expected campaign 7001 to be planned or on hold or announced"):
        optimove.cancel()
    with pytest.raises(KeyError, match="campaign 1 is not known"):
        optimove.cancel(1)


def test_a_planned_cancellation_happens_at_its_instant(optimove: Optimove) -> None:
    """Unless somebody was quicker."""
    optimove.listen(4)
    optimove.schedule(plan(1, cancel_at=NINE))
    optimove.schedule(plan(2, cancel_at=NINE))
    optimove.advance(SIX)
    optimove.cancel(2)
    assert [(said.at, said.body["CampaignID"]) for said in optimove.advance(TEN)] == [(NINE, 1)]


def test_the_customers_can_be_read_for_two_hours(optimove: Optimove) -> None:
    """At two hours they are there, a millisecond past they are not."""
    optimove.announce(plan(customers=3))
    optimove.cancel()
    optimove.now = SIX + 2 * HOUR
    rows = optimove.read("GetCanceledCampaignCustomers", CampaignID=7001)
    assert [row["CustomerID"] for row in rows] == ["C0000000", "C0000001", "C0000002"]
    optimove.now += 1
    assert optimove.call("GetCanceledCampaignCustomers", CampaignID=7001).reply.status == 404


def test_what_was_due_by_the_cancellation_is_owed_and_nothing_later(optimove: Optimove) -> None:
    """At the very instant it was due."""
    splits = (split(1, send_at=NINE), split(2, send_at=NINE + 1))
    optimove.schedule(plan(customers=200, splits=splits, cancel_at=NINE))
    optimove.advance(TEN)
    kinds = {(one["template"], one["reason"]) for one in optimove.obligations() if one["reason"] in {None, "cancelled"}}
    assert kinds == {(1, None), (2, "cancelled")}


def test_results_of_a_cancelled_campaign_are_taken_in(optimove: Optimove) -> None:
    """A part of it may have been sent."""
    optimove.announce(plan())
    optimove.cancel()
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": 3}
    assert optimove.call("UpdateCampaignMetrics", [item]).reply.status == 200


# Conditional.


def test_a_conditional_campaign_waits_and_says_until_when(optimove: Optimove) -> None:
    """Only event 5 comes; the details cannot be read yet, but the customers can."""
    for event in (1, 5, 13):
        optimove.listen(event)
    optimove.schedule(CONDITIONAL)
    (said,) = optimove.advance(SIX)
    assert said.body == {
        "EventTypeID": 5,
        "TimeStamp": "2026-03-02 06:00:00",
        "CampaignID": 7001,
        "ClearanceRequiredBy": "2026-03-02 08:00:00",
    }
    assert optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505).reply.status == 404
    assert len(optimove.read("GetProcessedCampaignCustomers", CampaignID=7001)) == 10


def test_only_the_cleared_are_announced(optimove: Optimove) -> None:
    """At the deadline, in their order; who is not named counts as not cleared."""
    optimove.listen(13)
    optimove.schedule(CONDITIONAL)
    optimove.advance(SIX)
    assert statuses(optimove, {"C0000007": True, "C0000003": True, "C0000004": False})[0] == 200
    (said,) = optimove.advance(EIGHT)
    assert (said.at, said.body["EventTypeID"]) == (EIGHT, 13)
    assert [row["CustomerID"] for row in optimove.rows(attributes="EMAIL")] == ["C0000003", "C0000007"]
    assert [o["customer"] for o in optimove.obligations() if o["reason"] != "not_cleared"] == ["C0000003", "C0000007"]


def test_a_later_status_replaces_an_earlier_one(optimove: Optimove) -> None:
    """Customers from elsewhere are passed over."""
    optimove.schedule(CONDITIONAL)
    optimove.advance(SIX)
    statuses(optimove, {"C0000001": True, "C0000002": True, "C0000999": True, "nobody": True})
    statuses(optimove, {"C0000001": False})
    optimove.advance(EIGHT)
    assert [row["CustomerID"] for row in optimove.rows()] == ["C0000002"]


def test_a_status_counts_until_just_before_the_deadline(optimove: Optimove) -> None:
    """At the deadline it is too late, even if the campaign has not been announced yet, and so it is afterwards."""
    optimove.schedule(CONDITIONAL)
    optimove.advance(EIGHT - 1)
    assert statuses(optimove, {"C0000001": True})[0] == 200
    optimove.now = EIGHT
    late = "expected the statuses of CampaignID 7001 before 2026-03-02 08:00:00"
    assert statuses(optimove, {"C0000002": True}) == (400, late)
    optimove.advance(EIGHT + 1)
    assert statuses(optimove, {"C0000003": True}) == (400, late)
    assert [row["CustomerID"] for row in optimove.rows()] == ["C0000001"]


def test_what_needs_no_clearance_takes_no_status(optimove: Optimove) -> None:
    """Neither an announced campaign nor an unknown one."""
    optimove.announce(plan())
    assert [statuses(optimove, {"C0000001": True}, id_)[0] for id_ in (7001, 1)] == [404, 404]


def test_nobody_cleared_is_a_campaign_without_rows(optimove: Optimove) -> None:
    """It is announced all the same."""
    optimove.listen(13)
    optimove.schedule(CONDITIONAL)
    assert len(optimove.advance(EIGHT)) == 1
    assert optimove.rows() == []
    assert set(reasons(optimove)) == {"not_cleared"}


def test_a_campaign_can_be_cancelled_while_it_waits(optimove: Optimove) -> None:
    """Then its deadline passes in silence, and nobody is owed anything."""
    optimove.listen(4)
    optimove.listen(13)
    optimove.schedule(CONDITIONAL)
    optimove.advance(SIX)
    assert [said.body["EventTypeID"] for said in optimove.cancel()] == [4]
    assert optimove.advance(TEN) == []
    assert set(reasons(optimove)) <= {"cancelled", "opted_out", "unusable_number"}
    assert not any(one["owed"] for one in optimove.obligations())


@pytest.mark.parametrize(
    ("clearance_by", "message"),
    [
        (SIX, "expected a clearance after the campaign is processed"),
        (NINE + 1, "expected a clearance no later than the first send time"),
    ],
)
def test_a_clearance_lies_between_processing_and_sending(optimove: Optimove, clearance_by: int, message: str) -> None:
    """At the first send time it is still in time."""
    with pytest.raises(ValueError, match=message):
        optimove.schedule(plan(clearance_by=clearance_by))
    optimove.schedule(plan(clearance_by=NINE))


def test_10000_statuses_can_be_sent_at_once_and_no_more() -> None:
    """The limit, and one past it."""
    optimove = Optimove(sandbox_context(20_000))
    optimove.schedule(plan(customers=10_001, clearance_by=SIX + HOUR))
    optimove.advance(SIX)
    promos = [{"CustomerID": f"C{index:07d}", "Status": True} for index in range(10_001)]
    body = {"TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "PromosUpdated": promos[:-1]}
    assert optimove.call("UpdateCustomerPromotionStatus", body).reply.status == 200
    found = optimove.violations("UpdateCustomerPromotionStatus", body | {"PromosUpdated": promos})
    assert found == ["maxItems body.PromosUpdated"]
    optimove.advance(SIX + HOUR)
    assert len(optimove.rows()) == 10_000
