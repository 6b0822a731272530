"""Shrinking of documents, with a function in place of a bridge."""

import pytest

from repository import ROOT
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.document import scenario_document, scenario_of
from sendproof_harness.scenario.library import library_folder
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.search.shrinking.passes import polish, shrink_once
from sendproof_harness.search.shrinking.size import size_of
from sendproof_harness.search.shrinking.texts import SHORTEST, SHORTEST_LATER


def document_of(file):
    return scenario_document(load_scenarios(file)[0])


def everyday():
    return document_of(ROOT / "mutants/scenarios/everyday.yaml")


def records(positions):
    return [
        {"customer": index, "protection": "none", "attributes": {"FIRST_NAME": f"Name {index}"}} for index in positions
    ]


def shrunk(document, holds, failing=()):
    """Shrink until nothing can go; `holds` is only asked about valid scenarios."""

    def fails(candidate):
        try:
            scenario_of(candidate)
        except InvalidFileError:
            return False
        return holds(candidate)

    smaller = shrink_once(document, fails, failing, records)
    return polish(document, fails) if smaller == document else shrunk(smaller, holds)


def test_keys_that_only_go_together_are_removed_together():
    document = document_of(ROOT / "scenarios/brochure/once_a_day.yaml")
    smallest = shrunk(document, lambda document: "campaigns" in document)

    assert {"recipients", "dialects", "customer_import"}.isdisjoint(str(smallest))


def test_campaigns_of_a_nightly_process_are_announced_one_by_one_at_the_same_time():
    document = document_of(ROOT / "scenarios/brochure/once_a_day.yaml")
    smallest = shrunk(document, lambda document: "campaigns" in document)
    (campaign,) = smallest["campaigns"]

    assert "nightly" not in smallest
    assert campaign["announced"] == "2026-03-03T05:30:00Z"


def test_settings_of_the_bridge_and_items_of_a_list_are_removed_alone():
    document = everyday()
    document["bridge"] = {"reports_a_day": 6, "consent": "attribute"}
    document["channels"][0]["apps"] = [{"id": "shop", "name": "Shop"}, {"id": "club", "name": "Club"}]
    smallest = shrunk(document, lambda document: "reports_a_day" in str(document) and "Club" in str(document))

    assert smallest["bridge"] == {"reports_a_day": 6}
    assert smallest["channels"][0]["apps"] == [{"id": "club", "name": "Club"}]


def test_failure_of_every_customer_needs_one_customer_and_the_shortest_scenario():
    smallest = shrunk(everyday(), lambda document: "campaigns" in document, failing=[17, 40])
    assert smallest["audience"] == {"customers": 1}
    assert smallest["steps"] == [{"wait_for": {"listeners": 1, "templates": 1}}, {"plan": 7001}]
    assert [template["body"] for template in smallest["templates"]] == [SHORTEST]
    assert len(smallest["campaigns"][0]["splits"]) == 1


def test_failure_of_one_customer_keeps_the_value_that_causes_it():
    def holds(document):
        individuals = document["audience"].get("individuals", ())
        is_small = any(person.get("attributes", {}).get("FIRST_NAME") == "Name 40" for person in individuals)
        return is_small or document["audience"]["customers"] > 40

    smallest = shrunk(everyday(), holds, failing=[40])
    individuals = [{"customer": 0, "attributes": {"FIRST_NAME": "Name 40"}}]
    assert smallest["audience"] == {"customers": 1, "individuals": individuals}


def test_failure_of_the_second_page_keeps_one_customer_more_than_a_page():
    smallest = shrunk(
        document_of(ROOT / "mutants/scenarios/two_pages.yaml"),
        lambda document: document["audience"]["customers"] > 10_000,
        failing=[10_003],
    )
    assert smallest["audience"]["customers"] == 10_001


def test_failure_with_two_faults_of_three_keeps_the_two():
    fault = {"fault": "connection_reset", "call": "textlocal.bulk_json"}
    faults = [{**fault, "nth": number} for number in (1, 2, 3)]

    def holds(document):
        return {1, 3} <= {fault.get("nth", 1) for fault in document.get("faults", ())}

    smallest = shrunk({**everyday(), "faults": faults}, holds)
    assert smallest["faults"] == [fault, faults[2]]


def test_fault_that_needs_the_calls_of_another_one_is_left_alone_at_the_first_call():
    """With the first fault, there are three calls; without it, only one."""
    fault = {"fault": "connection_reset", "call": "textlocal.bulk_json", "when": "after"}
    first, third = {**fault, "when": "before"}, {**fault, "nth": 3}

    def holds(document):
        faults = document.get("faults", ())
        return (third in faults and first in faults) or (fault in faults and first not in faults)

    assert shrunk({**everyday(), "faults": [first, third]}, holds)["faults"] == [fault]


def test_fault_moves_to_the_first_call_if_it_can():
    fault = {"fault": "connection_reset", "call": "textlocal.bulk_json", "when": "after"}
    document = {**everyday(), "faults": [{**fault, "when": "before"}, {**fault, "nth": 3}]}
    smallest = shrunk(
        document, lambda candidate: any(fault.get("when") == "after" for fault in candidate.get("faults", ()))
    )
    assert smallest["faults"] == [fault]


def test_failure_on_the_sixth_day_keeps_six_days():
    smallest = shrunk(everyday(), lambda document: size_of(document).lasts.days >= 6)
    assert size_of(smallest).lasts.days == 6
    assert sum("advance" in step for step in smallest["steps"]) == 1


def test_failure_of_a_trigger_loses_the_campaign_and_its_channel():
    document = document_of(library_folder() / "channels" / "first_week.yaml")
    smallest = shrunk(document, lambda candidate: bool(candidate.get("triggers")))
    assert "campaigns" not in smallest
    assert [channel["id"] for channel in smallest["channels"]] == [250]


def test_failure_without_a_customer_may_need_no_campaign():
    smallest = shrunk(document_of(library_folder() / "templates" / "deleted.yaml"), lambda document: True)
    assert "campaigns" not in smallest
    assert str(size_of(smallest)) == "1 customer, 1 step, no faults"


@pytest.mark.parametrize(("needed", "left"), [("Spring", "Spring"), ("", SHORTEST_LATER)])
def test_text_of_a_step_becomes_shorter_and_stays_another_one(needed, left):
    def holds(document):
        texts = [step["change_template"]["body"] for step in document["steps"] if "change_template" in step]
        return "campaigns" in document and any(needed in text for text in texts)

    smallest = shrunk(document_of(library_folder() / "templates" / "rewritten.yaml"), holds, failing=[0])
    assert [step["change_template"]["body"] for step in smallest["steps"] if "change_template" in step] == [left]


def test_word_of_a_text_that_causes_the_failure_is_left():
    def holds(document):
        return any("{{CITY}}" in template["body"] for template in document["templates"])

    smallest = shrunk(everyday(), holds)
    assert "{{CITY}}" in [template["body"].split(" ")[0] for template in smallest["templates"]]


@pytest.mark.parametrize("file", ["opt_outs/in_again", "cancellation/waits_for_clearance", "triggered/third_visit"])
def test_every_document_that_is_run_is_a_valid_scenario(file):
    document = document_of(library_folder() / f"{file}.yaml")
    smallest = shrunk(document, lambda candidate: bool(candidate.get("campaigns") or candidate.get("triggers")))
    assert size_of(smallest).customers <= 1
