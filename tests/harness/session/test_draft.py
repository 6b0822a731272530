"""The text of a drafted scenario: whatever a title or a body contains, it arrives unchanged."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from history_builder import START
from sendproof_harness.history.reader import HistoryError
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


SPLIT = {"share": 1, "template": "Hi", "send_at": "2026-03-02T10:00:00Z"}
CAMPAIGN = {"campaign": 7001, "channel": 505, "customers": 11, "splits": [SPLIT]}
TRIGGER = {"trigger": "T", "campaign": 7002, "channel": 505, "template": "Hi", "criteria": [{"event": "e"}]}


def drafted(run, header=None, **bodies):
    """Return the draft from a run with these actions."""
    head = {"n": 9_000, "at": iso(START), "real": 0.0, "kind": "action", "service": "textlocal"}
    run = run.change("history", lambda line: line | (header or {}))
    run = run.plus(*(head | {"operation": operation, "body": body} for operation, body in bodies.items()))
    return draft_from_history(Recorded(history=run.history(), header=dict(run.lines[0]), name="run"))


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        *(("scheduleCampaign", body) for body in (None, [], {}, 7, {"campaign": 7001, "customers": 11})),
        *(("scheduleCampaign", CAMPAIGN | {"splits": splits}) for splits in (None, [], [{}], [SPLIT | {"share": 0}])),
        *(("scheduleCampaign", CAMPAIGN | {"announce_at": at}) for at in ("yesterday", "0001-01-01T00:00:00Z", 7)),
        *(("scheduleCampaign", CAMPAIGN | {"conditional": value}) for value in (None, {})),
        *(("scheduleCampaign", CAMPAIGN | {"channels": value}) for value in ([], [{"channel": 505}])),
        *(("addTrigger", body) for body in (None, {}, TRIGGER | {"criteria": [{}]})),
        ("addTrigger", TRIGGER | {"criteria": [{"event": "e", "within_ms": 1e300}]}),
        *(("addTemplates", body) for body in (None, {}, [None], [{"title": "Hi"}])),
    ],
    ids=str,
)
def test_action_that_no_control_api_takes_is_named(correct_run, operation, body):
    with pytest.raises(HistoryError, match=f"the line of {operation} with n 9000: expected "):
        drafted(correct_run, **({"scheduleCampaign": CAMPAIGN} | {operation: body}))


FAULT = {"id": "f1", "fault": "connection_reset", "call": "textlocal.send"}


@pytest.mark.parametrize(
    ("header", "place"),
    [
        *(({"audience": {name: None}}, "audience") for name in ("opted_out", "outcomes", "attributes", "individuals")),
        ({"audience": {"spellings": {"plus": "x"}}}, "audience"),
        ({"audience": {"individuals": [{"id": "a"}]}}, "audience"),
        ({"faults": [FAULT | {"fault": "nonsense"}]}, "fault 1"),
        ({"faults": [FAULT | {"down": 10**18}]}, "fault 1: down"),
    ],
    ids=str,
)
def test_header_that_no_sandbox_has_is_named(correct_run, header, place):
    with pytest.raises(HistoryError, match=f"line 1: {place}: expected "):
        drafted(correct_run, header, scheduleCampaign=CAMPAIGN)
