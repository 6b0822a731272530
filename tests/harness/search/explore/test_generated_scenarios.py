"""Generated scenarios: every feature fits into a valid scenario, and the choice follows the seed and the coverage."""

from collections import Counter

import pytest

from sendproof_harness.control_client import ControlClient
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.scenario.document import scenario_of
from sendproof_harness.scenario.model import CustomerEvents, Subject
from sendproof_harness.scenario.subjects import required_subjects
from sendproof_harness.search.explore.catalogue import FeatureCatalogue, SearchScope, feature_catalogue
from sendproof_harness.search.explore.coverage import Coverage
from sendproof_harness.search.explore.feature import FLOWS, Feature
from sendproof_harness.search.explore.plan import ScenarioPlan, choose_plan, plan_document


@pytest.fixture
def catalogue(simulators) -> FeatureCatalogue:
    with ControlClient(simulators.control) as control:
        return feature_catalogue(control.dialects())


def plan_with(catalogue: FeatureCatalogue, *features: Feature) -> ScenarioPlan:
    """Return a plan for the first provider and flows that suit the features."""
    provider, flows = next(
        (provider, flows)
        for provider in catalogue.providers
        for flows in FLOWS
        if all(feature.suits(provider, flows) for feature in features)
    )
    other = next(name for name in catalogue.providers if name != provider)
    return ScenarioPlan(seed=1, provider=provider, other=other, flows=flows, features=features)


def test_every_feature_alone_gives_a_valid_scenario(catalogue):
    kinds = {(feature.family, feature.apply.__qualname__): feature for feature in catalogue.features}
    for feature in kinds.values():
        scenario_of(plan_document(plan_with(catalogue, feature)), feature.name)


def test_campaign_that_no_bridge_hears_of_need_not_be_withheld(catalogue):
    """Nothing is due of a campaign that is cancelled before its announcement, so no customer is withheld from it."""
    features = {feature.name: feature for feature in catalogue.features}
    for name, is_withheld in (("cancelled before its announcement", False), ("cancelled by a marketer", True)):
        scenario = scenario_of(plan_document(plan_with(catalogue, features[name])), name)
        assert (Subject(kind="withheld", value="cancelled") in required_subjects(scenario)) is is_withheld
        assert Subject(kind="due_in_every_split", value=7007) in required_subjects(scenario)


@pytest.mark.exhaustive
def test_one_hundred_combinations_are_valid_and_all_differ(catalogue):
    coverage, documents = Coverage(), set()
    for seed in range(100):
        plan = choose_plan(seed, catalogue, coverage)
        documents.add(str(plan_document(plan) | {"seed": 0, "name": "", "about": ""}))
        scenario_of(plan_document(plan), f"seed {seed}: {plan.names}")
        coverage.add(plan.flow_item, plan.features, frozenset(feature.shows for feature in plan.features))
    assert len(documents) == 100


def test_same_seed_and_coverage_give_the_same_plan(catalogue):
    assert choose_plan(7, catalogue, Coverage()) == choose_plan(7, catalogue, Coverage())
    assert choose_plan(7, catalogue, Coverage()) != choose_plan(8, catalogue, Coverage())


def test_features_that_were_exercised_often_are_avoided(catalogue):
    exercised = [feature.name for feature in catalogue.features if feature.family != "customer"]
    coverage = Coverage(counts=Counter(dict.fromkeys(exercised, 1_000)))
    families = [feature.family for seed in range(5) for feature in choose_plan(seed, catalogue, coverage).features]
    assert families.count("customer") > len(families) / 3


def test_without_kills_no_fault_kills_the_bridge(catalogue, simulators):
    with ControlClient(simulators.control) as control:
        harmless = feature_catalogue(control.dialects(), SearchScope(kills=False))
    kills = {feature.name for feature in catalogue.features} - {feature.name for feature in harmless.features}
    assert kills
    assert all(name.startswith("kill") for name in kills)


def test_one_provider_gives_scenarios_of_this_provider_only(simulators):
    with ControlClient(simulators.control) as control:
        delivyr = feature_catalogue(control.dialects(), SearchScope(provider="delivyr"))
    scenarios = [scenario_of(plan_document(choose_plan(seed, delivyr, Coverage()))) for seed in range(5)]
    assert {channel.provider for scenario in scenarios for channel in scenario.channels} == {"delivyr"}


@pytest.mark.parametrize("provider", ["textlocal", "xtremepush", "delivyr"])
def test_campaign_on_two_channels_needs_no_second_provider(provider, simulators):
    with ControlClient(simulators.control) as control:
        alone = feature_catalogue(control.dialects(), SearchScope(provider=provider))
    features = {feature.name: feature for feature in alone.features}
    chosen = (features["campaign on two channels"],)
    plan = ScenarioPlan(seed=1, provider=provider, other=provider, flows=frozenset({"scheduled"}), features=chosen)
    scenario = scenario_of(plan_document(plan))

    assert [(channel.id, channel.provider) for channel in scenario.channels] == [(505, provider), (506, provider)]
    assert "channel of another provider" not in features


@pytest.mark.parametrize(("flow", "kinds"), [("scheduled", {"scheduled"}), ("triggered", {"triggered"})])
def test_one_flow_gives_scenarios_and_features_of_this_flow_only(flow, kinds, simulators):
    with ControlClient(simulators.control) as control:
        served = feature_catalogue(control.dialects(), SearchScope(flow=flow))
    scenarios = [scenario_of(plan_document(choose_plan(seed, served, Coverage()))) for seed in range(8)]

    assert {channel.kind for scenario in scenarios for channel in scenario.channels} == kinds
    assert {feature.flows for feature in served.features} == {frozenset(), frozenset({flow})}


def test_features_and_topics_can_be_left_out(catalogue, simulators):
    with ControlClient(simulators.control) as control:
        smaller = feature_catalogue(control.dialects(), SearchScope(without=("two clients", "dialect")))
    left_out = set(catalogue.features) - set(smaller.features)

    assert {feature.family for feature in left_out} == {"clients", "dialect"}


def test_unknown_name_that_is_to_be_left_out_is_refused(simulators):
    with (
        ControlClient(simulators.control) as control,
        pytest.raises(RunOptionsError, match="got 'two client'; did you mean \"two clients\""),
    ):
        feature_catalogue(control.dialects(), SearchScope(without=("two client",)))


def test_everyone_meets_a_trigger_of_three_visits_to_one_page(catalogue):
    features = {feature.name: feature for feature in catalogue.features}
    pair = features["trigger of a third visit"], features["trigger with a parameter"]
    scenario = scenario_of(plan_document(plan_with(catalogue, *pair)))
    visits = [step for step in scenario.steps if isinstance(step, CustomerEvents)]

    assert sum(step.times for step in visits if step.parameters.get("page") == "/offers") == 3


@pytest.mark.parametrize(
    "name", ["two texts at two times", "two groups of an A/B test", "cancelled between two splits"]
)
def test_campaign_with_two_splits_has_customers_for_both(catalogue, name):
    feature = next(feature for feature in catalogue.features if feature.name == name)
    scenario = scenario_of(plan_document(plan_with(catalogue, feature)))

    assert scenario.audience.customers >= 14


def test_groups_of_customer_ids_have_no_fault_at_a_receipt(catalogue):
    """Textlocal posts none for them, so the fault would never be injected."""
    by_ids = [feature for feature in catalogue.features if feature.shows == "requirement R410"]
    at_receipt = [feature for feature in catalogue.features if feature.topic == "fault at the first receipt"]
    assert by_ids
    assert not any(feature.is_allowed_with(fault) for feature in by_ids for fault in at_receipt)


MAIL_AND_PUSH = SearchScope(messages=("email", "inbox", "push", "web_push"))


def test_other_messages_are_generated_beside_sms_if_they_are_wanted(catalogue, simulators):
    """Each type alone; and about half of the scenarios of such a search have one."""
    with ControlClient(simulators.control) as control:
        wanted = feature_catalogue(control.dialects(), MAIL_AND_PUSH)
    types = [feature for feature in wanted.features if feature.message != "sms"]
    for feature in types:
        scenario = scenario_of(plan_document(plan_with(wanted, feature)), feature.name)
        assert {channel.message for channel in scenario.channels} == {"sms", feature.message}
    plans = [choose_plan(seed, wanted, Coverage()) for seed in range(20)]
    assert sum(any(feature in types for feature in plan.features) for plan in plans) >= 8
    assert not {feature.message for feature in catalogue.features} - {"sms"}


@pytest.mark.parametrize(("provider", "carried_by"), [("textlocal", "relay"), ("xtremepush", "e-mail")])
def test_mails_go_by_a_relay_where_the_provider_sends_none(provider, carried_by, simulators):
    with ControlClient(simulators.control) as control:
        wanted = feature_catalogue(control.dialects(), SearchScope(provider=provider, messages=("email",)))
    (feature,) = [feature for feature in wanted.features if feature.message == "email"]
    assert feature.name.endswith(carried_by)


def test_messages_that_no_scenario_would_have_are_refused(simulators):
    with (
        ControlClient(simulators.control) as control,
        pytest.raises(RunOptionsError, match="--message: expected email, got 'push' with --provider textlocal"),
    ):
        feature_catalogue(control.dialects(), SearchScope(provider="textlocal", messages=("push",)))


def test_providers_without_sms_have_no_scenarios(catalogue):
    assert catalogue.providers == ("textlocal", "delivyr", "xtremepush")
