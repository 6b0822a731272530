"""The text of a drafted scenario: whatever a title or a body contains, it arrives unchanged."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

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
