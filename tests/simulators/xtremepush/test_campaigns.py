"""Campaigns as templates, and the parameters that all lists share."""

import pytest

from sendproof_simulators.core.simulator import Templates
from sendproof_simulators.services.xtremepush import SIMULATOR
from sendproof_simulators.services.xtremepush.personalization import merge_text, render

SMS = {"9": {"sms": {"from": "Shop", "text": "Hello {{first_name}}"}}}


@pytest.fixture
def templates() -> Templates:
    """Return the templates of the control API."""
    assert SIMULATOR.templates is not None
    return SIMULATOR.templates


def test_only_api_campaign_with_sms_or_push_is_template(project, templates):
    id_ = project.template()
    project.call("create/campaign", title="By hand", trigger=0, sms=1, messages=SMS)
    project.call("create/campaign", title="Mail", trigger=3, email=1, messages={"7": {"text": "Hi"}})
    project.call("create/campaign", title="Push", trigger=3, ios_push=1, push_title="Hey", push_text="Hi")
    sms, push = templates.all(project.state)
    assert (sms.id, sms.title, sms.whole_body) == (id_, "Spring", "Hello {{first_name}}")
    assert (push.title, push.message, push.heading, push.body) == ("Push", "push", "Hey", "Hi")


def test_new_template_is_journalled(project):
    id_ = project.template()
    fields = {
        "service": "xtremepush",
        "action": "created",
        "id": id_,
        "title": "Spring",
        "body": "Hello {{first_name}}",
    }
    assert project.entries("provider_template") == [fields]


def test_info_has_empty_lists_for_empty_messages(project):
    """Not objects, except those of types with a push text (documented, by a sample)."""
    messages = project.call("info/campaign", id=str(project.template()))["model"]["messages"]
    assert messages["9"] == {"sms": {"from": "Shop", "text": "Hello {{first_name}}"}}
    assert [type_ for type_, content in messages.items() if content == []] == ["4", "7", "8", "10", "11"]
    assert all(messages[type_] == {"push_text": None} for type_ in "1236")


@pytest.mark.parametrize(("channel", "content"), [("sms", SMS), ("email", {"7": {"email": {"html": "<p>Hi</p>"}}})])
def test_content_of_a_campaign_can_be_sent_back_as_it_is(project, channel, content):
    """A bridge that copies a campaign sends the empty lists of the other types, too."""
    new = {"trigger": 3, channel: 1}
    first = project.call("create/campaign", title="First", messages=content, **new)["model"]
    messages = project.call("info/campaign", id=first["id"])["model"]["messages"]

    copy = project.call("create/campaign", title="Copy", messages=messages, **new)["model"]
    assert project.call("info/campaign", id=copy["id"])["model"]["messages"] == messages


def test_sms_campaign_without_text_is_refused(project):
    """Assumed."""
    assert "messages.9.sms.text" in project.refusal("create/campaign", title="T", trigger=3, sms=1)


@pytest.mark.parametrize("sender", ["ab", "abcdefghijkl", "Shöp", "{{a b}}"])
def test_from_name_must_be_3_to_11_letters_and_digits(project, sender):
    """Documented."""
    sms = {"9": {"sms": {"from": sender, "text": "Hi"}}}
    assert "messages.9.sms.from" in project.refusal("create/campaign", title="T", trigger=3, sms=1, messages=sms)
    for good in ("abc", "abcdefghijk", "{{sender}}"):
        sms["9"]["sms"]["from"] = good
        assert project.call("create/campaign", title="T", trigger=3, sms=1, messages=sms)["code"] == 200


def test_too_long_title_or_text_is_refused(project):
    """200 and 2,000 characters; the lengths are assumed."""
    sms = {"9": {"sms": {"text": "x" * 2_000}}}
    assert project.call("create/campaign", title="T" * 200, trigger=3, sms=1, messages=sms)["code"] == 200
    assert "title" in project.refusal("create/campaign", title="T" * 201)
    sms["9"]["sms"]["text"] += "x"
    assert "text" in project.refusal("create/campaign", title="T", messages=sms)


def test_template_changes_of_control_api_are_journalled(project, templates):
    template, creation = templates.add(project.state, project.now, "Spring", "Hello {{FIRST_NAME}}", None)
    renamed, rename = templates.change(project.state, project.now, str(template.id), "Summer", None)
    changed, change = templates.change(project.state, project.now, str(template.id), None, "Bye")
    deletion = templates.delete(project.state, project.now, str(template.id))
    all_effects = (creation, rename, change, deletion)
    actions = [entry.fields["action"] for effects in all_effects for entry in effects.entries]
    assert actions == ["created", "renamed", "changed", "deleted"]
    assert (renamed.title, changed.title, changed.body) == ("Summer", "Summer", "Bye")
    assert project.call("info/campaign", id=template.id)["code"] == 404


def test_template_with_taken_id_or_without_title_is_refused(project, templates):
    templates.add(project.state, project.now, "Spring", "Hi", 5)
    with pytest.raises(ValueError, match="the id of 'Spring'"):
        templates.add(project.state, project.now, "Summer", "Hi", 5)
    with pytest.raises(ValueError, match="expected a title"):
        templates.add(project.state, project.now, " ", "Hi", None)
    with pytest.raises(KeyError, match="id of a template"):
        templates.delete(project.state, project.now, "six")


@pytest.mark.parametrize("variable", ["{{first_name}}", "{{ FIRST_NAME }}", "{{First_Name}}"])
def test_variable_name_is_case_insensitive(variable):
    """Optimove's attribute is FIRST_NAME, Xtremepush's is first_name; that they match is assumed."""
    assert render(f"Hello {variable}!", {"FIRST_NAME": "Zoë"}) == "Hello Zoë!"


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (2.5, "2.5"), (True, "1"), ({"a": [1]}, '{"a":[1]}'), ("{{x}}", "{{x}}")]
)
def test_variable_can_have_any_json_value(value, text):
    """A variable in the value is not replaced."""
    assert merge_text("{{x}}").merge(({"x": value},)) == text


def test_variable_without_value_is_replaced_by_nothing():
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
def test_condition_selects_rows(project, condition, titles):
    """A list of comparisons (documented), or an object with an operator (observed)."""
    for title in "cab":
        project.template(title=title)
    result = project.call("list/campaign", condition=condition, order=["title ASC"], select=["title"])
    assert [row["title"] for row in result["data"]] == titles


def test_lists_are_paged_by_offset_and_limit(project):
    for title in "abcde":
        project.template(title=title)
    order = ["trigger", "title DESC"]
    pages = [project.call("list/campaign", order=order, limit=2, offset=at)["data"] for at in (0, 2, 4, 6)]
    assert ["".join(row["title"] for row in page) for page in pages] == ["ed", "cb", "a", ""]


@pytest.mark.parametrize("limit", [0, 5_001])
def test_page_beyond_limits_is_refused(project, limit):
    """5,000 is the most that a client asks for (observed)."""
    assert "limit" in project.refusal("list/campaign", limit=limit)
    assert project.call("list/campaign", limit=5_000)["code"] == 200


@pytest.mark.parametrize(
    ("parameters", "expected"),
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
def test_invalid_list_query_is_refused(project, parameters, expected):
    project.template()
    assert expected in project.refusal("list/campaign", **parameters)
