"""Edits of the audience: everything that names a customer follows."""

from repository import ROOT
from sendproof_harness.scenario.document import scenario_document, scenario_of
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.search.shrinking import customers
from sendproof_harness.search.trial import BridgeUnderTest, trial_session

EVERYDAY = scenario_document(load_scenarios(ROOT / "mutants/scenarios/everyday.yaml")[0])
RECORDS = [{"customer": index, "protection": "none", "attributes": {}} for index in (40, 7)]


def with_steps(*steps):
    return {**EVERYDAY, "steps": [*EVERYDAY["steps"], *steps]}


def test_steps_select_the_new_positions_of_their_customers():
    document = with_steps(
        {"opt_out": {"by": "attribute", "customers": 10}},
        {"change_attributes": {"customer": 40, "values": {"CITY": "Bath"}}},
        {"opt_in": {"by": "attribute", "first_customer": 100, "customers": 5}},
    )
    changed = customers.with_individuals(document, RECORDS)
    assert changed["steps"][-2:] == [
        {"opt_out": {"by": "attribute", "first_customer": 1, "customers": 1}},
        {"change_attributes": {"values": {"CITY": "Bath"}, "first_customer": 0, "customers": 1}},
    ]
    assert [person["customer"] for person in changed["audience"]["individuals"]] == [0, 1]
    scenario_of(changed)


def test_steps_about_customers_who_are_gone_are_gone():
    document = with_steps(
        {"change_attributes": {"customer": 40, "values": {"CITY": "Bath"}}},
        {"opt_out": {"by": "attribute", "first_customer": 2, "customers": 20}},
    )
    changed = customers.first_customers(document, 5)
    assert changed["steps"][-1] == {"opt_out": {"by": "attribute", "first_customer": 2, "customers": 3}}
    assert changed["audience"]["customers"] == 5
    scenario_of(changed)


def test_segment_and_import_name_the_new_positions():
    template = {**EVERYDAY["templates"][0], "segment": {"customers": [7, 99]}}
    imported = {
        "at": "04:00",
        "new_customers": [{"customer": 40, "day": "2026-03-04"}, {"customer": 3, "day": "2026-03-05"}],
    }
    document = {**EVERYDAY, "templates": [template, *EVERYDAY["templates"][1:]], "customer_import": imported}
    changed = customers.with_individuals(document, RECORDS)
    assert changed["templates"][0]["segment"] == {"customers": [1]}
    assert changed["customer_import"]["new_customers"] == [{"customer": 0, "day": "2026-03-04"}]


def test_customer_of_a_page_is_the_only_one_who_is_due():
    changed = customers.with_few_due(
        {**EVERYDAY, "audience": {"customers": 10_001, "unusable_numbers": "5%"}}, [10_000]
    )
    individuals = [{"customer": 10_000, "protection": "none"}]
    assert changed["audience"] == {"customers": 10_001, "opted_out": "100%", "individuals": individuals}


def test_records_are_those_that_the_simulators_compute(simulators, tmp_path):
    scenario = load_scenarios(ROOT / "mutants/scenarios/everyday.yaml")[0]
    with trial_session(BridgeUnderTest(command="true"), tmp_path, simulators.control) as session:
        (first, last) = customers.records(session.control_url, scenario, [0, 199])
    assert (first["customer"], last["customer"]) == (0, 199)
    assert first["attributes"]["FIRST_NAME"] == "Julie"
    assert first["protection"] == "none"


def test_record_of_a_customer_with_an_own_id_keeps_it(simulators, tmp_path):
    """The id may be what the bridge cannot handle."""
    scenario = load_scenarios(ROOT / "scenarios/triggered/ids_of_any_form.yaml")[0]
    with trial_session(BridgeUnderTest(command="true"), tmp_path, simulators.control) as session:
        own, usual = customers.records(session.control_url, scenario, [2, 20])
    assert (own.get("id"), usual.get("id")) == ("No. 7 #b", None)
