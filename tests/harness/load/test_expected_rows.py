"""What the load tests know of the simulators' audience, and how they tell rows that differ from it."""

import importlib.util
from dataclasses import replace

import pytest

from repository import ROOT
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_simulators.core.audience.audience import Audience

WANTED = LoadOptions(kind="paging", customers=30)
AT = "2026-03-02 09:00:00"


@pytest.fixture(scope="module")
def recipe():
    """loadtests/expected_rows.py, which Locust finds beside the files that it runs."""
    spec = importlib.util.spec_from_file_location("recipe", ROOT / "loadtests" / "expected_rows.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(recipe):
    """Rows 10 to 19."""
    return recipe.expected_page(recipe.create_audience(WANTED), 10, 10, 11, AT)


def test_rows_that_are_as_they_must_be_have_no_losses(recipe, page):
    """The same list."""
    assert recipe.compare_rows(list(page), page, 10) == []


def test_a_row_that_is_missing_is_named(recipe, page):
    """And those behind it are not where they belong."""
    found = recipe.compare_rows(page[:-1], page, 10)
    assert found == [("missing rows", "C0000019: missing from its page")]


def test_a_row_that_comes_twice_is_named(recipe, page):
    """In place of another, which is missing."""
    found = recipe.compare_rows([*page[:-1], page[0]], page, 10)
    assert [name for name, _ in found] == ["repeated rows", "missing rows"]


def test_a_row_with_another_value_is_shown(recipe, page):
    """With what was expected, and what came."""
    spoilt = [{**page[0], "TemplateID": 12}, *page[1:]]
    ((name, example),) = recipe.compare_rows(spoilt, page, 10)
    assert name == "wrong rows"
    assert example.startswith("row 10: expected {'CustomerID': 'C0000010', 'TemplateID': 11")


def test_an_order_is_owed_to_whoever_can_be_written_to(recipe):
    """The text with the first name and the number; nothing for those who opted out, or have no number."""
    everybody: Audience = recipe.create_audience(replace(WANTED, kind="triggers", customers=2_000))
    expected = [recipe.expected_order(everybody, number) for number in range(2_000)]
    customers = list(everybody.customers(0, 2_000))
    assert [one.text is None for one in expected] == [one.opted_out or one.number is None for one in customers]
    first = next(number for number in range(2_000) if expected[number].text)
    name = customers[first].attributes["FIRST_NAME"]
    assert expected[first].text == f"Hello {name}, order {first:09d} is on its way."
