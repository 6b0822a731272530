"""A scenario in every dialect of the services that it uses."""

import dataclasses
from pathlib import Path

import pytest

from sendproof_harness.handover.format import optimove_key_name
from sendproof_harness.handover.reader import parse_client
from sendproof_harness.handover.write import handover_content
from sendproof_harness.scenario.dialect_matrix import dialect_variants
from sendproof_harness.scenario.load import load
from sendproof_harness.scenario.model import Scenario

LIBRARY = Path(__file__).parents[2] / "scenarios"


def question(name: str, *answers: str) -> dict[str, object]:
    """A dialect as the control API lists it; the first answer is the default."""
    return {"name": name, "options": [{"value": answer} for answer in answers]}


CATALOGUE = {
    "optimove": [
        question("empty_result", "list", "not_found", "no_content"),
        question("personal_info", "present", "absent"),
    ],
    "optimove-metrics": [question("success_body", "status", "empty")],
    "textlocal": [question("error_status", "200", "400")],
    "delivyr": [question("reply", "with_id", "bare")],
}


def played(file: str) -> dict[str, Scenario]:
    """The runs of the first provider of a scenario of the library."""
    return dialect_variants({"it": load(LIBRARY / file)[0]}, CATALOGUE)


def test_a_scenario_is_played_as_it_is_and_once_for_each_other_answer() -> None:
    """Of Optimove and of its own provider; nobody else is spoken with."""
    assert {name: dict(one.dialects) for name, one in played("triggered/third_visit.yaml").items()} == {
        "it": {},
        "it-optimove.empty_result-not_found": {"optimove.empty_result": "not_found"},
        "it-optimove.empty_result-no_content": {"optimove.empty_result": "no_content"},
        "it-optimove.personal_info-absent": {"optimove.personal_info": "absent"},
        "it-textlocal.error_status-400": {"textlocal.error_status": "400"},
    }


def test_signed_events_have_dialects_of_their_own() -> None:
    """Where a client asks for them."""
    assert "it-optimove-metrics.success_body-empty" in played("reporting/signed_events.yaml")


def test_a_question_that_the_scenario_answers_itself_is_left_alone() -> None:
    """Its story depends on that answer, which goes with every other one."""
    runs = played("triggered/without_personal_information.yaml")
    assert "it-optimove.personal_info-present" not in runs
    assert {one.dialects["optimove.personal_info"] for one in runs.values()} == {"absent"}


def test_a_bridge_that_has_to_look_up_customers_gets_the_key_that_may() -> None:
    """A key for third parties could not, and no bridge could pass."""
    assert optimove_key_name({"bridge": {"looks_up_customers": True}}) == "admin_key"


@pytest.mark.parametrize(
    ("dialects", "told"),
    [
        ({}, {}),
        ({"optimove.metric_values": "additive"}, {"metric_values": "additive"}),
        ({"optimove.communication_modes": "0_is_out"}, {"opt_out_mode": 0}),
        ({"optimove.personal_info": "absent"}, {"looks_up_customers": True}),
        ({"optimove.personal_info": "absent", "optimove.unlisted_functions": "allowed"}, {}),
    ],
)
def test_what_no_call_tells_is_handed_over(dialects: dict[str, str], told: dict[str, object]) -> None:
    """A real client learns it from Optimove; the doctor knows these keys."""
    scenario = dataclasses.replace(load(LIBRARY / "triggered" / "third_visit.yaml")[0], dialects=dialects)
    access = {"optimove": {"url": "http://127.0.0.1:1", "credentials": {}}}
    sandbox = {"sandbox": "it", "seed": 1, "services": access, "channels": [{"id": 250, "provider": "textlocal"}]}
    content = handover_content("http://127.0.0.1:1", {**sandbox, "country": "GB"}, None, scenario)

    assert content["bridge"] == told
    assert parse_client(content, "it").key == ("admin_key" if told.get("looks_up_customers") else "api_key")


def test_an_indian_textlocal_gets_a_sender_that_is_approved_there() -> None:
    """Anywhere else it is the project's own name."""
    scenario = load(LIBRARY / "triggered" / "third_visit.yaml")[0]
    sandbox = {"sandbox": "it", "seed": 1, "services": {}, "channels": [], "country": "GB"}
    indian = dataclasses.replace(scenario, dialects={"textlocal.variant": "india"})

    assert [handover_content("", sandbox, None, one)["sender"] for one in (scenario, indian)] == ["Sendproof", "TXTLCL"]
