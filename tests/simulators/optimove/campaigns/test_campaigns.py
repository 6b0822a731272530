from typing import Any

import pytest

from instants import NINE, SIX, TEN
from optimove_alone import Optimove, plan, split
from sendproof_simulators.core.effects import Timer
from sendproof_simulators.services.optimove import SIMULATOR

assert SIMULATOR.campaigns is not None
CAMPAIGNS = SIMULATOR.campaigns


def expectations(optimove: Optimove, kind: str) -> list[dict[str, Any]]:
    """Return the expectations of one kind."""
    entries = [entry for _, entry in CAMPAIGNS.expectations(optimove.context, optimove.state)]
    return [dict(entry.fields) for entry in entries if entry.kind == kind]


def test_plan_sets_one_timer_not_before_now(optimove: Optimove) -> None:
    later = CAMPAIGNS.schedule(optimove.context, optimove.state, SIX, plan(1, announce_at=NINE)).timers
    overdue = CAMPAIGNS.schedule(optimove.context, optimove.state, NINE, plan(2, announce_at=SIX)).timers
    assert later == (Timer(at=NINE, name="process", payload=1),)
    assert overdue == (Timer(at=NINE, name="process", payload=2),)


def test_campaign_is_announced_once(optimove: Optimove) -> None:
    """A second announcement would be a defect of the simulator."""
    view = {
        "campaign": 7001, "channel": 505, "channels": [505], "customers": 10,
        "clearance_by": None, "cancelled_at": None,
    }  # fmt: skip
    (timer,) = CAMPAIGNS.schedule(optimove.context, optimove.state, SIX, plan()).timers
    assert CAMPAIGNS.get(optimove.state, 7001) == {**view, "state": "planned", "announced_at": None}
    optimove.fire(timer)
    assert CAMPAIGNS.get(optimove.state, 7001) == {
        **view, "state": "announced", "announced_at": "2026-03-02T06:00:00.000Z",
    }  # fmt: skip
    with pytest.raises(ValueError, match="expected campaign 7001 to be planned, it is announced"):
        optimove.fire(timer)


def test_unknown_campaign_raises_key_error_with_known_ids(optimove: Optimove) -> None:
    optimove.announce(plan())
    with pytest.raises(KeyError, match=r"campaign 1 is not known; there are: 7001"):
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
def test_impossible_plan_is_refused(optimove: Optimove, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CAMPAIGNS.schedule(optimove.context, optimove.state, SIX, plan(**changes))


def test_campaign_may_include_the_last_customer(optimove: Optimove) -> None:
    optimove.announce(plan(customers=25_000))
    assert len(optimove.rows(skip=24_990)) == 10


def test_taken_campaign_id_is_refused(optimove: Optimove) -> None:
    """The pages of a campaign must not change while a bridge reads them."""
    optimove.announce(plan())
    with pytest.raises(ValueError, match="expected a campaign id that is not taken, got 7001"):
        CAMPAIGNS.schedule(optimove.context, optimove.state, SIX, plan())


def test_planned_campaign_has_no_expectations(optimove: Optimove) -> None:
    CAMPAIGNS.schedule(optimove.context, optimove.state, SIX, plan(1, announce_at=NINE))
    assert list(CAMPAIGNS.expectations(optimove.context, optimove.state)) == []


def test_expectations_follow_the_order_of_announcements(optimove: Optimove) -> None:
    optimove.announce(plan(2, announce_at=NINE, customers=1))
    optimove.announce(plan(1, announce_at=TEN, customers=2))
    entries = CAMPAIGNS.expectations(optimove.context, optimove.state)
    assert [(at, entry.kind, entry.fields["campaign"]) for at, entry in entries] == [
        (NINE, "campaign", 2),
        (NINE, "obligation", 2),
        (TEN, "campaign", 1),
        (TEN, "obligation", 1),
        (TEN, "obligation", 1),
    ]


def test_campaign_expectation_contains_the_whole_plan(optimove: Optimove) -> None:
    """The judge knows no more of a campaign than this entry."""
    optimove.announce(plan(splits=(split(14, 0.5, NINE),)))
    assert expectations(optimove, "campaign") == [
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


def test_obligations_match_the_pages(optimove: Optimove) -> None:
    """The judge and the bridge must get the same template and time for each customer."""
    optimove.announce(plan(customers=12_000, first_customer=3, splits=(split(1), split(2, 3.0, TEN))))
    obligations = expectations(optimove, "obligation")
    expected = [(obligation["customer"], obligation["template"], obligation["due"]) for obligation in obligations]
    rows = [*optimove.rows(), *optimove.rows(skip=10_000)]
    times = [row["ScheduledTime"].replace(" ", "T") + ".000Z" for row in rows]
    assert expected == [(row["CustomerID"], row["TemplateID"], at) for row, at in zip(rows, times, strict=True)]


def test_obligation_depends_on_consent_and_number(optimove: Optimove) -> None:
    optimove.announce(plan(customers=1_000))
    customers = list(optimove.context.audience.customers(0, 1_000))
    for customer, obligation in zip(customers, expectations(optimove, "obligation"), strict=True):
        if customer.opted_out:
            expected = (customer.number, None, False, "opted_out")
        elif customer.number is None:
            expected = (None, None, False, "unusable_number")
        else:
            expected = (customer.number, f"Dear {customer.attributes['FIRST_NAME']}", True, None)
        fields = ("number", "text", "owed", "reason")
        assert tuple(obligation[name] for name in fields) == expected


def test_sandboxes_with_equal_seeds_have_different_keys() -> None:
    """A key has to identify one sandbox."""
    random = Optimove().context.random
    first, second = (SIMULATOR.credentials(random, sandbox)["api_key"] for sandbox in ("a", "b"))
    assert first != second
    assert SIMULATOR.credentials(random, "a")["api_key"] == first


def test_unknown_timer_raises_lookup_error(optimove: Optimove) -> None:
    with pytest.raises(LookupError, match="no timer named 'tea'"):
        optimove.fire(Timer(at=SIX, name="tea"))


@pytest.mark.parametrize("is_before", [True, False])
def test_record_that_changes_as_the_campaign_is_announced(optimove: Optimove, is_before: bool) -> None:
    """A bridge may have read it in the same instant, before it changed. Afterwards it can only read the new value."""
    change = 0, "FIRST_NAME", "Eve", plan().announce_at
    if is_before:
        optimove.state.records.set_value(*change)
    optimove.announce(plan())
    if not is_before:
        optimove.state.records.set_value(*change)
    obligation, *_ = expectations(optimove, "obligation")

    assert obligation["text"] == "Dear Eve"
    assert ["Eve" in other["text"] for other in obligation.get("alternatives", ())] == ([] if is_before else [False])
