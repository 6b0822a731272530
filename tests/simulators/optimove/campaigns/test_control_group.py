"""Control groups, which get nothing, and the groups of A/B tests."""

from dataclasses import replace
from typing import Any

import pytest

from instants import NINE, TEN
from optimove_alone import CHANNELS, Optimove, part, plan, sandbox_context, split
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.clock.wall_clock import HOUR
from sendproof_simulators.core.simulator import Channel
from sendproof_simulators.services.optimove import SIMULATOR

CUSTOMERS = 200


def announced(**changes: Any) -> Optimove:
    """Return a simulator with a campaign of 200 customers, a quarter of them in the control group."""
    second = Channel(id=506, provider="textlocal", kind="scheduled")
    optimove = Optimove(sandbox_context(channels=(*CHANNELS, second)))
    optimove.announce(plan(customers=CUSTOMERS, control_group=0.25, **changes))
    return optimove


def actions(optimove: Optimove, **params: object) -> list[dict[str, Any]]:
    """Return the one-time actions of the campaign."""
    rows: list[dict[str, Any]] = optimove.read("GetCustomerOneTimeActionsByCampaign", CampaignID=7001, **params)
    return rows


def control_group(optimove: Optimove) -> list[str]:
    """Return the customers who get nothing because of the control group."""
    return [line["customer"] for line in optimove.obligations() if line["reason"] == "control_group"]


def test_control_group_is_on_no_page() -> None:
    optimove = announced()
    sent_to, control = [row["CustomerID"] for row in optimove.rows()], control_group(optimove)
    assert 30 < len(control) < 70
    assert sorted([*sent_to, *control]) == [f"C{index:07d}" for index in range(CUSTOMERS)]


def test_control_group_never_takes_customers_whose_protection_is_spelled_out() -> None:
    """The seed alone would take some of them."""
    drawn = {int(customer[1:]) for customer in control_group(announced())}
    individuals = tuple(Individual(customer=index, protection="none") for index in sorted(drawn)[:20])
    optimove = Optimove(sandbox_context(individuals=individuals))
    optimove.announce(plan(customers=CUSTOMERS, control_group=0.25))
    assert {int(customer[1:]) for customer in control_group(optimove)} == drawn - set(sorted(drawn)[:20])


def test_control_group_is_the_same_on_every_channel() -> None:
    optimove = announced(parts=(part(505, split(14)), part(506, split(15))))
    first, second = ({row["CustomerID"] for row in actions(optimove, ChannelID=channel)} for channel in (505, 506))
    assert first == second


def test_control_group_is_listed_last_and_on_request() -> None:
    """Action 1 marks it; without the parameter, nothing shows that it exists."""
    optimove = announced()
    control, recipients = control_group(optimove), actions(optimove)
    rows = actions(optimove, IncludeControlGroup=True)
    assert rows[: len(recipients)] == recipients
    assert rows[len(recipients) :] == [
        {"CustomerID": customer, "RecipientGroupID": 0, "ActionID": 1, "ChannelID": 0} for customer in control
    ]


def test_page_can_begin_within_the_control_group() -> None:
    optimove = announced()
    rows = actions(optimove, IncludeControlGroup=True)
    assert actions(optimove, IncludeControlGroup=True, **{"$skip": 140, "$top": 20}) == rows[140:160]
    assert actions(optimove, IncludeControlGroup=True, **{"$skip": 198, "$top": 20}) == rows[198:]


def test_control_groups_of_a_day_follow_the_recipients_of_their_campaign() -> None:
    optimove = announced()
    optimove.announce(plan(7002, customers=5))
    rows = optimove.read("GetCustomerOneTimeActionsByDate", Date="2026-03-02", IncludeControlGroup=True)
    assert rows[:CUSTOMERS] == actions(optimove, IncludeControlGroup=True)
    assert [row["ActionID"] for row in rows[CUSTOMERS:]] == [2] * 5


def test_campaign_details_count_both_groups() -> None:
    optimove = announced()
    details, control = optimove.read("GetCampaignDetails", CampaignID=7001), len(control_group(optimove))
    assert (details["TestGroupSize"], details["ControlGroupSize"]) == (CUSTOMERS - control, control)


def test_groups_of_an_ab_test_have_their_numbers() -> None:
    """Group A is the default of UpdateCampaignInteractions."""
    second = replace(split(15, 0.5, send_at=TEN), group=2)
    optimove = announced(splits=(split(14, 0.5), second))
    groups = {(row["RecipientGroupID"], row["ActionID"]) for row in actions(optimove, IncludeControlGroup=True)}
    assert groups == {(1, 2), (2, 3), (0, 1)}


def test_cleared_control_group_still_gets_nothing() -> None:
    optimove = Optimove(sandbox_context())
    optimove.schedule(plan(customers=CUSTOMERS, control_group=0.25, clearance_by=NINE - HOUR))
    optimove.advance(NINE - 2 * HOUR)
    promos = [{"CustomerID": f"C{index:07d}", "Status": True} for index in range(CUSTOMERS)]
    body = {"TimeStamp": "2026-03-02 07:00:00", "CampaignID": 7001, "PromosUpdated": promos}
    assert optimove.call("UpdateCustomerPromotionStatus", body).response.status == 200
    optimove.advance(NINE)
    assert len(optimove.rows()) + len(control_group(optimove)) == CUSTOMERS


def test_report_has_the_size_of_every_group() -> None:
    optimove = announced(splits=(split(14, 0.5), replace(split(15, 0.5), group=2)))
    assert SIMULATOR.campaigns is not None
    report: Any = SIMULATOR.campaigns.report(optimove.context, optimove.state, 7001, NINE)
    assert report["control_group"] == len(control_group(optimove))
    assert [execution["group"] for execution in report["executions"]] == [1, 2]
    assert sum(execution["recipients"] for execution in report["executions"]) == report["recipients"]


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_impossible_control_group_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="expected a control group from 0 to below 1"):
        Optimove(sandbox_context()).schedule(plan(control_group=share))
