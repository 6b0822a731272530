"""What happens in a scenario, in sentences."""

from typing import Any

import pytest

from sendproof_harness.scenario.document import scenario_document
from sendproof_harness.scenario.library import library_folder
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.search.shrinking.story import story


def document_of(name: str) -> dict[str, Any]:
    return scenario_document(load_scenarios(library_folder() / f"{name}.yaml")[0])


def test_changes_and_campaigns_are_told_in_the_order_of_their_times() -> None:
    assert story(document_of("templates/rewritten")) == (
        "At 07:00 on 2026-03-02, the text of the template Spring welcome changes. "
        "At 12:00, Optimove announces campaign 7001 to 60 customers. "
        "At 15:00, the message Spring welcome of campaign 7001 is due."
    )


def test_triggers_are_told_with_their_messages_and_events() -> None:
    assert story(document_of("email/basket_mail")) == (
        "At 06:00 on 2026-03-02, Optimove gets the trigger Basket left with the message Basket. "
        "At 06:00, the event basket_left occurs."
    )


def test_faults_are_told_at_the_end_with_their_places() -> None:
    told = story(document_of("failures/reply_lost_after"))
    assert told.endswith(
        "Fault: connection reset (when after) at textlocal.bulk_json or bulk_json_get or send or send_get. "
        "Fault: status (status 504, nth 2, when after) at textlocal.bulk_json or bulk_json_get or send or send_get."
    )


def test_story_is_cut_to_the_length_that_is_left() -> None:
    told = story(document_of("failures/reply_lost_after"), 100)
    assert (len(told), told[-1]) == (100, "…")


@pytest.mark.parametrize("file", sorted(library_folder().rglob("*.yaml")), ids=lambda file: str(file.stem))
def test_every_scenario_of_the_library_has_a_story(file: Any) -> None:
    """A step that the story does not know must not end a search after half an hour."""
    for scenario in load_scenarios(file)[:1]:
        assert len(story(scenario_document(scenario))) < 1_100
