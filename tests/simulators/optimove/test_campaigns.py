from typing import Any

import pytest

from instants import NINE, SIX, TEN
from optimove_alone import Optimove, plan, split
from sendproof_simulators.core.http import Timer
from sendproof_simulators.services.optimove import SIMULATOR

assert SIMULATOR.campaigns is not None
CAMPAIGNS = SIMULATOR.campaigns


def truth(optimove: Optimove, kind: str) -> list[dict[str, Any]]:
    """The facts of one kind."""
    return [dict(fact.fields) for _, fact in CAMPAIGNS.truth(optimove.world, optimove.state) if fact.kind == kind]


def test_a_plan_sets_one_timer_at_its_instant(optimove: Optimove) -> None:
    """And never in the past."""
    later = CAMPAIGNS.plan(optimove.world, optimove.state, SIX, plan(1, announce_at=NINE)).timers
    overdue = CAMPAIGNS.plan(optimove.world, optimove.state, NINE, plan(2, announce_at=SIX)).timers
    assert later == (Timer(at=NINE, name="process", payload=1),)
    assert overdue == (Timer(at=NINE, name="process", payload=2),)


def test_a_campaign_goes_from_planned_to_announced_once(optimove: Optimove) -> None:
    """A second announcement is a mistake of the simulator, and says so."""
    view = {
        "campaign": 7001, "channel": 505, "channels": [505], "customers": 10,
        "clearance_by": None, "cancelled_at": None,
    }  # fmt: skip
    (timer,) = CAMPAIGNS.plan(optimove.world, optimove.state, SIX, plan()).timers
    assert CAMPAIGNS.get(optimove.state, 7001) == {**view, "state": "planned", "announced_at": None}
    optimove.fire(timer)
    assert CAMPAIGNS.get(optimove.state, 7001) == {
        **view, "state": "announced", "announced_at": "2026-03-02T06:00:00.000Z",
    }  # fmt: skip
    with pytest.raises(ValueError, match="expected campaign 7001 to be planned, it is announced"):
        optimove.fire(timer)


def test_an_unknown_campaign_is_a_key_error(optimove: Optimove) -> None:
    """The message says which there are."""
    optimove.announce(plan())
    with pytest.raises(KeyError, match=r"campaign 1 is not known; there are \[7001\]"):
        CAMPAIGNS.get(optimove.state, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel": 999}, r"expected one of the channels for scheduled campaigns \[505\], got 999"),
        ({"channel": 250}, r"expected one of the channels for scheduled campaigns \[505\], got 250"),
        ({"customers": -1}, "expected customers within the audience of 25000, got -1 from number 0 on"),
        ({"first_customer": -1}, "expected customers within"),
        ({"customers": 25_001}, "expected customers within"),
        ({"customers": 2, "first_customer": 24_999}, "expected customers within"),
        ({"splits": ()}, "expected at least one split"),
        ({"splits": (split(share=0.0),)}, "expected a share above 0"),
        ({"splits": (split(share=float("nan")),)}, "expected a share above 0"),
        ({"campaign": -1}, "expected a campaign id of 0 or more"),
    ],
)
def test_impossible_plans_are_refused(optimove: Optimove, changes: dict[str, Any], message: str) -> None:
    """Each with what was expected."""
    with pytest.raises(ValueError, match=message):
        CAMPAIGNS.plan(optimove.world, optimove.state, SIX, plan(**changes))


def test_a_campaign_may_reach_to_the_last_customer(optimove: Optimove) -> None:
    """The limit itself is allowed."""
    optimove.announce(plan(customers=25_000))
    assert len(optimove.rows(skip=24_990)) == 10


def test_an_id_is_planned_once(optimove: Optimove) -> None:
    """Its pages must not change under a bridge."""
    optimove.announce(plan())
    with pytest.raises(ValueError, match="expected a campaign id that is not taken, got 7001"):
        CAMPAIGNS.plan(optimove.world, optimove.state, SIX, plan())


def test_only_announced_campaigns_are_true(optimove: Optimove) -> None:
    """Nothing is owed for one that is still to come."""
    CAMPAIGNS.plan(optimove.world, optimove.state, SIX, plan(1, announce_at=NINE))
    assert list(CAMPAIGNS.truth(optimove.world, optimove.state)) == []


def test_truth_tells_campaigns_in_the_order_they_were_announced(optimove: Optimove) -> None:
    """Each is followed by its obligations."""
    optimove.announce(plan(2, announce_at=NINE, customers=1))
    optimove.announce(plan(1, announce_at=TEN, customers=2))
    told = [(at, fact.kind, fact.fields["campaign"]) for at, fact in CAMPAIGNS.truth(optimove.world, optimove.state)]
    assert told == [
        (NINE, "campaign", 2),
        (NINE, "obligation", 2),
        (TEN, "campaign", 1),
        (TEN, "obligation", 1),
        (TEN, "obligation", 1),
    ]


def test_the_campaign_fact_holds_the_whole_plan(optimove: Optimove) -> None:
    """All that the judge needs of it."""
    optimove.announce(plan(splits=(split(14, 0.5, NINE),)))
    assert truth(optimove, "campaign") == [
        {
            "campaign": 7001,
            "channel": 505,
            "provider": "textlocal",
            "customers": 10,
            "rows": 10,
            "announced_at": "2026-03-02T06:00:00.000Z",
            "cancelled_at": None,
            "splits": [
                {
                    "template": 14,
                    "title": "T14",
                    "body": "Dear NAME",
                    "send_at": "2026-03-02T09:00:00.000Z",
                    "share": 0.5,
                }
            ],
        }
    ]


def test_obligations_agree_with_the_pages(optimove: Optimove) -> None:
    """Who gets which template, when: the same whether a bridge asks or the judge."""
    optimove.announce(plan(customers=12_000, first_customer=3, splits=(split(1), split(2, 3.0, TEN))))
    owed = [(o["customer"], o["template"], o["due"]) for o in truth(optimove, "obligation")]
    rows = [*optimove.rows(), *optimove.rows(skip=10_000)]
    shown = [(r["CustomerID"], r["TemplateID"], r["ScheduledTime"].replace(" ", "T") + ".000Z") for r in rows]
    assert owed == shown


def test_what_is_owed_depends_on_consent_and_number(optimove: Optimove) -> None:
    """Text for those who are owed one; a reason for the others."""
    optimove.announce(plan(customers=1_000))
    customers = list(optimove.world.audience.customers(0, 1_000))
    for customer, got in zip(customers, truth(optimove, "obligation"), strict=True):
        if customer.opted_out:
            expected = (customer.number, None, False, "opted_out")
        elif customer.number is None:
            expected = (None, None, False, "unusable_number")
        else:
            expected = (customer.number, f"Dear {customer.attributes['FIRST_NAME']}", True, None)
        assert (got["number"], got["text"], got["owed"], got["reason"]) == expected


def test_sandboxes_with_one_seed_have_different_keys() -> None:
    """A key leads to one sandbox."""
    world = Optimove().world
    first, second = (SIMULATOR.credentials(world.chance, name)["api_key"] for name in ("a", "b"))
    assert first != second
    assert SIMULATOR.credentials(world.chance, "a")["api_key"] == first


def test_timers_of_others_are_a_mistake(optimove: Optimove) -> None:
    """Only the simulator itself sets its timers."""
    with pytest.raises(LookupError, match="no timer named 'tea'"):
        optimove.fire(Timer(at=SIX, name="tea"))
