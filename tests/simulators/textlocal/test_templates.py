"""Templates: what is stored, served, and what a text becomes of it."""

import pytest

from instants import NINE
from sendproof_simulators.services.textlocal import SIMULATOR

TEMPLATES = SIMULATOR.templates
assert TEMPLATES is not None


def test_a_template_is_served_with_textlocals_own_placeholders(account):
    """Its id does not fit into 32 bits."""
    template, outcome = TEMPLATES.add(account.state, NINE, "Spring", "Hi {{FIRST_NAME}}, {{ CITY }}!", None)
    body = 'Hi %%|FIRST_NAME^{"inputtype":"text","maxlength":"30"}%%, %%|CITY^{"inputtype":"text","maxlength":"30"}%%!'
    assert account.call("get_templates")["templates"] == [
        {"id": template.id, "title": "Spring", "body": body, "senderName": "TXTLCL", "isMyDND": False}
    ]
    assert template.id > 2**32
    (fact,) = outcome.facts
    assert fact.fields == {
        "service": "textlocal", "action": "created", "id": template.id, "title": "Spring", "body": body
    }  # fmt: skip


def test_ids_follow_from_titles(account, same_account):
    """Not from the order in which templates are made."""
    forward = [TEMPLATES.add(account.state, NINE, title, "x", None)[0].id for title in ("A", "B", "A")]
    backward = [TEMPLATES.add(same_account.state, NINE, title, "x", None)[0].id for title in ("A", "A", "B")]
    assert sorted(forward) == sorted(backward)
    assert len(set(forward)) == 3


def test_changing_and_deleting_are_facts(account):
    """A rename, a new body, an end."""
    TEMPLATES.add(account.state, NINE, "Spring", "Hi", 39_766_280_717)
    _, renamed = TEMPLATES.change(account.state, NINE, "39766280717", "Summer", None)
    template, changed = TEMPLATES.change(account.state, NINE, "39766280717", None, "Hi {{CITY}}")
    deleted = TEMPLATES.delete(account.state, NINE, "39766280717")
    actions = [fact.fields["action"] for outcome in (renamed, changed, deleted) for fact in outcome.facts]
    assert actions == ["renamed", "changed", "deleted"]
    assert template.title == "Summer"
    assert TEMPLATES.all(account.state) == ()


def test_bad_templates_are_refused(account):
    """With what was expected."""
    TEMPLATES.add(account.state, NINE, "Spring", "Hi", 7)
    with pytest.raises(ValueError, match="expected an unused id, got 7"):
        TEMPLATES.add(account.state, NINE, "Summer", "Hi", 7)
    with pytest.raises(ValueError, match="expected a title and a body"):
        TEMPLATES.add(account.state, NINE, " ", "Hi", None)
    with pytest.raises(KeyError, match=r"expected the id of a template \(7\), got '8'"):
        TEMPLATES.change(account.state, NINE, "8", "Summer", None)
    with pytest.raises(KeyError, match="expected the id of a template"):
        TEMPLATES.delete(account.state, NINE, "Spring")


@pytest.mark.parametrize(
    "body",
    ["Hi {{NAME}}!", "Hi {{ NAME }}!", "Hi %%|NAME%%!", 'Hi %%|NAME^{"inputtype" : "text", "maxlength" : "30"}%%!'],
)
def test_a_placeholder_becomes_the_attribute_of_its_name(body):
    """In whichever form it is written; no value leaves nothing behind."""
    assert TEMPLATES.render(body, {"NAME": "Bob"}) == "Hi Bob!"
    assert TEMPLATES.render(body, {"NAME": None}) == "Hi !"
    assert TEMPLATES.render(body, {}) == "Hi !"


def test_values_are_taken_as_they_are():
    """A value that looks like a placeholder is not one."""
    assert TEMPLATES.render("%%|A%%{{B}}", {"A": "{{B}}", "B": r"\1"}) == r"{{B}}\1"


def test_what_is_no_placeholder_stays():
    """Percent signs and bars of a text are its own."""
    assert TEMPLATES.render("100%% | {NAME} {{}}", {"NAME": "Bob"}) == "100%% | {NAME} {{}}"
