"""Campaigns as templates, and what all lists have in common."""

import pytest

from sendproof_simulators.core.simulator import Templates
from sendproof_simulators.services.xtremepush import SIMULATOR
from sendproof_simulators.services.xtremepush.personalization import merge_text, render

SMS = {"9": {"sms": {"from": "Shop", "text": "Hello {{first_name}}"}}}


@pytest.fixture
def templates() -> Templates:
    """The templates as the control API reaches them."""
    assert SIMULATOR.templates is not None
    return SIMULATOR.templates


def test_a_campaign_of_the_api_with_an_sms_is_a_template(project, templates):
    """Whoever makes it, and nothing else is."""
    id_ = project.template()
    project.call("create/campaign", title="By hand", trigger=0, sms=1, messages=SMS)
    project.call("create/campaign", title="Push", trigger=3, ios_push=1, messages={"1": {"push_text": "Hi"}})
    (template,) = templates.all(project.state)
    assert (template.id, template.title, template.body) == (id_, "Spring", "Hello {{first_name}}")


def test_making_a_template_is_in_the_history(project):
    """As with any other provider."""
    id_ = project.template()
    fields = {
        "service": "xtremepush",
        "action": "created",
        "id": id_,
        "title": "Spring",
        "body": "Hello {{first_name}}",
    }
    assert project.facts("provider_template") == [fields]


def test_info_shows_empty_messages_as_empty_lists(project):
    """Not as objects (documented, by a sample)."""
    messages = project.call("info/campaign", id=str(project.template()))["model"]["messages"]
    assert messages["9"] == {"sms": {"from": "Shop", "text": "Hello {{first_name}}"}}
    empty = [type_ for type_, content in messages.items() if content == []]
    assert empty == ["1", "2", "3", "4", "6", "7", "8", "10", "11"]


def test_an_sms_campaign_needs_a_text(project):
    """The channel is on, so there must be something to send (assumed)."""
    assert "messages.9.sms.text" in project.refused("create/campaign", title="T", trigger=3, sms=1)


@pytest.mark.parametrize("sender", ["ab", "abcdefghijkl", "Shöp", "{{a b}}"])
def test_a_from_name_has_three_to_eleven_letters_and_digits(project, sender):
    """Documented; at the limits it is taken."""
    sms = {"9": {"sms": {"from": sender, "text": "Hi"}}}
    assert "messages.9.sms.from" in project.refused("create/campaign", title="T", trigger=3, sms=1, messages=sms)
    for good in ("abc", "abcdefghijk", "{{sender}}"):
        sms["9"]["sms"]["from"] = good
        assert project.call("create/campaign", title="T", trigger=3, sms=1, messages=sms)["code"] == 200


def test_titles_and_texts_have_their_limits(project):
    """200 and 2,000 characters; the lengths are assumed."""
    sms = {"9": {"sms": {"text": "x" * 2_000}}}
    assert project.call("create/campaign", title="T" * 200, trigger=3, sms=1, messages=sms)["code"] == 200
    assert "title" in project.refused("create/campaign", title="T" * 201)
    sms["9"]["sms"]["text"] += "x"
    assert "text" in project.refused("create/campaign", title="T", messages=sms)


def test_the_control_api_makes_changes_and_deletes_templates(project, templates):
    """And each is a fact."""
    made, outcome = templates.add(project.state, project.now, "Spring", "Hello {{FIRST_NAME}}", None)
    renamed, again = templates.change(project.state, project.now, str(made.id), "Summer", None)
    changed, once_more = templates.change(project.state, project.now, str(made.id), None, "Bye")
    gone = templates.delete(project.state, project.now, str(made.id))
    facts = [fact.fields["action"] for o in (outcome, again, once_more, gone) for fact in o.facts]
    assert facts == ["created", "renamed", "changed", "deleted"]
    assert (renamed.title, changed.title, changed.body) == ("Summer", "Summer", "Bye")
    assert project.call("info/campaign", id=made.id)["code"] == 404


def test_a_template_may_have_a_given_id_once(project, templates):
    """A taken one is refused, and so is what is no template."""
    templates.add(project.state, project.now, "Spring", "Hi", 5)
    with pytest.raises(ValueError, match="the id of 'Spring'"):
        templates.add(project.state, project.now, "Summer", "Hi", 5)
    with pytest.raises(ValueError, match="expected a title"):
        templates.add(project.state, project.now, " ", "Hi", None)
    with pytest.raises(KeyError, match="id of a template"):
        templates.delete(project.state, project.now, "six")


@pytest.mark.parametrize("variable", ["{{first_name}}", "{{ FIRST_NAME }}", "{{First_Name}}"])
def test_a_template_is_filled_in_whatever_case_it_is_written(variable):
    """Optimove's attribute is FIRST_NAME, Xtremepush's first_name (assumed to be one)."""
    assert render(f"Hello {variable}!", {"FIRST_NAME": "Zoë"}) == "Hello Zoë!"


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (2.5, "2.5"), (True, "1"), ({"a": [1]}, '{"a":[1]}'), ("{{x}}", "{{x}}")]
)
def test_any_json_value_can_fill_a_variable(value, text):
    """And is not looked at again."""
    assert merge_text("{{x}}").merge(({"x": value},)) == text


def test_what_has_no_value_leaves_nothing_behind():
    """As every provider renders it."""
    assert render("Dear {{first_name}} of {{city}}", {"FIRST_NAME": "Ann", "CITY": None}) == "Dear Ann of "


@pytest.mark.parametrize(
    ("condition", "titles"),
    [
        ([["title", "=", "a"]], ["a"]),
        ([["title", "!=", "a"]], ["b", "c"]),
        ([["title", "IN", ["a", "c"]]], ["a", "c"]),
        ([["title", "NOT IN", ["a", "c"]]], ["b"]),
        ([["title", ">=", "b"], ["sms", "=", 1]], ["b", "c"]),
        ([["sms", "=", "0"]], []),
        ([["trigger", ">", 2.5]], ["a", "b", "c"]),
        ([["title", "<", 5]], []),
        ({"0": ["title", "=", "a"], "1": ["title", "=", "b"], "operator": "OR"}, ["a", "b"]),
        ({"0": ["title", "=", "a"], "1": ["title", "=", "b"], "operator": "AND"}, []),
        ([], ["a", "b", "c"]),
    ],
)
def test_conditions_choose_rows(project, condition, titles):
    """As a list of comparisons (documented) or as an object with an operator (observed)."""
    for title in "cab":
        project.template(title=title)
    said = project.call("list/campaign", condition=condition, order=["title ASC"], select=["title"])
    assert [row["title"] for row in said["data"]] == titles


def test_lists_come_in_pages(project):
    """Offset and limit; a page beyond the end is empty."""
    for title in "abcde":
        project.template(title=title)
    order = ["trigger", "title DESC"]
    pages = [project.call("list/campaign", order=order, limit=2, offset=at)["data"] for at in (0, 2, 4, 6)]
    assert ["".join(row["title"] for row in page) for page in pages] == ["ed", "cb", "a", ""]


@pytest.mark.parametrize("limit", [0, 5_001])
def test_a_page_has_its_limits(project, limit):
    """5,000 is the most that a client asks for (observed)."""
    assert "limit" in project.refused("list/campaign", limit=limit)
    assert project.call("list/campaign", limit=5_000)["code"] == 200


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"select": ["colour"]}, "select"),
        ({"order": ["colour"]}, "order"),
        ({"order": ["title sideways"]}, "ASC or DESC"),
        ({"condition": [["colour", "=", 1]]}, "condition"),
        ({"condition": [[["title"], "=", 1]]}, "condition"),
        ({"condition": [["title", "LIKE", "a"]]}, "operators"),
        ({"condition": [["title", {}, "a"]]}, "operators"),
        ({"condition": [["title", "IN", "a"]]}, "list of values"),
        ({"condition": [["title", "="]]}, "condition"),
        ({"condition": "title = a"}, "condition"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(project, asked, complaint):
    """With what was expected."""
    project.template()
    assert complaint in project.refused("list/campaign", **asked)
