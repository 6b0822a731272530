"""A scenario in every dialect of the services that it uses."""

from pathlib import Path

from sendproof_scenarios.every_dialect import in_every_dialect
from sendproof_scenarios.handover import key_name
from sendproof_scenarios.loading import load
from sendproof_scenarios.model import Scenario

LIBRARY = Path(__file__).parents[2] / "scenarios"


def question(name: str, *answers: str) -> dict[str, object]:
    """A dialect as the control API lists it; the first answer is the default."""
    return {"name": name, "answers": [{"value": answer} for answer in answers]}


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
    return in_every_dialect({"it": load(LIBRARY / file)[0]}, CATALOGUE)


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
    assert key_name({"bridge": {"looks_up_customers": True}}) == "admin_key"
