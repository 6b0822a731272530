"""Templates: eight letters and digits as id, a name, and a text with variables."""

import pytest

from instants import NINE
from sendproof_simulators.services.delivyr.templates import TEMPLATES, id_in_name, synchronised_name


def test_template_id_is_eight_letters_and_digits(account):
    """Documented: https://docs.delivyr.net/docs/customer-io. Seed and title determine it."""
    assert len(account.plain) == 8
    assert account.plain.isalnum()
    assert account.plain.upper() == account.plain
    assert account.add_template("Plain", "Another text") != account.plain


def test_name_in_optimove_contains_template_id(account):
    """Read off https://docs.delivyr.net/docs/optimove-triggered-overrides: receivers need it."""
    (_, template) = TEMPLATES.all(account.state)
    assert synchronised_name(template) == f"{account.plain} - Plain"
    assert id_in_name("YFRYM0RJ - Optimove MMS Template 2") == "YFRYM0RJ"


@pytest.mark.parametrize("name", ["", "YFRYM0RJ", "YFRYM0R - Short", "YFRYM0RJX - Long", "yfrym0rj - Small", " - "])
def test_other_names_contain_no_template_id(name):
    assert id_in_name(name) is None


def test_templates_are_listed_with_variables(account):
    """Assumed: Delivyr's own integration reads them internally."""
    first, second = account.get("/templates")["templates"]
    assert first == {
        "id": account.template,
        "name": "Balance",
        "synchronised_name": f"{account.template} - Balance",
        "body": "Hi {{FIRST_NAME}}, you have {{BALANCE}}.",
        "variables": ["FIRST_NAME", "BALANCE"],
        "url": None,
    }
    assert second["variables"] == []


def test_template_can_be_renamed_changed_and_deleted(account):
    TEMPLATES.change(account.state, NINE, account.plain, "New name", None)
    TEMPLATES.change(account.state, NINE, account.plain, None, "New text")
    account.send()
    assert account.newest_message()["text"] == "New text"
    TEMPLATES.delete(account.state, NINE, account.plain)
    assert account.refusal() == (404, "template_not_found")


def test_invalid_template_is_refused(account):
    with pytest.raises(ValueError, match="expected a title and a body"):
        TEMPLATES.add(account.state, NINE, "Title", " ", None)
    with pytest.raises(ValueError, match="expected no id"):
        TEMPLATES.add(account.state, NINE, "Title", "Text", 7)
    with pytest.raises(KeyError, match="expected the id of a template"):
        TEMPLATES.delete(account.state, NINE, "AAAAAAAA")
