"""The text of a drafted scenario: whatever a title or a body contains, it arrives unchanged."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from history_builder import START
from sendproof_harness.history.timestamps import iso
from sendproof_harness.session.draft.from_history import Recorded, draft_from_history
from sendproof_harness.session.draft.from_options import DraftOptions, draft_from_options, equal_shares
from sendproof_harness.session.draft.text import scenario_text

# What YAML can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)


@given(title=TEXTS, body=TEXTS)
def test_texts_arrive_unchanged(title, body):
    options = DraftOptions(
        name=title, flows=["scheduled"], providers=["delivyr"], customers=3, templates=[(title, body)], seed=1
    )
    read = yaml.safe_load(scenario_text(draft_from_options(options)))
    assert (read["name"], read["templates"]) == (title, [{"provider": "delivyr", "title": title, "body": body}])


def test_equal_shares_add_up():
    assert [equal_shares(count) for count in (1, 3, 4)] == [["100%"], ["33.33%", "33.33%", "33.34%"], ["25%"] * 4]


def test_draft_with_a_mail_relay_has_its_webhooks(correct_run):
    """A relay tells the results of messages in no other way."""
    split = {"share": 1, "template": "Hi", "send_at": "2026-03-02T10:00:00Z"}
    body = {"campaign": 7001, "channel": 505, "customers": 11, "splits": [split]}
    head = {"n": 9_000, "at": iso(START), "real": 0.0, "kind": "action"}
    action = head | {"operation": "scheduleCampaign", "body": body | {"announce_at": "2026-03-02T08:00:00Z"}}
    channel = {"id": 505, "provider": "smtp", "kind": "scheduled", "message": "email"}
    run = correct_run.change("history", lambda line: line | {"channels": [channel]}).plus(action)

    draft = draft_from_history(Recorded(history=run.history(), header=dict(run.lines[0]), name="run"))
    assert draft.bridge["account_webhooks"] is True
