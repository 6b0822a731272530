"""A bridge that sends messages for ever, which would keep the run from ending."""

import pytest

from sendproof_harness.run.pacing.endless_sending import endless_sending, most_messages
from sendproof_harness.scenario.library import library_folder
from sendproof_harness.scenario.load import load_scenarios


@pytest.mark.parametrize(("sent", "due", "ends"), [(2_000, 10, False), (2_001, 10, True), (20_000, 1_000, False)])
def test_many_times_the_messages_that_are_due_end_the_run(sent, due, ends):
    aborted = endless_sending(sent, due)

    assert (aborted is not None and aborted.got == f"{sent:,} messages so far") is ends


@pytest.mark.parametrize(
    ("name", "most"),
    [("channels/one_campaign_on_two", 400), ("triggered/twice_within_an_hour", 60 * 4 * 2)],
)
def test_due_messages_are_counted_for_campaigns_and_triggers(name, most):
    assert most_messages(load_scenarios(library_folder() / f"{name}.yaml")[0]) == most
