"""Templates: stored and served forms, and rendered texts."""

import pytest

from instants import NINE
from sendproof_simulators.services.textlocal import SIMULATOR

TEMPLATES = SIMULATOR.templates
assert TEMPLATES is not None


def test_template_is_served_with_textlocal_placeholders(account):
    """Its id does not fit into 32 bits."""
    template, effects = TEMPLATES.add(account.state, NINE, "Spring", "Hi {{FIRST_NAME}}, {{ CITY }}!", None)
    body = 'Hi %%|FIRST_NAME^{"inputtype":"text","maxlength":"30"}%%, %%|CITY^{"inputtype":"text","maxlength":"30"}%%!'
    assert account.call("get_templates")["templates"] == [
        {"id": template.id, "title": "Spring", "body": body, "senderName": "TXTLCL", "isMyDND": False}
    ]
    assert template.id > 2**32
    (entry,) = effects.entries
    assert entry.fields == {
        "service": "textlocal", "action": "created", "id": template.id, "title": "Spring", "body": body
    }  # fmt: skip


def test_template_ids_do_not_depend_on_order_of_creation(account, same_account):
    """They follow from the titles."""
    forward = [TEMPLATES.add(account.state, NINE, title, "x", None)[0].id for title in ("A", "B", "A")]
    backward = [TEMPLATES.add(same_account.state, NINE, title, "x", None)[0].id for title in ("A", "A", "B")]
    assert sorted(forward) == sorted(backward)
    assert len(set(forward)) == 3


def test_template_changes_are_journalled(account):
    TEMPLATES.add(account.state, NINE, "Spring", "Hi", 39_766_280_717)
    _, renamed = TEMPLATES.change(account.state, NINE, "39766280717", "Summer", None)
    template, changed = TEMPLATES.change(account.state, NINE, "39766280717", None, "Hi {{CITY}}")
    deleted = TEMPLATES.delete(account.state, NINE, "39766280717")
    actions = [entry.fields["action"] for effects in (renamed, changed, deleted) for entry in effects.entries]
    assert actions == ["renamed", "changed", "deleted"]
    assert template.title == "Summer"
    assert TEMPLATES.all(account.state) == ()


def test_invalid_template_is_refused(account):
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
def test_placeholder_in_any_form_is_replaced_by_attribute(body):
    """Without a value it is replaced by nothing."""
    assert TEMPLATES.render(body, {"NAME": "Bob"}) == "Hi Bob!"
    assert TEMPLATES.render(body, {"NAME": None}) == "Hi !"
    assert TEMPLATES.render(body, {}) == "Hi !"


def test_placeholder_in_value_is_not_replaced():
    assert TEMPLATES.render("%%|A%%{{B}}", {"A": "{{B}}", "B": r"\1"}) == r"{{B}}\1"


def test_text_that_is_no_placeholder_stays_unchanged():
    assert TEMPLATES.render("100%% | {NAME} {{}}", {"NAME": "Bob"}) == "100%% | {NAME} {{}}"


@pytest.mark.parametrize("part", ["%%|A^{", "{{", "{{ "])
def test_template_that_begins_many_placeholders_is_read_once(part):
    """Each of them looked for its end in all of the rest, which took hours."""
    assert TEMPLATES.render(part * 1_000_000, {"A": "b"}) == part * 1_000_000
