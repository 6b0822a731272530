"""The changes of scenarios that must not matter, with a bridge that sends what is due, and with defects."""

from functools import cache
from pathlib import Path

import pytest

from perfect_bridge import altered, perfect_run
from sendproof_harness.comparison.checking import check_invariants, overall
from sendproof_harness.comparison.invariants import INVARIANTS
from sendproof_harness.comparison.invariants.invariant import NotApplicableError, Situation
from sendproof_harness.comparison.play import PlayError
from sendproof_harness.scenario.load import load_scenarios

ROOT = Path(__file__).parents[3]
ONE_CAMPAIGN = ROOT / "mutants" / "scenarios" / "one_campaign.yaml"
LIBRARY = [
    file
    for theme in ("scheduled", "triggered", "opt_outs", "time_zones", "templates", "cancellation", "channels")
    for file in sorted((ROOT / "scenarios" / theme).glob("*.yaml"))
]
BY_NAME = {invariant.name: invariant for invariant in INVARIANTS}


@cache
def variants():
    return load_scenarios(ONE_CAMPAIGN)


def situation(scenario=None):
    scenario = scenario or variants()[0]
    return Situation(scenario=scenario, history=perfect_run(scenario), others=variants()[1:])


def results(play, *names):
    wanted = [BY_NAME[name] for name in names] or INVARIANTS
    return list(check_invariants(variants()[0], variants()[1:], wanted, play))


def test_every_invariant_holds_for_a_bridge_that_sends_what_is_due():
    checked = results(lambda scenario, change: perfect_run(scenario))
    assert {found.invariant.name: (found.result, list(found.found)) for found in checked} == {
        name: ("holds", []) for name in BY_NAME
    }
    assert all(found.messages > 50 for found in checked)
    assert overall(checked) == "pass"


@pytest.mark.exhaustive
@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_no_invariant_blames_a_bridge_that_sends_what_is_due(file):
    """What depends on the size of the audience, or on the number of a campaign, must be found not applicable.

    Without the invariant of pages, whose 10,000 customers take a second.
    """
    (scenario, *_) = load_scenarios(file)
    if scenario.audience.customers > 500 or scenario.clients:
        pytest.skip("it has many customers, or several clients")
    if not perfect_run(scenario).deliveries:
        pytest.skip("nothing is due")
    wanted = [invariant for invariant in INVARIANTS if invariant.name != "pages"]
    checked = check_invariants(scenario, [], wanted, lambda changed, _: perfect_run(changed))
    assert [
        (found.invariant.name, found.reason, list(found.found)[:2]) for found in checked if found.result == "broken"
    ] == []


@pytest.mark.parametrize("name", BY_NAME)
def test_message_to_one_customer_with_another_text_breaks_each_invariant(name):
    def play(scenario, change):
        history = perfect_run(scenario)
        place = next(i for i, d in enumerate(history.deliveries) if d.number == history.obligations[5].number)
        return history if change == "unchanged" else altered(history, place, text="Hello")

    (checked,) = results(play, name)
    assert (checked.result, [difference.heading for difference in checked.found]) == (
        "broken",
        ["messages with another text"],
    )


def test_bridge_that_sends_an_hour_early_after_a_change_of_clocks_breaks_the_invariant_of_days():
    def play(scenario, change):
        history = perfect_run(scenario)
        first = history.deliveries[0]
        return history if change == "unchanged" else altered(history, 0, send_at=first.send_at - 3_600_000)

    (checked,) = results(play, "days")
    assert [difference.heading for difference in checked.found] == ["messages at another time: B 1 h earlier"]


def test_bridge_that_sends_nothing_proves_no_invariant():
    def silent(scenario, change):
        history = perfect_run(scenario)
        return type(history)(**{**{n: getattr(history, n) for n in history.__dataclass_fields__}, "deliveries": ()})

    with pytest.raises(PlayError, match="expected at least one message in the unchanged scenario"):
        results(silent, "order")


def test_page_ends_in_the_middle_of_the_customers():
    changed = BY_NAME["pages"].transform(situation())
    assert (changed.audience.customers, changed.dialects) == (10_040, {"optimove.row_order": "descending"})
    assert {i.protection for i in changed.audience.individuals} == {
        *("none", "no_consent", "provider_list", "unusable_number")
    }


def test_halves_of_a_campaign_have_all_of_its_customers():
    first, second = BY_NAME["halves"].transform(situation()).campaigns
    assert (first.first_customer, first.customers, second.first_customer, second.customers) == (0, 40, 40, 40)
    assert first.campaign != second.campaign


def test_other_names_are_in_every_text():
    changed = perfect_run(BY_NAME["names"].transform(situation()))
    texts = {delivery.text for delivery in situation().history.deliveries}
    assert texts.isdisjoint(delivery.text for delivery in changed.deliveries)


@pytest.mark.parametrize(
    ("name", "scenario", "reason"),
    [
        ("halves", "scheduled/texts_and_times", "it has a campaign with several splits"),
        ("twice", "receipts/bounced", "it has shares of test numbers"),
        ("order", "triggered/third_visit", "it has no scheduled campaign"),
        ("provider", "reporting/totals_and_interactions", "it has a link or a segment"),
    ],
)
def test_invariant_says_why_it_does_not_apply(name, scenario, reason):
    with pytest.raises(NotApplicableError, match=reason):
        BY_NAME[name].transform(situation(load_scenarios(ROOT / "scenarios" / f"{scenario}.yaml")[0]))
